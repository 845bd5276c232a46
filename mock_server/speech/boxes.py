"""How many samples the index of an MP4 file names, which is what FFmpeg makes room for as soon as it opens the file."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mock_server.speech.source import Octets

_PARENTS = frozenset({b"moov", b"trak", b"mdia", b"minf", b"stbl", b"moof", b"traf"})
_BOXES = 1_000_000  # looked at in one file, of which a fragment of a second has five


def samples_named(data: Octets) -> int:
    """The samples that tables of all tracks and fragments name, without those of plain PCM, which go by the chunk."""
    named = 0
    delta_of_one = False
    for kind, at in _boxes(data):
        head = data[at : at + 24]
        if kind == b"stbl":
            delta_of_one = any(
                inner == b"stts"
                and data[place + 12 : place + 16] == b"\0\0\0\1"
                and data[place + 20 : place + 24] == b"\0\0\0\1"
                for inner, place in _boxes(data, at + 8, at + int.from_bytes(head[:4], "big"))
            )
        elif kind == b"stz2" or (kind == b"stsz" and not (delta_of_one and any(head[12:16]))):
            named += int.from_bytes(head[16:20], "big")
        elif kind == b"trun":
            named += int.from_bytes(head[12:16], "big")
    return named


def _boxes(data: Octets, start: int = 0, end: int | None = None) -> Iterator[tuple[bytes, int]]:
    """The boxes between two places and those inside them, by kind and place."""
    at, end = start, len(data) if end is None else min(end, len(data))
    for _ in range(_BOXES):
        head = data[at : at + 16]
        if at + 8 > end or len(head) < 8:
            return
        kind, size, header = head[4:8], int.from_bytes(head[:4], "big"), 8
        if size == 1:
            size, header = int.from_bytes(head[8:16], "big"), 16
        yield kind, at
        if kind in _PARENTS:
            at += header  # its children come next, and what follows it behind them
        elif size >= header:
            at += size
        else:
            return
