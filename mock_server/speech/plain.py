"""WAV files whose samples are the tape's own: mono, of 16 bits, at 16 kHz, and all there. They need no decoder."""

from __future__ import annotations

import re
import struct
from typing import TYPE_CHECKING, Final

import numpy as np

from mock_server.speech import mpeg
from mock_server.speech.mix import RATE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mock_server.speech.mix import Pcm
    from mock_server.speech.source import Octets

#: The one form, between the length of the file and that of its samples.
_FORM: Final = b"WAVEfmt " + struct.pack("<IHHIIHH", 16, 1, 1, RATE, 2 * RATE, 2, 16) + b"data"
_HEAD: Final = 44
_BLOCK: Final = 1 << 20  # bytes
#: FFmpeg looks this far for a codec that calls itself plain samples. Most count from the first byte on only: AC-3,
#: LATM, TrueHD, what has a tag, and MPEG audio, behind noughts too. DTS and what S/PDIF carries count wherever their
#: words stand. Samples that happen to look so are left to FFmpeg, which takes longer and comes to the same.
_PROBED: Final = 4096
_CODED: Final = re.compile(rb"ID3|\x0b\x77|\x77\x0b|\x56[\xe0-\xff]|.{4}\xf8\x72\x6f", re.DOTALL)
_SYNC: Final = (
    *(b"\x7f\xfe\x80\x01", b"\xfe\x7f\x01\x80", b"\x1f\xff\xe8\x00", b"\xff\x1f\x00\xe8"),
    *(b"\x72\xf8\x1f\x4e", b"\xf8\x72\x4e\x1f"),
)


def number(data: Octets) -> int:
    """How many samples a WAV file of the tape's own form holds; 0 for every other, and for one that lacks some."""
    head = data[:_HEAD]
    size = int.from_bytes(head[40:44], "little")
    if head[:4] != b"RIFF" or head[8:40] != _FORM or size % 2 or _HEAD + size != len(data):
        return 0
    return 0 if _coded(data[_HEAD : _HEAD + _PROBED]) else size // 2


def _coded(beginning: bytes) -> bool:
    """Whether samples begin as compressed audio may."""
    frame = mpeg.frame_at(beginning.lstrip(b"\0"), 0)
    return frame is not None or bool(_CODED.match(beginning)) or any(word in beginning for word in _SYNC)


def blocks(data: Octets) -> Iterator[Pcm]:
    """The samples, a stretch at a time."""
    for start in range(_HEAD, len(data), _BLOCK):
        stretch = data[start : start + _BLOCK]
        yield np.frombuffer(stretch, np.dtype("<i2"), len(stretch) // 2).astype(np.int16, copy=False)
