"""Bounded decoding: a known demuxer, sane rates, frame by frame, and never more samples than asked for."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import av
import numpy as np

from mock_server.speech import sniff

if TYPE_CHECKING:
    from numpy.typing import NDArray

RATE = 16_000
#: Rates outside these are lies: a header of 1 Hz turns two kilobytes into a thousand seconds.
_LOWEST, _HIGHEST = 4_000, 384_000
#: A stream that gives this share less than its container declares was cut or damaged on the way.
_SHORT_BY = 0.05
#: ... and by more than a codec's padding.
_SHORT_BY_S = 0.5

#: All that PyAV and FFmpeg raise for bytes that are no audio (measured on damaged and random files).
_BROKEN = (av.error.FFmpegError, ValueError, IndexError, EOFError, OSError)


class Undecodable(Exception):
    """These bytes give no audio; the message says why."""


@dataclass(frozen=True)
class Sound:
    """Mono samples of 16 kHz in -1 to 1; `declared` is the length the container claims, in seconds."""

    samples: NDArray[np.float32]
    declared: float | None
    capped: bool = False

    @property
    def seconds(self) -> float:
        """How long it lasts."""
        return len(self.samples) / RATE

    @property
    def falls_short(self) -> bool:
        """Whether less came out than the container declares."""
        if self.declared is None or self.capped:
            return False
        return self.declared - self.seconds > max(_SHORT_BY_S, _SHORT_BY * self.declared)


def decode(data: bytes, most_seconds: float) -> Sound:
    """Decode at most so many seconds; raises Undecodable."""
    kind = sniff.container(data)
    if kind is None:
        raise Undecodable("The file begins no audio container this service knows.")
    declared = _wav_declares(data) if kind == "wav" else None
    try:
        with av.open(io.BytesIO(data), format=kind) as source:
            return _samples(source, int(most_seconds * RATE), declared)
    except _BROKEN as error:
        raise Undecodable(f"The {kind} file cannot be decoded ({type(error).__name__}).") from None


def _wav_declares(data: bytes) -> float | None:
    """Seconds the data chunk of a canonical WAV header claims; FFmpeg silently plays what is there instead."""
    if len(data) < 44 or data[36:40] != b"data":
        return None
    rate, size = int.from_bytes(data[28:32], "little"), int.from_bytes(data[40:44], "little")
    # 0 and 0xffffffff are what streaming writers leave; they declare nothing.
    return size / rate if rate and 0 < size < 0xFFFFFFFF else None


def _samples(source: Any, most: int, declared: float | None) -> Sound:
    if not source.streams.audio:
        raise Undecodable("The file has no audio stream.")
    stream = source.streams.audio[0]
    if not _LOWEST <= (stream.rate or 0) <= _HIGHEST:
        raise Undecodable(f"The file declares {stream.rate} samples a second; {_LOWEST} to {_HIGHEST} are taken.")
    if declared is None and source.duration:
        declared = source.duration / av.time_base
    resampler = av.AudioResampler(format="s16", layout="mono", rate=RATE)
    pieces: list[NDArray[np.int16]] = []
    count = 0
    try:
        for frame in source.decode(stream):
            for ready in resampler.resample(frame):
                pieces.append(ready.to_ndarray()[0])
                count += ready.samples
            if count >= most:
                break
        else:
            for ready in resampler.resample(None):
                pieces.append(ready.to_ndarray()[0])
    except _BROKEN:
        if not pieces:
            raise
    if not pieces:
        return Sound(np.zeros(0, dtype=np.float32), declared)
    whole = np.concatenate(pieces)
    return Sound(whole[:most].astype(np.float32) / 32768.0, declared, capped=len(whole) >= most)
