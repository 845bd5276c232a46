"""Sessions as rows and back; every function takes the connection of the transaction it is part of."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from datetime import timedelta
from functools import cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, bindparam, delete, func, insert, select, update

from mock_server.session.model import AudioFile, Failure, Order, ProcessingError, Session, TemplateResult
from mock_server.session.table import State
from mock_server.storage.batch import Batch
from mock_server.storage.schema import audio_files, journal, namespaces, results, sessions

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from sqlalchemy import Row, Update


@dataclass(frozen=True)
class JournalRow:
    """One line of what happened to a session; `at` is UTC by the namespace's clock."""

    number: int
    session_id: str
    at: datetime
    kind: str
    detail: Mapping[str, Any]


def _asked(order: Order) -> dict[str, Any]:
    return {entry.name: getattr(order, entry.name) for entry in fields(Order)}


def _order(asked: dict[str, Any]) -> Order:
    lists = {name: tuple(asked[name]) for name in ("templates", "language_hint", "transcript_language")}
    return Order(**(asked | lists))


#: Members of a session that change, each in the column of its name; the encoder makes it fit.
_CHANGING: Mapping[str, Callable[[Any], Any]] = {
    "state": lambda state: state.value,
    "expiry_noted": bool,
    "ended_at": lambda moment: moment,
    "completed_at": lambda moment: moment,
    "audio_files_sent": lambda number: number,
    "templates_as_array": bool,
    "engine": lambda text: text,
    "language_detected": lambda text: text,
    "transcript": lambda text: text,
    "files_processed": lambda number: number,
    "losses": lambda losses: [asdict(loss) for loss in losses],
    "failure": lambda failure: asdict(failure) if failure else None,
}
_PLAIN = ("id", "namespace", "created_at", "expires_at", *(set(_CHANGING) - {"state", "losses", "failure"}))


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


_INSERT_SESSION = insert(sessions)
_INSERT_FILE = insert(audio_files)
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
    values = {name: encode(getattr(session, name)) for name, encode in _CHANGING.items()}
    values |= {"id": session.id, "namespace": session.namespace, "asked": _asked(session.order)}
    values |= {"created_at": session.created_at, "expires_at": session.expires_at}
    connection.execute(_INSERT_SESSION, values)
    if batch := Batch.of(connection):
        batch.put(session.id, session)


@cache
def _update(names: tuple[str, ...]) -> Update:
    unmoved = (sessions.c.id == bindparam("before_id"), sessions.c.state == bindparam("before_state"))
    return update(sessions).where(*unmoved).values({name: bindparam(name) for name in names})


def save(connection: Connection, before: Session, after: Session, *, attempts: int | None = None) -> None:
    """Store what a step changed; the row is guarded by the state it was read in."""
    values = {
        name: encode(getattr(after, name))
        for name, encode in _CHANGING.items()
        if getattr(after, name) is not getattr(before, name)
    }
    if attempts is not None:
        values["attempts"] = attempts
    if values:
        guard = {"before_id": before.id, "before_state": before.state.value}
        if connection.execute(_update(tuple(values)), values | guard).rowcount != 1:
            raise RuntimeError(f"session {before.id} left {before.state.value} under another hand")
    for position, file in enumerate(after.files):
        known = before.files[position] if position < len(before.files) else None
        if known is not file:
            _keep_file(connection, after.id, position, file, replaces=known is not None)
    if after.results is not before.results:
        _keep_results(connection, after)
    if batch := Batch.of(connection):
        batch.put(after.id, after)


def _keep_file(connection: Connection, session_id: str, position: int, file: AudioFile, *, replaces: bool) -> None:
    values = {entry.name: getattr(file, entry.name) for entry in fields(AudioFile)}
    if replaces:
        place = (audio_files.c.session_id == session_id, audio_files.c.position == position)
        connection.execute(update(audio_files).where(*place).values(values))
    else:
        connection.execute(_INSERT_FILE, {"session_id": session_id, "position": position, **values})


def _keep_results(connection: Connection, session: Session) -> None:
    connection.execute(delete(results).where(results.c.session_id == session.id))
    listed = [
        {
            "session_id": session.id,
            "position": position,
            "template_id": result.id,
            "status": result.status,
            "data": result.data,
            "error_code": result.error_code,
            "error_message": result.error_message,
        }
        for position, result in enumerate(session.results)
    ]
    if listed:
        connection.execute(insert(results), listed)


def note(connection: Connection, session: Session, at: datetime, kind: str, detail: Mapping[str, Any]) -> None:
    """Append a row to the journal."""
    line = {"session_id": session.id, "namespace": session.namespace, "at": at, "kind": kind, "detail": dict(detail)}
    if batch := Batch.of(connection):
        batch.note(line)
    else:
        connection.execute(insert(journal), line)


def history(connection: Connection, session_id: str) -> list[JournalRow]:
    """The journal of a session, oldest first."""
    found = connection.execute(select(journal).where(journal.c.session_id == session_id).order_by(journal.c.number))
    return [JournalRow(row.number, row.session_id, row.at, row.kind, row.detail) for row in found]


def in_work(connection: Connection) -> int:
    """How many sessions are being processed or wait for it."""
    counted = select(func.count()).select_from(sessions).where(sessions.c.state == State.PROCESSING.value)
    return connection.execute(counted).scalar_one()


def unfinished(connection: Connection) -> dict[str, int]:
    """Ids of the sessions that have still to reach an end state, with the attempts made."""
    found = select(sessions.c.id, sessions.c.attempts).where(sessions.c.state == State.PROCESSING.value)
    return {row.id: row.attempts for row in connection.execute(found)}


def count_attempt(connection: Connection, session_id: str, seen: int) -> bool:
    """Claim the attempt after the `seen`-th; False when somebody else has, or the session is no longer in work."""
    unclaimed = (
        sessions.c.id == session_id,
        sessions.c.attempts == seen,
        sessions.c.state == State.PROCESSING.value,
    )
    return connection.execute(update(sessions).where(*unclaimed).values(attempts=seen + 1)).rowcount == 1


def clear(connection: Connection, namespace: str) -> tuple[int, list[str]]:
    """Remove a namespace's sessions, journal and clock; returns how many sessions, and the audio keys set free."""
    ours = select(sessions.c.id).where(sessions.c.namespace == namespace)
    if batch := Batch.of(connection):
        for session_id in connection.execute(ours).scalars():
            batch.put(session_id, None)
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
