"""Bytes of a stream into 16 kHz mono samples of 16 bits, the same however the bytes are cut."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Final, cast

import av
import numpy as np

from mock_server.speech.mix import RATE, Mixer, Pcm
from mock_server.speech.streaming.format import Encoding, Format, OddBytes

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

#: Blocks are converted at once: what comes between is kept back, so that no cut of the bytes is to be heard.
_BLOCK_SECONDS: Final = 0.02
#: Two channels are compared over a stretch before they are added up: over less than this they resemble each other by
#: chance.
_COMPARED_SECONDS: Final = 0.1
_FULL: Final = np.float32(32_768)
_CODECS: Final = {Encoding.MULAW: "pcm_mulaw", Encoding.ALAW: "pcm_alaw"}


def to_pcm16(form: Format) -> Converter:
    """What turns a stream of this format into the samples that are heard, and kept."""
    return Converter(form)


class Converter:
    """`feed` gives what is whole, `finish` the rest; together the same bytes whatever the pieces were."""

    def __init__(self, form: Format) -> None:
        self._form = form
        self._plain = form == Format()
        self._mixer = Mixer(form.sample_rate) if form.channels > 1 else None
        self._resampler = None
        if form.sample_rate != RATE:
            self._resampler = av.AudioResampler(format="s16", layout="mono", rate=RATE)
        seconds = _COMPARED_SECONDS if self._mixer else _BLOCK_SECONDS
        self._block = int(form.sample_rate * seconds) * form.frame_bytes
        self._waiting = bytearray()

    def feed(self, data: bytes | memoryview) -> bytes:
        """Samples of 16 kHz mono s16le, as far as they can be told from what has come; a few are kept back."""
        if self._plain and not self._waiting and len(data) % self._form.frame_bytes == 0:
            return bytes(data)  # nothing to convert, and nothing to keep back
        self._waiting += data
        size = self._form.frame_bytes if self._plain else self._block
        whole = len(self._waiting) // size * size
        if not whole:
            return b""
        taken = bytes(memoryview(self._waiting)[:whole])
        del self._waiting[:whole]
        if self._plain:
            return taken
        return b"".join(self._convert(taken[at : at + size]) for at in range(0, whole, size))

    def finish(self) -> bytes:
        """What was kept back. Half a sample is left alone: `check` complains of it."""
        size = self._form.frame_bytes
        whole = len(self._waiting) // size * size
        rest = bytes(self._waiting[:whole])
        del self._waiting[:whole]
        if self._plain:
            return rest
        found = self._convert(rest) if rest else b""
        if self._resampler is not None:
            found += _bytes(self._resampler.resample(None))
            self._resampler = av.AudioResampler(format="s16", layout="mono", rate=RATE)
        return found

    def check(self) -> None:
        """Raise OddBytes where half a sample is left over."""
        if left := len(self._waiting) % self._form.frame_bytes:
            raise OddBytes(f"The audio ends with {left} bytes of a frame that has {self._form.frame_bytes}.")

    def _convert(self, data: bytes) -> bytes:
        samples = _decoded(data, self._form.encoding)
        if self._mixer is not None:
            samples = self._mixer.mix(samples.reshape(-1, self._form.channels).T)
        if self._resampler is None:
            whole: Pcm = np.clip(np.rint(samples * _FULL), -32_768, 32_767).astype("<i2")
            return whole.tobytes()
        frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(samples)[None], "flt", "mono")
        frame.sample_rate = self._form.sample_rate
        return _bytes(self._resampler.resample(frame))


def _bytes(frames: Iterable[av.AudioFrame]) -> bytes:
    return b"".join(bytes(memoryview(frame.planes[0])[: 2 * frame.samples]) for frame in frames)


def _decoded(data: bytes, encoding: Encoding) -> NDArray[np.float32]:
    """Samples between -1 and 1, whatever the bytes are."""
    if encoding is Encoding.PCM_F32LE:
        loose = np.frombuffer(data, "<f4").astype(np.float32)
        # Nobody can hear what is no number, and what is beyond full scale is as loud as can be.
        return np.clip(np.nan_to_num(loose, nan=0.0, posinf=1.0, neginf=-1.0), -1, 1)
    if encoding is Encoding.PCM_S16LE:
        samples = np.frombuffer(data, "<i2")
    else:
        samples = _companded(encoding)[np.frombuffer(data, np.uint8)]
    return samples.astype(np.float32) / _FULL


@cache
def _companded(encoding: Encoding) -> Pcm:
    """What each byte of G.711 stands for, as FFmpeg knows it."""
    codec = cast("av.AudioCodecContext", av.CodecContext.create(_CODECS[encoding], "r"))
    codec.sample_rate, codec.layout = 8_000, "mono"
    (frame,) = codec.decode(av.Packet(bytes(range(256))))
    return np.frombuffer(memoryview(frame.planes[0]), np.int16, 256).copy()
