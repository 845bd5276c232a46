"""One step of a session: (machine, session, event, now) -> (session, effects).

What may follow what stands in the machine, generated from the spec, and nowhere else. Nothing here reads a clock, draws
a number or touches a disk: effects are values for somebody else to carry out.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, TypeAlias

from mock_server.session.effect import Journal
from mock_server.session.happening import DeadlinePassed, Refused
from mock_server.session.model import (
    AUDIO_FILE_REFUSED,
    AudioFile,
    Failure,
    Order,
    ProcessingError,
    Session,
    TemplateResult,
)
from mock_server.session.table import Event, State

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from mock_server.session.machine import Machine


@dataclass(frozen=True)
class Requested:
    """A client asks for a session: whose it is, what it orders, and until when it has to be ended."""

    id: str
    namespace: str
    order: Order
    expires_at: datetime
    templates_as_array: bool = False


@dataclass(frozen=True)
class AudioAccepted:
    """A file is durable and shall be listed."""

    file: AudioFile


@dataclass(frozen=True)
class EndRequested:
    """The client ends the session, maybe saying how many files it sent (E38)."""

    audio_files_sent: int | None = None
    templates_as_array: bool = False
    #: What came of audio that was learned of only now, and that the session does not have.
    losses: tuple[ProcessingError, ...] = ()


@dataclass(frozen=True)
class Amended:
    """The client changes its order, or says how things stand with it; None leaves a member as it is. Not in spec.

    Members of the two objects replace those of the same name, the others stay.
    """

    additional_data: Mapping[str, Any] | None = None
    patient_details: Mapping[str, Any] | None = None
    templates: tuple[str, ...] | None = None
    language_hint: tuple[str, ...] | None = None
    transcript_language: tuple[str, ...] | None = None
    #: Words of the client's own, such as user_status: they stand in the journal and change nothing.
    said: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Transcribed:
    """What was heard: words from the files in `used`, or a failure; the session stays in processing."""

    engine: str
    language: str | None = None
    text: str | None = None
    used: tuple[str, ...] = ()
    losses: tuple[ProcessingError, ...] = ()
    failure: Failure | None = None


@dataclass(frozen=True)
class Extracted:
    """One result for each template that was asked for; the session stays in processing."""

    results: tuple[TemplateResult, ...]


@dataclass(frozen=True)
class Processed:
    """The work is over; `failure` overrides what it came to (it could not be done at all)."""

    failure: Failure | None = None


@dataclass(frozen=True)
class StartWork:
    """Queue the session for transcription and extraction."""

    session_id: str


Happening: TypeAlias = (
    Requested | AudioAccepted | EndRequested | Amended | Transcribed | Extracted | Processed | DeadlinePassed
)
Effect: TypeAlias = Journal | StartWork
Stepped: TypeAlias = tuple[Session, tuple[Effect, ...]]


def observed_state(machine: Machine, session: Session, now: datetime) -> State:
    """The state somebody looking now is told: expiry is read off the clock, never stored (§6.5)."""
    expired = machine.after(session.state, Event.DEADLINE_PASSED)
    if expired is not None and (session.expiry_noted or now >= session.expires_at):
        return expired
    return session.state


def step(machine: Machine, session: Session | None, happening: Happening, now: datetime) -> Stepped:
    """Apply one event; None is the session that a request begins. Raises Refused where the event has no place."""
    if isinstance(happening, Requested):
        return _begin(machine, session, happening, now)
    if session is None:
        raise TypeError(f"{type(happening).__name__} happens to a session that is there")
    match happening:
        case AudioAccepted() | EndRequested() | Amended():
            return _asked(machine, session, happening, now)
        case Transcribed():
            return _transcribed(machine, session, happening, now)
        case Extracted(results):
            _in_work(machine, session, now, "extracted")
            return replace(session, results=results), (Journal("extracted", _by_template(results)), *_unsaid(results))
        case Processed(failure):
            return _finish(machine, session, failure, now)
        case DeadlinePassed():
            return _expire(machine, session, now)


def _asked(
    machine: Machine, session: Session, happening: AudioAccepted | EndRequested | Amended, now: datetime
) -> Stepped:
    """What a client asks for."""
    match happening:
        case AudioAccepted(file):
            return _accept(machine, session, file, now)
        case EndRequested():
            return _end(machine, session, happening, now)
        case Amended():
            return _amend(machine, session, happening, now)


def _move(machine: Machine, session: Session, event: Event, now: datetime) -> State:
    state = observed_state(machine, session, now)
    following = machine.after(state, event)
    if following is None:
        raise Refused(state, event.value)
    return following


def _begin(machine: Machine, session: Session | None, asked: Requested, now: datetime) -> Stepped:
    if session is not None:
        raise Refused(observed_state(machine, session, now), Event.SESSION_REQUESTED.value)
    order = asked.order
    begun = Session(
        id=asked.id,
        namespace=asked.namespace,
        state=machine.moves[None][Event.SESSION_REQUESTED],
        order=order,
        created_at=now,
        expires_at=asked.expires_at,
        templates_as_array=asked.templates_as_array,
    )
    detail = {"model": order.model, "templates": list(order.templates), "upload_type": order.upload_type}
    return begun, (Journal("created", detail),)


def _accept(machine: Machine, session: Session, file: AudioFile, now: datetime) -> Stepped:
    state = _move(machine, session, Event.AUDIO_ACCEPTED, now)
    known = next((known for known in session.files if known.name == file.name), None)
    if known is not None:  # Not in spec: E69. A retry under the same name replaces the file and keeps its place.
        files = tuple(file if known.name == file.name else known for known in session.files)
    else:
        files = (*session.files, file)
    detail = {"name": file.name, "bytes": file.size, "sha256": file.sha256}
    kind = "audio_accepted" if known is None else "audio_grown" if known.key == file.key else "audio_replaced"
    return replace(session, state=state, files=files), (Journal(kind, detail),)


def _end(machine: Machine, session: Session, asked: EndRequested, now: datetime) -> Stepped:
    state = _move(machine, session, Event.END_REQUESTED, now)
    if state is session.state:  # Not in spec: E37. A repeated end gets the same answer and starts nothing.
        return session, ()
    ended = replace(
        session,
        state=state,
        ended_at=now,
        audio_files_sent=asked.audio_files_sent,
        templates_as_array=session.templates_as_array or asked.templates_as_array,
        losses=asked.losses,
    )
    detail: dict[str, Any] = {
        "audio_files_received": len(session.files),
        "audio_files_sent": asked.audio_files_sent,
        **({"not_taken": [loss.message for loss in asked.losses]} if asked.losses else {}),
    }
    return ended, (Journal("ended", detail), StartWork(session.id))


def _given(change: Amended, *names: str) -> dict[str, Any]:
    return {name: value for name in names if (value := getattr(change, name)) is not None}


def _amend(machine: Machine, session: Session, change: Amended, now: datetime) -> Stepped:
    state = observed_state(machine, session, now)
    work = _given(change, "templates", "language_hint", "transcript_language")
    if state is State.EXPIRED or (work and not machine.leaves(state, Event.END_REQUESTED)):
        raise Refused(state, "amended")  # what the work began with stands
    kept = _given(change, "additional_data", "patient_details")
    if not (work or kept or change.said):
        return session, ()
    merged = {name: {**(getattr(session.order, name) or {}), **value} for name, value in kept.items()}
    order = replace(session.order, **(work | merged)) if work or kept else session.order
    detail = {"changed": [*work, *kept], **change.said}
    return replace(session, order=order), (Journal("amended", detail),)


def _in_work(machine: Machine, session: Session, now: datetime, event: str) -> None:
    if session.state is not State.PROCESSING:
        raise Refused(observed_state(machine, session, now), event)


def _transcribed(machine: Machine, session: Session, heard: Transcribed, now: datetime) -> Stepped:
    _in_work(machine, session, now, "transcribed")
    used = sum(file.name in heard.used for file in session.files)
    after = replace(
        session,
        engine=heard.engine,
        language_detected=heard.language,
        transcript=heard.text,
        files_processed=used,
        losses=(*_refused(session), *heard.losses, *_unsent(session)),
        failure=heard.failure,
    )
    detail = {"engine": heard.engine, "files_processed": used, "characters": len(heard.text or "")}
    return after, (Journal("transcribed", detail),)


def _refused(session: Session) -> tuple[ProcessingError, ...]:
    """What was known to be lost before the work began."""
    return tuple(loss for loss in session.losses if loss.type == AUDIO_FILE_REFUSED)


def _unsent(session: Session) -> tuple[ProcessingError, ...]:
    """Not in spec: E38. A count that differs from what arrived is a loss, as the next revision has it (T14)."""
    sent, received = session.audio_files_sent, len(session.files)
    if sent is None or sent == received:
        return ()
    if session.order.streamed and not sent:  # Not in spec: E91. Whoever streams has sent no file.
        return ()
    return (ProcessingError("audio_files_missing", f"The client sent {sent} audio files and {received} arrived."),)


def _unsaid(results: tuple[TemplateResult, ...]) -> tuple[Journal, ...]:
    """One row for what was left out of the notes: the same statement may have been meant for several templates."""
    told = dict.fromkeys(statement for result in results for statement in result.unsaid)
    return (Journal("unsaid", {"left_out": list(told)}),) if told else ()


def _by_template(results: tuple[TemplateResult, ...]) -> dict[str, str]:
    return {result.id: result.error_code or result.status for result in results}


def _finish(machine: Machine, session: Session, given: Failure | None, now: datetime) -> Stepped:
    failure = given or session.failure
    if failure is None and not (session.transcript or "").strip():
        failure = Failure("audio_quality_poor", "No speech was found in the audio.")
    if failure is not None:
        event = Event.NOTHING_USABLE
    elif session.losses or any(result.status != "success" for result in session.results):
        event = Event.SOME_LOST
    else:
        event = Event.ALL_SUCCEEDED
    state = _move(machine, session, event, now)
    detail: dict[str, Any] = {"code": failure.code} if failure else {"losses": len(session.losses)}
    return replace(session, state=state, completed_at=now, failure=failure), (Journal(state.value, detail),)


def _expire(machine: Machine, session: Session, now: datetime) -> Stepped:
    state = observed_state(machine, session, now)
    if state is not State.EXPIRED:
        raise Refused(state, Event.DEADLINE_PASSED.value)
    if session.expiry_noted:
        return session, ()
    return replace(session, expiry_noted=True), (Journal("expired", {"audio_files_received": len(session.files)}),)
