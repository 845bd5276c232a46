"""A batch as statements: one for all new sessions, one for all that changed, and so on."""

from __future__ import annotations

from dataclasses import asdict, fields
from functools import cache
from itertools import chain
from typing import TYPE_CHECKING, Any

from sqlalchemy import bindparam, delete, insert, update

from mock_server.session.model import AudioFile, Order
from mock_server.storage.prepared import Prepared
from mock_server.storage.schema import audio_files, journal, results, sessions, tails

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from sqlalchemy import Connection

    from mock_server.session.model import Session
    from mock_server.storage.batch import Batch

_ORDER = tuple(entry.name for entry in fields(Order))
_FILE = tuple(entry.name for entry in fields(AudioFile))
_INSERT_SESSION = Prepared(insert(sessions), sessions.c.keys())
_INSERT_FILE = Prepared(insert(audio_files), audio_files.c.keys())
_INSERT_RESULT = Prepared(insert(results), results.c.keys())
# nobody asks which number a line was given
_INSERT_LINE = Prepared(insert(journal).inline(), [column.name for column in journal.c if column.name != "number"])
_INSERT_STEP = Prepared(insert(tails), tails.c.keys())
_REPLACE_FILE = Prepared(
    update(audio_files)
    .where(audio_files.c.session_id == bindparam("in_session"), audio_files.c.position == bindparam("at_position"))
    .values({name: bindparam(name) for name in _FILE}),
    _FILE,
)
_DROP_RESULTS = Prepared(delete(results).where(results.c.session_id == bindparam("of_session")), ())


#: Members of a session that change, each in the column of its name, but for the order; the encoder makes it fit.
_CHANGING: Mapping[str, Callable[[Any], Any]] = {
    "order": lambda order: {name: getattr(order, name) for name in _ORDER},
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


_COLUMNS = {name: "asked" if name == "order" else name for name in _CHANGING}


def write(connection: Connection, batch: Batch) -> None:
    """Write what the batch holds and the tables do not; raises RuntimeError for a row another hand has changed."""
    with batch.writing() as (moved, lines, steps):
        _write_sessions(connection, moved)
        _write_files(connection, moved)
        _write_results(connection, [after for before, after in moved if after.results is not _of(before, "results")])
        if lines:
            _INSERT_LINE.run(connection, lines)
        if steps:
            _INSERT_STEP.run(connection, steps)


def _of(session: Session | None, name: str) -> Any:
    return () if session is None else getattr(session, name)


def _made(session: Session) -> dict[str, Any]:
    values = {_COLUMNS[name]: encode(getattr(session, name)) for name, encode in _CHANGING.items()}
    fixed = {"id": session.id, "namespace": session.namespace, "attempts": 0}
    return values | fixed | {"created_at": session.created_at, "expires_at": session.expires_at}


@cache
def _update(names: tuple[str, ...]) -> Prepared:
    unmoved = (sessions.c.id == bindparam("before_id"), sessions.c.state == bindparam("before_state"))
    changed: dict[str, Any] = {_COLUMNS[name]: bindparam(name) for name in names}
    return Prepared(update(sessions).where(*unmoved).values(changed), list(changed))


def _write_sessions(connection: Connection, moved: list[tuple[Session | None, Session]]) -> None:
    new = [_made(after) for before, after in moved if before is None]
    if new:
        _INSERT_SESSION.run(connection, new)
    changed = [(before, after, names) for before, after in moved if before and (names := _changes(before, after))]
    if not changed:
        return
    # a column that changed in one of them is written of all: a second statement costs more
    some = set(chain.from_iterable([names for _, _, names in changed]))
    written = tuple([name for name in _CHANGING if name in some])
    rows = [
        {name: _CHANGING[name](getattr(after, name)) for name in written}
        | {"before_id": before.id, "before_state": before.state.value}
        for before, after, _ in changed
    ]
    if _update(written).run(connection, rows) != len(rows):
        raise RuntimeError(f"one of {[row['before_id'] for row in rows]} moved on under another hand")


def _changes(before: Session, after: Session) -> list[str]:
    return [name for name in _CHANGING if getattr(after, name) is not getattr(before, name)]


def _write_files(connection: Connection, moved: list[tuple[Session | None, Session]]) -> None:
    new: list[dict[str, Any]] = []
    replaced: list[dict[str, Any]] = []
    for before, after in moved:
        known = _of(before, "files")
        if after.files is known:
            continue
        for position, file in enumerate(after.files):
            values = {name: getattr(file, name) for name in _FILE}
            if position >= len(known):
                new.append({"session_id": after.id, "position": position, **values})
            elif file is not known[position]:
                replaced.append({"in_session": after.id, "at_position": position, **values})
    if new:
        _INSERT_FILE.run(connection, new)
    if replaced:
        _REPLACE_FILE.run(connection, replaced)


def _write_results(connection: Connection, changed: list[Session]) -> None:
    if not changed:
        return
    _DROP_RESULTS.run(connection, [{"of_session": session.id} for session in changed])
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
        for session in changed
        for position, result in enumerate(session.results)
    ]
    if listed:
        _INSERT_RESULT.run(connection, listed)
