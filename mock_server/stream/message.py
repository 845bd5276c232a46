"""What a client says over a socket, message by message; the first one decides how the audio comes."""

from __future__ import annotations

import base64
import binascii
import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from mock_server.stream import closing
from scribe_data.nesting import loads

if TYPE_CHECKING:
    from collections.abc import Callable

    from mock_server.stream.resumption import Resumption
    from scribe_data.stream import Stream

#: Samples in a text that is not parsed yet: a string that costs next to nothing to read, as all else does not. Some
#: clients escape the slashes of base64.
_PAYLOAD: Final = re.compile(r'"payload"\s*+:\s*+"([A-Za-z0-9+/=\\]*+)"')
#: Characters beside the samples of a message that cost nothing: clients of the field number and stamp each one.
_ENVELOPE: Final = 512
#: And those that are read at all: whatever is neither samples nor so small is a message of nobody.
_MOST_BESIDE: Final = 16 * 1024
#: Characters of a client's word that a reason repeats.
_SHOWN: Final = 40


@dataclass
class Messages:
    """Reads the messages of one socket, and counts them."""

    wire: Stream
    #: Takes characters off what the client may send beside samples; False where there are not so many left.
    spend: Callable[[int], bool]
    #: What a client is told that goes on where it broke off; None for one that did not ask for it.
    resumption: Resumption | None = None
    #: "binary" or "json" once it is known.
    form: str | None = None
    #: Messages that came, and those of them that say nothing to anybody here: such are passed over.
    came: int = 0
    ignored: int = 0
    over: bool = field(default=False, init=False)

    def read(self, content: bytes | str) -> bytes:
        """The samples in a message that are new, b"" for none; raises Closing.

        `over` is set where the client has said all.
        """
        self.came += 1
        if isinstance(content, bytes):
            if self.form == "json":
                raise closing.mixed("The first message was JSON, so samples come in JSON on this socket.")
            self.form = "binary"
            return self._fresh(self._whole(content))
        beside = self._charged(content)
        samples = self._said(content)
        if not samples:
            self._charge(len(content) - beside)
        return self._fresh(samples)

    def _charged(self, content: str) -> int:
        """Let a text cost what it has beside samples before it is parsed; returns how much that was."""
        found = _PAYLOAD.search(content)
        beside = len(content) - len(found[1]) if found else len(content)
        if beside > _MOST_BESIDE:
            raise closing.large(f"A message of text has more than {_MOST_BESIDE >> 10} KiB beside its samples.")
        if found and beside <= _ENVELOPE:
            return 0
        self._charge(beside)
        return beside

    def _charge(self, characters: int) -> None:
        if not self.spend(characters):
            raise closing.crowded("More text beside samples came than this client may send; wait before going on.")

    def _fresh(self, samples: bytes) -> bytes:
        return samples if self.resumption is None else self.resumption.fresh(samples)

    def _said(self, content: str) -> bytes:
        said = _object(content)
        event = said.get("event")
        if event == self.wire.stop:
            self.over = True
        elif event == self.wire.start:
            self._begin(said)
        elif event == self.wire.media:
            return self._media(said)
        elif self.resumption is None or not self.resumption.understood(said):
            self.ignored += 1
        return b""

    def _begin(self, said: dict[str, Any]) -> None:
        self._in_json()
        asked = _inner(_inner(said, "start"), "mediaFormat")
        wanted = {"encoding": self.wire.encoding, "sampleRate": self.wire.rate}
        for name, value in wanted.items():
            if asked.get(name, value) != value:
                shown = json.dumps(asked[name])[:_SHOWN]
                raise closing.bad(f"mediaFormat.{name} has to be {value}; it is {shown}.")

    def _media(self, said: dict[str, Any]) -> bytes:
        self._in_json()
        payload = _inner(said, "media").get("payload")
        if not isinstance(payload, str):
            raise closing.broken("media.payload has to be samples in base64.")
        try:
            return self._whole(base64.b64decode(payload, validate=True))
        except (binascii.Error, ValueError):
            raise closing.broken("media.payload is not base64.") from None

    def _in_json(self) -> None:
        if self.form == "binary":
            raise closing.mixed("The first message was binary, so samples come as binary messages on this socket.")
        self.form = "json"

    def _whole(self, samples: bytes) -> bytes:
        # Not in spec: E91. Half a sample would turn all that follows into noise.
        if len(samples) % self.wire.sample_bytes:
            told = f"A message of {len(samples)} bytes ends within a sample of {self.wire.sample_bytes}."
            raise closing.broken(told)
        return samples


def _object(text: str) -> dict[str, Any]:
    """A message as a JSON object; an empty one where it is none."""
    try:
        found = loads(text)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _inner(said: dict[str, Any], name: str) -> dict[str, Any]:
    found = said.get(name)
    return found if isinstance(found, dict) else {}
