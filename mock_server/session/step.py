"""One step of a session: (session, event, now) -> (session, effects).

Rule 1: what may follow what stands in `mock_server.session.table`, generated from the spec, and nowhere else.
Rule 2: nothing here reads a clock, draws a number or touches a disk; effects are values for somebody else to carry out.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from mock_server.session.model import AudioFile, Failure, ProcessingError, Session, TemplateResult
from mock_server.session.table import TRANSITIONS, Event, State

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime


class Refused(Exception):
    """The event has no place in the session's state; `state` is the one observed now."""

    def __init__(self, state: State, event: Event) -> None:
        super().__init__(f"{event.value} in {state.value}")
        self.state = state
        self.event = event


@dataclass(frozen=True)
class AudioAccepted:
    """A file is durable and shall be listed."""

    file: AudioFile


@dataclass(frozen=True)
class EndRequested:
    """The client ends the session, maybe saying how many files it sent (the next revision's count, E38)."""

    audio_files_sent: int | None = None
    templates_as_array: bool = False


@dataclass(frozen=True)
class Processed:
    """What processing came to: a failure, or results with the losses on the way."""

    engine: str
    transcript: str | None = None
    language: str | None = None
    files_processed: int = 0
    results: tuple[TemplateResult, ...] = ()
    losses: tuple[ProcessingError, ...] = ()
    failure: Failure | None = None


@dataclass(frozen=True)
class Journal:
    """A row for the append-only journal."""

    kind: str
    detail: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class StartWork:
    """Queue the session for transcription and extraction."""


Happening = AudioAccepted | EndRequested | Processed
Effect = Journal | StartWork


def observed(session: Session, now: datetime) -> State:
    """The state somebody looking now is told: expiry is read off the clock, never stored (seed 000 §6.5)."""
    expires = Event.DEADLINE_PASSED in TRANSITIONS[session.state]
    if expires and now >= session.expires_at:
        return TRANSITIONS[session.state][Event.DEADLINE_PASSED]
    return session.state


def _move(session: Session, event: Event, now: datetime) -> State:
    state = observed(session, now)
    try:
        return TRANSITIONS[state][event]
    except KeyError:
        raise Refused(state, event) from None


def step(session: Session, happening: Happening, now: datetime) -> tuple[Session, tuple[Effect, ...]]:
    """Apply one event; raises Refused where the table has no arrow for it."""
    match happening:
        case AudioAccepted(file):
            return _accept(session, file, now)
        case EndRequested():
            return _end(session, happening, now)
        case Processed():
            return _finish(session, happening, now)


def _accept(session: Session, file: AudioFile, now: datetime) -> tuple[Session, tuple[Effect, ...]]:
    state = _move(session, Event.AUDIO_ACCEPTED, now)
    again = any(known.name == file.name for known in session.files)
    if again:  # Not in spec: E69. A retry under the same name replaces the file and keeps its place.
        files = tuple(file if known.name == file.name else known for known in session.files)
    else:
        files = (*session.files, file)
    kind = "audio_replaced" if again else "audio_accepted"
    detail = {"name": file.name, "bytes": file.size, "sha256": file.sha256}
    return replace(session, state=state, files=files), (Journal(kind, detail),)


def _end(session: Session, asked: EndRequested, now: datetime) -> tuple[Session, tuple[Effect, ...]]:
    if session.state is State.PROCESSING:  # Not in spec: E37. A repeated end gets the same answer and starts nothing.
        return session, ()
    state = _move(session, Event.END_REQUESTED, now)
    ended = replace(
        session,
        state=state,
        ended_at=now,
        audio_files_sent=asked.audio_files_sent,
        templates_as_array=asked.templates_as_array,
    )
    detail = {"audio_files_received": len(session.files), "audio_files_sent": asked.audio_files_sent}
    return ended, (Journal("ended", detail), StartWork())


def _lost_on_the_way(session: Session) -> tuple[ProcessingError, ...]:
    """A count that differs from what arrived is a loss (T14; the next revision's rule, applied when a count was sent)."""
    sent, received = session.audio_files_sent, len(session.files)
    if sent is None or sent == received:
        return ()
    return (ProcessingError("audio_files_missing", f"The client sent {sent} audio files and {received} arrived."),)


def _finish(session: Session, outcome: Processed, now: datetime) -> tuple[Session, tuple[Effect, ...]]:
    losses = (*outcome.losses, *_lost_on_the_way(session))
    failed = [result for result in outcome.results if result.status != "success"]
    if outcome.failure is not None:
        event = Event.NOTHING_USABLE
    elif failed or losses:
        event = Event.SOME_LOST
    else:
        event = Event.ALL_SUCCEEDED
    state = _move(session, event, now)
    finished = replace(
        session,
        state=state,
        completed_at=now,
        engine=outcome.engine,
        transcript=outcome.transcript,
        language_detected=outcome.language,
        files_processed=outcome.files_processed,
        results=outcome.results,
        losses=losses,
        failure=outcome.failure,
    )
    detail: dict[str, Any] = {"engine": outcome.engine, "files_processed": outcome.files_processed}
    if outcome.failure is not None:
        detail["code"] = outcome.failure.code
    return finished, (Journal(state.value, detail),)
