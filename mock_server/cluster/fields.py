"""Which fields of a message go on to the next member, and which were for one connection (RFC 9110 §7.6.1)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeAlias

from mock_server.cluster.mark import HEADER

if TYPE_CHECKING:
    from collections.abc import Iterable

Fields: TypeAlias = "list[tuple[bytes, bytes]]"

#: Trailers end here (cli/wire.py), so nobody is told to expect any.
_ONE_HOP: Final = frozenset(
    {b"connection", b"proxy-connection", b"keep-alive", b"te", b"trailer", b"transfer-encoding", b"upgrade"}
)
#: Of a connection that becomes a socket: each has its own.
_OF_A_SOCKET: Final = frozenset({b"sec-websocket-accept", b"sec-websocket-extensions"})
#: Without these a message cannot be read, whatever Connection names.
_NEEDED: Final = frozenset({b"host", b"content-length"})


def _named(fields: Iterable[tuple[bytes, bytes]]) -> set[bytes]:
    """What Connection names."""
    return {
        token.strip().lower() for name, value in fields if name.lower() == b"connection" for token in value.split(b",")
    }


def _kept(fields: Fields, dropped: frozenset[bytes]) -> Fields:
    gone = dropped | (_named(fields) - _NEEDED)
    return [field for field in fields if field[0].lower() not in gone]


def asked(fields: Fields, mark: bytes) -> Fields:
    """Those of a request for the next member; a mark that the client made itself is none."""
    return [*_kept(fields, _ONE_HOP | {HEADER}), (HEADER, mark)]


def offered(fields: Fields, mark: bytes) -> Fields:
    """The same of one that wants to become a socket."""
    kept = _kept(fields, _ONE_HOP | _OF_A_SOCKET | {HEADER})
    return [*kept, (b"upgrade", b"websocket"), (b"connection", b"Upgrade"), (HEADER, mark)]


def closes(fields: Fields) -> bool:
    """Whether the connection ends with this answer."""
    return b"close" in _named(fields)


def told(fields: Fields) -> Fields:
    """Those of an answer for the client. The first Date is of the member's server, and the server here sets its own."""
    kept = _kept(fields, _ONE_HOP | _OF_A_SOCKET | {b"sec-websocket-protocol"})
    dates = [at for at, (name, _) in enumerate(kept) if name.lower() == b"date"]
    return kept[: dates[0]] + kept[dates[0] + 1 :] if dates else kept
