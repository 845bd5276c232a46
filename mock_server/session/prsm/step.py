"""One step of a research session: (machine, session, event, now) -> (session, effects)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TypeAlias

from mock_server.session.effect import Journal
from mock_server.session.happening import DeadlinePassed, Refused
from mock_server.session.prsm.model import WITHOUT_PAUSE, Failure, Inquiry, price
from mock_server.session.prsm.table import Event, State

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

    from mock_server.session.machine import Automaton
    from mock_server.session.prsm.model import Commission


@dataclass(frozen=True)
class Requested:
    """Somebody asks for a session: whose it is, what it is to find, and what that may take."""

    id: str
    namespace: str
    owner: str
    asked: Commission
    steps: int
    limit_s: float


@dataclass(frozen=True)
class Begun:
    """The work takes the session up: for the first time, after a resume, or after a crash."""


@dataclass(frozen=True)
class Planned:
    """The set-up is done: what will be looked for."""

    queries: tuple[str, ...]
    stage: str


@dataclass(frozen=True)
class Advanced:
    """Steps were carried out, from the `was`-th on; what they decided, took and used."""

    was: int
    done: int
    stage: str
    busy_s: float
    usage: Mapping[str, int]
    decisions: tuple[Mapping[str, str], ...] = ()


@dataclass(frozen=True)
class Controlled:
    """Somebody pauses, resumes or cancels it."""

    event: Event
    by: str
    reason: str | None = None
    #: Types whose sessions cannot be paused.
    without_pause: frozenset[str] = WITHOUT_PAUSE


@dataclass(frozen=True)
class Ended:
    """The work is over: done, or it cannot go on."""

    failure: Failure | None = None


@dataclass(frozen=True)
class Booked:
    """The balance changes by so many hundredths of a credit."""

    amount: int


@dataclass(frozen=True)
class StartWork:
    """The session is to be worked on."""


Happening: TypeAlias = Requested | Begun | Planned | Advanced | Controlled | Ended | DeadlinePassed
Effect: TypeAlias = Journal | Booked | StartWork
Stepped: TypeAlias = tuple[Inquiry, tuple[Effect, ...]]
Research: TypeAlias = "Automaton[State, Event]"


def step(machine: Research, inquiry: Inquiry | None, happening: Happening, now: datetime) -> Stepped:
    """Apply one event; None is the session that a request begins. Raises Refused where the event has no place."""
    if isinstance(happening, Requested):
        return _begin(machine, happening, now)
    if inquiry is None:
        raise TypeError(f"{type(happening).__name__} happens to a session that is there")
    after, effects = _after(machine, inquiry, happening, now)
    if after.stage != inquiry.stage:
        effects = (*effects, Journal("stage_changed", {"from": inquiry.stage, "to": after.stage}))
    return replace(after, updated_at=now), effects


def _begin(machine: Research, asked: Requested, now: datetime) -> Stepped:
    state = machine.moves[None][Event.SESSION_REQUESTED]
    reserved = price(asked.steps)
    begun = Inquiry(
        id=asked.id,
        namespace=asked.namespace,
        owner=asked.owner,
        state=state,
        asked=asked.asked,
        created_at=now,
        updated_at=now,
        limit_s=asked.limit_s,
        steps=asked.steps,
        reserved=reserved,
        stage=state.value,
    )
    detail = {"by": asked.owner, "session_type": asked.asked.kind, "steps": asked.steps}
    return begun, (
        Journal("created", detail),
        Booked(-reserved),
        Journal("reserved", {"resource": "balance", "amount": reserved}),
        StartWork(),
    )


def _after(machine: Research, inquiry: Inquiry, happening: Happening, now: datetime) -> Stepped:
    match happening:
        case Begun():
            return _taken_up(machine, inquiry, now)
        case Planned(queries, stage):
            state = _move(machine, inquiry, Event.INITIALIZED)
            detail = {"decision": "queries", "chosen": list(queries), "reason": "the topics of the prompt"}
            return replace(inquiry, state=state, stage=stage), (Journal("running"), Journal("decided", detail))
        case Advanced():
            return _advance(inquiry, happening)
        case Controlled():
            return _control(machine, inquiry, happening, now)
        case Ended(failure):
            event = Event.WORK_FAILED if failure else Event.WORK_DONE
            detail = {"error": failure.code, "message": failure.message} if failure else {}
            return _end(machine, replace(inquiry, failure=failure), event, now, detail)
        case DeadlinePassed():
            return _end(machine, inquiry, Event.DEADLINE_PASSED, now, {"limit_seconds": inquiry.limit_s})
        case Requested():
            raise TypeError("a session is requested once")


def _move(machine: Research, inquiry: Inquiry, event: Event) -> State:
    following = machine.after(inquiry.state, event)
    if following is None:
        raise Refused(inquiry.state, event)
    return following


def _taken_up(machine: Research, inquiry: Inquiry, now: datetime) -> Stepped:
    """The first time the set-up begins; later only an attempt is counted."""
    if inquiry.state not in (State.QUEUED, State.INITIALIZING, State.RUNNING):
        raise Refused(inquiry.state, Event.STARTED)
    again = replace(inquiry, attempts=inquiry.attempts + 1)
    if inquiry.state is not State.QUEUED:
        return again, ()
    state = _move(machine, inquiry, Event.STARTED)
    return replace(again, state=state, stage="planning", began_at=now, since=now), (Journal(state.value),)


def _advance(inquiry: Inquiry, event: Advanced) -> Stepped:
    if inquiry.state is not State.RUNNING or inquiry.done != event.was:
        raise Refused(inquiry.state, Event.WORK_DONE)
    after = replace(
        inquiry,
        done=event.done,
        stage=event.stage,
        busy_s=inquiry.busy_s + event.busy_s,
        usage=event.usage,
        attempts=0,
    )
    first = event.usage.get("quotes", 0) and not inquiry.usage.get("quotes", 0)
    found = (Journal("first_found", {"steps": event.done}),) if first else ()
    return after, (*found, *(Journal("decided", decision) for decision in event.decisions))


def _control(machine: Research, inquiry: Inquiry, asked: Controlled, now: datetime) -> Stepped:
    if asked.event is Event.PAUSE_REQUESTED and inquiry.asked.kind in asked.without_pause:
        raise Refused(inquiry.state, asked.event)
    detail = {"by": asked.by, **({"reason": asked.reason} if asked.reason else {})}
    if asked.event is Event.CANCEL_REQUESTED:
        return _end(machine, inquiry, asked.event, now, detail)
    state = _move(machine, inquiry, asked.event)
    if state is State.PAUSED:
        return replace(inquiry, state=state, since=None, worked_s=inquiry.worked(now)), (Journal("paused", detail),)
    return replace(inquiry, state=state, since=now, attempts=0), (Journal("resumed", detail), StartWork())


def _end(machine: Research, inquiry: Inquiry, event: Event, now: datetime, detail: Mapping[str, Any]) -> Stepped:
    """A final state: time stands, and what was reserved and not used goes back."""
    state = _move(machine, inquiry, event)
    worked = inquiry.worked(now)
    after = replace(inquiry, state=state, stage=state.value, since=None, worked_s=worked, ended_at=now)
    return after, (Journal(state.value, detail), *_settled(after))


def _settled(inquiry: Inquiry) -> Iterator[Effect]:
    yield Journal("used", {"resource": "balance", "amount": inquiry.used})
    if unused := inquiry.reserved - inquiry.used:
        yield Booked(unused)
        yield Journal("refunded", {"resource": "balance", "amount": unused})
