"""Evidence of realtime sessions by hand, an exchange a line."""

from __future__ import annotations

import io
import json
import wave
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import scribe_data
from conformance.evidence.socket import Frame, Socket
from conformance.vocabulary.operation import Credential, Operation
from conformance.vocabulary.probe import Probe
from conformance.vocabulary.session import Session
from tests.conformance.checks import windows
from tests.conformance.checks.windows import stamp

if TYPE_CHECKING:
    from collections.abc import Iterable

    from conformance.evidence import Exchange

TEXT = scribe_data.load("dalston")
DETAILS = TEXT.examples["session_details"].value
TRANSCRIPT = TEXT.examples["transcript"].value
KEPT = {"store_audio": "true", "store_transcript": "true"}
#: Bytes of five seconds as they go without parameters, and what was heard in them.
BYTES = 160_000
FINAL = {"type": "transcript.final", "text": "No fever."}


class Tape(windows.Tape):
    """What was heard of realtime sessions, each exchange under the name of its session."""

    text = TEXT

    def socket(self, name: str, query: dict[str, str] | None = None, *, first: Any = None, **label: Any) -> Exchange:
        """A socket that opens a session whose id is as it is named here; `code` closes it again."""
        code, status = label.pop("code", None), label.pop("status", 101)
        told = {"type": "session.begin", "session_id": name} if first is None else first
        x = self.heard(Operation.CREATE, status, query=query, **{"session": name, "journey": "dictation"} | label)
        return self._with(x, socket([told] if told else [], 0, code) if status == 101 else None)

    def left(self, name: str, finals: Iterable[Any] = (FINAL,), *, samples: int = BYTES, **label: Any) -> Exchange:
        """The end of a socket over which so many bytes went."""
        code = label.pop("code", 1000)
        said = [{"type": "session.begin", "session_id": name}, *finals]
        x = self.heard(Operation.END, 101, **{"session": name, "journey": "dictation"} | label)
        return self._with(x, socket(said, samples, code))

    def _with(self, x: Exchange, told: Socket | None) -> Exchange:
        self.exchanges[-1] = replace(x, socket=told)
        return self.exchanges[-1]

    def get(self, name: str, shown: str = "completed", **changes: Any) -> Exchange:
        """The details of a session of five seconds that is accepted."""
        label = {key: changes.pop(key) for key in ("probe", "credential", "status_code") if key in changes}
        usual = DETAILS | {
            "id": name,
            "status": shown,
            "audio_duration_seconds": 5.0,
            "utterance_count": 1,
            "word_count": 2,
        }
        if shown == "active":
            usual |= {"ended_at": None, "audio_uri": None, "transcript_uri": None}
        told = {key: value for key, value in (usual | changes).items() if value is not ...}
        return self.heard(Operation.GET, label.pop("status_code", 200), told, **{"session": name} | label)

    def asked(self, operation: Operation, name: str, status: int = 200, told: Any = None, **label: Any) -> Exchange:
        """Any other operation of a session."""
        if operation == Operation.TRANSCRIPT and status == 200 and told is None:
            told = transcript(name)
        if operation == Operation.DELETE and status == 200 and told is None:
            told = {"deleted": True, "session_id": name}
        return self.heard(operation, status, told, **{"session": name} | label)

    def audio(
        self, name: str, seconds: float = 5.0, *, operation: Operation = Operation.AUDIO, **form: Any
    ) -> Exchange:
        """A download of a WAV file."""
        label = {key: form.pop(key) for key in ("probe", "credential", "status") if key in form}
        raw, headers = wav(seconds, **form), {"content-type": "audio/wav"}
        return self.heard(operation, label.pop("status", 200), raw=raw, headers=headers, **{"session": name} | label)

    def linked(self, name: str, seconds: float = 5.0) -> Exchange:
        """What the address of a link has."""
        label: dict[str, Any] = {"probe": Probe.LINKED, "credential": Credential.NONE}
        return self.audio(name, seconds, operation=Operation.OTHER, **label)

    def page(self, entries: list[dict[str, Any]], query: dict[str, Any] | None = None, **label: Any) -> Exchange:
        """A page of a list."""
        told = {"sessions": entries, "total": len(entries), "limit": 50, "offset": 0} | label.pop("told", {})
        return self.heard(
            Operation.LIST, label.pop("status", 200), told, query=query, **{"journey": "list/live"} | label
        )

    def kept(self, name: str = Session.DICTATED.of("kept"), query: dict[str, str] | None = None) -> str:
        """A session of which all is kept, up to the details after its end."""
        self.socket(name, KEPT if query is None else query)
        self.get(name, "active", audio_duration_seconds=0.0, utterance_count=0, word_count=0)
        self.left(name)
        self.get(name)
        return name


def socket(said: list[Any], samples: int, code: int | None) -> Socket:
    """A socket over which the service said this."""
    frames = tuple(
        Frame("server", "text", len(data), data, 0.1) for each in said for data in [json.dumps(each).encode()]
    )
    return Socket(frames, 0, len(said), None if code is None else "server", code, "", samples, samples)


def wav(seconds: float, *, rate: int = 16_000, channels: int = 1, width: int = 2) -> bytes:
    """A WAV file of silence."""
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setparams((channels, width, rate, 0, "NONE", ""))
        file.writeframes(bytes(int(seconds * rate) * channels * width))
    return out.getvalue()


def transcript(name: str, **changes: Any) -> dict[str, Any]:
    """The transcript of a session of five seconds."""
    word = {"word": "No", "start": 0.0, "end": 0.4, "confidence": 0.9}
    said = {"id": 0, "start": 0.0, "end": 1.0, "text": "No fever.", "confidence": 0.9, "words": [word]}
    usual = {"session_id": name, "duration_seconds": 5.0, "text": "No fever.", "utterances": [said]}
    return TRANSCRIPT | usual | changes


def entry(name: str, at: float = 0.0, **changes: Any) -> dict[str, Any]:
    """An entry of a list, of a session that started so many seconds after the first exchange."""
    listed = TEXT.examples["session_list"].value["sessions"][0]
    return listed | {"id": name, "started_at": stamp(at)} | changes
