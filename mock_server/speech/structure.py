"""How far a container's own structure reaches in the bytes, and where it is broken."""

from __future__ import annotations

import re
import zlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from mock_server.speech import mpeg
from mock_server.speech.sniff import BEGINNING, Container, signed
from mock_server.speech.source import Sought, is_padding, search

if TYPE_CHECKING:
    from collections.abc import Callable

    from mock_server.speech.source import Octets

# Recorders that cannot go back to the header leave the size of the samples at one of the largest.
OPEN_SIZE = 0x7FFF_0000

_EBML = 0x1A45DFA3
_SEGMENT = 0x18538067
_CLUSTER = 0x1F43B675
_EBML_KNOWN = {
    *(0x114D9B74, 0x1549A966, 0x1654AE6B, 0x1C53BB6B, 0x1254C367, 0x1043A770, 0x1941A469, 0xEC, 0xBF),  # of a segment
    *(0xE7, 0xA3, 0xA0, 0xAB, 0xA7, 0x5854, 0xAF),  # of a cluster
}
_BOXES = frozenset(
    b"ftyp moov mdat moof mfra free skip wide uuid styp sidx ssix emsg prft meta pdin pnot udta sefd beam".split()
)
_RESYNC: dict[str, Sought] = {
    "matroska": BEGINNING.or_else(rb"\x1f\x43\xb6\x75", b"\x1f\x43\xb6\x75"),
    "ogg": Sought(re.compile(rb"OggS\x00[\x00-\x07]", re.DOTALL), (b"OggS",)),
    "mp4": BEGINNING.or_else(rb"\x00\x00..moof\x00\x00\x00\x10mfhd", b"mfhd"),
}
# The chunks of a WAV file that FFmpeg needs; some of the others, padded or not, lead it astray.
_SOUND_CHUNKS = frozenset({b"ds64", b"fmt ", b"fact", b"data", b"wavl"})
_CHUNK_ID = re.compile(rb"[A-Za-z0-9_ ]{4}")


@dataclass(slots=True)
class Extent:
    """Where a take ends, what in it is no part of it, and whether something in it was begun and not ended."""

    end: int
    stretches: list[tuple[int, int]] = field(default_factory=list)  # what of it is to be decoded, if not all
    rubbish: list[tuple[int, int]] = field(default_factory=list)
    unfinished: bool = False
    complete: bool = False
    steps: int = 0


def extent(container: Container, data: Octets, start: int, steps: int) -> Extent:
    """Walk a container from its beginning: to its end, the beginning of the next, or what is no part of it."""
    found = Extent(start)
    walk = _WALKS.get(container)
    if walk is None:
        after = search(data, BEGINNING, start + 4)
        found.end = len(data) if after is None else after
    else:
        walk(data, found, steps)
    return found


def _lost(container: Container, data: Octets, found: Extent, at: int) -> int | None:
    """Where the walk goes on behind what it does not know; None where nothing more of the container comes."""
    behind = mpeg.behind_tags(data, at)
    if behind > at:
        return behind
    there = search(data, _RESYNC[container], at)
    if there is None or signed(data, there) is not None:
        return None
    if there > at:
        found.rubbish.append((at, there))
    return there


def _matroska(data: Octets, found: Extent, steps: int) -> None:
    at, inside = found.end, False
    while at < len(data) and found.steps < steps:
        found.steps += 1
        head = data[at : at + 12]
        element, id_size = _vint(head, keep=True)
        size, size_size = _vint(head[id_size:], keep=False) if id_size else (0, 0)
        begin = at + id_size + size_size
        unknown = bool(size_size) and size == (1 << 7 * size_size) - 1
        if element == _EBML and inside:
            break
        if element in {_SEGMENT, _CLUSTER} and size_size:
            inside = True
            if element == _SEGMENT:
                found.complete = not unknown and begin + size <= len(data)
            at = begin
        elif size_size and (element in _EBML_KNOWN or element == _EBML) and not unknown:
            if begin + size > len(data):
                found.unfinished = True
            at = begin + size
        elif len(head) < 12 and at + 12 > len(data) and head.count(0) < len(head):
            found.unfinished = True  # the end cuts through an element's head
            at = len(data)
        else:
            there = _lost("matroska", data, found, at)
            if there is None:
                break
            at = there
    found.end = min(at, len(data))


def _vint(head: bytes, *, keep: bool) -> tuple[int, int]:
    """An EBML number and how many bytes it takes, (0, 0) if it is none; ids keep their length marker."""
    if not head or not head[0]:
        return 0, 0
    size = 9 - head[0].bit_length()
    if size > len(head) or (keep and size > 4):
        return 0, 0
    value = int.from_bytes(head[:size], "big")
    return (value if keep else value & ((1 << 7 * size) - 1)), size


def _ogg(data: Octets, found: Extent, steps: int) -> None:
    at, sounded = found.end, False
    while at < len(data) and found.steps < steps:
        found.steps += 1
        head = data[at : at + 27 + 255]
        if head[:5] == b"OggS\0" and len(head) >= 27:
            begins = bool(head[5] & 2)
            if begins and sounded:  # links of a chain are takes, streams that begin together are tracks
                break
            sounded = sounded or not begins
            lacing = head[27 : 27 + head[26]]
            size = 27 + head[26] + sum(lacing)
            found.unfinished = at + size > len(data) or len(lacing) < head[26]
            if not found.unfinished and not _is_sound(data[at : at + size]):
                found.rubbish.append((at, at + size))
            at += size
        elif b"OggS\0".startswith(head[:5]) and at + 27 > len(data):
            found.unfinished = True
            at = len(data)
        else:
            there = _lost("ogg", data, found, at)
            if there is None:
                break
            at = there
    found.end = min(at, len(data))


# Every byte with its bits in reverse: Ogg's checksum is that of zlib, read the other way round.
_REVERSED = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))


def _is_sound(page: bytes) -> bool:
    """Whether the checksum of an Ogg page is right; FFmpeg leaves out pages whose is not, and says nothing."""
    bare = page[:22] + bytes(4) + page[26:]
    reversed_sum = zlib.crc32(bare.translate(_REVERSED), 0xFFFF_FFFF) ^ 0xFFFF_FFFF
    return reversed_sum.to_bytes(4, "big").translate(_REVERSED) == page[22:26]


def _mp4(data: Octets, found: Extent, steps: int) -> None:
    at, filled = found.end, False
    while at < len(data) and found.steps < steps:
        found.steps += 1
        head = data[at : at + 16]
        kind, size = head[4:8], int.from_bytes(head[:4], "big")
        if size == 1 and len(head) == 16:
            size = int.from_bytes(head[8:16], "big")
        elif size == 0 and kind == b"mdat":  # up to the end of the file, which may hold another
            after = search(data, BEGINNING, at + 8)
            size = (len(data) if after is None else after) - at
        if kind == b"ftyp" and filled:
            break
        fits = size >= 8 and at + size <= len(data)
        if size >= 8 and (kind in _BOXES or (fits and kind.isalnum() and _box_follows(data, at + size))):
            filled = filled or kind in {b"moov", b"mdat", b"moof"}
            found.unfinished = not fits
            at += size
        elif len(head) < 8 and head.count(0) < len(head):
            found.unfinished = True
            at = len(data)
        else:
            there = _lost("mp4", data, found, at)
            if there is None:
                break
            at = there
    found.end = min(at, len(data))


def _box_follows(data: Octets, at: int) -> bool:
    return at == len(data) or data[at + 4 : at + 8] in _BOXES


def _wav(data: Octets, found: Extent, steps: int) -> None:
    """Chunk by chunk; samples of open size reach to the end of the file, or to the header of the next take."""
    at, large = found.end + 12, 0
    found.stretches.append((found.end, at))
    while at + 8 <= len(data) and found.steps < steps:
        found.steps += 1
        kind, size = data[at : at + 4], int.from_bytes(data[at + 4 : at + 8], "little")
        if signed(data, at) or not _CHUNK_ID.fullmatch(kind):
            break
        behind = at + 8 + size
        if kind == b"ds64":
            large = int.from_bytes(data[at + 16 : at + 24], "little")
        if kind == b"data":
            if size == 0xFFFF_FFFF and large:
                behind = at + 8 + large
            elif not 0 < size < OPEN_SIZE:
                behind = len(data)
            found.unfinished = behind > len(data)
            after = search(data, BEGINNING, at + 8, behind)
            if after is not None:
                found.stretches.append((at, after))
                found.end = after
                return
        end = chunk_end(data, at + 8, behind - at - 8)
        if kind in _SOUND_CHUNKS:
            found.stretches.append((at, min(end, len(data))))
        at = end
    found.end = min(at if at + 8 <= len(data) else len(data), len(data))


def chunk_end(data: Octets, begin: int, size: int) -> int:
    """Where the next chunk of a RIFF file begins: an odd size is made even by a byte that some recorders leave out."""
    end = begin + size
    left_out = (
        size % 2 and _CHUNK_ID.fullmatch(data[end : end + 4]) and not _CHUNK_ID.fullmatch(data[end + 1 : end + 5])
    )
    return end + (0 if left_out else size % 2)


def flac_frames(data: Octets, start: int) -> int:
    """Where the audio of a FLAC file begins: behind the last of its metadata blocks."""
    at = start + 4
    while at + 4 <= len(data):
        head = data[at : at + 4]
        at += 4 + int.from_bytes(head[1:4], "big")
        if head[0] & 0x80:
            break
    return at


def riff_seconds(data: Octets) -> float | None:
    """The seconds of samples a WAV file should hold by its own header; None where that leaves the size open.

    FFmpeg cuts the claim to what is there. Bytes behind the claimed end that are no further chunk count as
    samples: a size that is too small hides audio.
    """
    at, byte_rate = 12, 0.0
    while at + 8 <= len(data):
        kind, size = data[at : at + 4], int.from_bytes(data[at + 4 : at + 8], "little")
        if kind == b"fmt ":
            byte_rate = _byte_rate(data[at + 8 : at + 8 + min(size, 40)])
        end = chunk_end(data, at + 8, size)
        if kind == b"data":
            if not byte_rate or not 0 < size < OPEN_SIZE:
                return None
            behind = data[end : end + 4]
            hidden = len(behind) == 4 and not _CHUNK_ID.fullmatch(behind) and not is_padding(data, end, len(data))
            return (len(data) - at - 8 if hidden else size) / byte_rate
        at = end
    return None


# Formats by their tag: samples of one size, and blocks that hold a number of samples that the header names.
_PLAIN = frozenset({1, 3, 6, 7})
_BLOCKS = frozenset({2, 0x11, 0x31})
_EXTENSIBLE = 0xFFFE


def _byte_rate(form: bytes) -> float:
    """Bytes a second by the `fmt ` chunk, 0 where it does not tell; the sum it gives itself is often wrong."""
    numbers = [int.from_bytes(form[at : at + 2], "little") for at in range(0, len(form) - 1, 2)]
    if len(numbers) < 8:
        return 0.0
    tag, channels, rate, block, bits = numbers[0], numbers[1], numbers[2] | numbers[3] << 16, numbers[6], numbers[7]
    if tag == _EXTENSIBLE and len(numbers) > 12:
        tag = numbers[12]
    if tag in _PLAIN:
        return rate * channels * ((bits + 7) // 8)
    if tag in _BLOCKS and len(numbers) > 9 and numbers[9]:
        return rate * block / numbers[9]
    return 0.0


_WALKS: dict[str, Callable[[Octets, Extent, int], None]] = {
    "matroska": _matroska,
    "ogg": _ogg,
    "mp4": _mp4,
    "wav": _wav,
}
