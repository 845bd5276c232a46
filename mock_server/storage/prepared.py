"""Statements that are compiled once: to compile and bind them anew costs several times what the database takes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from sqlalchemy import Connection, Delete, Dialect, Insert, Update


class Prepared:
    """One statement for rows of these members, which are all that it has; used on one engine, as its tables are."""

    def __init__(self, statement: Insert | Update | Delete, members: Sequence[str]) -> None:
        self._statement = statement
        self._members = list(members)
        self._dialect: Dialect | None = None
        self._text = ""
        self._binds: list[tuple[str, Callable[[Any], Any] | None]] = []
        self._by_name = False

    def run(self, connection: Connection, rows: Sequence[Mapping[str, Any]]) -> int:
        """Execute it for each row; returns how many rows of the table that concerned."""
        if connection.dialect is not self._dialect:
            self._compile(connection.dialect)
        binds = self._binds
        values: list[Any]
        if self._by_name:
            values = [{name: row[name] if fit is None else fit(row[name]) for name, fit in binds} for row in rows]
        else:
            values = [tuple(row[name] if fit is None else fit(row[name]) for name, fit in binds) for row in rows]
        return connection.exec_driver_sql(self._text, values).rowcount

    def _compile(self, dialect: Dialect) -> None:
        compiled = self._statement.compile(dialect=dialect, column_keys=self._members)
        self._by_name = not compiled.positional  # as the driver wants its values
        names = compiled.bind_names.values() if self._by_name else compiled.positiontup or []
        self._text = str(compiled)
        self._binds = [
            (name, compiled.binds[name].type.dialect_impl(dialect).bind_processor(dialect)) for name in names
        ]
        self._dialect = dialect
