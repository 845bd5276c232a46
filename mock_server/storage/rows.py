"""Sessions as rows and back: the views and units of a database, on the connection of their transaction."""

from __future__ import annotations

import zlib
from collections import Counter, defaultdict
from dataclasses import fields
from typing import TYPE_CHECKING, Any

from sqlalchemy import bindparam, delete, func, insert, or_, select, update

from mock_server.clock import Mode, Pace
from mock_server.session.model import AudioFile, Failure, Order, ProcessingError, Session, TemplateResult
from mock_server.session.table import State
from mock_server.storage.columns import says
from mock_server.storage.dictation_rows import SqlDictations, SqlDictationUnit
from mock_server.storage.inquiry_rows import SqlInquiries, SqlInquiryUnit, earlier_lines
from mock_server.storage.schema import audio_files, clocks, journal, results, sessions, traffic
from mock_server.storage.tail_rows import SqlTails, SqlTailUnit
from mock_server.storage.unit import ALL, Cleared, Held, JournalRow, Stretch, Unfinished
from mock_server.storage.writing import write

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime

    from sqlalchemy import ColumnElement, Connection, Row

    from mock_server.storage.batch import Batch
    from mock_server.storage.unit import Place, Search, Subject


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


def _meant(search: Search) -> list[ColumnElement[bool]]:
    """What sessions have to be like that are looked for; words are found in any case of A to Z."""
    columns = sessions.c
    found: list[ColumnElement[bool]] = []
    if search.states:
        found.append(columns.state.in_(search.states))
    if search.expired_at is not None:
        passed = columns.expiry_noted | (columns.expires_at <= search.expired_at)
        expired = columns.ended_at.is_(None) & passed
        found.append(expired if search.expired else ~expired)
    if search.words:
        texts = (columns.id, columns.asked, columns.transcript)
        found.append(or_(*(says(text, search.words) for text in texts)))
    return found


def _line(row: Row[Any]) -> JournalRow:
    return JournalRow(row.number, row.session_id, row.at, row.kind, row.detail)


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

    @property
    def dictations(self) -> SqlDictations:
        """The live sessions."""
        return SqlDictations(self.connection)

    @property
    def tails(self) -> SqlTails:
        """Audio that grows, as far as it is kept here."""
        return SqlTails(self.connection)

    def load(self, session_id: str) -> Session | None:
        """The session with its files in the order of their arrival, or None."""
        return next(iter(self._loaded([session_id])), None)

    def _loaded(self, session_ids: Sequence[str]) -> list[Session]:
        """The sessions that there are of these, in no order."""
        run = self.connection.execute
        rows = run(select(sessions).where(sessions.c.id.in_(session_ids))).all()
        files, found = defaultdict(list), defaultdict(list)
        if rows:
            listed = select(audio_files.c.session_id, *_FILE_COLUMNS).where(audio_files.c.session_id.in_(session_ids))
            for whose, *file in run(listed.order_by(audio_files.c.position)):
                files[whose].append(AudioFile(*file))
        done = [row.id for row in rows if row.ended_at is not None]  # no result without work, no work before the end
        if done:
            wanted = select(results.c.session_id, *_RESULT_COLUMNS).where(results.c.session_id.in_(done))
            for whose, *result in run(wanted.order_by(results.c.position)):
                found[whose].append(TemplateResult(*result))
        return [_session(row, tuple(files[row.id]), tuple(found[row.id])) for row in rows]

    def page(self, namespace: str, *, limit: int, after: Place | None = None, search: Search = ALL) -> list[Session]:
        """Up to `limit` sessions of a namespace, latest first."""
        at, name = sessions.c.created_at, sessions.c.id
        asked = select(name).where(sessions.c.namespace == namespace, *_meant(search))
        if after is not None:
            asked = asked.where((at < after.created_at) | (at == after.created_at) & (name < after.id))
        ids = self.connection.execute(asked.order_by(at.desc(), name.desc()).limit(limit)).scalars().all()
        return sorted(self._loaded(ids), key=lambda each: (each.created_at, each.id), reverse=True)

    def number(self, namespace: str) -> int:
        """How many sessions a namespace has."""
        asked = select(func.count()).select_from(sessions).where(sessions.c.namespace == namespace)
        return self.connection.execute(asked).scalar_one()

    def history(self, session_id: str) -> list[JournalRow]:
        """The journal of a session, oldest first."""
        asked = select(journal).where(journal.c.session_id == session_id).order_by(journal.c.number)
        return [_line(row) for row in self.connection.execute(asked)]

    def news(self, namespace: str, after: int, limit: int) -> list[JournalRow]:
        """Up to `limit` lines of a namespace's journal behind the one of a number, oldest first."""
        asked = select(journal).where(journal.c.namespace == namespace, journal.c.number > after)
        return [_line(row) for row in self.connection.execute(asked.order_by(journal.c.number).limit(limit))]

    def last_line(self, namespace: str | None) -> int:
        """The number of the last line of a namespace's journal, or of anybody's for None; 0 where there is none."""
        asked = select(func.max(journal.c.number))
        if namespace is not None:
            asked = asked.where(journal.c.namespace == namespace)
        return self.connection.execute(asked).scalar() or 0

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
        return {*self.connection.execute(select(audio_files.c.key)).scalars(), *self.dictations.audio_keys()}

    def unended(self, namespace: str) -> list[tuple[str, datetime]]:
        """The sessions of a namespace that nobody has ended or seen expired, with their deadlines, first due first."""
        due, name = sessions.c.expires_at, sessions.c.id
        ours = (sessions.c.namespace == namespace, sessions.c.ended_at.is_(None), sessions.c.expiry_noted.is_(False))
        return [
            (row.id, row.expires_at)
            for row in self.connection.execute(select(name, due).where(*ours).order_by(due, name))
        ]

    def listing(self, file_name: str) -> list[tuple[str, str]]:
        """Namespace and id of the sessions that list a file of a name, and that nobody has ended or seen expired."""
        listed = select(audio_files.c.session_id).where(audio_files.c.name == file_name)
        ours = (sessions.c.ended_at.is_(None), sessions.c.expiry_noted.is_(False), sessions.c.id.in_(listed))
        asked = select(sessions.c.namespace, sessions.c.id).where(*ours)
        return [(row.namespace, row.id) for row in self.connection.execute(asked)]

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

    @property
    def dictations(self) -> SqlDictationUnit:
        """The live sessions, to be changed."""
        return SqlDictationUnit(self.connection, self._settle)

    @property
    def tails(self) -> SqlTailUnit:
        """Audio that grows, to be changed."""
        return SqlTailUnit(self.connection, self._batch.step, self._settle)

    def load(self, session_id: str) -> Session | None:
        """The session as this transaction has it."""
        known, session = self._batch.get(session_id)
        return session if known else super().load(session_id)

    def page(self, namespace: str, *, limit: int, after: Place | None = None, search: Search = ALL) -> list[Session]:
        """Up to `limit` sessions of a namespace, latest first."""
        self._settle()
        return super().page(namespace, limit=limit, after=after, search=search)

    def number(self, namespace: str) -> int:
        """How many sessions a namespace has."""
        self._settle()
        return super().number(namespace)

    def news(self, namespace: str, after: int, limit: int) -> list[JournalRow]:
        """Up to `limit` lines of a namespace's journal behind the one of a number, oldest first."""
        self._settle()
        return super().news(namespace, after, limit)

    def last_line(self, namespace: str | None) -> int:
        """The number of the last line of a namespace's journal, or of anybody's for None; 0 where there is none."""
        self._settle()
        return super().last_line(namespace)

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

    def listing(self, file_name: str) -> list[tuple[str, str]]:
        """Namespace and id of the sessions that list a file of a name, and that nobody has ended or seen expired."""
        self._settle()
        return super().listing(file_name)

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

    def remove(self, session: Session) -> list[str]:
        """Remove a session; returns the audio keys set free."""
        self._settle()
        run = self.connection.execute
        self._batch.remove(session.id)
        for table in (audio_files, results):
            run(delete(table).where(table.c.session_id == session.id))
        run(delete(sessions).where(sessions.c.id == session.id))
        run(delete(journal).where(earlier_lines(session.id)))
        return [file.key for file in session.files]

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
        dictated, recorded = self.dictations.clear(namespace)
        run(delete(journal).where(journal.c.namespace == namespace))
        run(delete(traffic).where(traffic.c.namespace == namespace))
        run(delete(clocks).where(clocks.c.name == namespace))
        return Cleared(gone + dictated, [*keys, *recorded])

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
