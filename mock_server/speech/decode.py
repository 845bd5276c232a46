"""One container into 16 kHz mono samples, bounded whatever the bytes claim."""

from __future__ import annotations

import io
import re
from bisect import bisect_right
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import av
import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from mock_server.speech.sniff import Container

RATE = 16_000
Pcm: TypeAlias = NDArray[np.int16]

# What PyAV raises for bytes that are no audio: its own errors (EOFError and OSError among their bases),
# ValueError from the resampler, and IndexError where there is no audio stream.
_REFUSALS = (av.error.FFmpegError, IndexError, ValueError, EOFError, OSError, MemoryError)
# Formats whose header or last page tells the length; in bare MPEG audio it is a guess from the bit rate.
_TELLS_LENGTH = frozenset({"matroska", "ogg", "mp4", "flac"})
# Resampling a second costs what resampling 20 ms does, and holds the interpreter as long: frames are gathered first.
_BLOCK = 48_000
# How far FFmpeg looks into WAV for what the header does not tell. Its default of 5 MB searches all samples for DTS.
_WAV_PROBE = {"probesize": "4096"}
# Recorders that cannot go back to the header leave the size of the samples at one of the largest.
_OPEN_SIZE = 0x7FFF_0000


class Undecodable(Exception):  # noqa: N818  (reads as what it says of the audio)
    """No sample can be had from these bytes; the message says why."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What one session's audio may cost; beyond these it is refused or cut short with an issue."""

    seconds: float = 4 * 3600.0  # two of the longest sessions there are; 460 MB of samples
    file_bytes: int = 1 << 30  # all files of a session together, as uploaded
    lowest_rate: int = 4_000  # Hz: a header that claims 1 Hz turns 2 kB into 64 MB
    highest_rate: int = 384_000  # Hz: the highest that hardware records


@dataclass(frozen=True, slots=True)
class Decoded:
    """Samples, how many of them each joined file gave, and what the decoder noticed on the way."""

    pcm: Pcm
    shares: tuple[int, ...]
    declared: float | None  # seconds the container claims
    capped: bool
    flaw: str | None

    @property
    def seconds(self) -> float:
        """Length of the samples in seconds."""
        return len(self.pcm) / RATE


class _Sink:
    """Resamples what was decoded, keeps it up to a limit and counts it by the file it came from."""

    def __init__(self, offsets: Sequence[int], limit: int) -> None:
        self.data = bytearray()
        self.counts = [0] * len(offsets)
        self.full = False
        self._offsets = offsets
        self._limit = limit
        self._file = 0
        self._shape: tuple[str, str, int] | None = None
        self._begin()

    def _begin(self) -> None:
        self._waiting = av.AudioFifo()
        self._resampler = av.AudioResampler(format="s16", layout="mono", rate=RATE)

    def take(self, frame: av.AudioFrame, position: int) -> None:
        """Samples as they were decoded; `position` is where in the bytes they lay."""
        file = max(0, bisect_right(self._offsets, position) - 1)
        if file != self._file:
            self.settle()
            self._file = file
        shape = (frame.format.name, frame.layout.name, frame.sample_rate)
        if shape != self._shape:  # joined files of one kind may differ in rate
            self.settle(end=True)
            self._begin()
            self._shape = shape
        frame.pts = None  # what is missing between frames is not made up for
        self._waiting.write(frame)
        if self._waiting.samples >= _BLOCK:
            self.settle()

    def settle(self, *, end: bool = False) -> None:
        """Resample what waits; at the end what the resampler holds back, too."""
        if self._waiting.samples:
            self._keep(self._resampler.resample(self._waiting.read(partial=True)))
        if end and self._shape:
            self._keep(self._resampler.resample(None))

    def _keep(self, frames: Sequence[av.AudioFrame]) -> None:
        for frame in frames:
            room = self._limit - len(self.data) // 2
            samples = min(frame.samples, room)
            self.data += memoryview(frame.planes[0])[: samples * 2]
            self.counts[self._file] += samples
            self.full = self.full or samples < frame.samples


def decode(data: bytes, container: Container, limits: Limits, offsets: Sequence[int] = (0,)) -> Decoded:
    """Decode the first audio stream; `offsets` are where each joined file begins in the bytes.

    Raises Undecodable when not one sample can be had. Damage behind the first sample ends or thins the audio
    and is told in `flaw`.
    """
    sink = _Sink(offsets, round(limits.seconds * RATE))
    flaw: str | None = None
    declared: float | None = None
    try:
        probe = _WAV_PROBE if container == "wav" else {}
        with av.open(io.BytesIO(data), "r", format=container, options=probe, metadata_errors="ignore") as source:
            stream = source.streams.audio[0]
            _check_rate(stream.rate, limits)
            if container == "wav":
                declared = riff_seconds(data)
            elif container in _TELLS_LENGTH and source.duration:
                declared = source.duration / av.time_base
            try:
                flaw = _drain(source, stream, sink, limits)
            finally:
                sink.settle()  # what came before the damage is heard
    except _REFUSALS as error:
        flaw = _reason(error)
        if not sink.data:
            raise Undecodable(flaw) from error
    pcm = np.frombuffer(bytes(sink.data), np.int16)
    return Decoded(pcm, tuple(sink.counts), declared, sink.full, flaw)


def riff_seconds(data: bytes) -> float | None:
    """The seconds of samples a WAV file should hold by its own header; None where that leaves the size open.

    FFmpeg cuts the claim to what is there. Bytes behind the claimed end that are no further chunk count as
    samples: a size that is too small hides audio.
    """
    at, byte_rate = 12, 0
    while at + 8 <= len(data):
        kind, size = data[at : at + 4], int.from_bytes(data[at + 4 : at + 8], "little")
        if kind == b"fmt ":
            byte_rate = int.from_bytes(data[at + 16 : at + 20], "little")
        if kind == b"data":
            behind = data[at + 8 + size + size % 2 :][:4]
            if not byte_rate or not 0 < size < _OPEN_SIZE:
                return None
            hidden = len(behind) == 4 and not re.fullmatch(rb"[A-Za-z0-9_ ]{4}", behind)
            return (len(data) - at - 8 if hidden else size) / byte_rate
        at += 8 + size + size % 2
    return None


def _drain(source: av.container.InputContainer, stream: av.AudioStream, sink: _Sink, limits: Limits) -> str | None:
    """Decode until the end or the limit; a packet that cannot be decoded is left out and counted."""
    damaged = 0
    position = 0
    for packet in source.demux(stream):
        if packet.pos is not None and packet.pos >= 0:
            position = packet.pos
        try:
            for frame in _frames(packet):
                _check_rate(frame.sample_rate, limits)
                sink.take(frame, position)
        except av.error.InvalidDataError:
            damaged += 1
        if sink.full:
            return None
    sink.settle(end=True)
    if damaged and not sink.data:
        raise Undecodable(f"none of its {damaged} packets can be decoded")
    return f"{damaged} damaged packets were left out" if damaged else None


def _frames(packet: av.Packet[av.AudioStream]) -> Iterator[av.AudioFrame]:
    for frame in packet.decode():
        if isinstance(frame, av.AudioFrame):
            yield frame


def _check_rate(rate: int | None, limits: Limits) -> None:
    if rate is None or not limits.lowest_rate <= rate <= limits.highest_rate:
        raise Undecodable(f"its sample rate of {rate} Hz is outside {limits.lowest_rate} to {limits.highest_rate}")


def _reason(error: BaseException) -> str:
    if isinstance(error, IndexError):
        return "it has no audio stream"
    if isinstance(error, MemoryError):
        return "it needs more memory than a recording may"
    return f"the decoder gave up: {getattr(error, 'strerror', None) or error}"
