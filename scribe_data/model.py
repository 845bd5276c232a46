"""The frozen values a profile of the protocol is made of."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from .codes import ErrorCode, Place
    from .fuzz import Fuzz
    from .origin import Origins
    from .protocol import Protocol
    from .stream import Stream, Wire
    from .waiver import Waiver

NONE: Final = "none"  # in a transition: the session does not exist
UNCHANGED: Final = "unchanged"  # in a transition: the state before it
DEADLINE: Final = "deadline_passed"  # the event by which time alone ends a session
FAILURE: Final = "work_failed"  # the event by which work ends that no request makes fail


class SpecError(ValueError):
    """A spec file says something it must not; the message names file and entry."""


class Level(StrEnum):
    """How binding a requirement is."""

    MUST = "MUST"
    SHOULD = "SHOULD"
    MAY = "MAY"
    SCHEMA = "SCHEMA"


class Basis(StrEnum):
    """What in the text carries a requirement."""

    KEYWORD = "keyword"
    DOCUMENTED = "documented"
    SCHEMA = "schema"


class Subject(StrEnum):
    """Whom a requirement binds."""

    SERVICE = "service"
    CLIENT = "client"


class Testability(StrEnum):
    """What a tester needs to judge a requirement."""

    __test__ = False  # the name starts with Test; pytest is not meant

    BLACK_BOX = "black-box"
    TIME_CONTROL = "needs-time-control"
    FAULT_INJECTION = "needs-fault-injection"
    TLS = "needs-tls"
    OUT_OF_BAND = "out-of-band"
    NOT_TESTABLE = "not testable"


class Presented(StrEnum):
    """What a caller comes with: its own credential, none, a made-up one, another client's, or another user's name."""

    RIGHT = "right"
    NONE = "none"
    WRONG = "wrong"
    SECOND = "second"
    OTHER_USER = "other_user"


class Leaving(StrEnum):
    """How a client leaves a session that lasts as long as its socket."""

    END = "end"  # it says the message of that name
    DROP = "drop"  # its connection is gone without a word


class CellBasis(StrEnum):
    """How much of a (state, operation) answer the text settles."""

    DEFINED = "defined"
    PARTLY = "partly"
    UNDEFINED = "undefined"


@dataclass(frozen=True, slots=True)
class Matched:
    """Places in bodies: every one of the pointers in every one of the schemas, and keywords of theirs (none: all).

    A * in a pointer stands for any one token; / is the whole body. A missing member stands at its own pointer.
    """

    schemas: tuple[str, ...]
    pointers: tuple[str, ...]
    keywords: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Requirement:
    """One judged sentence, table row or schema of the protocol; either checks or untested is filled.

    contract: what of which schemas this requirement stands for; a breach counts against the closest requirement.
    """

    id: str
    chapter: int
    level: Level
    basis: Basis
    subject: Subject
    source: str
    statement: str
    observable: str
    feature: str
    testability: Testability
    revisions: tuple[str, ...]
    errata: tuple[str, ...] = ()
    checks: tuple[str, ...] = ()
    untested: str | None = None
    contract: tuple[Matched, ...] = ()


@dataclass(frozen=True, slots=True)
class Erratum:
    """One contradiction or gap of the text, with its strict and its lenient reading."""

    id: str
    title: str
    topic: str
    places: tuple[str, ...]
    note: str
    strict: str
    lenient: str
    also: tuple[str, ...] = ()
    recommended: bool = False


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule for judging, cited by requirements as "rule n"."""

    number: int
    name: str
    text: str


@dataclass(frozen=True, slots=True)
class Revision:
    """One text of the protocol, named by its day; short is what requirements call it (r0, r1, r2).

    `languages` is "array" or "string", as a create names languages; `counted_end` whether an end says how many files
    were sent; `passed` the member of a create that comes back unchanged. `files` is "named" where answers list files by
    name, "numbered" where a header numbers them and answers tell durations; `transcript` is "always" or, where a
    create has to ask for it, "asked"; `templates` are "entries" with a status or "bare" data; `upload_url` is
    "absolute" or "relative". `based_on` is the revision whose files
    hold where this one has none, but for those it is `without`.
    A protocol that knows none of these leaves them out.
    """

    name: str
    short: str
    text: str
    languages: Literal["array", "string"]
    counted_end: bool
    passed: str
    files: Literal["named", "numbered"]
    transcript: Literal["always", "asked"]
    templates: Literal["entries", "bare"]
    upload_url: Literal["absolute", "relative"]
    based_on: str | None = None
    without: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class State:
    """One session state; status is the code of GET in it, schema that of its body, rank its column in the diagram.

    `gone`: nothing of the session is left; a deletion leads there, out of states that are terminal else.
    """

    name: str
    rank: int
    terminal: bool
    expires: bool
    status: int
    schema: str
    meaning: str
    webhook: str | None = None
    errata: tuple[str, ...] = ()
    gone: bool = False


@dataclass(frozen=True, slots=True)
class Alias:
    """A word of some schema for states §6.1 calls otherwise, with the ranks it may take."""

    name: str
    ranks: tuple[int, ...]
    meaning: str
    errata: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Event:
    """Something that may move a session; core ones are in the generated table.

    `operation` is the request that raises it, `leaving` what a client does on its socket to raise it; both are None for
    a create, and for what the service and its clock do by themselves.
    """

    name: str
    core: bool
    meaning: str
    operation: str | None = None
    leaving: Leaving | None = None

    @property
    def asked(self) -> bool:
        """Whether a client raises it at a session that there is."""
        return self.operation is not None or self.leaving is not None


@dataclass(frozen=True, slots=True)
class Transition:
    """One arrow; sources and target are state names, or none and unchanged."""

    id: str
    sources: tuple[str, ...]
    event: str
    target: str
    guard: str
    observable: str
    webhook: str | None = None
    errata: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Tolerated:
    """A move outside the diagram that warns and does not fail."""

    source: str
    target: str
    errata: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Operation:
    """One request a caller may send about a session; `again` names the operation that it repeats."""

    name: str
    request: str
    note: str | None = None
    again: str | None = None


@dataclass(frozen=True, slots=True)
class Outsider:
    """A row of the table beside the states: what this caller may not see.

    `credential` is what the caller comes with, `given` whether the service ever gave out the id asked for.
    """

    name: str
    meaning: str
    credential: Presented
    given: bool = True


@dataclass(frozen=True, slots=True)
class Codes:
    """A set of HTTP status codes: single ones, and whole classes (4 is 400 to 499)."""

    codes: tuple[int, ...] = ()
    classes: tuple[int, ...] = ()

    def __contains__(self, code: int) -> bool:
        return code in self.codes or code // 100 in self.classes

    def __str__(self) -> str:
        return ", ".join([*map(str, self.codes), *(f"{digit}xx" for digit in self.classes)])


@dataclass(frozen=True, slots=True)
class Cell:
    """What one operation gets in one state; expected is strict, lenient adds codes to it.

    `refusal` is the requirement that a refusal counts against, where that is not the one of other wrong answers.
    """

    state: str
    operation: str
    basis: CellBasis
    expected: Codes
    lenient: Codes
    requirement: str
    target: str | None = None
    error: str | None = None
    note: str | None = None
    errata: tuple[str, ...] = ()
    refusal: str | None = None

    @property
    def requirements(self) -> tuple[str, ...]:
        """What answers to it count for or against."""
        return (self.requirement, self.refusal) if self.refusal else (self.requirement,)

    @property
    def recommended(self) -> int:
        """The first expected code: what the reference server answers."""
        return self.expected.codes[0]

    def accepts(self, code: int, *, lenient: bool) -> bool:
        """Tell whether the code is right in the reading asked for."""
        return code in self.expected or (lenient and code in self.lenient)


@dataclass(frozen=True, slots=True)
class Invariant:
    """A sentence about every pair of observations of a session; warns: the text does not carry it.

    Either the requirements are named whose checks judge it, or untested says why none does.
    """

    id: str
    text: str
    requirements: tuple[str, ...] = ()
    untested: str | None = None
    warns: bool = False
    errata: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Edge:
    """One arrow of the drawn diagram: a pair of states and all that leads from one to the other."""

    source: str
    target: str
    transitions: tuple[Transition, ...]

    @property
    def label(self) -> str:
        """The events on the arrow, each once, joined by " / "."""
        return " / ".join(dict.fromkeys(step.event for step in self.transitions))


@dataclass(frozen=True)  # without slots: what is derived is worked out once
class Lifecycle:
    """The session state machine and the full state by operation table."""

    states: Mapping[str, State]
    aliases: Mapping[str, Alias]
    events: Mapping[str, Event]
    transitions: Mapping[str, Transition]
    tolerated: tuple[Tolerated, ...]
    operations: Mapping[str, Operation]
    outsiders: Mapping[str, Outsider]
    cells: Mapping[tuple[str, str], Cell]
    invariants: Mapping[str, Invariant]

    @cached_property
    def edges(self) -> tuple[Edge, ...]:
        """The arrows between two different states, by first transition; the nodes are states."""
        pairs: dict[tuple[str, str], list[Transition]] = {}
        for step in self.transitions.values():
            for source in step.sources:
                if {source, step.target} <= self.states.keys() and source != step.target:
                    pairs.setdefault((source, step.target), []).append(step)
        return tuple(Edge(source, target, tuple(steps)) for (source, target), steps in pairs.items())

    @cached_property
    def later(self) -> Mapping[str, frozenset[str]]:
        """State -> the states that a session may be in after it, by the arrows and by the moves that are tolerated.

        A state is among those after itself only where a way leads back to it.
        """
        moves = ((move.source, move.target) for move in self.tolerated)
        return self._reached([*((edge.source, edge.target) for edge in self.edges), *moves])

    @cached_property
    def unasked(self) -> Mapping[str, frozenset[str]]:
        """State -> the states that a session may be in after it while nobody asks for anything."""
        steps = (step for step in self.transitions.values() if not self.events[step.event].asked)
        found = [(source, step.target) for step in steps for source in step.sources]
        return self._reached([each for each in found if set(each) <= self.states.keys()])

    @cached_property
    def circling(self) -> frozenset[str]:
        """The states that some way of arrows leads back to."""
        reached = self._reached([(edge.source, edge.target) for edge in self.edges])
        return frozenset(name for name in self.states if name in reached[name])

    def _reached(self, moves: Sequence[tuple[str, str]]) -> Mapping[str, frozenset[str]]:
        """State -> all that some of these moves lead to, one after the other."""
        steps: dict[str, set[str]] = {name: set() for name in self.states}
        for source, target in moves:
            steps[source].add(target)
        found: dict[str, frozenset[str]] = {}
        for name in self.states:
            reached, new = set(steps[name]), set(steps[name])
            while new := {target for source in new for target in steps[source]} - reached:
                reached |= new
            found[name] = frozenset(reached)
        return found

    @cached_property
    def own(self) -> tuple[Transition, ...]:
        """The arrows that a service goes along by its own work: nobody asks for them, and no deadline does."""
        return tuple(
            step
            for step in self.transitions.values()
            if (event := self.events[step.event]).core and not event.asked and event.name != DEADLINE
            if step.target in self.states
        )

    @cached_property
    def open(self) -> tuple[str, ...]:
        """The states that a session is left in until its client acts, its time is over, or the service fails."""
        worked_on = {source for step in self.own if step.event != FAILURE for source in step.sources}
        return tuple(name for name, state in self.states.items() if not state.terminal and name not in worked_on)

    @cached_property
    def moving(self) -> frozenset[str]:
        """The operations that move a session."""
        return frozenset(event.operation for event in self.events.values() if event.operation is not None)

    @cached_property
    def terminal(self) -> tuple[str, ...]:
        """The states a session rests in for good."""
        return tuple(state.name for state in self.states.values() if state.terminal)

    @cached_property
    def after_end(self) -> tuple[str, ...]:
        """The states only an end leads to, or a service that ends a session by itself: not those of a deadline.

        None where sessions have no end.
        """
        if "end" not in self.moving:
            return ()
        late = {step.target for step in self.transitions.values() if set(step.sources) <= set(self.open)}
        timed = {step.target for step in self.transitions.values() if step.event == DEADLINE}
        first = late - timed - set(self.open)
        later = {step.target for step in self.transitions.values() if first & set(step.sources)}
        return tuple(name for name in self.states if name in first | later)

    @cached_property
    def results(self) -> tuple[str, ...]:
        """The states that the service's own work ends in."""
        reached = {step.target for step in self.own}
        return tuple(name for name in self.terminal if name in reached)

    def cell(self, state: str, operation: str) -> Cell:
        """Return what the operation gets in a state or for an outsider; KeyError for no such pair."""
        return self.cells[state, operation]


@dataclass(frozen=True, slots=True)
class Contradiction:
    """Where an example breaks its schema: JSON pointer into it, schema keyword, errata that say why."""

    pointer: str
    keyword: str
    errata: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Example:
    """One JSON example of the text; status is the code printed above it, None for requests and excerpts."""

    name: str
    lines: str
    schema: str | None
    status: int | None
    valid: bool
    value: Any
    contradictions: tuple[Contradiction, ...] = ()
    repairs: tuple[str, ...] = ()
    errata: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Spec:
    """One revision of one profile; sha256 covers every file that was read for it."""

    profile: str
    revision: str
    revisions: Mapping[str, Revision]
    requirements: Mapping[str, Requirement]
    errata: Mapping[str, Erratum]
    rules: Mapping[int, Rule]
    protocol: Protocol
    codes: Mapping[str, ErrorCode]
    lifecycle: Lifecycle
    waivers: tuple[Waiver, ...]
    origins: Origins
    fuzz: Fuzz
    schemas: Mapping[str, dict[str, Any]] = field(repr=False)  # plain, as validators want them: not to be changed
    examples: Mapping[str, Example] = field(repr=False)
    openapi: dict[str, Any] = field(repr=False)
    sha256: str
    #: Audio that clients send over a socket as they do by uploads; None where the revision has no such thing.
    stream: Stream | None = None
    #: What goes over a socket, and the document that says so; None where the revision has none.
    wire: Wire | None = None
    asyncapi: dict[str, Any] | None = field(default=None, repr=False)

    @property
    def printed(self) -> Revision:
        """What the text of this revision prints that requests and answers depend on."""
        return self.revisions[self.revision]

    def codes_of(self, place: Place | str) -> tuple[str, ...]:
        """The error codes that may stand in a place."""
        return tuple(code.name for code in self.codes.values() if place in code.places)
