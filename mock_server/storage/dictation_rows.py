"""Live sessions as rows and back, on the connection of their transaction."""

from __future__ import annotations

from dataclasses import asdict, fields
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import bindparam, delete, func, insert, or_, select, update
from sqlalchemy.exc import IntegrityError

from mock_server.session.dalston.model import Dictation, Spoken, Utterance, Wanted
from mock_server.session.dalston.table import State
from mock_server.storage.columns import says
from mock_server.storage.inquiry_rows import earlier_lines
from mock_server.storage.prepared import Prepared
from mock_server.storage.schema import dictations, journal, utterances
from mock_server.storage.unit import ALL

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sqlalchemy import ColumnElement, Connection, Row

    from mock_server.storage.dictation import Selection
    from mock_server.storage.unit import Place, Search

#: Members with a column of their own name; those of what was wanted stand beside them, by theirs.
_PLAIN: Final = tuple(each.name for each in fields(Dictation) if each.name not in ("state", "wanted"))
_WANTED: Final = tuple(each.name for each in fields(Wanted))
_UTTERANCE: Final = tuple(each.name for each in fields(Utterance))


#: Statements that run for every live session again and again are made once, and name by these who is meant.
_ID, _STATE, _FORMER = "the_id", "the_state", "the_former"
_LOADED: Final = select(dictations).where(dictations.c.id == bindparam(_ID))
_SAVED: Final = Prepared(
    update(dictations).where(dictations.c.id == bindparam(_ID), dictations.c.state == bindparam(_STATE)),
    [each.name for each in dictations.columns if each.name not in ("id", "made")],
)
#: One row at a time, however many there are: a statement of many rows takes more variables than the database has.
_KEPT: Final = Prepared(insert(utterances), [each.name for each in utterances.columns])
_SAID: Final = [each for each in utterances.columns if each.name != "dictation_id"]
_ANOTHER: Final = bindparam(_ID, type_=utterances.c.dictation_id.type)
_TAKEN_OVER: Final = insert(utterances).from_select(
    ["dictation_id", *(each.name for each in _SAID)],
    select(_ANOTHER, *_SAID).where(utterances.c.dictation_id == bindparam(_FORMER)),
)


def _values(dictation: Dictation) -> dict[str, Any]:
    wanted = {name: getattr(dictation.wanted, name) for name in _WANTED}
    plain = {name: getattr(dictation, name) for name in _PLAIN}
    wanted["vocabulary"] = list(wanted["vocabulary"])
    return {**plain, "wanted_language": wanted.pop("language"), **wanted, "state": dictation.state.value}


def _dictation(row: Row[Any]) -> Dictation:
    wanted = {name: getattr(row, name) for name in _WANTED if name not in ("language", "vocabulary")}
    asked = Wanted(language=row.wanted_language, vocabulary=tuple(row.vocabulary), **wanted)
    return Dictation(**{name: getattr(row, name) for name in _PLAIN}, state=State(row.state), wanted=asked)


def _utterance(row: Row[Any]) -> Utterance:
    plain = {name: getattr(row, name) for name in _UTTERANCE if name != "words"}
    return Utterance(**plain, words=tuple(Spoken(**each) for each in row.words))


def _meant(meant: Selection) -> list[ColumnElement[bool]]:
    columns = dictations.c
    found = [columns.namespace == meant.namespace]
    if meant.state is not None:
        found.append(columns.state == meant.state)
    if meant.since is not None:
        found.append(columns.created_at >= meant.since)
    if meant.until is not None:
        found.append(columns.created_at <= meant.until)
    if meant.behind is not None:
        at, name, spot = columns.created_at, columns.id, meant.behind
        beyond = (
            (at > spot.created_at, name > spot.id) if meant.oldest_first else (at < spot.created_at, name < spot.id)
        )
        found.append(beyond[0] | (at == spot.created_at) & beyond[1])
    return found


def _looked_for(search: Search) -> list[ColumnElement[bool]]:
    columns = dictations.c
    found: list[ColumnElement[bool]] = []
    if search.states:
        found.append(columns.state.in_(search.states))
    if search.words:
        said = select(utterances.c.dictation_id).where(says(utterances.c.text, search.words))
        told = (columns.id, columns.model, columns.wanted_language)
        found.append(or_(*(says(text, search.words) for text in told), columns.id.in_(said)))
    return found


class SqlDictations:
    """What the tables hold."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._run = connection.execute

    def load(self, dictation_id: str) -> Dictation | None:
        """The session, or None."""
        row = self._run(_LOADED, {_ID: dictation_id}).first()
        return None if row is None else _dictation(row)

    def said(self, dictation_id: str) -> list[Utterance]:
        """What is kept of what was said in it."""
        ours = utterances.c.dictation_id == dictation_id
        return [_utterance(row) for row in self._run(select(utterances).where(ours).order_by(utterances.c.number))]

    def last_said(self, dictation_id: str) -> Utterance | None:
        """The last of it, or None."""
        ours = select(utterances).where(utterances.c.dictation_id == dictation_id)
        row = self._run(ours.order_by(utterances.c.number.desc()).limit(1)).first()
        return None if row is None else _utterance(row)

    def page(self, meant: Selection, *, limit: int, skip: int) -> list[Dictation]:
        """Up to `limit` of those that are meant behind the first `skip`, in the order that is meant."""
        by = (dictations.c.created_at, dictations.c.id) if meant.placed else (dictations.c.made,)
        order = [each.asc() if meant.oldest_first else each.desc() for each in by]
        asked = select(dictations).where(*_meant(meant)).order_by(*order).limit(limit).offset(skip)
        return [_dictation(row) for row in self._run(asked)]

    def count(self, meant: Selection) -> int:
        """How many are meant."""
        return self._run(select(func.count()).select_from(dictations).where(*_meant(meant))).scalar_one()

    def latest(
        self, namespace: str, *, limit: int, after: Place | None = None, search: Search = ALL
    ) -> list[Dictation]:
        """Up to `limit` sessions, latest first."""
        at, name = dictations.c.created_at, dictations.c.id
        asked = select(dictations).where(dictations.c.namespace == namespace, *_looked_for(search))
        if after is not None:
            asked = asked.where((at < after.created_at) | (at == after.created_at) & (name < after.id))
        return [_dictation(row) for row in self._run(asked.order_by(at.desc(), name.desc()).limit(limit))]

    def is_former(self, dictation_id: str) -> bool:
        """Whether another session goes on from this one."""
        return (
            self._run(select(dictations.c.id).where(dictations.c.previous_id == dictation_id).limit(1)).first()
            is not None
        )

    def active(self) -> list[Dictation]:
        """Those that have not come to an end."""
        return self._all(dictations.c.state == State.ACTIVE.value)

    def due(self) -> list[Dictation]:
        """Those that came to an end and are to be heard again."""
        return self._all(dictations.c.state != State.ACTIVE.value, dictations.c.job_due)

    def forgetful(self, namespace: str | None = None) -> list[Dictation]:
        """Those over whose audio and words are kept for a number of days and still there."""
        columns = dictations.c
        ours = [] if namespace is None else [columns.namespace == namespace]
        return self._all(columns.retention > 0, columns.ended_at.is_not(None), columns.forgotten_at.is_(None), *ours)

    def audio_keys(self) -> set[str]:
        """Every key that a row refers to."""
        return set(self._run(select(dictations.c.audio_key).where(dictations.c.audio_key.is_not(None))).scalars())

    def _all(self, *those: ColumnElement[bool]) -> list[Dictation]:
        return [_dictation(row) for row in self._run(select(dictations).where(*those).order_by(dictations.c.made))]


class SqlDictationUnit(SqlDictations):
    """One change in the writer's transaction; `settle` writes the lines of the journal that wait in memory."""

    def __init__(self, connection: Connection, settle: Callable[[], None]) -> None:
        super().__init__(connection)
        self._settle = settle

    def create(self, dictation: Dictation) -> None:
        """Keep a new session."""
        last = self._run(select(func.max(dictations.c.made))).scalar() or 0
        row = _values(dictation) | {"made": last + 1}
        self._once(lambda: self._run(insert(dictations).values(row)), dictation.id)

    def save(self, before: Dictation, after: Dictation) -> None:
        """Keep what a step made of a session."""
        if _SAVED.run(self._connection, [_values(after) | {_ID: before.id, _STATE: before.state.value}]) != 1:
            raise RuntimeError(f"session {before.id} left {before.state.value} under another hand")

    def keep(self, dictation_id: str, said: Sequence[Utterance]) -> None:
        """Keep more of what was said in a session."""
        if said:
            rows = [{"dictation_id": dictation_id, **asdict(each)} for each in said]
            self._once(lambda: _KEPT.run(self._connection, rows), dictation_id)

    def take_over(self, former_id: str, dictation_id: str) -> None:
        """Keep all that was said in one session of another as well: the database copies it by itself."""
        self._once(lambda: self._run(_TAKEN_OVER, {_FORMER: former_id, _ID: dictation_id}), dictation_id)

    def forget(self, dictation_id: str) -> None:
        """Remove what was said in a session."""
        self._run(delete(utterances).where(utterances.c.dictation_id == dictation_id))

    def remove(self, dictation: Dictation) -> list[str]:
        """Remove a session with all that was said."""
        self._settle()
        self._run(delete(journal).where(earlier_lines(dictation.id)))
        self._run(update(dictations).where(dictations.c.previous_id == dictation.id).values(previous_id=None))
        self._run(delete(utterances).where(utterances.c.dictation_id == dictation.id))
        self._run(delete(dictations).where(dictations.c.id == dictation.id))
        return [dictation.audio_key] if dictation.audio_key else []

    def clear(self, namespace: str) -> tuple[int, list[str]]:
        """Remove all that a namespace has; returns how many sessions, and the audio keys set free."""
        ours = dictations.c.namespace == namespace
        keys = select(dictations.c.audio_key).where(ours, dictations.c.audio_key.is_not(None))
        found = list(self._run(keys).scalars())
        names = select(dictations.c.id).where(ours).scalar_subquery()
        self._run(update(dictations).where(ours).values(previous_id=None))
        self._run(delete(utterances).where(utterances.c.dictation_id.in_(names)))
        return self._run(delete(dictations).where(ours)).rowcount, found

    @staticmethod
    def _once(insertion: Callable[[], object], name: str) -> None:
        try:
            insertion()
        except IntegrityError as error:
            raise RuntimeError(f"{name} is there already, or belongs to nothing") from error
