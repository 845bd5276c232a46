"""The address of a database, as `--database` takes it: whoever shows it shows no password."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import parse_qsl, unquote, urlsplit

from mock_server.spelling import check_spelling

_SCHEMES: Final = ("postgresql", "postgres")
_FORM: Final = "postgresql://user:password@host:5432/name"
#: What may stand behind a question mark: all that a connection may need to be told and that is no secret.
_OPTIONS: Final = ("host", "port", "sslmode", "sslrootcert", "sslcert", "sslkey", "options")


@dataclass(frozen=True)
class DatabaseUrl:
    """A database of a PostgreSQL server; what is not given (None) the client library takes from its environment."""

    name: str
    host: str | None = None
    port: int | None = None
    user: str | None = None
    password: str | None = field(default=None, repr=False)
    options: tuple[tuple[str, str], ...] = ()
    #: The part of a cluster whose sessions are meant (see `mock_server.cluster`); None for a server that is alone.
    shard: int | None = None

    @property
    def schema(self) -> str | None:
        """The schema whose tables are meant; None for the one that the database would take by itself."""
        return None if self.shard is None else shard_schema(self.shard)

    def __str__(self) -> str:
        host = dict(self.options).get("host", "") if self.host is None else self.host
        host = f"[{host}]" if ":" in host else host
        port = "" if self.port is None else f":{self.port}"
        shard = "" if self.shard is None else f", shard {self.shard}"
        return f"postgresql://{f'{self.user}@' if self.user else ''}{host}{port}/{self.name}{shard}"


def shard_schema(shard: int) -> str:
    """The schema with the tables of a shard."""
    return f"scribe_shard_{shard:02d}"


def database_url(given: str) -> DatabaseUrl:
    """Read an address; raises ValueError for one that is none, and repeats nothing of it that may be a password."""
    scheme = given.partition(":")[0]
    if scheme not in _SCHEMES or not given.startswith(f"{scheme}://"):
        known = f"{scheme}:" if re.fullmatch(r"[a-z][a-z0-9+]{0,19}", scheme) and ":" in given else "this"
        raise ValueError(f"--database takes {_FORM}; {known} is no address of a database that is known here.")
    check_spelling("--database", _FORM, given, "a name or a password")
    try:
        parts = urlsplit(given)
        port = parts.port
        host = parts.hostname
    except ValueError:
        raise ValueError(f"--database takes {_FORM}; the host or the port of this one is none.") from None
    if parts.fragment or "@" in parts.path or "/" in parts.path[1:] or "@" in parts.query:
        raise ValueError(
            f"--database takes {_FORM}; a / ? # or @ in a user or a password is written as %2F %3F %23 or %40."
        )
    name = unquote(parts.path[1:])
    if not name or "\0" in unquote(given):
        raise ValueError(f"--database takes {_FORM}; this one names no database behind the host.")
    return DatabaseUrl(name, host, port, _decoded(parts.username), _decoded(parts.password), _options(parts.query))


def _decoded(given: str | None) -> str | None:
    return unquote(given) if given else None


def _options(query: str) -> tuple[tuple[str, str], ...]:
    found = parse_qsl(query, keep_blank_values=True)
    for name, _ in found:
        if name not in _OPTIONS:
            raise ValueError(
                f"--database takes of what may stand behind a question mark {', '.join(_OPTIONS)}; a password stands"
                " before the host, or in PGPASSWORD or a file of passwords."
            )
    if len({name for name, _ in found}) < len(found):
        raise ValueError("--database names something twice behind the question mark.")
    return tuple(found)
