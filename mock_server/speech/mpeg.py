"""Bare MPEG audio, which has no header: tags are stepped over, frames found as players find them."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING, Literal, TypeAlias

from mock_server.speech.source import Sought, places, search

if TYPE_CHECKING:
    from mock_server.speech.source import Octets

Kind: TypeAlias = Literal["mp3", "aac"]

# Frames in a row that must fit before bare MPEG audio is believed: the sync word alone stands in any noise.
_FRAMES = 3
# How far behind the tags the first frame may lie: as far as FFmpeg looks.
RESYNC_BYTES = 1 << 16
# Places before the first frame that look like a frame's header and are none: noise has one in three thousand bytes.
_FALSE_STARTS = 2_000
_HOLES = 10_000  # between frames of one recording; each is a stretch to remember
_HEADER_BYTES = 7
_HEADER = 64  # bytes of a frame that are looked at: its own header and where an index says that it is one

_RATES = (44100, 48000, 32000)
_KBITS = {  # by version (MPEG-1 or not) and layer
    (True, 1): (0, 32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448),
    (True, 2): (0, 32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384),
    (True, 3): (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    (False, 1): (0, 32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256),
    (False, 2): (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
    (False, 3): (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}
# A sync word with the bits behind it that rule most places out: MPEG audio or ADTS.
_SYNC = Sought(
    re.compile(rb"\xff(?:[\xe2-\xe7\xf2-\xf7\xfa-\xff][\x10-\xeb]|[\xf0\xf1\xf8\xf9])", re.DOTALL), (b"\xff",)
)
_INDEX = (b"Xing", b"Info", b"VBRI")


@dataclass(frozen=True, slots=True)
class Frame:
    """What a frame's header says; frames of one `key` go on with each other."""

    kind: Kind
    size: int
    samples: int
    rate: int
    key: tuple[object, ...]


@dataclass(slots=True)
class Run:
    """Frames that one decoder can take, as the stretches in which they lie."""

    kind: Kind
    key: tuple[object, ...]
    stretches: list[tuple[int, int]]
    frames: int = 0
    seconds: float = 0.0
    declared: float | None = None  # seconds an index at its beginning claims
    unfinished: bool = False  # the last frame is cut

    def add(self, at: int, frame: Frame) -> None:
        """One more frame."""
        if self.stretches and self.stretches[-1][1] == at:
            self.stretches[-1] = (self.stretches[-1][0], at + frame.size)
        else:
            self.stretches.append((at, at + frame.size))
        self.frames += 1
        self.seconds += frame.samples / frame.rate


def tag_size(data: Octets, at: int) -> int:
    """The length of the tag at this place, 0 if there is none; it may claim more than there is."""
    head = data[at : at + 32]
    if head[:3] == b"ID3" and len(head) >= 10 and max(head[6:10]) < 0x80:
        size = sum(byte << 7 * place for place, byte in enumerate(reversed(head[6:10])))
        return 10 + size + (10 if head[5] & 0x10 else 0)
    if head[:8] == b"APETAGEX" and len(head) >= 24:
        size = int.from_bytes(head[12:16], "little")
        return 32 + size if head[23] & 0x20 else 32  # a header, or a footer whose items were stepped over
    if head[:4] == b"TAG+":
        return 227
    return 128 if head[:3] == b"TAG" else 0


def behind_tags(data: Octets, at: int = 0) -> int:
    """The place behind the tags that stand here, of which there may be several."""
    while size := tag_size(data, at):
        at += size
    return at


def frame_at(data: Octets, at: int) -> Frame | None:
    """The frame whose header stands at this place."""
    head = data[at : at + _HEADER_BYTES]
    if len(head) < 4 or head[0] != 0xFF:
        return None
    return _mpeg_frame(head) or _adts_frame(head)


def _mpeg_frame(head: bytes) -> Frame | None:
    version, layer = head[1] >> 3 & 3, 4 - (head[1] >> 1 & 3)
    kbit_index, rate_index, padding = head[2] >> 4, head[2] >> 2 & 3, head[2] >> 1 & 1
    if head[1] & 0xE0 != 0xE0 or version == 1 or layer == 4 or kbit_index in {0, 15} or rate_index == 3:
        return None
    first = version == 3
    rate = _RATES[rate_index] >> (0 if first else 1 if version == 2 else 2)
    bits = _KBITS[first, layer][kbit_index] * 1000
    if layer == 1:
        return Frame("mp3", (12 * bits // rate + padding) * 4, 384, rate, (version, layer, rate))
    samples = 1152 if first or layer == 2 else 576
    return Frame("mp3", samples // 8 * bits // rate + padding, samples, rate, (version, layer, rate))


_ADTS_RATES = (96000, 88200, 64000, 48000, 44100, 32000, 24000, 22050, 16000, 12000, 11025, 8000, 7350)


def _adts_frame(head: bytes) -> Frame | None:
    if len(head) < _HEADER_BYTES or head[1] & 0xF6 != 0xF0 or head[2] >> 2 & 15 >= len(_ADTS_RATES):
        return None
    size = (head[3] & 3) << 11 | head[4] << 3 | head[5] >> 5
    rate = _ADTS_RATES[head[2] >> 2 & 15]
    samples = 1024 * ((head[6] & 3) + 1)
    key = ("adts", head[1] & 8, head[2] & 0xFC, (head[2] & 1) << 2 | head[3] >> 6)
    return Frame("aac", size, samples, rate, key) if size > 7 else None


def _row(data: Octets, at: int, *, whole: bool = False) -> Frame | None:
    """The frame here when others of its key follow; for `whole` files the end may come before the third."""
    first = frame = frame_at(data, at)
    for seen in range(_FRAMES):
        if frame is None or first is None or frame.key != first.key:
            # A file that ends after its first whole frame is short, not wrong.
            return first if whole and seen and (at == len(data) or tag_size(data, at)) else None
        at += frame.size
        frame = frame_at(data, at)
    return first


def first_frame(data: Octets, start: int = 0) -> int | None:
    """Where bare MPEG audio begins: here, behind tags, or behind what little of a frame was cut or put before it."""
    at = behind_tags(data, start)
    if at < len(data) and _row(data, at, whole=True):
        return at
    return _resync(data, at, min(at + RESYNC_BYTES, len(data)), _FALSE_STARTS)[0]


def _resync(data: Octets, at: int, end: int, tries: int) -> tuple[int | None, int]:
    """The next place where frames follow each other, if there is one, and how many were looked at."""
    tried = 0
    for tried, found in enumerate(islice(places(data, _SYNC, at, end), tries), 1):
        if _row(data, found):
            return found, tried
    return None, tried + 1


@dataclass(slots=True)
class Walk:
    """Frames found so far, and what between them is neither frame nor tag."""

    data: Octets
    stop: Sought
    limit: int  # of steps: frames, and places that look like one
    runs: list[Run] = field(default_factory=list)
    rubbish: list[tuple[int, int]] = field(default_factory=list)
    end: int = 0
    steps: int = 0
    _stopped: int | None = -1

    def step(self, at: int) -> int | None:
        """Take what stands at a place; the next place comes back, None if there is no more to find."""
        run = self.runs[-1] if self.runs else None
        joined = run is not None and run.stretches[-1][1] == at
        frame = frame_at(self.data, at)
        if frame and run and joined and frame.key == run.key and not _is_index(self.data, at, frame):
            return self._add(run, at, frame)
        if size := tag_size(self.data, at):
            return min(at + size, len(self.data))
        if frame and _row(self.data, at, whole=run is None or joined):
            return self._add(_begin(self.runs, self.data, at, frame), at, frame)
        if run and joined and len(self.data) - at < _HEADER_BYTES and self.data[at : at + 1] == b"\xff":
            run.unfinished = True  # the end cuts through a header
            return len(self.data)
        return self._skip(at)

    def _add(self, run: Run, at: int, frame: Frame) -> int:
        if at + frame.size > len(self.data):
            run.unfinished = True
            return len(self.data)
        run.add(at, frame)
        self.steps += 1
        return at + frame.size

    def _skip(self, at: int) -> int | None:
        if self._stopped is not None and self._stopped < at:
            self._stopped = search(self.data, self.stop, at)
        end = len(self.data) if self._stopped is None else self._stopped
        tries = self.limit - self.steps
        if not self.runs:
            end, tries = min(end, at + RESYNC_BYTES), min(tries, _FALSE_STARTS)
        there, tried = _resync(self.data, at + 1, end, tries)
        self.steps += tried
        if there is not None and self.runs:
            self.rubbish.append((at, there))
        return there


def walk(data: Octets, start: int, limit: int, stop: Sought) -> Walk:
    """Frames from here on, up to so many steps.

    They end where no more are found, or where between them something stands that the pattern knows.
    """
    found = Walk(data, stop, limit)
    at = start
    while at < len(data) and found.steps < limit and len(found.rubbish) < _HOLES:
        there = found.step(at)
        if there is None:
            break
        at = there
    found.runs = [run for run in found.runs if run.stretches]
    found.end = at if found.runs else start
    return found


def _begin(found: list[Run], data: Octets, at: int, frame: Frame) -> Run:
    """The run this frame is added to: the last one after a hole, a new one after a change or at an index."""
    index = _is_index(data, at, frame)
    if found and found[-1].key == frame.key and not index:
        return found[-1]
    found.append(Run(frame.kind, frame.key, [], declared=_declared(data, at, frame) if index else None))
    return found[-1]


def _index_place(head: bytes, frame: Frame) -> int:
    """Where in a layer III frame an index stands: behind its side information."""
    if frame.kind != "mp3" or frame.key[1] != 3:
        return 0
    mono = head[3] >> 6 == 3
    first = head[1] >> 3 & 3 == 3
    return 4 + ((17 if mono else 32) if first else (9 if mono else 17))


def _is_index(data: Octets, at: int, frame: Frame) -> bool:
    """Whether a frame holds an index instead of sound: where one stands, a file once began."""
    head = data[at : at + _HEADER]
    place = _index_place(head, frame)
    return bool(place) and (head[place : place + 4] in _INDEX or head[36:40] == b"VBRI")


def _declared(data: Octets, at: int, frame: Frame) -> float | None:
    head = data[at : at + _HEADER]
    place = _index_place(head, frame)
    if head[place : place + 4] in {b"Xing", b"Info"} and head[place + 7] & 1:
        frames = int.from_bytes(head[place + 8 : place + 12], "big")
        return frames * frame.samples / frame.rate if frames else None
    return None
