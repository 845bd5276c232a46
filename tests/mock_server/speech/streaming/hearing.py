"""Streams for tests: what is sent, an engine that does as it is told, and what a listening tells."""

from __future__ import annotations

import asyncio
import io
import wave
from dataclasses import replace
from typing import TYPE_CHECKING

import av
import numpy as np

from mock_server.speech.streaming import Bounds, Encoding, Event, Final, Format, OddBytes, Partial, Wish
from mock_server.speech.streaming.seam import Heard
from mock_server.speech.streaming.streams import Streams
from mock_server.speech.streaming.voice import Loudness
from scribe_data import recordings

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable

    from mock_server.speech.streaming import Listening
    from mock_server.speech.streaming.cutter import Utterance
    from mock_server.speech.streaming.voice import Voice

RATE = 16_000
#: As fast as it comes.
QUICK = Bounds(pace=1e9, burst=1e9)
#: The same from somebody who is never ahead of what could have been spoken.
LIVE = replace(QUICK, slack=1e9)
PATIENCE_S = 800


def pcm(name: str = "knee") -> bytes:
    """A spoken consultation as 16 kHz mono s16le."""
    with wave.open(io.BytesIO(recordings.load()[name].read())) as file:
        return file.readframes(file.getnframes())


def silence(seconds: float) -> bytes:
    return bytes(2 * round(seconds * RATE))


def coded(samples: bytes, form: Format) -> bytes:
    """16 kHz mono s16le in another format, by FFmpeg's own encoders; a second channel says the same."""
    frame = av.AudioFrame.from_ndarray(np.frombuffer(samples, "<i2")[None], "s16", "mono")
    frame.sample_rate = RATE
    layout = "stereo" if form.channels == 2 else "mono"
    resampler = av.AudioResampler("flt" if form.encoding is Encoding.PCM_F32LE else "s16", layout, form.sample_rate)
    frames = [*resampler.resample(frame), *resampler.resample(None)]
    if form.encoding in (Encoding.PCM_S16LE, Encoding.PCM_F32LE):
        size = form.frame_bytes
        return b"".join(bytes(memoryview(one.planes[0])[: size * one.samples]) for one in frames)
    codec = av.CodecContext.create("pcm_mulaw" if form.encoding is Encoding.MULAW else "pcm_alaw", "w")
    codec.sample_rate, codec.layout, codec.format = form.sample_rate, layout, "s16"
    return b"".join(bytes(packet) for one in [*frames, None] for packet in codec.encode(one))


def pieces(data: bytes, size: int) -> list[bytes]:
    return [data[at : at + size] for at in range(0, len(data), size)]


class Told:
    """An engine that says of each utterance where it lies, once it is let."""

    model, scripted, languages = "told", False, ("en",)

    def __init__(self, hears: Callable[[Utterance], Awaitable[str]] | None = None) -> None:
        self.hears = hears or self.places
        self.attended: list[int] = []
        self.asked: list[Utterance] = []
        self.closed = False

    @staticmethod
    async def places(utterance: Utterance) -> str:
        return f"from {utterance.start:.2f} to {utterance.end:.2f}, {len(utterance.pcm)} bytes"

    def ear(self, namespace: str, wish: Wish) -> Told:
        return self

    def voice(self) -> Voice:
        return Loudness()

    def attend(self, streams: int) -> None:
        self.attended.append(streams)

    async def close(self) -> None:
        self.closed = True

    async def whole(self, utterance: Utterance) -> Heard:
        self.asked.append(utterance)
        return Heard(await self.hears(utterance), 0.5)

    async def part(self, utterance: Utterance) -> str:
        return await self.hears(utterance)


async def all_of(listening: Listening) -> list[Event]:
    """Every event up to the end."""
    async with asyncio.timeout(PATIENCE_S):
        return [event async for event in listening]


async def say(listening: Listening, sent: Iterable[bytes]) -> list[Event]:
    """What is told while somebody sends all of it and says that it is over."""
    reading = asyncio.create_task(all_of(listening))
    for piece in sent:
        await listening.hear(piece)
    await listening.end()
    return await reading


def heard(
    sent: Iterable[bytes], form: Format | None = None, wish: Wish | None = None, *, streams: Streams | None = None
) -> list[Event]:
    """The same in a loop of its own; half a sample at the end is let pass."""

    async def story() -> list[Event]:
        ours = streams or Streams(Told(), QUICK)
        listening = ours.listen(form or Format(), wish or Wish())
        reading = asyncio.create_task(all_of(listening))
        for piece in sent:
            await listening.hear(piece)
        try:
            await listening.end()
        except OddBytes:
            assert len(b"".join(sent)) % (form or Format()).frame_bytes
        found = await reading
        await ours.close()
        return found

    return asyncio.run(story())


def settled(events: Iterable[Event]) -> list[Event]:
    """What was said, in order, then what was heard of it: all but what depends on when somebody had time to look."""
    lasting = [event for event in events if not isinstance(event, Partial)]
    return sorted(lasting, key=lambda event: isinstance(event, Final))


def text(events: Iterable[Event]) -> str:
    return " ".join(event.text for event in events if isinstance(event, Final))
