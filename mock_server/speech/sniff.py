"""What a file is, told from its first bytes alone: labels and names are not believed.

Only these containers ever reach the demuxer, and by name, because FFmpeg's own guess also follows text that
names other files and hosts (SDP, ffconcat, HLS).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Literal, TypeAlias

Container: TypeAlias = Literal["matroska", "ogg", "wav", "mp4", "flac", "mp3", "aac"]
_Length: TypeAlias = Callable[[bytes], int]

# Frames in a row that must fit before bare MPEG audio is believed: the sync word alone stands in any noise.
_FRAMES = 3
_MP3_RATES = (44100, 48000, 32000)
_MP3_KBITS = (
    (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),  # MPEG-1 layer III
    (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),  # MPEG-2 and 2.5 layer III
)
# A client that posts a form to a raw upload URL: the boundary line, then the part's own headers.
_ENVELOPE = re.compile(
    rb"\A--(?P<boundary>[^\r\n]{1,200})\r\n(?:[A-Za-z-]{1,40}:[^\r\n]{0,1000}\r\n){1,8}\r\n", re.ASCII
)
_ENVELOPE_LIMIT = 16_384


def opens(data: bytes) -> Container | None:
    """The container whose signature the bytes begin with: such a file can be decoded on its own."""
    if data.startswith(b"\x1a\x45\xdf\xa3"):
        return "matroska"
    if data.startswith(b"OggS") and len(data) > 5 and data[5] & 2:  # beginning of a stream, not a later page
        return "ogg"
    if data.startswith((b"RIFF", b"RF64")) and data[8:12] == b"WAVE":
        return "wav"
    if data[4:8] == b"ftyp":
        return "mp4"
    if data.startswith(b"fLaC"):
        return "flac"
    return _mpeg(data)


def _mpeg(data: bytes) -> Container | None:
    start = 0
    if data.startswith(b"ID3") and len(data) >= 10:
        size = int.from_bytes(data[6:10], "big")
        start = 10 + sum(((size >> 8 * n) & 0x7F) << 7 * n for n in range(4))
        if start >= len(data):
            return None
    if _frames(data, start, _mp3_frame):
        return "mp3"
    if _frames(data, start, _adts_frame):
        return "aac"
    return "mp3" if start else None


def _frames(data: bytes, at: int, length: _Length) -> bool:
    for seen in range(_FRAMES):
        size = length(data[at : at + 7])
        if not size:
            # A file that ends after its first whole frame is short, not wrong.
            return bool(seen) and at == len(data)
        at += size
    return True


def _mp3_frame(header: bytes) -> int:
    """The length in bytes of the layer III frame with this header, 0 if it is none."""
    if len(header) < 4 or header[0] != 0xFF or header[1] & 0xE0 != 0xE0:
        return 0
    version, layer = header[1] >> 3 & 3, header[1] >> 1 & 3
    kbit_index, rate_index, padding = header[2] >> 4, header[2] >> 2 & 3, header[2] >> 1 & 1
    if version == 1 or layer != 1 or kbit_index in {0, 15} or rate_index == 3:
        return 0
    first = version == 3
    rate = _MP3_RATES[rate_index] >> (0 if first else 1 if version == 2 else 2)
    kbits = _MP3_KBITS[0 if first else 1][kbit_index]
    return (144 if first else 72) * kbits * 1000 // rate + padding


def _adts_frame(header: bytes) -> int:
    """The length in bytes of the ADTS frame with this header, 0 if it is none."""
    if len(header) < 7 or header[0] != 0xFF or header[1] & 0xF6 != 0xF0:
        return 0
    size = (header[3] & 3) << 11 | header[4] << 3 | header[5] >> 5
    return size if size > 7 else 0


def unwrap(data: bytes) -> bytes:
    """The file inside a multipart/form-data envelope that was stored as it came, else all bytes."""
    found = _ENVELOPE.match(data, 0, _ENVELOPE_LIMIT)
    if found is None or b"content-disposition:" not in found.group(0).lower():
        return data
    end = data.find(b"\r\n--" + found.group("boundary"), found.end())
    return data[found.end() : end if end >= 0 else len(data)]
