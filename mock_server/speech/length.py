"""What a file of audio lasts, decoded in a process of its own before the upload is answered."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING
from weakref import WeakValueDictionary

from mock_server.speech import allowance
from mock_server.speech.bounds import Limits
from mock_server.speech.child import grant
from mock_server.speech.model import Recording
from mock_server.speech.worker import Worker

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


class Lengths:
    """Measures audio, one file of a namespace at a time, so that nobody waits for all that another client sends.

    Its processes start with the first file and are none of the transcriber's.
    """

    def __init__(self, limits: Limits | None = None) -> None:
        self._limits = limits or Limits()
        self._worker = Worker()
        self._turns: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def of(self, namespace: str, path: Path, before: Sequence[Path] = ()) -> float:
        """The seconds of a file, 0 where nothing of it can be decoded; `before` came before it, oldest first.

        Raises SpeechOvertime for what takes too long, SpeechInterrupted and SpeechUnavailable as a worker does.
        """
        turn = self._turns.setdefault(namespace, asyncio.Lock())
        async with turn:
            return await self._worker.run(_seconds, path, tuple(before), self._limits)

    async def close(self) -> None:
        """End the processes."""
        await self._worker.close()


def _seconds(path: Path, before: tuple[Path, ...], limits: Limits) -> float:
    grant(allowance.DECODE)
    alone = _lasts([path], limits)
    if alone or not before:
        return alone
    # What a browser records is one file that is cut: only the first piece has a head, and a cut goes through a block.
    return max(0.0, _lasts([*before, path], limits) - _lasts(before, limits))


def _lasts(paths: Sequence[Path], limits: Limits) -> float:
    from mock_server.speech.chunks import assemble  # by the process that decodes, and no other

    recordings = [Recording(str(number), path, "", number) for number, path in enumerate(paths)]
    return assemble(recordings, limits).seconds
