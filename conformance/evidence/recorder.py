"""Keeps exchanges in the order of sending, redacted and bounded; append-only until it is frozen."""

from __future__ import annotations

import hashlib
import zlib
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from time import monotonic
from typing import TYPE_CHECKING, Any

from conformance.evidence.admission import turns_away
from conformance.evidence.exchange import Exchange, Label, Request, Response
from conformance.evidence.layer import Layer
from conformance.evidence.record import Evidence, Facts, Note
from conformance.evidence.signature import hidden, hidden_text, without_signatures
from conformance.vocabulary.operation import Operation

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from conformance.evidence.departure import Departure
    from conformance.evidence.explored import Explored
    from conformance.evidence.handshake import Handshake
    from conformance.evidence.redaction import Redactor
    from conformance.evidence.socket import Socket

    _Headers = Iterable[tuple[str, str]]

#: What is kept of a body that is text: a transcript of a day is far below it.
TEXT_BOUND = 1024 * 1024
#: What is kept of audio: enough for the container's signature and the head of a multipart part.
AUDIO_BOUND = 512
#: What is kept, compressed, of long bodies that are no recording of the kit's: without them nobody can send them again.
BODIES_BOUND = 16 * 1024 * 1024


@dataclass(frozen=True)
class Pending:
    """A request on its way."""

    number: int
    label: Label
    request: Request
    sent: datetime
    started: float
    ambient: dict[str, Any]


class Recorder:
    """Numbers exchanges when they are sent, and keeps them when they are answered."""

    def __init__(self, redactor: Redactor) -> None:
        self._redactor = redactor
        self._sent = 0
        self._exchanges: list[Exchange] = []
        self._notes: list[Note] = []
        self._dialect: list[Departure] = []
        self._explored: Explored | None = None
        #: Number -> the exchange without signatures of a storage.
        self._shown: dict[int, Exchange] = {}
        #: SHA-256 -> a long body, compressed.
        self._bodies: dict[str, bytes] = {}
        self._room = BODIES_BOUND
        #: Exchanges that turned out not to count, and the number from which on no refusal does.
        self._discounted: set[int] = set()
        self._void_from: int | None = None
        #: Facts noted on every exchange sent from now on, such as how far the target's clock was moved.
        self.ambient: dict[str, Any] = {}

    @property
    def sent(self) -> int:
        """How many requests went out."""
        return self._sent

    @property
    def exchanges(self) -> tuple[Exchange, ...]:
        """What was answered so far, in the order of sending."""
        return tuple(sorted(self._exchanges, key=lambda kept: kept.number))

    def begin(self, label: Label, method: str, url: str, headers: _Headers, body: bytes) -> Pending:
        """Number a request that is about to be sent."""
        self._sent += 1
        bound = AUDIO_BOUND if label.operation == Operation.UPLOAD or label.fixture is not None else TEXT_BOUND
        kept, whole = self._redactor.beginning(body, bound)
        hashed = kept if whole else body
        digest = hashlib.sha256(hashed).hexdigest() if hashed else None
        if digest and not whole and label.fixture is None and body.startswith(kept):
            self._keep_body(digest, body)
        request = Request(
            method=method,
            url=self._redactor.text(url),
            headers=self._headers(headers),
            body=kept,
            size=len(body),
            sha256=digest,
            whole=whole,
        )
        return Pending(self._sent, self._label(label), request, datetime.now(UTC), monotonic(), dict(self.ambient))

    def _keep_body(self, digest: str, body: bytes) -> None:
        if digest in self._bodies or self._room <= 0 or hidden(body) != body:
            return
        packed = zlib.compress(body, 1)
        self._room -= len(packed)
        if self._room > 0:
            self._bodies[digest] = packed

    def answered(
        self,
        pending: Pending,
        status: int,
        headers: _Headers,
        body: bytes,
        handshake: Handshake | None = None,
        *,
        socket: Socket | None = None,
        **notes: Any,
    ) -> Exchange:
        """Keep an answer; `notes` are facts that no header tells."""
        kept, whole = self._redactor.beginning(body, TEXT_BOUND)
        if not whole:
            notes["size"] = len(body)
        response = Response(status, self._headers(headers), kept)
        return self._keep(pending, response, None, notes, handshake, socket=socket)

    def troubled(
        self,
        pending: Pending,
        trouble: str,
        *,
        graded: bool = True,
        handshake: Handshake | None = None,
        **notes: Any,
    ) -> Exchange:
        """Keep a request that got no answer; `graded` is False when the kit itself gave up on it."""
        label = pending.label if graded else replace(pending.label, graded=False)
        return self._keep(replace(pending, label=label), None, self._redactor.text(trouble), notes, handshake)

    def note(self, note: Note) -> None:
        """Keep why something could not be done."""
        self._notes.append(replace(note, text=self._redactor.text(note.text)))

    def depart(self, departure: Departure) -> None:
        """Keep where the target departs from the text, once for each thing that does."""
        known = {(kept.dimension, kept.member) for kept in self._dialect}
        if (departure.dimension, departure.member) not in known:
            self._dialect.append(_departure(departure, self._redactor.text))

    def explored(self, found: Explored) -> None:
        """Keep what the state machine came to."""
        self._explored = _exploration(found, self._redactor.text)

    def discount(self, number: int) -> None:
        """Let an exchange not count after all: it was only a step on the way to another."""
        self._discounted.add(number)

    def void(self, number: int) -> None:
        """Let no refusal and no silence count that was sent from this exchange on: the key or the target had gone."""
        self._void_from = number if self._void_from is None else min(number, self._void_from)

    def freeze(self, facts: Facts) -> Evidence:
        """The evidence as it stands."""
        told = replace(facts, base_url=self._redactor.text(facts.base_url))
        counted = tuple(self._counting(self._unsigned(each)) for each in self.exchanges)
        plain = tuple(x for x in counted if x.label.layer is Layer.JOURNEY)
        further = tuple(x for x in counted if x.label.layer is not Layer.JOURNEY)
        return Evidence(
            plain,
            told,
            tuple(replace(note, text=hidden_text(note.text)) for note in self._notes),
            dialect=tuple(_departure(each, hidden_text) for each in self._dialect),
            further=further,
            explored=self._explored and _exploration(self._explored, hidden_text),
            bodies=dict(self._bodies),
        )

    def _unsigned(self, exchange: Exchange) -> Exchange:
        """The exchange as it may be read; a run is looked at many times, and what was kept does not change."""
        shown = self._shown.get(exchange.number)
        if shown is None:
            shown = self._shown[exchange.number] = without_signatures(exchange)
        return shown

    def _counting(self, exchange: Exchange) -> Exchange:
        void = self._void_from is not None and exchange.number >= self._void_from
        if not (exchange.number in self._discounted or (void and (not exchange.accepted or turns_away(exchange)))):
            return exchange
        return replace(exchange, label=replace(exchange.label, graded=False))

    def _keep(
        self,
        pending: Pending,
        response: Response | None,
        trouble: str | None,
        notes: dict[str, Any],
        handshake: Handshake | None,
        *,
        socket: Socket | None = None,
    ) -> Exchange:
        exchange = Exchange(
            number=pending.number,
            label=pending.label,
            request=pending.request,
            response=response,
            sent=pending.sent,
            received=datetime.now(UTC),
            elapsed=monotonic() - pending.started,
            trouble=trouble,
            notes=pending.ambient | self._meanwhile(pending) | notes,
            handshake=handshake.told(self._redactor.text) if handshake else None,
            socket=socket.told(self._redactor.text) if socket else None,
        )
        self._exchanges.append(exchange)
        return exchange

    def _meanwhile(self, pending: Pending) -> dict[str, Any]:
        """The ambient facts that changed while a request was on its way, as they were when its answer came."""
        return {f"{name}_then": told for name, told in self.ambient.items() if pending.ambient.get(name) != told}

    def _label(self, label: Label) -> Label:
        """The label without secrets: sessions and files may be named after what the target said."""
        told = (label.session, label.probe, label.file)
        kept = tuple(value and self._redactor.name(value) for value in told)
        return label if kept == told else replace(label, session=kept[0], probe=kept[1], file=kept[2])

    def _headers(self, headers: _Headers) -> tuple[tuple[str, str], ...]:
        return tuple((self._redactor.text(name), self._redactor.text(value)) for name, value in headers)


def _departure(departure: Departure, clean: Callable[[str], str]) -> Departure:
    """A departure with its texts passed through a function: an address may have a key or a signature in its query."""
    expected, actual = _value(departure.expected, clean), _value(departure.actual, clean)
    return replace(departure, text=clean(departure.text), expected=expected, actual=actual)


def _value(value: object, clean: Callable[[str], str]) -> object:
    if isinstance(value, str):
        return clean(value)
    return [_value(each, clean) for each in value] if isinstance(value, list) else value


def _exploration(found: Explored, clean: Callable[[str], str]) -> Explored:
    """What the state machine came to, with its messages passed through a function."""
    return replace(found, violations=tuple(replace(each, message=clean(each.message)) for each in found.violations))
