"""What a head has to be beyond what the parser asks for: one that can be read in two ways smuggles requests."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

#: uri-host and port of RFC 3986 without the comma, which joins two; an http address has a host (RFC 9110 §4.2.1).
_HOST = re.compile(rb"(?:[A-Za-z0-9._~%!$&'()*+;=\-]+|\[[0-9A-Za-z:.%_~\-]+\])(?::([0-9]{0,5}))?\Z")
_MOST_PORTS = 65_535
#: Of these one alone can be meant; the parser sees to Content-Length, `auth` to the credentials.
_SINGLE = frozenset({b"content-type", b"content-disposition", b"origin", b"msa-version", b"x-chunk-index"})
_LOOKED_AT = _SINGLE | {b"host", b"transfer-encoding"}


class MalformedHeadError(ValueError):
    """A head that is not a request's; its text is told to the client."""


def _check_host(version: str, hosts: list[bytes]) -> None:
    if version == "1.0" and hosts in ([], [b""]):
        return
    if not hosts:
        raise MalformedHeadError("The request has no Host header.")
    if len(hosts) > 1:
        raise MalformedHeadError(f"The request has {len(hosts)} Host headers; one is right.")
    found = _HOST.match(hosts[0])
    if not found or int(found[1] or 0) > _MOST_PORTS:
        raise MalformedHeadError("The Host header names no host; host or host:port is right.")


def _check_coding(version: str, codings: list[bytes]) -> None:
    if not codings:
        return
    if version == "1.0":  # RFC 9112 §6.1: the framing is faulty
        raise MalformedHeadError("HTTP/1.0 has no Transfer-Encoding.")
    if [coding.strip().lower() for coding in codings] != [b"chunked"]:
        raise MalformedHeadError("Of the transfer codings, chunked alone is taken here.")


def check(version: str, headers: Iterable[tuple[bytes, bytes]]) -> None:
    """Raise MalformedHeadError for a head that could be read in two ways; names of `headers` are in lower case."""
    if version not in ("1.0", "1.1"):
        raise MalformedHeadError(f"HTTP/{version} is not spoken here; HTTP/1.1 is.")
    looked_at = [field for field in headers if field[0] in _LOOKED_AT]
    hosts = [value for name, value in looked_at if name == b"host"]
    _check_host(version, hosts)
    if len(looked_at) == len(hosts):
        return
    _check_coding(version, [value for name, value in looked_at if name == b"transfer-encoding"])
    found: dict[bytes, bytes] = {}
    for name, value in looked_at:
        if found.setdefault(name, value) != value and name in _SINGLE:
            raise MalformedHeadError(f"The request has two {name.decode()} headers that differ; one is right.")
