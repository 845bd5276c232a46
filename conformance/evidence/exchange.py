"""One request with its answer, and the label that says what the kit meant by it."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

from conformance.evidence.layer import Layer
from conformance.vocabulary.operation import Credential
from conformance.vocabulary.probe import Probe
from scribe_data.nesting import loads

if TYPE_CHECKING:
    from datetime import datetime

    from conformance.evidence.handshake import Handshake
    from conformance.evidence.socket import Socket
    from conformance.vocabulary.operation import Operation


class _NotJson:
    """The body is not JSON text; distinct from JSON null."""

    def __repr__(self) -> str:
        return "NOT_JSON"

    def __bool__(self) -> bool:
        return False


NOT_JSON: Final = _NotJson()


def _parse(body: bytes) -> Any:
    try:
        return loads(body)
    except ValueError:
        return NOT_JSON


def _header(headers: tuple[tuple[str, str], ...], name: str) -> str | None:
    wanted = name.lower()
    return next((value for key, value in headers if key.lower() == wanted), None)


@dataclass(frozen=True)
class Label:
    """What the kit meant by an exchange; checks select by it and never by URL.

    `session` is the journey's own name of a session ("visit", "expiry/empty"), the same on its create, uploads,
    reads and end. `probe` names a deliberate departure from a valid request ("templates missing"); None is a valid
    request of the run. `graded` is False for setting up and cleaning up: those are never judged. `states` are the rows
    of the lifecycle's table of which one applies: the states the session may be in, or an outsider's name.
    """

    operation: Operation
    journey: str
    session: str | None = None
    probe: str | None = None
    credential: Credential = Credential.RIGHT
    file: str | None = None
    fixture: str | None = None
    attempt: int = 1
    graded: bool = True
    layer: Layer = Layer.JOURNEY
    states: tuple[str, ...] = ()

    @property
    def plain(self) -> bool:
        """Whether the request is valid; one that spells the right key in another way is."""
        return self.probe is None or Probe.SPELLING.covers(self.probe)


@dataclass(frozen=True)
class Request:
    """A request as sent; `body` is whole for JSON and cut for audio (`size` and `sha256` are those of the whole)."""

    method: str
    url: str
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    size: int = 0
    sha256: str | None = None
    #: Whether `body` is all of it: audio and very long bodies are kept by size and digest.
    whole: bool = True

    @cached_property
    def json(self) -> Any:
        """The body as JSON, or NOT_JSON."""
        return _parse(self.body)

    def header(self, name: str) -> str | None:
        """The first value of a header, names compared without case."""
        return _header(self.headers, name)


@dataclass(frozen=True)
class Response:
    """An answer; `body` is whole up to the recorder's bound."""

    status: int
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""

    @cached_property
    def json(self) -> Any:
        """The body as JSON, or NOT_JSON."""
        return _parse(self.body)

    def header(self, name: str) -> str | None:
        """The first value of a header, names compared without case."""
        return _header(self.headers, name)

    @property
    def media_type(self) -> str:
        """The essence of Content-Type, lower case, without parameters; '' when there is none."""
        return (self.header("content-type") or "").split(";")[0].strip().lower()

    @cached_property
    def document(self) -> dict[str, Any]:
        """The body as a JSON object; an empty one when it is anything else."""
        return self.json if isinstance(self.json, dict) else {}

    @property
    def error_code(self) -> str | None:
        """`error.code` of the envelope, when it is there and a string."""
        error = self.document.get("error")
        code = error.get("code") if isinstance(error, dict) else None
        return code if isinstance(code, str) else None


@dataclass(frozen=True)
class Exchange:
    """A request and what came back: an answer, or the transport's `trouble` in words.

    `number` counts from 1 in the order of sending. `sent` and `received` are wall times (UTC); `elapsed` is seconds.
    `handshake` is there where the exchange was made to see one, or where none came about; `socket` where it opened one.
    """

    number: int
    label: Label
    request: Request
    response: Response | None
    sent: datetime
    received: datetime
    elapsed: float
    trouble: str | None = None
    notes: dict[str, Any] = field(default_factory=dict)
    handshake: Handshake | None = None
    socket: Socket | None = None

    @cached_property
    def status(self) -> int:
        """The HTTP status; 0 when no answer came."""
        return self.response.status if self.response else 0

    @property
    def document(self) -> dict[str, Any]:
        """The answer as a JSON object, of a socket the first that the service said; an empty one when there is none."""
        if self.socket is not None:
            return next(iter(self.socket.messages), {})
        return self.response.document if self.response else {}

    @property
    def accepted(self) -> bool:
        """Whether the answer is 2xx, or a socket that nobody closed for a reason of its own."""
        return 200 <= self.status < 300 or (self.socket is not None and self.socket.went_well)

    @property
    def latest_clock_offset(self) -> float:
        """Seconds that the target's test clock was ahead of ours at most, by the time the answer came."""
        told = [
            float(self.notes[f"clock_offset{then}"]) + float(self.notes.get(f"clock_slack{then}", 0.0))
            for then in ("", "_then")
            if f"clock_offset{then}" in self.notes
        ]
        return max(told, default=0.0)

    def beside(self, other: Exchange) -> bool:
        """Whether both were on their way at the same time, so that the target may have taken either first."""
        return self.sent < other.received and other.sent < self.received
