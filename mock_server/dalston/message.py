"""Messages of the socket: what a client says beside its audio, and what it is told."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from scribe_data.nesting import DepthError, loads

if TYPE_CHECKING:
    from mock_server.dalston.parting import Parting
    from mock_server.session.dalston.model import Dictation, Utterance

CONFIG, FLUSH, CLEAR, END = "config", "flush", "clear", "end"
_TYPES: Final = (CONFIG, FLUSH, CLEAR, END)
#: Characters of a text that may be a message: a config has four short members. What is longer is not even parsed.
_LONGEST: Final = 8 * 1024
#: Characters of a client's word that an error repeats.
_SHOWN: Final = 40


class Misunderstood(ValueError):  # noqa: N818 - an answer, not an error of ours
    """A message that says nothing to anybody here; the session goes on."""


@dataclass(frozen=True)
class Said:
    """One message of the client, by its type."""

    type: str
    content: dict[str, Any]


def understood(given: str) -> Said:
    """What a message of text says; raises Misunderstood."""
    if len(given) > _LONGEST:
        raise Misunderstood(f"No message of text has more than {_LONGEST >> 10} KiB.")
    try:
        found = loads(given)
    except DepthError as error:
        raise Misunderstood(f"The message is not taken: {error}.") from None
    except ValueError:
        raise Misunderstood("The message is no JSON.") from None
    if not isinstance(found, dict):
        raise Misunderstood("A message is a JSON object with a type.")
    kind = found.get("type")
    if kind not in _TYPES:
        told = f"There is no message of the type {kind[:_SHOWN]!r}" if isinstance(kind, str) else "It has no type"
        raise Misunderstood(f"{told}; {', '.join(_TYPES)} there are.")
    return Said(kind, found)


def begin(dictation: Dictation) -> dict[str, Any]:
    """The first message of a session."""
    wanted = dictation.wanted
    told: dict[str, Any] = {
        "type": "session.begin",
        "session_id": dictation.id,
        "config": {
            "sample_rate": wanted.sample_rate,
            "encoding": wanted.encoding,
            "channels": wanted.channels,
            "language": wanted.language,
            "model": wanted.model,
        },
    }
    if dictation.previous_id is not None:
        told["resumed_from"] = dictation.previous_id
    if dictation.continued_at is not None:  # Not in spec: hard resume is postponed by the document
        told |= {"resume": "hard", "resumed_at": dictation.continued_at, "utterances": dictation.utterances}
    return told


def speech(kind: str, at: float) -> dict[str, Any]:
    """A voice begins or pauses; `kind` is start or end."""
    return {"type": f"vad.speech_{kind}", "timestamp": round(at, 3)}


def partial(text: str, start: float, end: float) -> dict[str, Any]:
    """What an utterance seems to be so far."""
    return {"type": "transcript.partial", "text": text, "start": round(start, 3), "end": round(end, 3)}


def final(said: Utterance, *, words: bool) -> dict[str, Any]:
    """An utterance; its words have their text under both names (E32)."""
    told: dict[str, Any] = {
        "type": "transcript.final",
        "text": said.text,
        "start": said.start,
        "end": said.end,
        "confidence": said.confidence,
    }
    if words:
        told["words"] = [
            {
                "word": each.text,
                "text": each.text,
                "start": each.start,
                "end": each.end,
                "confidence": each.confidence,
            }
            for each in said.words
        ]
    return told


def note(told: str) -> dict[str, Any]:
    """A parameter that nobody knows was left alone."""
    return {"type": "warning", "code": "unknown_parameter", "message": told}


def lag(seconds: float) -> dict[str, Any]:
    """The transcript is behind."""
    told = f"The transcript is {seconds:.0f} s behind."
    return {"type": "warning", "code": "processing_lag", "message": told, "lag_seconds": round(seconds, 1)}


def error(code: str, told: str, *, recoverable: bool) -> dict[str, Any]:
    """Something went wrong; the session goes on where it is recoverable."""
    return {"type": "error", "code": code, "message": told, "recoverable": recoverable}


def terminated(session_id: str, why: Parting) -> dict[str, Any]:
    """The service ends the session, for a reason that the error before it tells."""
    return {"type": "session.terminated", "session_id": session_id, "reason": why.word}


@dataclass
class Account:
    """What a session came to, as its last message tells it; kept of the socket's own utterances alone."""

    speech_s: float = 0.0

    def __post_init__(self) -> None:
        self.segments: list[dict[str, Any]] = []

    def add(self, said: Utterance) -> None:
        """One more utterance."""
        self.speech_s += max(0.0, said.end - said.start)
        self.segments.append({"id": said.number, "start": said.start, "end": said.end, "text": said.text})

    def end(self, dictation: Dictation, addresses: dict[str, str]) -> dict[str, Any]:
        """The last message; `addresses` are those of what is stored."""
        told: dict[str, Any] = {
            "type": "session.end",
            "session_id": dictation.id,
            "total_audio_seconds": round(dictation.audio_s, 3),
            "total_duration": round(dictation.audio_s, 3),
            "total_speech_duration": round(self.speech_s, 3),
            "transcript": " ".join(each["text"] for each in self.segments),
            "segments": self.segments,
            **addresses,
        }
        if dictation.job_id is not None:
            told["enhancement_job_id"] = dictation.job_id
        return told
