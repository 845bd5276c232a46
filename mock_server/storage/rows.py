"""Sessions as rows and back; every function takes the connection of the transaction it is part of."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, fields
from datetime import timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import Connection, delete, func, insert, select, update

from mock_server.session.model import AudioFile, Failure, Order, ProcessingError, Session, TemplateResult
from mock_server.session.table import State
from mock_server.storage.batch import Batch
from mock_server.storage.schema import audio_files, journal, namespaces, results, sessions
from mock_server.storage.writing import write

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from sqlalchemy import Row


@dataclass(frozen=True)
class JournalRow:
    """One line of what happened to a session; `at` is UTC by the namespace's clock."""

    number: int
    session_id: str
    at: datetime
    kind: str
    detail: Mapping[str, Any]


class Unfinished(NamedTuple):
    """A session in processing, and how many attempts at it have begun."""

    id: str
    namespace: str
    begun: int


def _order(asked: dict[str, Any]) -> Order:
    lists = {name: tuple(asked[name]) for name in ("templates", "language_hint", "transcript_language")}
    return Order(**(asked | lists))


#: Columns that hold a member of a session as it is.
_PLAIN = (
    *("id", "namespace", "created_at", "expires_at", "ended_at", "completed_at", "expiry_noted"),
    *("audio_files_sent", "templates_as_array", "engine", "language_detected", "transcript", "files_processed"),
)


def _session(row: Row[Any], files: tuple[AudioFile, ...], found: tuple[TemplateResult, ...]) -> Session:
    return Session(
        **{name: getattr(row, name) for name in _PLAIN},
        state=State(row.state),
        order=_order(row.asked),
        files=files,
        results=found,
        losses=tuple(ProcessingError(**loss) for loss in row.losses),
        failure=Failure(**row.failure) if row.failure else None,
    )


_FILE_COLUMNS = [audio_files.c[entry.name] for entry in fields(AudioFile)]
_RESULT_COLUMNS = [
    results.c.template_id, results.c.status, results.c.data, results.c.error_code, results.c.error_message,
]  # fmt: skip


def load(connection: Connection, session_id: str) -> Session | None:
    """The session with its files in the order of their arrival, or None."""
    batch = Batch.of(connection)
    if batch is not None:
        known, session = batch.get(session_id)
        if known:
            return session
    row = connection.execute(select(sessions).where(sessions.c.id == session_id)).first()
    if row is None:
        return None
    listed = select(*_FILE_COLUMNS).where(audio_files.c.session_id == session_id).order_by(audio_files.c.position)
    files = tuple(AudioFile(*found) for found in connection.execute(listed))
    found: tuple[TemplateResult, ...] = ()
    if row.ended_at is not None:  # no result without work, no work before the end
        wanted = select(*_RESULT_COLUMNS).where(results.c.session_id == session_id).order_by(results.c.position)
        found = tuple(TemplateResult(*result) for result in connection.execute(wanted))
    return _session(row, files, found)


def create(connection: Connection, session: Session) -> None:
    """Store a new session."""
    batch = _batch(connection)
    if batch.get(session.id)[1] is not None:
        raise RuntimeError(f"session {session.id} exists")
    batch.put(None, session)


def save(connection: Connection, before: Session, after: Session) -> None:
    """Store what a step changed; refused when the session is no longer in the state it was read in."""
    batch = _batch(connection)
    known, now = batch.get(before.id)
    if known and (now is None or now.state is not before.state):
        raise RuntimeError(f"session {before.id} left {before.state.value} under another hand")
    batch.put(before, after)


def note(connection: Connection, session: Session, at: datetime, kind: str, detail: Mapping[str, Any]) -> None:
    """Append a row to the journal."""
    _batch(connection).note(
        {"session_id": session.id, "namespace": session.namespace, "at": at, "kind": kind, "detail": dict(detail)}
    )


def _batch(connection: Connection) -> Batch:
    batch = Batch.of(connection)
    assert batch is not None, "changes go through the store's writer"
    return batch


def _settled(connection: Connection) -> None:
    """Write what the transaction holds in memory, for a statement that has to see it."""
    if batch := Batch.of(connection):
        write(connection, batch)


def history(connection: Connection, session_id: str) -> list[JournalRow]:
    """The journal of a session, oldest first."""
    found = connection.execute(select(journal).where(journal.c.session_id == session_id).order_by(journal.c.number))
    return [JournalRow(row.number, row.session_id, row.at, row.kind, row.detail) for row in found]


def in_work(connection: Connection) -> int:
    """How many sessions are being processed or wait for it."""
    return sum(in_work_by_namespace(connection).values())


def in_work_by_namespace(connection: Connection) -> Mapping[str, int]:
    """How many sessions of each namespace are being processed or wait for it."""
    batch = Batch.of(connection)
    if batch is not None and batch.in_work is not None:
        return batch.in_work
    _settled(connection)
    in_processing = sessions.c.state == State.PROCESSING.value
    asked = (
        select(sessions.c.namespace, func.count().label("number")).where(in_processing).group_by(sessions.c.namespace)
    )
    counted = Counter({row.namespace: row.number for row in connection.execute(asked)})
    if batch is not None:
        batch.counted(counted)
    return counted


def unfinished(connection: Connection) -> list[Unfinished]:
    """The sessions that have still to reach an end state, longest waiting first."""
    columns = (sessions.c.id, sessions.c.namespace, sessions.c.attempts)
    asked = select(*columns).where(sessions.c.state == State.PROCESSING.value).order_by(sessions.c.ended_at)
    return [Unfinished(*row) for row in connection.execute(asked)]


def count_attempt(connection: Connection, session_id: str, seen: int) -> bool:
    """Claim the attempt after the `seen`-th; False when somebody else has, or the session is no longer in work."""
    _settled(connection)
    unclaimed = (
        sessions.c.id == session_id,
        sessions.c.attempts == seen,
        sessions.c.state == State.PROCESSING.value,
    )
    return connection.execute(update(sessions).where(*unclaimed).values(attempts=seen + 1)).rowcount == 1


def clear(connection: Connection, namespace: str) -> tuple[int, list[str]]:
    """Remove a namespace's sessions, journal and clock; returns how many sessions, and the audio keys set free."""
    _settled(connection)
    ours = select(sessions.c.id).where(sessions.c.namespace == namespace)
    batch = _batch(connection)
    for session_id in connection.execute(ours).scalars():
        batch.remove(session_id)
    keys = list(connection.execute(select(audio_files.c.key).where(audio_files.c.session_id.in_(ours))).scalars())
    gone = connection.execute(delete(sessions).where(sessions.c.namespace == namespace)).rowcount
    connection.execute(delete(journal).where(journal.c.namespace == namespace))
    connection.execute(delete(namespaces).where(namespaces.c.name == namespace))
    return gone, keys


def audio_keys(connection: Connection) -> set[str]:
    """Every key a row refers to."""
    return set(connection.execute(select(audio_files.c.key)).scalars())


def clock_offsets(connection: Connection) -> dict[str, timedelta]:
    """Namespace -> how far its clock runs ahead."""
    return {row.name: timedelta(seconds=row.clock_offset_s) for row in connection.execute(select(namespaces))}


def clock_offset(connection: Connection, namespace: str) -> timedelta:
    """How far a namespace's clock runs ahead."""
    found = connection.execute(select(namespaces.c.clock_offset_s).where(namespaces.c.name == namespace)).scalar()
    return timedelta(seconds=found or 0)


def set_clock_offset(connection: Connection, namespace: str, ahead: timedelta) -> None:
    """Remember how far a namespace's clock runs ahead."""
    connection.execute(delete(namespaces).where(namespaces.c.name == namespace))
    connection.execute(insert(namespaces), {"name": namespace, "clock_offset_s": ahead.total_seconds()})
