"""Channels and tracks into one voice track, so that nobody who speaks on any of them is lost."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

import av
import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from collections.abc import Sequence

RATE = 16_000
Pcm: TypeAlias = NDArray[np.int16]
_Samples: TypeAlias = NDArray[np.float32]

# Channels are compared over a quarter of a second: about a word, so that a change of speaker changes the signs.
_FRAMES_A_SECOND = 4
# The share of a channel that is another one turned over, from which it is turned back: below, voices add up anyway.
_TURNED_OVER = -0.4
# A sign or level changes within this time: at once it would click.
_RAMP_SECONDS = 0.01
# Channels are compared at no more than this rate, which keeps many of them cheap.
_COMPARED_RATE = 8_000


# Resampling a second costs what resampling 20 ms does, and holds the interpreter as long: this many samples of all
# channels are gathered first.
_BLOCK = 48_000


def _is_one_voice(samples: Pcm, channels: int) -> bool:
    """Whether interleaved samples are the same on both channels; a pair is compared as one number, which is faster."""
    if channels != 2:
        return False
    pairs = samples.view(np.uint32)
    return bool(np.array_equal(pairs >> 16, pairs & 0xFFFF))


class Mixer:
    """Adds channels up: a voice on one of them stays as loud as it was, a voice on all of them, too.

    A channel that is another one turned over is turned back first, because their sum would be silence.
    """

    def __init__(self, rate: int) -> None:
        self._frame = max(1, rate // _FRAMES_A_SECOND)
        self._stride = max(1, rate // _COMPARED_RATE)
        self._ramp = max(1, round(rate * _RAMP_SECONDS))
        self._signs: _Samples | None = None
        self._level = np.float32(1)

    @property
    def turned(self) -> bool:
        """Whether the last of the channels is the others turned over."""
        return self._signs is not None and bool(self._signs[-1] < 0)

    def mix(self, channels: _Samples) -> _Samples:
        """One channel out of several, frame by frame; what is left of the last frame counts as one."""
        count = channels.shape[0]
        if self._signs is None or len(self._signs) != count:
            self._signs = np.ones(count, np.float32)
        mixed = np.empty(channels.shape[1], np.float32)
        for start in range(0, channels.shape[1], self._frame):
            end = min(start + self._frame, channels.shape[1])
            mixed[start:end] = self._mix_frame(channels[:, start:end])
        return mixed

    def _mix_frame(self, channels: _Samples) -> _Samples:
        before, signs = self._signs, self._aligned(channels)
        total: _Samples = np.nan_to_num(signs @ channels, copy=False)
        loudest = min(1.0, max(float(channels.max()), -float(channels.min())))
        peak = max(float(total.max()), -float(total.min()))
        level = np.float32(min(1.0, loudest / peak)) if peak > 0 else self._level
        ramp = min(self._ramp, len(total))
        rising = np.arange(ramp, dtype=np.float32) / ramp
        if before is not None and not np.array_equal(before, signs):
            total[:ramp] = (1 - rising) * (before @ channels[:, :ramp]) + rising * total[:ramp]
        before_level = min(self._level, level)  # down at once: what is too loud would be cut off
        total[:ramp] *= before_level + (level - before_level) * rising
        total[ramp:] *= level
        self._signs, self._level = signs, level
        np.clip(total, -1, 1, out=total)
        return total

    def _aligned(self, channels: _Samples) -> _Samples:
        """The sign of each channel: that of the earlier channel it resembles most, turned over if it is turned over."""
        some = channels[:, :: self._stride]
        products = some @ some.T
        energies = np.diagonal(products)
        alike = products / np.sqrt(np.outer(energies, energies) + np.float32(1e-12))
        if len(alike) == 1 or alike.min() > _TURNED_OVER:
            return np.ones(len(channels), np.float32)
        signs: _Samples = np.ones(len(channels), np.float32)
        order = np.argsort(-energies, kind="stable")
        for place, channel in enumerate(order[1:], 1):
            earlier = order[:place]
            nearest = earlier[np.abs(alike[channel, earlier]).argmax()]
            turned = alike[channel, nearest] < _TURNED_OVER
            signs[channel] = -signs[nearest] if turned else signs[nearest]
        signs *= signs[0]
        return signs


class Tape:
    """The joined samples of a session, up to their limit; a track may be laid over what is there already."""

    def __init__(self, limit: int) -> None:
        self._data = bytearray()
        self._limit = limit

    def __len__(self) -> int:
        return len(self._data) // 2

    @property
    def room(self) -> int:
        """How many samples may still be added."""
        return self._limit - len(self)

    def view(self, start: int = 0, end: int | None = None) -> Pcm:
        """Samples in place. While the view lives, nothing can be added."""
        return np.frombuffer(self._data, np.int16)[start:end]

    def put(self, at: int, block: Pcm, mixer: Mixer | None = None) -> int:
        """Lay samples down at a place; how many of them lay within the limit comes back."""
        block = block[: max(0, self._limit - at)]
        over = min(max(0, len(self) - at), len(block))
        if over:
            self._blend(at, block[:over], mixer or Mixer(RATE))
        rest = block[over:]
        if mixer is not None and mixer.turned:
            rest = np.negative(np.maximum(rest, -32_767))
        if len(rest):
            if at > len(self):
                self._data += bytes(2 * (at - len(self)))
            self._data += np.ascontiguousarray(rest).data.cast("B")
        return len(block)

    def _blend(self, at: int, block: Pcm, mixer: Mixer) -> None:
        there = np.frombuffer(self._data, np.int16, len(block), 2 * at)
        both = np.stack((there, block)).astype(np.float32) / np.float32(32_768)
        there[:] = np.rint(mixer.mix(both) * 32_767).astype(np.int16)


class Track:
    """One audio track on its way to the tape: mixed, resampled, and counted by the file it came from."""

    def __init__(self, tape: Tape, files: int) -> None:
        self.kept = [0] * files
        self.full = False
        self.at = len(tape)
        self._tape = tape
        self._file = 0
        self._shape: tuple[str, str, int] | None = None
        self._blend: Mixer | None = None
        self._waiting = av.AudioFifo()

    def _begin(self, frame: av.AudioFrame) -> None:
        rate = frame.sample_rate
        self._waiting = av.AudioFifo()
        self._mixer = Mixer(rate)
        self._loose = av.AudioResampler(format="flt", layout=frame.layout, rate=rate)
        self._resampler = av.AudioResampler(format="s16", layout="mono", rate=RATE)

    @property
    def waiting(self) -> int:
        """Samples that were taken and are not yet on the tape."""
        return int(self._waiting.samples)

    def take(self, frame: av.AudioFrame, file: int, at: int | None = None) -> None:
        """Samples as they were decoded, from one of the files, and where on the tape they belong if that is known."""
        if file != self._file:
            self.settle()
            self._file = file
        shape = (frame.format.name, frame.layout.name, frame.sample_rate)
        if shape != self._shape:  # a recording may change its rate
            self.settle(end=True)
            self._begin(frame)
            self._shape = shape
        if at is not None and at > self.at + self._waiting.samples * RATE // frame.sample_rate + RATE // 10:
            self.settle()
            self.at = max(self.at, at)
        frame.pts = None
        self._waiting.write(frame)
        if self._waiting.samples * frame.layout.nb_channels >= _BLOCK:
            self.settle()

    def settle(self, *, end: bool = False) -> None:
        """Mix and resample what waits; at the end what the resampler holds back, too."""
        if self._waiting.samples and (frame := self._waiting.read(partial=True)) is not None:
            self._keep(
                self._resampler.resample(self._named(frame) if frame.layout.nb_channels == 1 else self._mixed(frame))
            )
        if end and self._shape:
            self._keep(self._resampler.resample(None))

    def _named(self, frame: av.AudioFrame) -> av.AudioFrame:
        """The frame of one channel; plain WAV does not call it mono, and for the name alone a filter would be built."""
        if frame.format.name != "s16" or frame.layout.name == "mono":
            return frame
        return self._mono(np.frombuffer(memoryview(frame.planes[0]), np.int16, frame.samples), frame)

    def _mixed(self, frame: av.AudioFrame) -> av.AudioFrame:
        # PyAV reads past the end of frames with eight planes or more: channels are interleaved, in one plane.
        count = frame.layout.nb_channels
        if frame.format.name == "s16":
            whole = np.frombuffer(memoryview(frame.planes[0]), np.int16, frame.samples * count)
            if _is_one_voice(whole, count):
                return self._mono(np.ascontiguousarray(whole[::count]), frame)
            samples = whole.astype(np.float32) / np.float32(32_768)
        else:
            (loose,) = self._loose.resample(frame)
            samples = np.frombuffer(memoryview(loose.planes[0]), np.float32, loose.samples * count)
        mixed = self._mixer.mix(samples.reshape(-1, count).T) * np.float32(32_768)
        return self._mono(np.clip(np.rint(mixed), -32_768, 32_767).astype(np.int16), frame)

    @staticmethod
    def _mono(samples: Pcm, like: av.AudioFrame) -> av.AudioFrame:
        # Always of one type: the resampler takes no other after its first frame.
        one = av.AudioFrame.from_ndarray(samples[None], "s16", "mono")
        one.sample_rate = like.sample_rate
        return one

    def _keep(self, frames: Sequence[av.AudioFrame]) -> None:
        for frame in frames:
            block = np.frombuffer(memoryview(frame.planes[0]), np.int16, frame.samples)
            if self._blend is None and self.at < len(self._tape):
                self._blend = Mixer(RATE)
            kept = self._tape.put(self.at, block, self._blend)
            self.at += kept
            self.kept[self._file] += kept
            self.full = self.full or kept < len(block)
