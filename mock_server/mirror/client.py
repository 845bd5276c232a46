"""The one module that knows the library of Redis: what it is asked, and what an error of it means."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import socket
import ssl
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from mock_server.extra import install
from mock_server.mirror.address import PASSWORD

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from mock_server.mirror.address import RedisUrl

#: A command with its arguments.
Command: TypeAlias = tuple[str | int | float, ...]

#: All that a server does there.
COMMANDS: Final = ("select", "time", "hset", "hdel", "hgetall", "del", "pexpire", "pexpireat", "publish")
#: Seconds that a connection may take, and an answer to all that is asked at a time.
PATIENCE_S: Final = 1.0
_SPEECHLESS: Final = "It does not answer as a Redis server does: name the host and port of one."
_STRANGER: Final = "The user or the password is wrong."
#: What an answer that is an error begins with -> what a person is told; what it says itself may repeat what was asked.
_TOLD: Final[Mapping[str, str]] = MappingProxyType(
    {
        "WRONGPASS": _STRANGER,
        "NOAUTH": f"It asks for a password: give one in the address, or in {PASSWORD}.",
        "NOPERM": (
            "The user may not do there what a server does. Give it ~dalston:realtime:session:* ~scribe:limits:*"
            f" &scribe:changes:* and {' '.join(f'+{name}' for name in COMMANDS)}."
        ),
        "READONLY": "It is a replica, which takes nothing: name its primary.",
        "OOM": "It is full (maxmemory).",
        "MISCONF": 'It takes nothing while it cannot save: it needs no persistence for this (save "").',
        "LOADING": "It is still loading what it keeps.",
        "MASTERDOWN": "It is a replica without its primary.",
        "MOVED": "It is one of a Redis Cluster, which is not spoken here: name a server that is alone.",
        "CLUSTERDOWN": "It is one of a Redis Cluster, which is not spoken here: name a server that is alone.",
        "WRONGTYPE": "A key that a server writes to is something else's there: name another database, as in …/1.",
        "DB": "It has no database of this number.",
        "DENIED": "It lets nobody in from outside without a password (protected mode).",
        "max": "It takes no more connections.",
    }
)
#: Why there is no connection, by what the system says.
_SYSTEM: Final[Mapping[int, str]] = MappingProxyType(
    {
        errno.ECONNREFUSED: "Nobody listens there: start Redis, or name its host and port.",
        errno.ENOENT: "There is no socket at this path: start Redis, or name that of one.",
        errno.EACCES: "This user may not connect to the socket.",
    }
)


#: Errors that come from one another, of which the last ones say the least.
_DEEP: Final = 6


class AwayError(Exception):
    """Redis cannot be asked, or takes nothing; says why in words for a person."""


class Client:
    """A connection to one server; one question at a time."""

    def __init__(self, address: RedisUrl) -> None:
        """Raises AwayError where the library is not installed."""
        try:
            from redis import asyncio as library
            from redis import exceptions
            from redis.asyncio.retry import Retry
            from redis.backoff import NoBackoff
        except ImportError as error:
            raise AwayError(f"--redis needs the library redis, which is not installed: {install('redis')}.") from error
        at: dict[str, Any] = {"host": address.host, "port": address.port}
        if address.tls:
            at |= {"ssl": True, "ssl_ca_certs": address.authorities}
        if address.path is not None:
            at = {"unix_socket_path": address.path}
        self._address = address
        self._errors = exceptions
        self._library = library.Redis(
            **at,
            db=address.number,
            username=address.user,
            password=address.secret,
            socket_timeout=PATIENCE_S,
            socket_connect_timeout=PATIENCE_S,
            # whoever asks knows when to ask again
            retry=Retry(NoBackoff(), 0),
            protocol=2,
            decode_responses=True,
            encoding_errors="replace",
        )

    async def ask(self, commands: Sequence[Command]) -> list[Any]:
        """The answers to some commands, asked together; raises AwayError where one of them is none."""
        pipeline = self._library.pipeline(transaction=False)
        for command in commands:
            pipeline.execute_command(*command)
        with self._telling():
            try:
                async with asyncio.timeout(2 * PATIENCE_S):
                    answers: list[Any] = await pipeline.execute(raise_on_error=False)
            except BaseException:
                await self._drop()
                raise
            for answer in answers:
                if isinstance(answer, Exception):
                    raise answer
        return answers

    async def close(self) -> None:
        """Be gone."""
        await self._drop()

    async def _drop(self) -> None:
        """End the connection: what is still to be answered over it is nobody's."""
        with contextlib.suppress(Exception):
            await self._library.connection_pool.disconnect()

    @contextlib.contextmanager
    def _telling(self) -> Iterator[None]:
        try:
            yield
        except AwayError:
            raise
        except Exception as error:  # noqa: BLE001 - whatever the library makes of what a server says, it is away
            raise AwayError(self._reason(error)) from None

    def _reason(self, error: Exception) -> str:
        """What an error comes to, in words of ours alone."""
        causes: list[BaseException] = [error]
        while (cause := causes[-1].__cause__ or causes[-1].__context__) is not None and len(causes) < _DEEP:
            causes.append(cause)
        return next((told for each in causes if (told := self._unconnected(each))), None) or self._refused(error)

    def _unconnected(self, error: BaseException) -> str | None:
        """Why nobody was spoken to; None for an error that says something else."""
        if isinstance(error, socket.gaierror):
            return "The host is not known here."
        if isinstance(error, ssl.SSLError):
            return "It does not speak TLS there, or its certificate is not trusted: rediss://…?ssl_ca_certs=FILE."
        if isinstance(error, TimeoutError | self._errors.TimeoutError):
            plain = " Does it speak TLS there?" if self._address.tls else ""
            return f"It does not answer within {PATIENCE_S:g} s.{plain}"
        return _SYSTEM.get(error.errno or 0) if isinstance(error, OSError) else None

    def _refused(self, error: Exception) -> str:
        """What an answer says that is an error."""
        if isinstance(error, self._errors.AuthenticationError):
            if "without any password" in str(error):
                return f"It has no password: leave it out of the address, and {PASSWORD} unset."
            return _STRANGER if self._address.secret else _TOLD["NOAUTH"]
        kinds = {
            self._errors.NoPermissionError: "NOPERM",
            self._errors.ReadOnlyError: "READONLY",
            self._errors.BusyLoadingError: "LOADING",
            self._errors.OutOfMemoryError: "OOM",
            self._errors.AuthenticationWrongNumberOfArgsError: "WRONGPASS",
        }
        told = next((word for kind, word in kinds.items() if isinstance(error, kind)), str(error).partition(" ")[0])
        lost = isinstance(error, self._errors.ConnectionError | OSError)
        return _TOLD.get(told, "It ends the connection instead of answering." if lost else _SPEECHLESS)
