"""What others may look at in Redis, written beside the requests, and never waited for by one."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import math
import time
from typing import TYPE_CHECKING, Final

from mock_server.mirror.client import AwayError, Client

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from typing import Self

    from mock_server.mirror.address import RedisUrl
    from mock_server.mirror.client import Command

log = logging.getLogger("scribe.mock")

#: Seconds from one writing of all that is shown to the next.
_EVERY_S: Final = 1.0
#: What is shown is gone after so many seconds in which nobody wrote it: its process was killed, or hangs.
SHOWN_S: Final = 5.0
#: What begins or ends at the same time is written together.
_TOGETHER_S: Final = 0.02
#: Seconds before another try, from the first to the longest.
_PAUSES_S: Final = (0.5, 2.0)
#: Hashes that are written by one question: to put a hundred into bytes holds requests up for some milliseconds.
_AT_ONCE: Final = 32
#: Names of a figure that are taken from Redis: no server has so many clients that have just spent something.
_MOST_NAMES: Final = 10_000


class Mirror:
    """One a process; an asynchronous context that writes as long as it lasts.

    Whoever shows something gives a function that tells what stands there now. While Redis is away nobody is asked, and
    what stands there is written when it is back.
    """

    def __init__(self, address: RedisUrl) -> None:
        self._address = address
        self._client: Client | None = None
        #: Why nothing can be written, for a person; None while it can be.
        self.because: str | None = None
        self._shown: dict[str, Callable[[], Mapping[str, str]]] = {}
        #: Keys that were never written yet, and those that are to go -> when they have gone by themselves.
        self._new: set[str] = set()
        self._over: dict[str, float] = {}
        self._figures: dict[str, Callable[[], Mapping[str, float]]] = {}
        #: What stands there of figures, as far as was written over this connection.
        self._written: dict[str, dict[str, float]] = {}
        #: Seconds that the clock of Redis is ahead of `time.monotonic`.
        self._ahead_s: float | None = None
        self._all_due = -math.inf
        self._turn = asyncio.Lock()
        self._woken = asyncio.Event()
        self._there = asyncio.Event()
        self._there.set()
        self._closing = False
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._client, self._closing = Client(self._address), False
        self._task = asyncio.create_task(self._write())
        return self

    async def __aexit__(self, *_raised: object) -> None:
        """Take back what is shown, unless Redis is away; waits no longer than an answer may take."""
        self._closing = True
        self._woken.set()
        if self._task is not None:
            await asyncio.gather(self._task, return_exceptions=True)
        if self._client is not None:
            await self._client.close()

    # what is shown for as long as it lasts

    @contextlib.contextmanager
    def shown(self, key: str, look: Callable[[], Mapping[str, str]]) -> Iterator[None]:
        """Show fields as a hash for the time of the block."""
        self._shown[key] = look
        self._new.add(key)
        self._over.pop(key, None)
        self._woken.set()
        try:
            yield
        finally:
            self._shown.pop(key, None)
            self._new.discard(key)
            self.remove(key)

    def remove(self, key: str) -> None:
        """Take back what another process may have shown."""
        self._over[key] = time.monotonic() + SHOWN_S
        self._woken.set()

    # what is told at once

    async def tell(self, channel: str, texts: Sequence[str]) -> bool:
        """Publish these in their order; False where Redis may not have got them."""
        return await self._asked([("PUBLISH", channel, text) for text in texts]) is not None

    async def there(self) -> None:
        """Return once nothing is wrong."""
        await self._there.wait()

    # figures that a later process begins with: moments of `time.monotonic`, by name

    def keep(self, key: str, look: Callable[[], Mapping[str, float]]) -> None:
        """Write, within a second each time, when everything will be that has a name; what has passed is left out."""
        self._figures[key] = look

    async def let_go(self, key: str) -> None:
        """Write it for the last time, so that whoever goes on finds it."""
        look = self._figures.pop(key, None)
        if look is not None and self._ahead_s is not None:
            await self._asked(self._kept(key, look()))
        self._written.pop(key, None)

    async def found(self, key: str) -> dict[str, float]:
        """Name -> how many seconds it will last from now on; empty where nothing can be had."""
        answers = await self._asked([("TIME",), ("HGETALL", key)])
        if answers is None:
            return {}
        now = _seconds(answers[0])
        told = answers[1] if isinstance(answers[1], dict) else {}
        found = {name: _number(value) / 1000 - now for name, value in [*told.items()][:_MOST_NAMES]}
        return {name: left for name, left in found.items() if math.isfinite(left) and left > 0}

    # how it is written

    async def _write(self) -> None:
        """Write what is due until the end; each time all of it, or what is new."""
        pause_s = _PAUSES_S[0]
        while not self._closing:
            await self._due(self._all_due - time.monotonic() if self.because is None else pause_s)
            if self._closing:
                break
            try:
                await self._step()
                pause_s = _PAUSES_S[0]
            except AwayError as error:
                self._lose(str(error))
                pause_s = min(2 * pause_s, _PAUSES_S[1])
            except Exception:
                log.exception("what is to be seen in Redis could not be told")
        if self.because is None:
            with contextlib.suppress(AwayError):
                gone = [*self._shown, *self._over]
                await self._ask([*([("DEL", *gone)] if gone else []), *self._all_kept(), ("TIME",)])

    async def _due(self, longest_s: float) -> None:
        """Wait until there is something to write, or until Redis is to be tried again."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(max(0.0, longest_s)):
                while not self._closing:
                    await self._woken.wait()
                    self._woken.clear()
                    if self.because is None:
                        await asyncio.sleep(_TOGETHER_S)
                        return

    async def _step(self) -> None:
        """Write once; raises AwayError."""
        if self._ahead_s is None:  # of a connection that is new
            await self._ask([("TIME",)])
        now = time.monotonic()
        whole = now >= self._all_due
        self._over = {key: until for key, until in self._over.items() if until > now}
        over, keys = tuple(self._over), tuple(self._shown if whole else self._new)
        self._new -= {*keys}
        self._all_due = now + _EVERY_S if whole else self._all_due
        try:
            for at in range(0, len(keys), _AT_ONCE):
                await self._ask(self._seen(keys[at : at + _AT_ONCE]))
            gone: list[Command] = [("DEL", *over)] if over else []
            await self._ask([("TIME",), *gone, *(self._all_kept() if whole else [])])
        except BaseException:
            self._all_due = -math.inf
            raise
        for key in over:
            if key not in self._shown:
                self._over.pop(key, None)
        self._find()

    def _seen(self, keys: Sequence[str]) -> list[Command]:
        """What shows these, as far as they are still to be shown."""
        commands: list[Command] = [("TIME",)]
        for key in keys:
            if (look := self._shown.get(key)) is not None:
                fields = [part for pair in look().items() for part in pair]
                commands += [("HSET", key, *fields), ("PEXPIRE", key, round(1000 * SHOWN_S))]
        return commands

    def _all_kept(self) -> list[Command]:
        return [command for key, look in self._figures.items() for command in self._kept(key, look())]

    def _kept(self, key: str, found: Mapping[str, float]) -> list[Command]:
        """What brings a figure to where it is; it lasts as long as the longest of what has a name."""
        written = self._written.get(key, {})
        passed = [name for name in written if name not in found]
        changed = [(name, self._stamp(at)) for name, at in found.items() if written.get(name) != at]
        self._written[key] = dict(found)
        commands: list[Command] = []
        if passed:
            commands.append(("HDEL", key, *passed))
        if changed:
            commands.append(("HSET", key, *(part for pair in changed for part in pair)))
            commands.append(("PEXPIREAT", key, self._stamp(max(found.values()))))
        return commands

    def _stamp(self, moment: float) -> int:
        """Milliseconds of the clock of Redis."""
        return math.ceil(1000 * (moment + (self._ahead_s or 0.0)))

    async def _asked(self, commands: Sequence[Command]) -> list[object] | None:
        """Answers, or None where Redis is away: nobody who asks tries whether it is back."""
        if self.because is not None or not commands:
            return None if commands else []
        try:
            return await self._ask(commands)
        except AwayError as error:
            self._lose(str(error))
            return None

    async def _ask(self, commands: Sequence[Command]) -> list[object]:
        assert self._client is not None, "it is open"
        async with self._turn:
            answers = await self._client.ask(commands)
        for command, answer in zip(commands, answers, strict=True):
            if command[0] == "TIME":
                self._ahead_s = _seconds(answer) - time.monotonic()
        return answers

    def _lose(self, because: str) -> None:
        self._ahead_s = None
        self._written.clear()
        if self.because is None:
            log.warning("Redis at %s is away: %s Everything is served without it.", self._address, because)
        self.because = because
        self._there.clear()

    def _find(self) -> None:
        if self.because is not None:
            log.warning("Redis at %s is back.", self._address)
        self.because = None
        self._there.set()


def _seconds(told: object) -> float:
    """The moment of an answer to TIME; raises AwayError for what is none."""
    if isinstance(told, (list, tuple)) and len(told) == 2:
        moment = _number(told[0]) + _number(told[1]) / 1_000_000
        if math.isfinite(moment):
            return moment
    raise AwayError("It does not tell the time.")


def _number(told: object) -> float:
    """A number, or none where it is not one."""
    try:
        return float(told) if isinstance(told, (str, int, float)) else math.nan
    except ValueError:
        return math.nan
