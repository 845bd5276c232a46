"""What a run saw of realtime sessions: each from its socket to what is kept of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from conformance.checks.once import once
from conformance.checks.pages import query_of
from conformance.evidence.admission import is_crowded_out
from conformance.vocabulary.operation import Credential, Operation
from conformance.vocabulary.probe import Probe

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from conformance.evidence import Evidence, Exchange
    from scribe_data.stream import Wire

#: The member of the details that has the number of finals, by revision.
_COUNTS: Final = ("utterance_count", "segment_count")


def wire_of(evidence: Evidence) -> Wire:
    """The messages of the text; raises TypeError for a text without a socket."""
    wire = evidence.text.wire
    if wire is None:
        raise TypeError(f"{evidence.text.profile} has no socket")
    return wire


def no_room(evidence: Evidence, x: Exchange) -> bool:
    """Whether a socket was refused because the service had no room for it."""
    return is_crowded_out(x, wire_of(evidence))


def given_room(evidence: Evidence, found: Iterable[Exchange]) -> list[Exchange]:
    """Sockets without those that were crowded out, and taken another time: what a client sees that waits."""
    attempts = list(found)
    met = {(x.label.session, x.label.probe) for x in attempts if not no_room(evidence, x)}
    return [x for x in attempts if not (no_room(evidence, x) and (x.label.session, x.label.probe) in met)]


@dataclass(frozen=True)
class Dictated:
    """One session of the run: the socket's beginning and end, and what its tenant asked about it besides."""

    key: str
    opened: Exchange
    left: Exchange | None
    asked: tuple[Exchange, ...]
    wire: Wire

    @property
    def session_id(self) -> str:
        """The id that session.begin told."""
        return str(self.opened.document.get("session_id"))

    @property
    def query(self) -> Mapping[str, str]:
        """The parameters of its socket."""
        return query_of(self.opened)

    def parameter(self, name: str) -> str:
        """A parameter, or what holds without it."""
        return self.query.get(name, str(self.wire.query["properties"][name].get("default", "")))

    def keeps(self, name: str) -> bool:
        """Whether a flag is set."""
        return self.query.get(name) == "true"

    @property
    def well(self) -> bool:
        """Whether its client said end, and the service took all that was sent and closed as it does."""
        ended = self.left is not None and self.left.label.probe is None and self.left.accepted
        return ended and not self.told("error")

    @property
    def messages(self) -> Sequence[Mapping[str, Any]]:
        """What the service said over all of the socket."""
        return self.left.socket.messages if self.left is not None and self.left.socket is not None else ()

    def told(self, name: str) -> list[Mapping[str, Any]]:
        """The messages of one name."""
        word = self.wire.told[name].word
        return [each for each in self.messages if each.get(self.wire.tag) == word]

    @property
    def seconds(self) -> float | None:
        """Seconds of audio that were sent; None where the text does not tell how long a sample is."""
        size, rate = self.wire.encodings.get(self.parameter("encoding")), self.parameter("sample_rate")
        if self.left is None or self.left.socket is None or size is None or not rate.isdecimal() or not int(rate):
            return None
        return self.left.socket.samples / size / int(rate)

    def of(self, operation: Operation) -> list[Exchange]:
        """Valid requests of an operation about it that got an answer."""
        plain = (x for x in self.asked if x.label.operation == operation and x.label.probe is None)
        return [x for x in plain if x.response is not None]

    @property
    def linked(self) -> list[Exchange]:
        """Fetches of the addresses that answers told for its audio, whatever came of them."""
        return [x for x in self.asked if x.label.probe == Probe.LINKED]

    @property
    def reads(self) -> list[Exchange]:
        """Its details, as they were shown."""
        return [x for x in self.of(Operation.GET) if x.accepted]

    @property
    def active(self) -> list[Exchange]:
        """Details that were read while the socket was open."""
        return [x for x in self.reads if self.left is None or x.received <= self.left.sent]

    @property
    def over(self) -> list[Exchange]:
        """Details that were read when nobody held the socket any more."""
        return [x for x in self.reads if self.left is not None and x.sent >= self.left.received]

    @property
    def final(self) -> Exchange | None:
        """The first read that shows that the session is over, once its socket was left."""
        return next((x for x in self.over if x.document.get("status") not in (None, "active")), None)

    @property
    def settled(self) -> Exchange | None:
        """The last read that shows that the session is over: what is kept and counted need not stand in the first."""
        return next((x for x in reversed(self.over) if x.document.get("status") not in (None, "active")), None)


@once
def dictated(evidence: Evidence) -> tuple[Dictated, ...]:
    """The sessions that the tester opened in the journeys, in their order."""
    wire, found = wire_of(evidence), []
    for x in evidence.select(Operation.CREATE, credential=Credential.RIGHT):
        key = x.label.session
        if not x.accepted or key is None or not isinstance(x.document.get("session_id"), str):
            continue
        own = [y for y in evidence.about(key) if y.label.graded and (_its_tenants(y) or y.label.probe == Probe.LINKED)]
        left = next((y for y in own if y.label.operation == Operation.END and y.socket is not None), None)
        asked = tuple(y for y in own if y.socket is None and y.number != x.number)
        found.append(Dictated(key, x, left, asked, wire))
    return tuple(found)


def _its_tenants(x: Exchange) -> bool:
    return x.label.credential == Credential.RIGHT


def count_of(document: Mapping[str, Any]) -> tuple[str, Any]:
    """The member of the details that has the number of finals, and its value."""
    name = next((each for each in _COUNTS if each in document), _COUNTS[0])
    return name, document.get(name)


def near(one: float, other: float, by: float) -> bool:
    """Whether two numbers of seconds are alike."""
    return abs(one - other) <= by
