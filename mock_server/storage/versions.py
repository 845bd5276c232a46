"""Which version the tables of a database are of, and what makes those of an older one into these: for every database.

A change is kept in one transaction with the version that it leads to, whichever database it is: both take changes of
tables in one.
"""

from __future__ import annotations

import os
import re
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, TypeAlias

from sqlalchemy import column, insert, inspect, select, table, update

from mock_server.storage import StorageError, schema
from mock_server.storage.columns import DOCUMENT

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from sqlalchemy import Connection

    from mock_server.storage.dialect import Dialect

    #: A statement that every database understands, or what sends some.
    Step: TypeAlias = str | Callable[[Connection], None]

#: Rows of scribe_meta: which tables these are, and what tells this database from every other.
VERSION, IDENTITY = "schema_version", "identity"
_ADDED = re.compile(r"ALTER TABLE (\w+) ADD COLUMN (\w+) ")
_VERSIONS = re.compile(r"[1-9][0-9]{0,8}\Z")


def _asked_apart(connection: Connection) -> None:
    """What was asked of research sessions stood among all that a step changes."""
    # as they were then: what they are now is the schema's affair
    inquiries = table("scribe_inquiries", column("id"), column("told", DOCUMENT))
    commissions = table("scribe_commissions", column("inquiry_id"), column("told", DOCUMENT))
    for name, told in connection.execute(select(inquiries.c.id, inquiries.c.told)).all():
        asked = told.pop("asked")
        connection.execute(insert(commissions).values(inquiry_id=name, told=asked))
        connection.execute(update(inquiries).where(inquiries.c.id == name).values(told=told))


#: Version -> what makes tables of the one before it into these, once those that it does not have are there.
_CHANGES: Final[Mapping[int, tuple[Step, ...]]] = MappingProxyType(
    {
        2: ("ALTER TABLE scribe_audio_files ADD COLUMN duration_ms INTEGER",),
        3: (  # clocks were ahead by so many seconds, and nothing else
            (
                "INSERT INTO scribe_clocks (name, mode, at, since, factor) "
                "SELECT name, 'offset', CAST(clock_offset_s * 1000000 AS BIGINT), 0, 1.0 FROM scribe_namespaces"
            ),
            "DROP TABLE scribe_namespaces",
        ),
        4: (),  # research sessions have tables of their own
        5: (_asked_apart,),
        6: (),  # live sessions have tables of their own
        7: (
            "ALTER TABLE scribe_dictations ADD COLUMN retention INTEGER",
            "ALTER TABLE scribe_dictations ADD COLUMN forgotten_at BIGINT",
        ),
        8: (),  # audio that grows may have its tail in tables
    }
)


def facts(connection: Connection) -> dict[str, str] | None:
    """What a database tells of itself; None for one that is not ours, or not yet."""
    if not inspect(connection).has_table(schema.meta.name):
        return None
    return {row.key: row.value for row in connection.execute(select(schema.meta))}


def prepare(dialect: Dialect, marks: Mapping[str, str]) -> None:
    """Create the tables, or bring those of an older version up; a new database is given the marks.

    Raises StorageError for a database that is damaged, of a newer version, or of one that there is none of, and leaves
    it as it is.
    """
    with dialect.opening():
        with dialect.reading() as connection:
            dialect.examine(connection)
            known = facts(connection)
        found = None if known is None else _version(known, dialect)
        if known is not None and found == schema.VERSION and IDENTITY in known:
            return
        with dialect.engine.begin() as connection:
            schema.metadata.create_all(connection)
            if found is None:
                new = {VERSION: str(schema.VERSION), **marks}
                connection.execute(insert(schema.meta), [{"key": key, "value": new[key]} for key in new])
            else:
                _bring_up(connection, found)
            if known is None or IDENTITY not in known:
                connection.execute(insert(schema.meta), {"key": IDENTITY, "value": os.urandom(16).hex().upper()})


def _version(known: Mapping[str, str], dialect: Dialect) -> int:
    found = str(known.get(VERSION, ""))
    if not _VERSIONS.match(found):
        told = f", or one that there is none of, {found[:20]!r}" if found else ""
        raise StorageError(f"The database {dialect.name} does not say its version{told}. {dialect.anew}")
    if int(found) > schema.VERSION:
        raise StorageError(
            f"The database {dialect.name} was written by a newer version of this server"
            f" (schema {found}, this one knows {schema.VERSION}). Start that one, or use another {dialect.kept_in}."
        )
    return int(found)


def _bring_up(connection: Connection, found: int) -> None:
    """Make the tables of an older version into those of this one, in the transaction that says so."""
    for version in range(found + 1, schema.VERSION + 1):
        for step in _CHANGES[version]:
            if not isinstance(step, str):
                step(connection)
                continue
            added = _ADDED.match(step)
            # a table that was made just now has all its columns
            if added is None or added[2] not in {each["name"] for each in inspect(connection).get_columns(added[1])}:
                connection.exec_driver_sql(step)
    told = update(schema.meta).where(schema.meta.c.key == VERSION)
    connection.execute(told.values(value=str(schema.VERSION)))
