"""Sessions as rows and back: the views and units of a database, on the connection of their transaction."""

from __future__ import annotations

import zlib
from collections import Counter
from dataclasses import fields
from typing import TYPE_CHECKING, Any

from sqlalchemy import bindparam, delete, func, insert, select, update

from mock_server.clock import Mode, Pace
from mock_server.session.model import AudioFile, Failure, Order, ProcessingError, Session, TemplateResult
from mock_server.session.table import State
from mock_server.storage.inquiry_rows import SqlInquiries, SqlInquiryUnit
from mock_server.storage.schema import audio_files, clocks, journal, results, sessions, traffic
from mock_server.storage.unit import Cleared, Held, JournalRow, Stretch, Unfinished
from mock_server.storage.writing import write

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime

    from sqlalchemy import Connection, Row

    from mock_server.storage.batch import Batch
    from mock_server.storage.unit import Subject


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


#: Exchanges are much alike: the quickest compression makes a tenth of them, and writing less is quicker still.
_SQUEEZE = 1
_STRETCH_COLUMNS = [traffic.c[name] for name in Stretch._fields]
_FILE_COLUMNS = [audio_files.c[entry.name] for entry in fields(AudioFile)]
_RESULT_COLUMNS = [
    results.c.template_id, results.c.status, results.c.data, results.c.error_code, results.c.error_message,
]  # fmt: skip


_CLAIM = (
    update(sessions)
    .where(
        sessions.c.id.in_(bindparam("claimed", expanding=True)),
        sessions.c.attempts == bindparam("begun"),
        sessions.c.state == State.PROCESSING.value,
    )
    .values(attempts=bindparam("after"))
    .returning(sessions.c.id)
)


def _pace(row: Row[Any]) -> Pace:
    return Pace(Mode(row.mode), row.at, row.since, row.factor)


class SqlView:
    """What the tables hold."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection

    @property
    def inquiries(self) -> SqlInquiries:
        """The research sessions."""
        return SqlInquiries(self.connection)

    def load(self, session_id: str) -> Session | None:
        """The session with its files in the order of their arrival, or None."""
        run = self.connection.execute
        row = run(select(sessions).where(sessions.c.id == session_id)).first()
        if row is None:
            return None
        listed = select(*_FILE_COLUMNS).where(audio_files.c.session_id == session_id).order_by(audio_files.c.position)
        files = tuple(AudioFile(*found) for found in run(listed))
        found: tuple[TemplateResult, ...] = ()
        if row.ended_at is not None:  # no result without work, no work before the end
            wanted = select(*_RESULT_COLUMNS).where(results.c.session_id == session_id).order_by(results.c.position)
            found = tuple(TemplateResult(*result) for result in run(wanted))
        return _session(row, files, found)

    def page(self, namespace: str, *, limit: int, after: Session | None = None) -> list[Session]:
        """Up to `limit` sessions of a namespace, latest first."""
        at, name = sessions.c.created_at, sessions.c.id
        asked = select(name).where(sessions.c.namespace == namespace)
        if after is not None:
            asked = asked.where((at < after.created_at) | (at == after.created_at) & (name < after.id))
        ids = self.connection.execute(asked.order_by(at.desc(), name.desc()).limit(limit)).scalars().all()
        return [session for session_id in ids if (session := self.load(session_id)) is not None]

    def history(self, session_id: str) -> list[JournalRow]:
        """The journal of a session, oldest first."""
        asked = select(journal).where(journal.c.session_id == session_id).order_by(journal.c.number)
        return [
            JournalRow(row.number, row.session_id, row.at, row.kind, row.detail)
            for row in self.connection.execute(asked)
        ]

    def in_work(self) -> Mapping[str, int]:
        """How many sessions of each namespace are being processed or wait for it."""
        in_processing = sessions.c.state == State.PROCESSING.value
        number = func.count().label("number")
        asked = select(sessions.c.namespace, number).where(in_processing).group_by(sessions.c.namespace)
        return Counter({row.namespace: row.number for row in self.connection.execute(asked)})

    def unfinished(self) -> list[Unfinished]:
        """The sessions that have still to reach an end state, longest waiting first."""
        columns = (sessions.c.id, sessions.c.namespace, sessions.c.attempts)
        asked = select(*columns).where(sessions.c.state == State.PROCESSING.value).order_by(sessions.c.ended_at)
        return [Unfinished(*row) for row in self.connection.execute(asked)]

    def audio_keys(self) -> set[str]:
        """Every key a row refers to."""
        return set(self.connection.execute(select(audio_files.c.key)).scalars())

    def unended(self, namespace: str) -> list[tuple[str, datetime]]:
        """The sessions of a namespace that nobody has ended or seen expired, with their deadlines, first due first."""
        due, name = sessions.c.expires_at, sessions.c.id
        ours = (sessions.c.namespace == namespace, sessions.c.ended_at.is_(None), sessions.c.expiry_noted.is_(False))
        return [
            (row.id, row.expires_at)
            for row in self.connection.execute(select(name, due).where(*ours).order_by(due, name))
        ]

    def clocks(self) -> dict[str, Pace]:
        """Namespace -> how its clock goes, for those that were set."""
        return {row.name: _pace(row) for row in self.connection.execute(select(clocks))}

    def clock(self, namespace: str) -> Pace | None:
        """How a namespace's clock goes; None where it was never set."""
        row = self.connection.execute(select(clocks).where(clocks.c.name == namespace)).first()
        return None if row is None else _pace(row)

    def traffic(self, namespace: str) -> list[Stretch]:
        """The exchanges that are kept of a namespace, oldest first."""
        asked = select(*_STRETCH_COLUMNS).where(traffic.c.namespace == namespace).order_by(traffic.c.first)
        return [
            Stretch(row.namespace, row.first, row.last, zlib.decompress(row.told).decode())
            for row in self.connection.execute(asked)
        ]

    def traffic_held(self, namespace: str | None = None) -> dict[str, list[Held]]:
        """Namespace, one or all -> each of its stretches, oldest first."""
        columns = (traffic.c.namespace, traffic.c.first, traffic.c.last, traffic.c.size)
        asked = select(*columns).order_by(traffic.c.namespace, traffic.c.first)
        if namespace is not None:
            asked = asked.where(traffic.c.namespace == namespace)
        found: dict[str, list[Held]] = {}
        for row in self.connection.execute(asked):
            found.setdefault(row.namespace, []).append(Held(row.last, row.last - row.first + 1, row.size))
        return found


class SqlUnit(SqlView):
    """One change in the writer's transaction: what it makes of sessions and journal waits in the batch to be written.

    Before a statement that has to see it, it is written.
    """

    def __init__(self, connection: Connection, batch: Batch, afterwards: list[Callable[[], object]]) -> None:
        super().__init__(connection)
        self._batch = batch
        self._afterwards = afterwards

    @property
    def inquiries(self) -> SqlInquiryUnit:
        """The research sessions, to be changed."""
        return SqlInquiryUnit(self.connection, self._settle)

    def load(self, session_id: str) -> Session | None:
        """The session as this transaction has it."""
        known, session = self._batch.get(session_id)
        return session if known else super().load(session_id)

    def page(self, namespace: str, *, limit: int, after: Session | None = None) -> list[Session]:
        """Up to `limit` sessions of a namespace, latest first."""
        self._settle()
        return super().page(namespace, limit=limit, after=after)

    def history(self, session_id: str) -> list[JournalRow]:
        """The journal of a session, oldest first."""
        self._settle()
        return super().history(session_id)

    def in_work(self) -> Mapping[str, int]:
        """How many sessions of each namespace are being processed or wait for it."""
        if self._batch.in_work is not None:
            return self._batch.in_work
        self._settle()
        counted = Counter(super().in_work())
        self._batch.counted(counted)
        return counted

    def unfinished(self) -> list[Unfinished]:
        """The sessions that have still to reach an end state, longest waiting first."""
        self._settle()
        return super().unfinished()

    def audio_keys(self) -> set[str]:
        """Every key that a session refers to."""
        self._settle()
        return super().audio_keys()

    def unended(self, namespace: str) -> list[tuple[str, datetime]]:
        """The sessions of a namespace that nobody has ended or seen expired, with their deadlines, first due first."""
        self._settle()
        return super().unended(namespace)

    def create(self, session: Session) -> None:
        """Store a new session."""
        if self._batch.get(session.id)[1] is not None:
            raise RuntimeError(f"session {session.id} exists")
        self._batch.put(None, session)

    def save(self, before: Session, after: Session) -> None:
        """Store what a step changed; refused when the session is no longer in the state it was read in."""
        known, now = self._batch.get(before.id)
        if known and (now is None or now.state is not before.state):
            raise RuntimeError(f"session {before.id} left {before.state.value} under another hand")
        self._batch.put(before, after)

    def note(self, session: Subject, at: datetime, kind: str, detail: Mapping[str, Any]) -> None:
        """Append a row to the journal."""
        self._batch.note(
            {"session_id": session.id, "namespace": session.namespace, "at": at, "kind": kind, "detail": dict(detail)}
        )

    def claim(self, session_ids: Sequence[str], begun: int) -> tuple[str, ...]:
        """Claim the attempt after the `begun`-th at each that is in work and of which nobody else has."""
        self._settle()
        given = {"claimed": list(session_ids), "begun": begun, "after": begun + 1}
        found = set(self.connection.execute(_CLAIM, given).scalars())
        return tuple(session_id for session_id in session_ids if session_id in found)

    def clear(self, namespace: str) -> Cleared:
        """Remove all that a namespace has; returns how many sessions, and the audio keys set free."""
        self._settle()
        run = self.connection.execute
        ours = select(sessions.c.id).where(sessions.c.namespace == namespace)
        for session_id in run(ours).scalars():
            self._batch.remove(session_id)
        keys = list(run(select(audio_files.c.key).where(audio_files.c.session_id.in_(ours))).scalars())
        gone = run(delete(sessions).where(sessions.c.namespace == namespace)).rowcount
        gone += self.inquiries.clear(namespace)
        run(delete(journal).where(journal.c.namespace == namespace))
        run(delete(traffic).where(traffic.c.namespace == namespace))
        run(delete(clocks).where(clocks.c.name == namespace))
        return Cleared(gone, keys)

    def set_clock(self, namespace: str, pace: Pace) -> None:
        """Remember how a namespace's clock goes."""
        self.connection.execute(delete(clocks).where(clocks.c.name == namespace))
        row = {"name": namespace, "mode": pace.mode.value, "at": pace.at, "since": pace.since, "factor": pace.factor}
        self.connection.execute(insert(clocks), row)

    def keep_traffic(self, stretches: Sequence[Stretch]) -> None:
        """Append exchanges."""
        if stretches:
            rows = [
                stretch._asdict() | {"size": len(stretch.told), "told": zlib.compress(stretch.told.encode(), _SQUEEZE)}
                for stretch in stretches
            ]
            self.connection.execute(insert(traffic), rows)

    def drop_traffic(self, namespace: str, number: int | None) -> None:
        """Remove the exchanges of a namespace up to a number, or all."""
        asked = delete(traffic).where(traffic.c.namespace == namespace)
        self.connection.execute(asked if number is None else asked.where(traffic.c.last <= number))

    def afterwards(self, call: Callable[[], object]) -> None:
        """Call this once the change is committed."""
        self._afterwards.append(call)

    def _settle(self) -> None:
        """Write what the transaction holds in memory, for a statement that has to see it."""
        write(self.connection, self._batch)
