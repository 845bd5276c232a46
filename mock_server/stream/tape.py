"""The file that one session's stream is kept in: a WAV file that grows step by step, each durable."""

from __future__ import annotations

import contextlib
import struct
from functools import partial
from typing import TYPE_CHECKING, Final, Protocol

from mock_server.problems import Problem

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from mock_server.service import Service
    from mock_server.session.model import Session
    from scribe_data.stream import Stream

#: Under this name answers list a stream. Not in spec: E91, it is one file.
NAME: Final = "stream.wav"
_TYPE: Final = "audio/wav"
#: Bytes of a WAV file before its samples.
HEAD: Final = 44
#: How a WAV file says that it is not over: readers take all that is there.
_OPEN: Final = 0xFFFF_FFFF


class Samples(Protocol):
    """Signed samples of one channel."""

    @property
    def rate(self) -> int:
        """How many a second."""

    @property
    def sample_bytes(self) -> int:
        """Bytes of one."""


def head(wire: Samples, samples: int | None = None) -> bytes:
    """The beginning of a WAV file with so many bytes of samples; None while it grows."""
    size, whole = (_OPEN, _OPEN) if samples is None else (samples, samples + HEAD - 8)
    block = wire.sample_bytes
    form = struct.pack("<4sIHHIIHH", b"fmt ", 16, 1, 1, wire.rate, wire.rate * block, block, 8 * block)
    return struct.pack("<4sI4s", b"RIFF", whole, b"WAVE") + form + struct.pack("<4sI", b"data", size)


def counted(wire: Samples, size: int) -> tuple[int, int]:
    """The bytes of a file of `size` up to its last whole sample, and those of them that are samples."""
    samples = max(0, size - HEAD)
    samples -= samples % wire.sample_bytes
    return HEAD + samples, samples


def settled(wire: Samples, size: int) -> tuple[int, bytes]:
    """How many bytes of a file that grew to `size` count, and the head that it gets for good."""
    whole, samples = counted(wire, size)
    return whole, head(wire, samples)


async def take_up(service: Service, wire: Stream) -> None:
    """Let sessions know what a server that was killed had kept of their streams; nobody streams yet."""
    for namespace, session_id in await service.read(lambda view: view.listing(NAME)):
        with contextlib.suppress(Problem):  # its time is up, or it cannot be stored now: whoever asks next is told
            await Tape(service, wire, namespace, session_id).settle()


class Keeping(Protocol):
    """Where the samples of one socket go; each step may raise a Problem."""

    @property
    def samples(self) -> int:
        """Bytes of samples that are kept of the session."""

    async def find(self) -> None:
        """Look for what an earlier socket left."""

    async def secure(self) -> None:
        """Make sure that what was found is there for good."""

    async def admit(self) -> None:
        """Refuse where no more is taken, whatever was before."""

    async def keep(self, samples: bytes) -> None:
        """Keep a step for good."""

    async def settle(self) -> object:
        """Bring what was kept to its last form."""


class Nowhere:
    """Takes what comes and keeps nothing of it."""

    samples = 0

    async def find(self) -> None:
        """There is nothing."""

    async def secure(self) -> None:
        """There is nothing."""

    async def admit(self) -> None:
        """Everything is taken."""

    async def keep(self, samples: bytes) -> None:
        """Forget it."""

    async def settle(self) -> object:
        """There is nothing."""
        return None


class Tape:
    """Keeps the samples of one session; whoever connects again goes on behind what is there."""

    def __init__(self, service: Service, wire: Stream, namespace: str, session_id: str) -> None:
        self._service = service
        self._wire = wire
        self._whose = (namespace, session_id)
        self._key: str | None = None
        self._size = 0

    async def find(self) -> None:
        """Look for what an earlier socket left; raises the Problem of a session that takes no audio."""
        found = await self._service.reception.growing(*self._whose, NAME)
        if found is not None:
            self._key, size = found
            self._size = counted(self._wire, size)[0]

    @property
    def samples(self) -> int:
        """Bytes of samples that are kept of the session."""
        return max(0, self._size - HEAD)

    async def secure(self) -> None:
        """Make sure that what was found is there for good: a server that was killed may have left it to the system."""
        if self._key is not None:
            await self._service.reception.extend(*self._whose, self._key, self._size, b"")

    async def admit(self) -> None:
        """Refuse where the session takes no audio any more."""
        await self._service.reception.check_open(*self._whose)

    async def keep(self, samples: bytes) -> None:
        """Keep a step for good; the first makes the file, by the event of every upload. Raises a Problem."""
        if self._key is not None:
            await self._service.reception.extend(*self._whose, self._key, self._size, samples)
            self._size += len(samples)
            return

        async def body() -> AsyncIterator[bytes]:
            yield head(self._wire) + samples

        _, file = await self._service.reception.receive(*self._whose, name=NAME, content_type=_TYPE, body=body())
        self._key, self._size = file.key, file.size

    async def settle(self) -> Session:
        """Give the file the head of its size, and tell the session what it has become; raises a Problem."""
        return await self._service.reception.settle(*self._whose, NAME, partial(settled, self._wire))
