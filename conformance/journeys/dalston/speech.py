"""What the journeys say over a socket: samples of the kit's recordings in the encodings of the text."""

from __future__ import annotations

import io
import wave
from array import array
from dataclasses import dataclass, replace
from sys import byteorder
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

    from conformance.drive.dictations import Dictations
    from conformance.drive.handle import Handle

#: What is said, and what by whoever resumes: two recordings of different words.
SPEECH: Final = "short"
OTHER: Final = "markers/audio_1"
#: A sample of silence by ITU-T G.711.
_MULAW_SILENCE: Final = b"\xff"
_MULAW_S: Final = 3
_LOUDEST: Final = 32768.0


@dataclass(frozen=True)
class Speech:
    """Samples of one channel, `rate` a second, and the parameters that tell how they are to be read.

    They are those of a `recording`; without one all are the same.
    """

    samples: bytes
    rate: int
    sample_bytes: int
    parameters: Mapping[str, str]
    recording: str | None = None

    def at(self, share: float) -> int:
        """The byte behind a share of it."""
        return int(len(self.samples) // self.sample_bytes * share) * self.sample_bytes


def spoken(drive: Dictations, name: str = SPEECH) -> Speech:
    """A recording as the text reads samples without parameters."""
    usual = drive.words.query["properties"]
    with wave.open(io.BytesIO(drive.audio[name].read())) as file:
        found = array("h", file.readframes(file.getnframes()))
        rate = file.getframerate()
    return Speech(_little(found).tobytes(), rate, drive.words.encodings[usual["encoding"]["default"]], {}, name)


def slow(speech: Speech) -> Speech:
    """The same with every second sample."""
    found = array("h", speech.samples)[::2]
    rate = speech.rate // 2
    return replace(speech, samples=found.tobytes(), rate=rate, parameters={"sample_rate": str(rate)})


def floating(speech: Speech) -> Speech:
    """The same as floating point."""
    found = array("f", (each / _LOUDEST for each in _little(array("h", speech.samples))))
    told = {"encoding": "pcm_f32le"}
    return replace(speech, samples=_little(found).tobytes(), sample_bytes=found.itemsize, parameters=told)


def telephone() -> Speech:
    """Silence as a telephone has it."""
    rate = 8000
    told = {"encoding": "mulaw", "sample_rate": str(rate)}
    return Speech(_MULAW_SILENCE * rate * _MULAW_S, rate, 1, told)


def silence(drive: Dictations, seconds: float) -> Speech:
    """Silence as the text reads samples without parameters: PCM has zeros for it."""
    usual = drive.words.query["properties"]
    rate, size = usual["sample_rate"]["default"], drive.words.encodings[usual["encoding"]["default"]]
    return Speech(bytes(int(rate * seconds) * size), rate, size, {})


def _little(samples: array[int] | array[float]) -> array[int] | array[float]:
    """Samples in the order of bytes that goes over the wire."""
    if byteorder == "big":
        samples.byteswap()
    return samples


async def say(drive: Dictations, handle: Handle, speech: Speech, begin: float = 0.0, end: float = 1.0) -> None:
    """Say it, or the part between two shares of it."""
    first, last = speech.at(begin), speech.at(end)
    samples, form = speech.samples[first:last], (speech.rate, speech.sample_bytes)
    await drive.speak_into(handle, samples, *form, recording=speech.recording, begin=first)
