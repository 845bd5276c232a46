"""What went over a WebSocket: the frames of both sides, bounded, and how it was closed."""

from __future__ import annotations

from base64 import b64decode, b64encode
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final, Literal

from scribe_data.nesting import loads

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

#: Stands for samples in base64 in a message that they go in.
SAMPLES: Final = "<samples>"
#: What a finding shows of a socket that a service has to close and did not.
UNCLOSED: Final = "not closed"

Side = Literal["client", "server"]
Form = Literal["binary", "text"]


@dataclass(frozen=True)
class Frame:
    """One message of the socket: `size` bytes, of which `beginning` are the first; `at` is seconds since it opened."""

    side: Side
    form: Form
    size: int
    beginning: bytes
    at: float

    @property
    def json(self) -> dict[str, Any] | None:
        """The message as a JSON object; None for anything else."""
        try:
            found = loads(self.beginning) if self.form == "text" else None
        except ValueError:
            return None
        return found if isinstance(found, dict) else None

    def document(self) -> dict[str, Any]:
        """The frame as a JSON object."""
        shown = b64encode(self.beginning).decode("ascii")
        return {"side": self.side, "form": self.form, "size": self.size, "beginning": shown, "at": self.at}


@dataclass(frozen=True)
class Turn:
    """What a client said in one go, as whoever repeats it says it again: a `text`, or samples in messages.

    Samples are the bytes from `begin` to `end` of a `recording` in the encoding of the socket, or without one the byte
    `fill` as often; they go in messages of `size` bytes, `apart` seconds from each other, as they are or `inside` a
    text that has SAMPLES in their place. `after` is the number of the last exchange that the run had sent by then.
    """

    after: int
    text: str = ""
    recording: str | None = None
    fill: int = 0
    begin: int = 0
    end: int = 0
    size: int = 0
    apart: float = 0.0
    inside: str = ""

    def messages(self, samples: bytes) -> Iterator[bytes | str]:
        """What is said, of the samples of its recording."""
        if self.text:
            yield self.text
        for at in range(self.begin, self.end, self.size or 1):
            piece = samples[at : min(at + self.size, self.end)]
            yield self.inside.replace(SAMPLES, b64encode(piece).decode("ascii")) if self.inside else piece

    def document(self) -> dict[str, Any]:
        """The turn as a JSON object; members that are as usual are left out."""
        usual = Turn(self.after)
        return {name: value for name, value in vars(self).items() if value != getattr(usual, name, None)} | {
            "after": self.after
        }


#: The close code of a socket that has done what it was there for.
_DONE: Final = 1000


@dataclass(frozen=True)
class Socket:
    """A socket from its opening to its end.

    `frames` are the first ones of each side in their order, `sent` and `heard` how many there were in all, of `size`
    bytes what was sent. `by` is who closed it, None where nobody did while it was watched; then `code` is None, and
    else the close code.
    """

    frames: tuple[Frame, ...]
    sent: int
    heard: int
    by: Side | None = None
    code: int | None = None
    reason: str = ""
    size: int = 0
    #: Bytes of the client's binary messages.
    samples: int = 0
    #: What the client said of its own before it left, as far as it may have to be said again.
    turns: tuple[Turn, ...] = ()

    @cached_property
    def messages(self) -> tuple[dict[str, Any], ...]:
        """The JSON objects that the service said, in their order; what was kept in part is none."""
        return tuple(found for each in self.frames if each.side == "server" and (found := each.json) is not None)

    @property
    def went_well(self) -> bool:
        """Whether nobody ended it for a reason of its own."""
        return self.code in (None, _DONE)

    def told(self, clean: Callable[[str], str]) -> Socket:
        """The same, with every text that came from outside passed through a function."""
        frames = tuple(
            Frame(each.side, each.form, each.size, clean(each.beginning.decode("utf-8", "replace")).encode(), each.at)
            if each.form == "text"
            else each
            for each in self.frames
        )
        turns = tuple(replace(each, text=clean(each.text)) for each in self.turns)
        return replace(self, frames=frames, reason=clean(self.reason), turns=turns)

    def document(self) -> dict[str, Any]:
        """The socket as a JSON object."""
        return {
            "frames": [each.document() for each in self.frames],
            "sent": self.sent,
            "heard": self.heard,
            "by": self.by,
            "code": self.code,
            "reason": self.reason,
            "size": self.size,
            "samples": self.samples,
            **({"turns": [each.document() for each in self.turns]} if self.turns else {}),
        }


def socket_of(document: Mapping[str, Any]) -> Socket:
    """The socket that `document` made the object of."""
    frames = tuple(
        Frame(**dict(each) | {"beginning": b64decode(each["beginning"], validate=True)}) for each in document["frames"]
    )
    turns = tuple(Turn(**dict(each)) for each in document.get("turns", ()))
    return Socket(**dict(document) | {"frames": frames, "turns": turns})
