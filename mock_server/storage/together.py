"""Threads that wait for the disk in the event loop's place, and may take several errands at once.

What reaches a disk together costs hardly more than what comes alone.
"""

from __future__ import annotations

import asyncio
import contextlib
import queue
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from mock_server.storage.following import follow

if TYPE_CHECKING:
    from collections.abc import Callable

Asked = TypeVar("Asked")


@dataclass
class Errand(Generic[Asked]):
    """What somebody asked for, what came of it, and whom to tell."""

    asked: Asked
    loop: asyncio.AbstractEventLoop
    done: asyncio.Future[Any]
    value: Any = None
    error: BaseException | None = field(default=None)
    #: What follows where nothing failed, whether or not anybody still waits.
    afterwards: list[Callable[[], object]] = field(default_factory=list)

    def tell(self) -> None:
        """Do what follows; whoever no longer waits is not told."""
        if self.error is None:
            follow(self.afterwards)
        if self.done.cancelled():
            return
        if self.error is not None:
            self.done.set_exception(self.error)
        else:
            self.done.set_result(self.value)


class Together(Generic[Asked]):
    """Hands errands to `act` in the order they came, up to `most` at a time, in threads of its own.

    `act` leaves a value or an error in each. An executor would do them one by one, and wake the event loop for each.
    """

    def __init__(self, name: str, act: Callable[[list[Errand[Asked]]], None], *, most: int, threads: int = 1) -> None:
        self._act = act
        self._most = most
        self._waiting: queue.SimpleQueue[Errand[Asked] | None] = queue.SimpleQueue()
        #: What was asked for in the turn that a loop is in.
        self._gathered: dict[asyncio.AbstractEventLoop, list[Errand[Asked]]] = {}
        self._threads = [
            threading.Thread(target=self._serve, name=f"{name}-{number}", daemon=True) for number in range(threads)
        ]
        for thread in self._threads:
            thread.start()

    def ask(self, asked: Asked) -> asyncio.Future[Any]:
        """What will come of it; to be awaited on the running loop. Cancelling does not stop what was asked."""
        loop = asyncio.get_running_loop()
        errand = Errand(asked, loop, loop.create_future())
        gathered = self._gathered.get(loop)
        if gathered is None:
            # a thread that is woken now would only wait for the interpreter, which this loop has until its turn is over
            gathered = self._gathered[loop] = []
            loop.call_soon(self._hand_over, loop)
        gathered.append(errand)
        return errand.done

    def _hand_over(self, loop: asyncio.AbstractEventLoop) -> None:
        for errand in self._gathered.pop(loop, ()):
            self._waiting.put(errand)

    def close(self) -> None:
        """Finish what waits, then stop."""
        for loop in list(self._gathered):  # one that was closed in the middle of its turn hands over nothing
            self._hand_over(loop)
        self._waiting.put(None)
        for thread in self._threads:
            thread.join()

    def _serve(self) -> None:
        while (first := self._waiting.get()) is not None:
            errands = [first]
            last = False
            with contextlib.suppress(queue.Empty):
                while len(errands) < self._most and not last:
                    following = self._waiting.get_nowait()
                    last = following is None
                    if following is not None:
                        errands.append(following)
            try:
                self._act(errands)
            except BaseException as error:  # noqa: BLE001 - handed to everyone who asked
                for errand in errands:
                    errand.error = errand.error or error
            _tell(errands)
            if last:
                break
        self._waiting.put(None)  # for the next thread


def each_alone(errands: list[Errand[Callable[[], object]]]) -> None:
    """Carry out errands that are calls: what one raises is nobody else's."""
    for errand in errands:
        try:
            errand.value = errand.asked()
        except Exception as error:  # noqa: BLE001 - handed to whoever asked
            errand.error = error


def _tell(errands: list[Errand[Any]]) -> None:
    """Wake each event loop once for all of its errands."""
    for loop in {errand.loop for errand in errands}:
        theirs = [errand for errand in errands if errand.loop is loop]
        with contextlib.suppress(RuntimeError):  # the loop was closed: nobody waits any more
            loop.call_soon_threadsafe(_tell_all, theirs)


def _tell_all(errands: list[Errand[Any]]) -> None:
    for errand in errands:
        errand.tell()
