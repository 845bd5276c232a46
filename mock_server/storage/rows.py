"""Sessions as rows and back; every function takes the connection of the transaction it is part of."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, delete, func, insert, select, update

from mock_server.session.model import AudioFile, Failure, Order, ProcessingError, Session, TemplateResult
from mock_server.session.table import State
from mock_server.storage.schema import audio_files, drafts, journal, namespaces, sessions

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from sqlalchemy import Row


@dataclass(frozen=True)
class JournalRow:
    """One line of what happened to a session; `at` is UTC by the namespace's clock."""

    number: int
    session_id: str
    at: datetime
    kind: str
    detail: Mapping[str, Any]


def _naive(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(tzinfo=None)


def _aware(moment: datetime) -> datetime:
    return moment.replace(tzinfo=UTC)


def _opt(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None


def _document(session: Session) -> str:
    order, failure = session.order, session.failure
    return json.dumps(
        {
            "order": {name: getattr(order, name) for name in Order.__dataclass_fields__},
            "ended_at": _opt(session.ended_at),
            "completed_at": _opt(session.completed_at),
            "audio_files_sent": session.audio_files_sent,
            "templates_as_array": session.templates_as_array,
            "engine": session.engine,
            "language_detected": session.language_detected,
            "transcript": session.transcript,
            "files_processed": session.files_processed,
            "results": [vars(result) for result in session.results],
            "losses": [vars(loss) for loss in session.losses],
            "failure": vars(failure) if failure else None,
        }
    )


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def _session(row: Row[Any], files: Iterable[Row[Any]]) -> Session:
    document = json.loads(row.document)
    asked = document["order"]
    order = Order(**{k: tuple(v) if isinstance(v, list) else v for k, v in asked.items()})
    failure = document["failure"]
    return Session(
        id=row.id,
        namespace=row.namespace,
        state=State(row.state),
        order=order,
        created_at=_aware(row.created_at),
        expires_at=_aware(row.expires_at),
        files=tuple(_file(found) for found in files),
        ended_at=_moment(document["ended_at"]),
        completed_at=_moment(document["completed_at"]),
        audio_files_sent=document["audio_files_sent"],
        templates_as_array=document["templates_as_array"],
        engine=document["engine"],
        language_detected=document["language_detected"],
        transcript=document["transcript"],
        files_processed=document["files_processed"],
        results=tuple(TemplateResult(**result) for result in document["results"]),
        losses=tuple(ProcessingError(**loss) for loss in document["losses"]),
        failure=Failure(**failure) if failure else None,
    )


def _file(row: Row[Any]) -> AudioFile:
    return AudioFile(
        name=row.name,
        key=row.key,
        sha256=row.sha256,
        size=row.size,
        content_type=row.content_type,
        received_at=_aware(row.received_at),
        sequence=row.sequence,
    )


def load(connection: Connection, session_id: str) -> Session | None:
    """The session with its files in the order of their arrival, or None."""
    row = connection.execute(select(sessions).where(sessions.c.id == session_id)).first()
    if row is None:
        return None
    listed = select(audio_files).where(audio_files.c.session_id == session_id).order_by(audio_files.c.position)
    return _session(row, connection.execute(listed))


def create(connection: Connection, session: Session) -> None:
    """Store a new session."""
    connection.execute(
        insert(sessions).values(
            id=session.id,
            namespace=session.namespace,
            state=session.state.value,
            created_at=_naive(session.created_at),
            expires_at=_naive(session.expires_at),
            document=_document(session),
        )
    )


def save(connection: Connection, before: Session, after: Session) -> None:
    """Store what a step changed; the row is guarded by the state it was read in."""
    changed = connection.execute(
        update(sessions)
        .where(sessions.c.id == before.id, sessions.c.state == before.state.value)
        .values(state=after.state.value, document=_document(after))
    )
    if changed.rowcount != 1:
        raise RuntimeError(f"session {before.id} left {before.state.value} under another hand")
    for position, file in enumerate(after.files):
        known = before.files[position] if position < len(before.files) else None
        if known != file:
            _store_file(connection, after.id, position, file, replaces=known is not None)


def _store_file(connection: Connection, session_id: str, position: int, file: AudioFile, *, replaces: bool) -> None:
    values = {
        "name": file.name,
        "key": file.key,
        "sha256": file.sha256,
        "size": file.size,
        "content_type": file.content_type,
        "received_at": _naive(file.received_at),
        "sequence": file.sequence,
    }
    if replaces:
        place = (audio_files.c.session_id == session_id, audio_files.c.position == position)
        connection.execute(update(audio_files).where(*place).values(values))
    else:
        connection.execute(insert(audio_files).values(session_id=session_id, position=position, **values))


def note(connection: Connection, session: Session, at: datetime, kind: str, detail: Mapping[str, Any]) -> None:
    """Append a row to the journal."""
    connection.execute(
        insert(journal).values(
            session_id=session.id, namespace=session.namespace, at=_naive(at), kind=kind, detail=dict(detail)
        )
    )


def note_expiry(connection: Connection, session: Session) -> None:
    """Journal the expiry once, whoever sees it first."""
    changed = connection.execute(
        update(sessions)
        .where(sessions.c.id == session.id, sessions.c.expiry_noted.is_(False))
        .values(expiry_noted=True)
    )
    if changed.rowcount == 1:
        note(connection, session, session.expires_at, "expired", {"audio_files_received": len(session.files)})


def history(connection: Connection, session_id: str) -> list[JournalRow]:
    """The journal of a session, oldest first."""
    found = connection.execute(select(journal).where(journal.c.session_id == session_id).order_by(journal.c.number))
    return [JournalRow(row.number, row.session_id, _aware(row.at), row.kind, row.detail) for row in found]


def waiting(connection: Connection) -> int:
    """How many sessions are being processed or wait for it."""
    counted = select(func.count()).select_from(sessions).where(sessions.c.state == State.PROCESSING.value)
    return connection.execute(counted).scalar_one()


def processing(connection: Connection) -> list[tuple[str, int]]:
    """Ids of the sessions that have still to reach an end state, with the attempts made."""
    found = select(sessions.c.id, sessions.c.attempts).where(sessions.c.state == State.PROCESSING.value)
    return [(row.id, row.attempts) for row in connection.execute(found)]


def count_attempt(connection: Connection, session_id: str) -> int:
    """Count one more attempt at processing and return its number."""
    connection.execute(update(sessions).where(sessions.c.id == session_id).values(attempts=sessions.c.attempts + 1))
    found = connection.execute(select(sessions.c.attempts).where(sessions.c.id == session_id)).scalar()
    return int(found or 0)


def put_draft(connection: Connection, session_id: str, kind: str, document: Mapping[str, Any]) -> None:
    """Keep what a step of the work came to, replacing an earlier attempt's."""
    connection.execute(delete(drafts).where(drafts.c.session_id == session_id, drafts.c.kind == kind))
    connection.execute(insert(drafts).values(session_id=session_id, kind=kind, document=dict(document)))


def draft(connection: Connection, session_id: str, kind: str) -> dict[str, Any] | None:
    """What a step of the work came to, or None before it."""
    place = (drafts.c.session_id == session_id, drafts.c.kind == kind)
    found: dict[str, Any] | None = connection.execute(select(drafts.c.document).where(*place)).scalar()
    return found


def clear(connection: Connection, namespace: str) -> tuple[int, list[str]]:
    """Remove a namespace's sessions, journal and clock; returns how many sessions, and the audio keys set free."""
    ours = select(sessions.c.id).where(sessions.c.namespace == namespace)
    keys = list(connection.execute(select(audio_files.c.key).where(audio_files.c.session_id.in_(ours))).scalars())
    gone = connection.execute(delete(sessions).where(sessions.c.namespace == namespace)).rowcount
    connection.execute(delete(journal).where(journal.c.namespace == namespace))
    connection.execute(delete(namespaces).where(namespaces.c.name == namespace))
    return gone, keys


def audio_keys(connection: Connection) -> list[str]:
    """Every key a row refers to."""
    return list(connection.execute(select(audio_files.c.key)).scalars())


def clock_offsets(connection: Connection) -> dict[str, float]:
    """Namespace -> seconds its clock runs ahead."""
    return {row.name: row.clock_offset_s for row in connection.execute(select(namespaces))}


def set_clock_offset(connection: Connection, namespace: str, seconds: float) -> None:
    """Remember how far a namespace's clock runs ahead."""
    connection.execute(delete(namespaces).where(namespaces.c.name == namespace))
    connection.execute(insert(namespaces).values(name=namespace, clock_offset_s=seconds))
