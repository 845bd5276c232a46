"""How the server behaves where a fault may make it misbehave: one frozen value.

The honest server is `HONEST`. A fault is a changed copy of it, or a rewriting of finished answers, or both
(`mock_server.faults`); nothing else in the server knows that faults exist. Whoever acts asks for the conduct towards a
namespace, each time.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any, TypeVar

from mock_server import problems
from mock_server.dalston.trouble import NONE, Trouble
from mock_server.dalston.usage import USUAL, Usage
from mock_server.prsm.refusal import not_accessible
from mock_server.session.prsm.model import WITHOUT_PAUSE
from mock_server.session.step import AudioAccepted, observed_state, step
from mock_server.session.table import Event

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence
    from datetime import datetime

    from mock_server.session.machine import Machine
    from mock_server.session.model import Order, Session, TemplateResult
    from mock_server.session.prsm.model import Failure, Inquiry
    from mock_server.session.prsm.table import Event as ResearchEvent
    from mock_server.session.prsm.table import State as Researched
    from mock_server.session.step import EndRequested, Happening, Stepped
    from mock_server.session.table import State
    from mock_server.speech.model import Recording, Transcription

T = TypeVar("T")


def _same(value: T) -> T:
    return value


def _listed(recordings: Sequence[Recording]) -> list[Recording]:
    return list(recordings)


def _all(_sent: Sequence[Recording], heard: Transcription) -> Transcription:
    return heard


def _as_offered(_order: Order, offered_s: float) -> float:
    return offered_s


def _takes(_session: Session, _state: State, _happening: Happening) -> None:
    """Nothing beside the machine's table refuses it."""


def _allows(_inquiry: Inquiry, _event: ResearchEvent) -> None:
    """Nothing beside the session's state and type refuses it."""


def _at_once(_namespace: str, _session_id: str) -> Awaitable[object] | None:
    return None


def _never(_state: Researched) -> Awaitable[object] | None:
    return None


@dataclass(frozen=True)
class Course:
    """How the work on one session goes; each field's default changes nothing."""

    #: What the transcriber gets to hear of what was received.
    recordings: Callable[[Sequence[Recording]], list[Recording]] = _listed
    #: What counts as heard in a session's recordings, where nobody is to listen to them.
    heard: Callable[[Session, Sequence[Recording]], Transcription] | None = None
    #: What a transcription says of the recordings that were received, whether or not they were heard.
    account: Callable[[Sequence[Recording], Transcription], Transcription] = _all
    #: What becomes of the transcription before it is stored.
    transcription: Callable[[Transcription], Transcription] = _same
    #: What becomes of the extracted templates before they are stored.
    extraction: Callable[[tuple[TemplateResult, ...]], tuple[TemplateResult, ...]] = _same


PLAIN = Course()


async def _plain(_session: Session) -> Course:
    return PLAIN


@dataclass(frozen=True)
class Way:
    """How the work on one research session goes; each field's default changes nothing."""

    #: What the work waits for in a state before it goes on, without a place among those in work; None for nothing.
    waits: Callable[[Researched], Awaitable[object] | None] = _never
    #: Seconds that it lasts at least; None for what the server is started with.
    least_s: float | None = None
    #: Whether anything is found.
    finds: bool = True
    #: Why it fails once so much of it is done, as a part of 1; None where it does not.
    failure: Failure | None = None
    fails_at: float = 0.0


STRAIGHT = Way()


def joined(ways: Sequence[Way]) -> Way:
    """One way that has what each of several changes, the last of them first."""
    found = STRAIGHT
    for way in ways:
        changed = {
            each.name: getattr(way, each.name) for each in fields(Way) if getattr(way, each.name) != each.default
        }
        found = replace(found, **changed)
    return found


async def straight(_inquiry: Inquiry) -> Way:
    """The work goes as it goes."""
    return STRAIGHT


@dataclass(frozen=True)
class Hitch:
    """What goes wrong with the sockets of a session; each field's default changes nothing."""

    #: Seconds by which each step is kept late, so that the client is read slowly.
    step_s: float = 0.0
    #: Bytes of the session's samples after which the socket breaks; what comes behind them is lost.
    breaks_at: int | None = None
    #: The close code that it breaks with; None for a connection that is only gone.
    code: int | None = None


SMOOTH = Hitch()


async def _smooth(_namespace: str, _session_id: str) -> Hitch:
    return SMOOTH


async def _untroubled(_namespace: str, _headers: Mapping[str, str]) -> Trouble:
    return NONE


@dataclass(frozen=True)
class Conduct:
    """Each field's default is what the protocol asks for."""

    #: What the transcriber gets to hear of what was received.
    recordings: Callable[[Sequence[Recording]], list[Recording]] = _listed
    #: What becomes of a transcription before it is stored.
    transcription: Callable[[Transcription], Transcription] = _same
    #: What becomes of the extracted templates before they are stored.
    extraction: Callable[[tuple[TemplateResult, ...]], tuple[TemplateResult, ...]] = _same
    #: Whether one namespace's sessions stay out of another's sight.
    keeps_namespaces_apart: bool = True
    #: What another client's session is refused with, by the id that was asked for.
    outsider: Callable[[str], problems.Problem] = problems.session_not_found
    #: Seconds a session lives, by what it orders and what its model is offered with.
    lifetime_s: Callable[[Order, float], float] = _as_offered
    #: Whether a session expires at all.
    expires: bool = True
    #: States in which audio is taken although the table has no arrow for it.
    takes_audio_in: frozenset[str] = frozenset()
    #: What the id drawn for a session is made into.
    session_id: Callable[[str], str] = _same
    #: Whether a socket is closed for which there is no session, and one whose session takes no audio any more.
    turns_strangers_away: bool = True
    closes_late_streams: bool = True
    #: What goes wrong with the sockets of a session, by namespace and id.
    hitch: Callable[[str, str], Awaitable[Hitch]] = _smooth
    #: What may refuse a client's event by raising a Problem, by the session and the state it is seen in.
    admits: Callable[[Session, State, Happening], object] = _takes
    #: What an end is made into; may refuse by raising a Problem.
    ending: Callable[[EndRequested], EndRequested] = _same
    #: Whether a session learns at its end what its client put into the store by itself.
    learns: bool = True
    #: Whether an end is refused that leaves out a count which the text asks for (E38).
    wants_count: bool = True
    #: What a file's name is made into; may refuse by raising a Problem.
    file_name: Callable[[str], str] = _same
    #: Seconds a chunk may last; None for what the server is started with.
    longest_chunk_s: float | None = None
    #: What a session's work waits for before it takes a place among others', by namespace and id; None for nothing.
    holds: Callable[[str, str], Awaitable[object] | None] = _at_once
    #: How the work on a session goes.
    course: Callable[[Session], Awaitable[Course]] = _plain
    #: What the id drawn for a session of the session manager is made into.
    window_id: Callable[[str], str] = _same
    #: Whether a start answers the session that its user has open.
    one_window: bool = False
    #: How the work on a research session goes.
    way: Callable[[Inquiry], Awaitable[Way]] = straight
    #: What another user's research session is refused with, by its id.
    stranger: Callable[[str], problems.Problem] = not_accessible
    #: What lets others into a shared research session: "url", the keys of its recipients, or both.
    shared_by: frozenset[str] = frozenset({"url", "key"})
    #: Types of research sessions that cannot be paused.
    without_pause: frozenset[str] = WITHOUT_PAUSE
    #: What may refuse a pause, a resume or a cancel by raising a Problem.
    controls: Callable[[Inquiry, ResearchEvent], object] = _allows
    #: What becomes of a message before it is told over the socket of a live session; None for one that is not told.
    tells: Callable[[dict[str, Any]], dict[str, Any] | None] = _same
    #: What a socket of live sessions meets, by the namespace and the headers of whoever opens it.
    trouble: Callable[[str, Mapping[str, str]], Awaitable[Trouble]] = _untroubled
    #: What is done with live sessions where their text leaves it open.
    live: Usage = USUAL
    #: Whether a live session may be enhanced that keeps no audio.
    enhances_without_audio: bool = False
    #: Whether lists of research sessions and of live ones begin with the first that was made.
    oldest_first: bool = False


HONEST = Conduct()


def moment(conduct: Conduct, session: Session, now: datetime) -> datetime:
    """The time that decides about a session's expiry."""
    return now if conduct.expires else min(now, session.expires_at - timedelta(microseconds=1))


def takes_audio(conduct: Conduct, machine: Machine, state: State) -> bool:
    """Whether a session in this state takes a file."""
    return machine.after(state, Event.AUDIO_ACCEPTED) is not None or state.value in conduct.takes_audio_in


def conducted(
    conduct: Conduct, machine: Machine, session: Session | None, happening: Happening, now: datetime
) -> Stepped:
    """One step of the session core, bent where the conduct is; raises Refused."""
    if session is not None:
        now = moment(conduct, session, now)
        state = observed_state(machine, session, now)
        if isinstance(happening, AudioAccepted) and state.value in conduct.takes_audio_in:
            return replace(session, files=(*session.files, happening.file)), ()
    return step(machine, session, happening, now)
