"""What a run costs the service it is pointed at: requests, bytes, time by layer, sessions, and those it leaves open."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal
from urllib.parse import parse_qsl, unquote, urlsplit

from conformance.evidence.layer import Layer
from conformance.stopwatch import covered
from conformance.vocabulary.operation import Credential, Operation
from conformance.vocabulary.probe import Probe

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    from conformance.evidence import Evidence, Exchange, Explored


@dataclass(frozen=True)
class Made:
    """A session of the run: its id, the kit's name for it, and whether the run left it open."""

    session_id: str
    name: str
    state: Literal["open", "ended"]


@dataclass(frozen=True)
class Spent:
    """What one layer cost: `busy_s` are seconds in which a request of it was on its way.

    `lasted_s` are seconds in which one of its journeys was under way, those included in which it drew its requests or
    waited for a result; None where nobody timed that. Layers work side by side: their seconds add up to no whole.
    """

    layer: Layer
    requests: int
    bytes_sent: int
    busy_s: float
    lasted_s: float | None = None


@dataclass(frozen=True)
class Cost:
    """`bytes_sent` counts bodies; `bad_requests` are those that a service has to refuse, sent on purpose."""

    requests: int
    bad_requests: int
    bytes_sent: int
    sessions: tuple[Made, ...]
    #: Sessions that the state machine made, and those of them that nobody ended: their requests are in no evidence.
    made_apart: int = 0
    left_apart: int = 0
    #: Nothing where the exchanges of one layer alone were counted.
    layers: tuple[Spent, ...] = ()

    def and_apart(self, explored: Explored | None) -> Cost:
        """With what the state machine cost."""
        if explored is None:
            return self
        return replace(
            self,
            requests=self.requests + explored.requests,
            bad_requests=self.bad_requests + explored.bad_requests,
            bytes_sent=self.bytes_sent + explored.bytes_sent,
            made_apart=explored.sessions,
            left_apart=explored.left_open,
        )

    @property
    def left_open(self) -> tuple[Made, ...]:
        """The sessions that nobody ended."""
        return tuple(made for made in self.sessions if made.state == "open")


def is_bad(x: Exchange) -> bool:
    """Whether a request was wrong on purpose: malformed, out of turn, or without the right credential."""
    label = x.label
    if label.operation in (Operation.DISCOVERY, Operation.OTHER):
        return False
    return label.credential != Credential.RIGHT or (label.probe is not None and label.graded and not x.accepted)


def cost(exchanges: Iterable[Exchange], terminal: Collection[str]) -> Cost:
    """What these exchanges cost; `terminal` are the states that nothing follows."""
    sent = tuple(exchanges)
    names: dict[str, str] = {}
    over: set[str] = set()
    for x in sent:
        if x.label.operation == Operation.CREATE and x.accepted:
            session_id = x.document.get("session_id")
            if isinstance(session_id, str) and session_id:
                names[session_id] = x.label.session or ""
            continue
        about = [part for part in _named(x) if part in names]
        if about and _is_over(x, terminal):
            over.update(about)
    made = tuple(Made(each, name, "ended" if each in over else "open") for each, name in names.items())
    return Cost(len(sent), sum(map(is_bad, sent)), sum(map(_bytes, sent)), made)


def _bytes(x: Exchange) -> int:
    """What a request sent: its body, and what went over its socket."""
    return x.request.size + (x.socket.size if x.socket else 0)


def _named(x: Exchange) -> Iterator[str]:
    """What of a request may be the id of its session: parts of its path, values of its query, a member of its body."""
    parts = urlsplit(x.request.url)
    yield from map(unquote, parts.path.split("/"))
    yield from (value for _, value in parse_qsl(parts.query))
    told = x.request.json.get("session_id") if isinstance(x.request.json, dict) else None
    if isinstance(told, str):
        yield told


def whole(evidence: Evidence) -> Cost:
    """What a run cost, by layer too, the search of the state machine included."""
    counted = cost(evidence.everything, evidence.text.lifecycle.terminal).and_apart(evidence.explored)
    return replace(counted, layers=tuple(_spent(evidence)))


def _spent(evidence: Evidence) -> Iterator[Spent]:
    lasted = evidence.facts.extra.get("lasted", {})
    for layer in Layer:
        sent = evidence.views[layer].exchanges if layer in evidence.views else ()
        spent = Spent(layer, len(sent), sum(map(_bytes, sent)), round(busy(sent), 3), lasted.get(layer))
        apart = evidence.explored if layer is Layer.MACHINE else None
        if apart is not None:  # a search plays for the evidence when it has ended a play of its own, never meanwhile
            spent = replace(
                spent,
                requests=spent.requests + apart.requests,
                bytes_sent=spent.bytes_sent + apart.bytes_sent,
                busy_s=round(spent.busy_s + apart.busy_s, 3),
            )
        if spent.requests:
            yield spent


def busy(exchanges: Iterable[Exchange]) -> float:
    """Seconds in which at least one exchange was on its way."""
    return covered((x.sent.timestamp(), x.sent.timestamp() + x.elapsed) for x in exchanges)


def _is_over(x: Exchange, terminal: Collection[str]) -> bool:
    if x.status == 410:  # it expired, as a test clock makes many do
        return True
    if x.label.operation == Operation.END:
        return x.accepted
    if x.label.operation == Operation.CANCEL:
        late = x.status == 400 and x.label.probe == Probe.CLOSING  # it can be cancelled no more
        return late or x.accepted
    return x.label.operation == Operation.GET and x.document.get("status") in terminal
