"""One step of a live session: (machine, session, event, now) -> (session, effects)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TypeAlias

from mock_server.session.dalston.model import Dictation, Utterance
from mock_server.session.dalston.table import Event, State
from mock_server.session.effect import Journal
from mock_server.session.happening import Refused

if TYPE_CHECKING:
    from datetime import datetime

    from mock_server.session.dalston.model import Wanted
    from mock_server.session.machine import Automaton


@dataclass(frozen=True)
class Taken:
    """What was said in the session before, by its figures."""

    utterances: int = 0
    words: int = 0
    language: str | None = None


@dataclass(frozen=True)
class Opened:
    """A socket was opened: whose it is, and what it goes on from.

    `continued_at` and `taken` are the second up to which it takes over the session before, and what was said there.
    """

    id: str
    namespace: str
    wanted: Wanted
    engine: str
    worker: str
    client_ip: str | None
    previous_id: str | None = None
    continued_at: float | None = None
    taken: Taken | None = None


@dataclass(frozen=True)
class Said:
    """An utterance is over, `audio_s` seconds into the session."""

    utterance: Utterance
    audio_s: float


@dataclass(frozen=True)
class Measured:
    """So much audio has come."""

    audio_s: float


@dataclass(frozen=True)
class Kept:
    """Audio begins to be kept, or has got its last form."""

    key: str
    size: int
    sha256: str


@dataclass(frozen=True)
class Over:
    """The session came to an end: in order, lost, or by a failure that `error` tells."""

    event: Event
    error: str | None = None


@dataclass(frozen=True)
class Enhancing:
    """A batch session is to hear the audio again; `due` until that one has been ended."""

    job_id: str | None
    due: bool


@dataclass(frozen=True)
class Forgotten:
    """The days are over for which audio and words are kept."""


@dataclass(frozen=True)
class TakeOver:
    """All that was said in a session is to be kept of this one as well."""

    former_id: str


@dataclass(frozen=True)
class Store:
    """An utterance is to be kept."""

    utterance: Utterance


Happening: TypeAlias = Opened | Said | Measured | Kept | Over | Enhancing | Forgotten
Effect: TypeAlias = Journal | Store | TakeOver
Stepped: TypeAlias = tuple[Dictation, tuple[Effect, ...]]
Live: TypeAlias = "Automaton[State, Event]"


def step(machine: Live, dictation: Dictation | None, happening: Happening, now: datetime) -> Stepped:
    """Apply one event; None is the session that a socket begins. Raises Refused where the event has no place."""
    if isinstance(happening, Opened):
        return _begin(machine, happening, now)
    if dictation is None:
        raise TypeError(f"{type(happening).__name__} happens to a session that is there")
    after, effects = _after(machine, dictation, happening, now)
    return replace(after, updated_at=max(now, dictation.updated_at)), effects


def _begin(machine: Live, asked: Opened, now: datetime) -> Stepped:
    taken = asked.taken or Taken()
    begun = Dictation(
        id=asked.id,
        namespace=asked.namespace,
        state=machine.moves[None][Event.CONNECTED],
        wanted=asked.wanted,
        engine=asked.engine,
        worker=asked.worker,
        client_ip=asked.client_ip,
        created_at=now,
        updated_at=now,
        audio_s=asked.continued_at or 0.0,
        utterances=taken.utterances,
        words=taken.words,
        language=taken.language,
        previous_id=asked.previous_id,
        continued_at=asked.continued_at,
        job_due=asked.wanted.enhance_on_end,
    )
    detail: dict[str, Any] = {"encoding": asked.wanted.encoding, "sample_rate": asked.wanted.sample_rate}
    if asked.previous_id is not None:
        detail["resumed_from"] = asked.previous_id
    if asked.continued_at is not None:
        detail["continued_at"] = asked.continued_at
    told = Journal("created", detail)
    if asked.previous_id is None or not taken.utterances:
        return begun, (told,)
    return begun, (told, TakeOver(asked.previous_id))


def _after(machine: Live, dictation: Dictation, happening: Happening, now: datetime) -> Stepped:
    match happening:
        case Said(utterance, audio_s):
            _check_active(dictation, Event.END_REQUESTED)
            return _said(dictation, utterance, audio_s)
        case Measured(audio_s):
            _check_active(dictation, Event.END_REQUESTED)
            return replace(dictation, audio_s=max(audio_s, dictation.audio_s)), ()
        case Kept(key, size, sha256):
            _check_active(dictation, Event.END_REQUESTED)
            return replace(dictation, audio_key=key, audio_size=size, audio_sha256=sha256), ()
        case Over(event, error):
            state = machine.after(dictation.state, event)
            if state is None:
                raise Refused(dictation.state, event.value)
            due = dictation.job_due and dictation.audio_key is not None
            after = replace(dictation, state=state, ended_at=now, error=error, job_due=due)
            return after, (Journal(state.value, {"error": error} if error else {}),)
        case Enhancing(job_id, due):
            after = replace(dictation, job_id=job_id, job_due=due)
            return after, (Journal("enhancing", {"job": job_id}),) if job_id != dictation.job_id else ()
        case Forgotten():
            after = replace(dictation, audio_key=None, audio_size=0, audio_sha256="", forgotten_at=now)
            return after, (Journal("forgotten", {"days": dictation.wanted.retention}),)
        case Opened():
            raise TypeError("a session is opened once")


def _check_active(dictation: Dictation, event: Event) -> None:
    if dictation.state is not State.ACTIVE:
        raise Refused(dictation.state, event.value)


def _said(dictation: Dictation, utterance: Utterance, audio_s: float) -> Stepped:
    after = replace(
        dictation,
        audio_s=max(audio_s, dictation.audio_s),
        utterances=dictation.utterances + 1,
        words=dictation.words + utterance.word_count,
        language=dictation.language or utterance.language,
    )
    told = Journal("utterance", {"number": utterance.number, "start": utterance.start, "end": utterance.end})
    return after, (Store(utterance), told) if dictation.wanted.store_transcript else (told,)
