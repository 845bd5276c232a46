"""Codings a body may come in: gzip and deflate, undone piece by piece as it arrives (RFC 9110 §8.4)."""

from __future__ import annotations

import asyncio
import zlib
from typing import TYPE_CHECKING

from mock_server import problems

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator


#: By the names clients use; RFC 9110 §8.4.1.3 wants x-gzip to be taken for gzip.
_KINDS = {"gzip": "gzip", "x-gzip": "gzip", "deflate": "deflate"}
_OFFERED = ("gzip", "deflate")
#: One coding is usual, two happen when a proxy adds its own.
_MOST_STACKED = 4
#: No more is inflated at once, so that who reads it can stop at a limit of its own.
_PIECE = 64 * 1024
#: What does not shrink grows: five bytes for 32 KiB in the worst encoder, and a frame.
_MORE = 64 * 1024
#: zlib copies what is left behind the end of a gzip member; from a short bite that is little, however many members.
_BITE = 4 * 1024
#: bgzip begins a member every 64 KiB: six times what the largest upload takes. Each costs time even when it is empty.
_MOST_MEMBERS = 10_000
#: Other requests get their turn after this many inflated bytes; the disk is not always waited for in between.
_TURN = 1024 * 1024
#: Content-Transfer-Encoding of bytes that stand there as they are (RFC 2045 §6.2).
_AS_THEY_ARE = ("", "binary", "8bit", "7bit")


def codings(*values: str) -> tuple[str, ...]:
    """The codings that header values name, in the order they were applied; 415 for one that is not undone here."""
    named = [name.strip().lower() for value in values for name in value.split(",")]
    found = [name for name in named if name not in ("", "identity")]
    if len(found) > _MOST_STACKED or not all(name in _KINDS for name in found):
        raise problems.unsupported_coding(", ".join(found)[:80], list(_OFFERED))
    return tuple(_KINDS[name] for name in found)


def refuse_transfer_encoding(value: str) -> None:
    """Raise 400 for base64 and its like, which would be kept as text that nobody decodes (RFC 7578 §4.7)."""
    if value.strip().lower() not in _AS_THEY_ARE:
        told = f"The Content-Transfer-Encoding {value.strip()[:40]!r} is not decoded here; send the bytes as they are."
        raise problems.invalid_request(told, field="Content-Transfer-Encoding")


def decoded(stream: AsyncIterator[bytes], applied: tuple[str, ...], limit: int) -> AsyncIterator[bytes]:
    """The body without its codings, in short pieces, so that who reads it can stop at `limit` bytes.

    Reading it raises 413 when clearly more than `limit` bytes go in, 400 with the reason for what is no such coding.
    """
    for kind in reversed(applied):
        stream = _inflated(stream, kind, limit)
    return stream


async def _inflated(stream: AsyncIterator[bytes], kind: str, limit: int) -> AsyncIterator[bytes]:
    inflation = _Inflation(kind)
    taken = given = 0
    async for piece in stream:
        taken += len(piece)
        if taken > limit + _MORE:  # much that holds nothing is more than enough too
            raise problems.payload_too_large(limit)
        for ready in inflation.feed(piece):
            given += len(ready)
            yield ready
            if given > _TURN:
                given = 0
                await asyncio.sleep(0)
    inflation.close()


class _Inflation:
    """One coding being undone: gzip as one or more members, deflate as one stream, in zlib's wrapping or bare."""

    def __init__(self, kind: str) -> None:
        self._kind = kind
        self._current: zlib._Decompress | None = None
        self._members = 0

    def feed(self, data: bytes) -> Iterator[bytes]:
        """What comes out when these bytes go in; raises 400 for what is no such coding."""
        try:
            for at in range(0, len(data), _BITE):
                yield from self._bite(data[at : at + _BITE])
        except zlib.error as error:
            raise self._broken(str(error).rsplit(": ", 1)[-1]) from None

    def close(self) -> None:
        """Raise 400 unless the coding is complete; nothing at all is nothing encoded."""
        if self._current is not None and not self._current.eof:
            raise self._broken("it ends before it is complete")

    def _broken(self, reason: str) -> problems.Problem:
        return problems.invalid_request(f"The body is not valid {self._kind}: {reason}.", content_encoding=self._kind)

    def _bite(self, rest: bytes) -> Iterator[bytes]:
        while rest:
            if self._current is None or self._current.eof:
                self._current = self._begun(rest[0])
            current, full = self._current, True
            while full and not current.eof:
                ready = current.decompress(rest, _PIECE)
                rest, full = current.unconsumed_tail, len(ready) == _PIECE
                if ready:
                    yield ready
            rest = current.unused_data if current.eof else b""

    def _begun(self, first: int) -> zlib._Decompress:
        self._members += 1
        if self._kind == "gzip":
            if self._members > _MOST_MEMBERS:
                raise self._broken(f"it has more than {_MOST_MEMBERS} members")
            if first != 0x1F:
                raise self._broken(f"its member {self._members} does not begin as one")
            return zlib.decompressobj(16 + zlib.MAX_WBITS)
        if self._members > 1:
            raise self._broken("bytes stand behind its end")
        # Half of the clients leave zlib's wrapping out (RFC 9110 §8.4.1.2). Its first byte holds the method, 8; bare,
        # that would be a stored block whose padding is not zero, and no encoder writes one.
        return zlib.decompressobj(zlib.MAX_WBITS if first & 0x0F == 8 else -zlib.MAX_WBITS)
