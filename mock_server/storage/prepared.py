"""Statements that are compiled once: to compile and bind them anew costs several times what the database takes."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy.exc import DBAPIError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from sqlalchemy import Connection, Delete, Dialect, Insert, Update

#: Rows that SQLite is given at once. It has the interpreter given up twice for each time it is asked, and a thread that
#: wants it back queues behind requests; the driver keeps the compiled statements of all numbers up to this.
_MOST_ROWS: Final = 16


class Prepared:
    """One statement for rows of these members, which are all that it has; used on one engine, as its tables are."""

    def __init__(self, statement: Insert | Update | Delete, members: Sequence[str]) -> None:
        self._statement = statement
        self._members = list(members)
        self._inserts = statement.is_insert
        self._dialect: Dialect | None = None
        self._text = ""
        self._binds: list[tuple[str, Callable[[Any], Any] | None]] = []
        self._by_name = False
        #: Of a row that is inserted, as it stands in the text: for others it is repeated.
        self._places = ""

    def run(self, connection: Connection, rows: Sequence[Mapping[str, Any]]) -> int:
        """Execute it for each row; returns how many rows of the table that concerned."""
        if connection.dialect is not self._dialect:
            self._compile(connection.dialect)
        binds = self._binds
        if self._by_name:
            named = [{name: row[name] if fit is None else fit(row[name]) for name, fit in binds} for row in rows]
            return connection.exec_driver_sql(self._text, named).rowcount
        values = [tuple([row[name] if fit is None else fit(row[name]) for name, fit in binds]) for row in rows]
        if not self._places:
            return _driven(connection, self._text, values)
        written = 0
        for at in range(0, len(values), _MOST_ROWS):
            some = values[at : at + _MOST_ROWS]
            text = self._text + f", {self._places}" * (len(some) - 1)
            written += _driven(connection, text, [tuple(chain.from_iterable(some))])
        return written

    def _compile(self, dialect: Dialect) -> None:
        compiled = self._statement.compile(dialect=dialect, column_keys=self._members)
        self._by_name = not compiled.positional  # as the driver wants its values
        names = compiled.bind_names.values() if self._by_name else compiled.positiontup or []
        self._text = str(compiled)
        self._binds = [
            (name, compiled.binds[name].type.dialect_impl(dialect).bind_processor(dialect)) for name in names
        ]
        if self._inserts and not self._by_name:
            self._places = f"({', '.join('?' * len(self._binds))})"
            if not self._text.endswith(self._places):
                raise ValueError(f"{self._text!r} does not end with the values of its row")
        self._dialect = dialect


def _driven(connection: Connection, text: str, rows: Sequence[tuple[Any, ...]]) -> int:
    """Have the driver execute a text for rows: SQLAlchemy would take longer for its part than the database does."""
    driver: Any = connection.connection.driver_connection
    module = connection.dialect.loaded_dbapi
    try:
        return int(driver.executemany(text, rows).rowcount)
    except module.Error as error:
        raise DBAPIError.instance(text, None, error, module.Error, dialect=connection.dialect) from error
