"""The audio of one session while it comes: a WAV file of 16 kHz and 16 bits that grows step by step, each durable."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Final, NamedTuple

from mock_server.stream.tape import HEAD, counted, head, settled

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable
    from pathlib import Path

    from mock_server.storage import AudioStore, Stored

_PIECE: Final = 256 * 1024


class Samples(NamedTuple):
    """What is heard, and kept."""

    rate: int = 16_000
    sample_bytes: int = 2

    @property
    def bytes_a_second(self) -> int:
        """Bytes of a second."""
        return self.rate * self.sample_bytes


SAMPLES: Final = Samples()


async def settle(audio: AudioStore, key: str) -> Stored:
    """Bring a file to its last form: the head tells how much is there; raises StorageError."""
    return await audio.settle(key, partial(settled, SAMPLES))


def seconds(size: int) -> float:
    """What a file of a size lasts."""
    return counted(SAMPLES, size)[1] / SAMPLES.bytes_a_second


@dataclass
class Recording:
    """One file; `refer` makes the session refer to it as soon as there is one. Each step may raise StorageError."""

    audio: AudioStore
    new_key: Callable[[], str]
    refer: Callable[[Stored], Awaitable[object]]
    most_bytes: int
    key: str | None = None
    size: int = 0

    async def keep(self, samples: bytes) -> None:
        """Keep a step for good."""
        if self.key is not None:
            await self.audio.extend(self.key, self.size, samples)
            self.size += len(samples)
            return

        async def body() -> AsyncIterator[bytes]:
            yield head(SAMPLES) + samples

        await self._begin(body())

    async def begin_with(self, former: str, until_s: float) -> None:
        """Begin with what another file holds up to a second of it: with silence where it ends before.

        The bytes are copied. Neither file may be a link to the other one: this one grows and gets a head of its own,
        and the other one is another session's, whose audio and digest stay as they were told.
        """
        wanted = round(until_s * SAMPLES.rate) * SAMPLES.sample_bytes
        async with self.audio.fetch([former]) as (path,):
            await self._begin(_copied(path, wanted))

    async def _begin(self, body: AsyncIterator[bytes]) -> None:
        async with self.audio.put(self.new_key(), body, self.most_bytes) as stored:
            await self.refer(stored)
        self.key, self.size = stored.key, stored.size


async def _copied(path: Path, wanted: int) -> AsyncIterator[bytes]:
    yield head(SAMPLES)
    async for piece in pieces(path, HEAD, wanted):
        wanted -= len(piece)
        yield piece
    while wanted > 0:
        yield bytes(min(wanted, _PIECE))
        wanted -= _PIECE


async def pieces(path: Path, at: int = 0, most: int | None = None) -> AsyncIterator[bytes]:
    """The bytes of a file from a place on, up to `most`: a piece is read once the one before it is on its way."""
    with path.open("rb") as handle:
        handle.seek(at)
        while piece := handle.read(_PIECE if most is None else min(_PIECE, most)):
            most = None if most is None else most - len(piece)
            yield piece
