"""Who is in a cluster and which member serves which shard, in a schema of the database that all of them share.

A member is alive as long as the connection that it joined with: the lock on that ends with it, so one that was killed
is gone at once. Who serves a shard is only told here, for those who forward requests; who may write to one is decided
by the shard's own lock (`postgres.py`).
"""

from __future__ import annotations

import contextlib
import os
import threading
import time
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from sqlalchemy import Column, Integer, MetaData, String, Table, delete, insert, select, update
from sqlalchemy.exc import DBAPIError

from mock_server.database import shard_schema
from mock_server.storage import StorageError
from mock_server.storage.connection import engine, told
from mock_server.storage.postgres import CLUSTER, check_server

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import TypeVar

    from sqlalchemy import Connection

    from mock_server.database import DatabaseUrl

    T = TypeVar("T")

#: Of advisory locks of two numbers the first says that it is a member's ("scri"), the second which; no member is 0.
_LOCKS: Final = 0x73637269
_VERSION: Final = "1"
#: Facts that every member has to agree about, and what a person is told who starts one that does not.
_AGREED: Final[Mapping[str, str]] = MappingProxyType(
    {
        "shards": "It has {found} shards: start without --shards, or with that number.",
        "place": "Its audio lies in {found}: start with that --audio-store.",
        "revision": "It serves revision {found}: start with that --revision.",
        "profiles": "It serves {found}: start with that --profile.",
    }
)
#: A look that took longer tells too little about the time.
_CLOSE_S: Final = 0.2

_tables = MetaData(schema=CLUSTER)
_facts = Table("facts", _tables, Column("key", String, primary_key=True), Column("value", String, nullable=False))
_members = Table(
    "members",
    _tables,
    Column("number", Integer, primary_key=True),
    Column("name", String, nullable=False),
    Column("role", String, nullable=False),
    Column("address", String, nullable=False),
    Column("engine", String, nullable=False),
)
_shards = Table(
    "shards", _tables, Column("shard", Integer, primary_key=True, autoincrement=False), Column("member", Integer)
)
_LIVING: Final = (
    "SELECT number, name, role, address, engine FROM scribe_cluster.members JOIN pg_locks ON objid = number"
    " WHERE locktype = 'advisory' AND classid = %s AND objsubid = 2 AND granted"
    " AND database = (SELECT oid FROM pg_database WHERE datname = current_database()) ORDER BY number"
)


@dataclass(frozen=True)
class Member:
    """A process of the cluster: `address` is where others reach it over HTTP, `engine` what hears there.

    It has another `number` after it lost its connection, and the same `name` as long as it lives.
    """

    number: int
    name: str
    role: str
    address: str
    engine: str


@dataclass(frozen=True)
class Sight:
    """What the directory said last: the members that are alive, by number, and which of them serves each shard."""

    me: int = 0
    members: Mapping[int, Member] = field(default_factory=dict)
    serving: Mapping[int, int | None] = field(default_factory=dict)

    def server(self, shard: int) -> Member | None:
        """The member that serves a shard, if one does that is alive."""
        number = self.serving.get(shard)
        return None if number is None else self.members.get(number)


class Directory:
    """The cluster's own tables; every method waits for the database and raises StorageError where it is not to be had.

    One connection is all it has: what it was joined with.
    """

    def __init__(self, address: DatabaseUrl, agreed: Mapping[str, str], *, shards: int, chosen: bool) -> None:
        """Found a cluster of so many shards, or join one that `agreed` is true of and, if `chosen`, the number."""
        self._name = str(address)
        self._engine = engine(address, 2)
        self._lock = threading.Lock()
        self._connection: Connection | None = None
        self._member: Member | None = None
        self._served: set[int] = set()
        self._closed = False
        #: What tells this process from every other there ever was.
        self.name = os.urandom(8).hex()
        #: Seconds that the database's clock is ahead of this machine's.
        self.ahead_s = 0.0
        try:
            with self._engine.connect() as connection:
                facts = self._founded(connection, {"shards": str(shards), **agreed})
        except DBAPIError as error:
            self._engine.dispose()
            raise StorageError(f"The database {self._name} cannot be used: {told(error)}") from error
        except BaseException:
            self._engine.dispose()
            raise
        for fact, value in {**({"shards": str(shards)} if chosen else {}), **agreed}.items():
            if facts[fact] != value:
                self._engine.dispose()
                advice = _AGREED[fact].format(found=facts[fact])
                raise StorageError(f"The cluster in {self._name} was begun otherwise. {advice}")
        self.shards = int(facts["shards"])
        self.identity = facts["identity"]
        self.sealing = bytes.fromhex(facts["sealing"])

    def join(self, role: str, address: str, hears: str) -> int:
        """Become a member, for as long as the connection lasts; returns its number."""
        self._member = Member(0, self.name, role, address, hears)
        return self.look().me

    def look(self) -> Sight:
        """Who is there now; a member that lost its connection joins anew, with all it serves."""
        return self._with(self._seen)

    def living(self) -> set[str]:
        """The names of those who are there now."""
        return {member.name for member in self.look().members.values()}

    def tell(self, shard: int, *, serves: bool) -> None:
        """Let others know that this member serves a shard, or no longer does."""

        def change(connection: Connection) -> None:
            assert self._member is not None, "who serves has joined"
            ours = _shards.c.shard == shard
            if serves:
                connection.execute(update(_shards).where(ours).values(member=self._member.number))
                self._served.add(shard)
            else:
                self._served.discard(shard)
                mine = _shards.c.member == self._member.number
                connection.execute(update(_shards).where(ours, mine).values(member=None))

        self._with(change)

    def close(self) -> None:
        """Leave."""
        with self._lock:
            self._closed = True
            self._drop()
            self._engine.dispose()

    def _with(self, ask: Callable[[Connection], T]) -> T:
        with self._lock:
            if self._closed:
                raise StorageError("The cluster was left.")
            try:
                connection = self._connection = self._connection or self._joined()
                with connection.begin():
                    return ask(connection)
            except DBAPIError as error:
                self._drop()
                raise StorageError(f"The database {self._name} cannot be asked: {told(error)}") from error
            except BaseException:
                self._drop()
                raise

    def _drop(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            with contextlib.suppress(DBAPIError):
                connection.invalidate()  # a lock would stay with a connection that goes back to the pool
            connection.close()

    def _joined(self) -> Connection:
        connection = self._engine.connect()
        try:
            if self._member is not None:
                with connection.begin():
                    self._join(connection, self._member)
        except BaseException:
            connection.invalidate()
            connection.close()
            raise
        return connection

    def _join(self, connection: Connection, former: Member) -> None:
        # one after the other: who has its row and not yet its lock looks dead
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_LOCKS}, 0)")
        living = [row.number for row in connection.exec_driver_sql(_LIVING, (_LOCKS,))]
        connection.execute(delete(_members).where(_members.c.number.not_in(living)))
        row = {name: getattr(former, name) for name in ("name", "role", "address", "engine")}
        number = connection.execute(insert(_members).values(row).returning(_members.c.number)).scalar_one()
        connection.exec_driver_sql(f"SELECT pg_advisory_lock({_LOCKS}, {number})")
        # others may have taken meanwhile what this one served: then they have said so
        served = (_shards.c.shard.in_(self._served), _shards.c.member == former.number)
        connection.execute(update(_shards).where(*served).values(member=number))
        self._member = replace(former, number=number)

    def _seen(self, connection: Connection) -> Sight:
        before, began = time.time(), time.monotonic()
        now = float(connection.exec_driver_sql("SELECT extract(epoch FROM clock_timestamp())").scalar_one())
        took = time.monotonic() - began
        ahead = now - before - took / 2
        if took < _CLOSE_S and abs(ahead - self.ahead_s) > took:
            self.ahead_s = ahead
        members = {row.number: Member(*row) for row in connection.exec_driver_sql(_LIVING, (_LOCKS,))}
        serving = {row.shard: row.member for row in connection.execute(select(_shards))}
        return Sight(self._member.number if self._member else 0, members, serving)

    def _founded(self, connection: Connection, given: Mapping[str, str]) -> dict[str, str]:
        """The facts of the cluster, which is founded where there is none; raises StorageError where it cannot be."""
        refused = f"The database {self._name} cannot be used"
        check_server(connection, refused)
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_LOCKS}, 0)")
        there = "SELECT to_regclass('scribe_meta') IS NOT NULL, to_regnamespace(%s) IS NOT NULL"
        alone, cluster = connection.exec_driver_sql(there, (CLUSTER,)).one()
        if alone:
            raise StorageError(
                f"{refused}: it holds the sessions of a server that is alone. Start that one, without --role, or give"
                " the cluster an empty database."
            )
        if not cluster:
            if not connection.exec_driver_sql("SELECT has_database_privilege(current_database(), 'CREATE')").scalar():
                advice = "Give the user the database (ALTER DATABASE … OWNER TO …), or name another user."
                raise StorageError(f"{refused}: the user may not make schemas in it. {advice}")
            self._found(connection, given)
        facts = {row.key: row.value for row in connection.execute(select(_facts))}
        connection.commit()
        if facts.get("version") != _VERSION:
            raise StorageError(f"{refused}: its cluster is of another version of this server. Start that one.")
        return facts

    def _found(self, connection: Connection, given: Mapping[str, str]) -> None:
        number = int(given["shards"])
        for name in (CLUSTER, *(shard_schema(shard) for shard in range(number))):
            connection.exec_driver_sql(f"CREATE SCHEMA {name}")
        _tables.create_all(connection)
        drawn = {"version": _VERSION, "identity": os.urandom(16).hex(), "sealing": os.urandom(32).hex()}
        facts = {**given, **drawn}
        connection.execute(insert(_facts), [{"key": key, "value": facts[key]} for key in facts])
        connection.execute(insert(_shards), [{"shard": shard} for shard in range(number)])
