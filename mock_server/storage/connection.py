"""Connections to PostgreSQL: how they are opened and what each is told, and what an error of one means to a person."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import URL, create_engine, event

from mock_server.extra import install
from mock_server.storage import StorageError
from mock_server.storage.dialect import line

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine
    from sqlalchemy.exc import DBAPIError

    from mock_server.database import DatabaseUrl

#: Seconds to wait for a server that does not answer, and milliseconds for one that no longer does.
_CONNECTS_S, _ANSWERS_MS = 5, 15_000
#: What each connection is told. A lock of somebody else's is waited for as long as SQLite waits; an acknowledgement
#: means that it is on the disk, whatever the database does for others; and the server finds out within a minute that a
#: whole machine of ours is gone, so that another one may take the lock.
_SETTINGS: Final = """
SET lock_timeout = '30s';
SET tcp_keepalives_idle = 20; SET tcp_keepalives_interval = 10; SET tcp_keepalives_count = 3;
SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') IN ('off', 'local')
"""
#: A part of what the database or its library says -> what a person can do about it.
_ADVICE: Final = (
    ("password authentication failed", "The user or the password is wrong."),
    ("no password supplied", "It wants a password: give one in the address, or in PGPASSWORD."),
    ("no pg_hba.conf entry", "It lets nobody of that name in from here: its pg_hba.conf says whom it does."),
    ('role "', "There is no such user: create it, or name another one."),
    ("Connection refused", "Nobody listens there: start PostgreSQL, or name its host and port."),
    ("No such file", "Nobody listens there: start PostgreSQL, or name its host and port."),
    ("timeout", "Nobody answers there: name its host and port, or let this machine through to it."),
    ("resolve", "The host is not known here."),
    ("translate host", "The host is not known here."),
    ("permission denied", "Give the user the database (ALTER DATABASE … OWNER TO …), or name another user."),
    ("connection slots", "It has no connection left: let it have more (max_connections)."),
    ("too many", "It has no connection left: let it have more (max_connections)."),
    ("starting up", "Try again in a moment."),
    ("shutting down", "Try again once it is up."),
    ("recovery", "Try again once it is up."),
    ("read-only", "That server only reads: name the one that writes."),
    ("does not exist", "Create it (createdb), or name one that is there."),
)
_GENERAL: Final = "Correct the address, or see what the log of PostgreSQL says."


def engine(address: DatabaseUrl, connections: int) -> Engine:
    """Up to so many connections to a database, opened when they are wanted; raises StorageError without psycopg."""
    known = {
        "connect_timeout": str(_CONNECTS_S),
        "tcp_user_timeout": str(_ANSWERS_MS),
        "keepalives_idle": "10",
        "keepalives_interval": "5",
        "keepalives_count": "3",
        "application_name": f"scribe-mock {os.getpid()}",
        "client_encoding": "utf8",
    }
    url = URL.create(
        "postgresql+psycopg",
        username=address.user,
        password=address.password,
        host=address.host,
        port=address.port,
        database=address.name,
        query=known | _options(address),
    )
    try:
        found = create_engine(url, pool_size=connections, pool_pre_ping=True)
    except ImportError as error:
        raise StorageError(f"--database needs psycopg, the library of PostgreSQL: {install('postgres')}.") from error

    @event.listens_for(found, "connect")
    def _settings(raw: Any, _record: Any) -> None:
        raw.execute(_SETTINGS)
        raw.commit()

    @event.listens_for(found, "after_cursor_execute")
    def _count(connection: Connection, cursor: Any, *_told: Any) -> None:
        if cursor.rowcount > 0 and not (cursor.statusmessage or "SELECT").startswith("SELECT"):
            connection.info["written"] = connection.info.get("written", 0) + cursor.rowcount

    return found


def _options(address: DatabaseUrl) -> dict[str, str]:
    """What a connection is told besides; which schema is meant comes last, and so it counts."""
    given = dict(address.options)
    if address.schema is not None:
        given["options"] = f"{given.get('options', '')} -csearch_path={address.schema}".strip()
    return given


def locked(connection: Connection, number: int) -> bool:
    """Whether the advisory lock of a number is this connection's from now on; it is not waited for."""
    found = bool(connection.exec_driver_sql(f"SELECT pg_try_advisory_lock({number})").scalar())
    connection.commit()
    return found


def sqlstate(error: DBAPIError) -> str:
    """The SQLSTATE of an error; empty where the connection had none to tell."""
    return getattr(error.orig, "sqlstate", None) or ""


def told(error: DBAPIError) -> str:
    """What the database says, and what to do about it."""
    said = line(error)[:300].rstrip(".")
    return f"{said}. {next((advice for part, advice in _ADVICE if part in said), _GENERAL)}"
