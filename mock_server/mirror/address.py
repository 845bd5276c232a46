"""The address of a Redis server, as `--redis` takes it: whoever shows it shows neither user nor password."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import parse_qsl, unquote, urlsplit

from mock_server.spelling import check_spelling

#: Where a password may stand that the address does not have.
PASSWORD: Final = "REDIS_PASSWORD"  # noqa: S105 - the name of a variable
_FORM: Final = "redis://user:password@host:6379/0"
#: Scheme -> what may stand behind a question mark.
_SCHEMES: Final = {"redis": (), "rediss": ("ssl_ca_certs",), "unix": ("db",)}
_PORT: Final = 6379
_NUMBER = re.compile(r"[0-9]{1,5}\Z")


@dataclass(frozen=True)
class RedisUrl:
    """A database of a Redis server, at a host or, where `path` is given, at a socket of this machine."""

    host: str = "127.0.0.1"
    port: int = _PORT
    number: int = 0
    path: str | None = None
    #: Whether the connection is encrypted, and the certificates that are trusted then; None for the system's.
    tls: bool = False
    authorities: str | None = None
    #: A password may stand where the user does, by mistake.
    user: str | None = field(default=None, repr=False)
    password: str | None = field(default=None, repr=False)

    @property
    def secret(self) -> str | None:
        """The password, of the address or of the environment."""
        return self.password or os.environ.get(PASSWORD) or None

    def __str__(self) -> str:
        if self.path is not None:
            return f"unix://{self.path}{f'?db={self.number}' if self.number else ''}"
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{'rediss' if self.tls else 'redis'}://{host}:{self.port}/{self.number}"


def redis_url(given: str) -> RedisUrl:
    """Read an address; raises ValueError for one that is none, and repeats nothing of it that may be a password."""
    scheme = given.partition(":")[0]
    if scheme not in _SCHEMES or not given.startswith(f"{scheme}://"):
        raise ValueError(f"--redis takes {_FORM}, rediss:// for TLS, or unix:///path; this is none of them.")
    check_spelling("--redis", _FORM, given, "a user or a password")
    try:
        parts = urlsplit(given)
        host, port = parts.hostname, parts.port
        options = parse_qsl(parts.query, keep_blank_values=True, strict_parsing=bool(parts.query))
    except ValueError:
        raise ValueError(f"--redis takes {_FORM}; the host, the port or the end of this one is none.") from None
    if parts.fragment or "@" in parts.path or "@" in parts.query or "\0" in unquote(given):
        raise ValueError(f"--redis takes {_FORM}; a / ? # or @ in a user or a password is %2F %3F %23 or %40.")
    known = _options(options, scheme)
    user, password = unquote(parts.username or "") or None, unquote(parts.password or "") or None
    if scheme == "unix":
        path = unquote(parts.path)
        if host or not path.strip("/"):
            raise ValueError("--redis unix:///run/redis/redis.sock names a socket by its whole path, and no host.")
        return RedisUrl(path=path, number=_database(known.get("db", "")), user=user, password=password)
    if not host:
        raise ValueError(f"--redis takes {_FORM}; this one names no host.")
    number, port = _database(parts.path.removeprefix("/")), _PORT if port is None else port
    authorities = known.get("ssl_ca_certs")
    return RedisUrl(host, port, number, tls=scheme == "rediss", authorities=authorities, user=user, password=password)


def _options(given: list[tuple[str, str]], scheme: str) -> dict[str, str]:
    names = _SCHEMES[scheme]
    if len(dict(given)) < len(given) or any(name not in names or not value for name, value in given):
        told = f"only {' and '.join(names)}, once" if names else "nothing"
        raise ValueError(
            f"--redis {scheme}:// takes {told} behind a question mark; a password stands before the host, or in"
            f" {PASSWORD}."
        )
    return dict(given)


def _database(given: str) -> int:
    if given and not _NUMBER.match(given):
        raise ValueError(f"--redis takes {_FORM}; the database at the end is a number.")
    return int(given or 0)
