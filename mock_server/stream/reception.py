"""One socket from its first message to its last: samples are gathered for a moment, then kept."""

from __future__ import annotations

import asyncio
import logging
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from mock_server import problems
from mock_server.conduct import SMOOTH
from mock_server.stream import closing
from mock_server.stream.budget import texts
from mock_server.stream.closing import Closing
from mock_server.stream.message import Messages

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from mock_server.conduct import Hitch
    from mock_server.stream.resumption import Resumption
    from mock_server.stream.tape import Keeping
    from scribe_data.stream import Stream

log = logging.getLogger("scribe.mock")

#: Samples wait at most so many seconds, or until there are so many bytes of them, before they are kept for good.
STEP_S: Final = 1.0
STEP_BYTES: Final = 128 * 1024
#: A socket that is ended from outside is read on for as long as something is at hand, and so many seconds at most.
_AT_HAND_S: Final = 0.02
_LAST_S: Final = 0.2


class Reception:
    """Takes what comes over one socket, until its client, its session, its time or the server ends it."""

    def __init__(
        self,
        tape: Keeping,
        wire: Stream,
        receive: Callable[[], Awaitable[Any]],
        *,
        idle_s: float,
        hitch: Hitch = SMOOTH,
        resumption: Resumption | None = None,
        spend: Callable[[int], bool] | None = None,
    ) -> None:
        """`idle_s` is a time without a word, `hitch` what goes wrong, `resumption` tells the client what is kept.

        `spend` takes characters off what the client may send beside samples; None has a budget of its own.
        """
        self._tape = tape
        self._wire = wire
        self._receive = receive
        self._idle_s = idle_s
        self._hitch = hitch
        self._loop = asyncio.get_running_loop()
        self._told_to: asyncio.Future[Closing] = self._loop.create_future()
        self._waiting: list[bytes] = []
        self._size = 0
        self._since = self._heard = 0.0
        self._came = 0
        self._turn = asyncio.Lock()
        self._resumption = resumption
        self.messages = Messages(wire, spend or partial(texts().spend, ""), resumption)
        #: Whether the connection is to be cut instead of being closed.
        self.severed = False
        #: Bytes of samples that were kept.
        self.kept = 0
        #: Whether the socket is closed already, so that nobody can be told anything.
        self.gone = False
        #: Set once all that is to be kept is kept.
        self.over = asyncio.Event()

    async def stop(self, why: Closing) -> None:
        """End it from outside; returns once what had come is kept."""
        if not self._told_to.done():
            self._told_to.set_result(why)
        await self.over.wait()

    async def run(self) -> Closing:
        """Take what comes; returns why it is over."""
        try:
            why = await self._until_over()
            try:
                await self._keep()
                if self.kept:
                    await self._tape.settle()
            except problems.Problem as problem:
                why = self._refused(problem) if self.messages.over or self.gone else why
        except Exception:
            log.exception("a stream broke")
            why = closing.fallen()
        finally:
            self.over.set()
        if self._resumption is not None:
            await self._resumption.over()
        return why

    async def _until_over(self) -> Closing:
        try:
            await self._tape.find()
            if self._resumption is not None:
                await self._tape.secure()
                self._resumption.tell(self._tape.samples)
            return await self._listen()
        except Closing as why:
            return why
        except problems.Problem as problem:
            return self._refused(problem)

    def _refused(self, problem: problems.Problem) -> Closing:
        self._drop()
        return closing.refused(problem, self._wire.unknown)

    async def _listen(self) -> Closing:
        """Take what comes until somebody ends it; what breaks is raised."""
        self._heard = self._loop.time()
        taking = asyncio.ensure_future(self._take_all())
        why: Closing | None = None
        try:
            why = await self._watch(taking)
        finally:
            async with self._turn:  # a message that is being taken is not to be broken off
                taking.cancel()
            await asyncio.gather(taking, return_exceptions=True)
        return taking.result() if why is None or not taking.cancelled() else why

    async def _take_all(self) -> Closing:
        """Take message by message: a client sends ten a second, and nothing but the next one is waited for here."""
        while True:
            message = await self._receive()
            async with self._turn:
                self._came += 1
                if (why := self._take(message)) is not None:
                    return why
                await self._step_if_due()
                self._heard = self._loop.time()
            await asyncio.sleep(0)  # what has come already is received without a wait, and others have their turn

    async def _watch(self, taking: asyncio.Future[Closing]) -> Closing | None:
        """Keep what waits while nothing comes, until somebody but the client ends it; None where the client did."""
        while True:
            await asyncio.wait({taking, self._told_to}, timeout=STEP_S, return_when=asyncio.FIRST_COMPLETED)
            if taking.done():
                return None
            if self._told_to.done():
                await self._last(taking)
                return self._told_to.result()
            async with self._turn:
                if not taking.done():
                    await self._step_if_due()
            if self._loop.time() - self._heard > self._idle_s:
                return closing.idle(self._idle_s)

    async def _last(self, taking: asyncio.Future[Closing]) -> None:
        """Read on for as long as something is at hand, and no longer than a moment."""
        until, came = self._loop.time() + _LAST_S, -1
        while not taking.done() and self._loop.time() < until and (came != self._came or self._turn.locked()):
            came = self._came
            await asyncio.wait({taking}, timeout=_AT_HAND_S)

    async def _step_if_due(self) -> None:
        if self._due():
            await self._keep()
            await self._tape.admit()

    def _take(self, message: Any) -> Closing | None:
        """Take one message of the socket; the Closing where it is the last."""
        if message["type"] == "websocket.disconnect":
            self.gone = True
            return Closing(message.get("code") or self._wire.done, message.get("reason") or "")
        content = message.get("bytes")
        samples = self.messages.read(message.get("text") or "" if content is None else content)
        if samples:
            room = self._room()
            self._waiting.append(samples[:room])
            self._size += len(samples[:room])
            if room is not None and len(samples) >= room:
                self.severed = self._hitch.code is None
                return closing.broken_off(self._hitch.code)
        return closing.done(self._wire.done) if self.messages.over else None

    def _room(self) -> int | None:
        """Bytes of samples until the socket breaks; None where it does not, or did before."""
        if self._hitch.breaks_at is None or self._tape.samples >= self._hitch.breaks_at:
            return None
        left = self._hitch.breaks_at - self._tape.samples - self._size
        return left - left % self._wire.sample_bytes

    def _due(self) -> bool:
        """Whether it is time for a step: of keeping what waits, or of looking whether the session is still open."""
        return self._size >= STEP_BYTES or self._loop.time() - self._since >= STEP_S

    async def _keep(self) -> None:
        samples = b"".join(self._waiting)
        self._drop()
        self._since = self._loop.time()
        if samples:
            await self._tape.keep(samples)
            self.kept += len(samples)
            if self._resumption is not None:
                self._resumption.tell(self._tape.samples)
            await asyncio.sleep(self._hitch.step_s)

    def _drop(self) -> None:
        self._waiting, self._size = [], 0
