"""One listening: audio comes in at one end, is cut into utterances, and events come out at the other."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Self

from mock_server.speech.model import SpeechInterrupted, SpeechOvertime, SpeechUnavailable
from mock_server.speech.streaming.converter import to_pcm16
from mock_server.speech.streaming.cutter import Cutter, Pauses, Utterance
from mock_server.speech.streaming.event import Broken, LagExceeded, Lagging, Partial, Unheard
from mock_server.speech.streaming.event import Final as Told
from mock_server.speech.streaming.outbox import Outbox
from mock_server.speech.streaming.pace import Pace

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from mock_server.speech.streaming.event import Event, SpeechEnd, SpeechStart
    from mock_server.speech.streaming.format import Format, Wish
    from mock_server.speech.streaming.seam import Ear, Heard
    from mock_server.speech.streaming.voice import Voice

log = logging.getLogger("scribe.mock")

#: Audio is taken in steps of so many seconds, and others have their turn between two.
_STEP_SECONDS: Final = 0.25
#: So much more has to have been said before it is worth a look.
_WORTH_SECONDS: Final = 0.3
#: An utterance is tried so often when the process dies under it.
_TRIES: Final = 3
#: A lag is over once it is down to this share of what began it.
_EASED: Final = 0.5


@dataclass(frozen=True, slots=True)
class Bounds:
    """What a listening may cost; seconds of audio but for `partial`, which is wall clock."""

    pauses: Pauses = field(default_factory=Pauses)
    pace: float = 10.0  # times faster than it was spoken
    burst: float = 10.0
    slack: float = 2.0  # ahead of what could have been spoken, and it is no live voice
    partial: float = 0.7  # from one look at what is being spoken to the next
    lagging: float = 10.0  # wait behind an utterance that has no Final yet
    exceeded: float = 40.0
    events: int = 1024  # that nobody has read: some twenty minutes


class Listener:
    """A Listening. Whatever order things happen in, an utterance has one Final, after its SpeechEnd."""

    def __init__(  # noqa: PLR0917
        self,
        form: Format,
        wish: Wish,
        bounds: Bounds,
        ear: Ear,
        voice: Callable[[], Voice],
        left: Callable[[Listener], None],
    ) -> None:
        """Begins in a running loop; `left` is told once the place is free."""
        self._loop = asyncio.get_running_loop()
        self._wish, self._bounds = wish, bounds
        self._step = int(form.sample_rate * _STEP_SECONDS) * form.frame_bytes
        self._bytes_a_second = form.bytes_a_second
        self._ear, self._voice, self._left = ear, voice, left
        self._converter = to_pcm16(form)
        self._cutter: Cutter | None = None
        self._pace = Pace(bounds.pace, bounds.burst, bounds.slack, self._loop.time)
        self._outbox = Outbox(bounds.events)
        self._spoken: deque[Utterance] = deque()  # that have no Final yet
        self._guess: tuple[Utterance, Heard] | None = None  # what the utterance that has paused would come to
        self._news = asyncio.Event()
        self._urgent = asyncio.Event()  # an utterance is over, or may be
        self._eased = asyncio.Event()
        self._all_came = self._over = self._lagging = False
        self._looked = 0.0  # when what is being spoken was looked at, and how much of it there was
        self._seen = 0.0
        self._work = self._loop.create_task(self._recognise())

    # What the one who has the audio calls.

    async def hear(self, data: bytes) -> None:
        """Take audio."""
        size = self._step
        whole = memoryview(data)
        for at in range(0, len(whole), size):
            step = whole[at : at + size]
            await self._room()
            if self._over or self._all_came:
                return
            self._pace.take(len(step) / self._bytes_a_second)
            await self._take(self._converter.feed(step))
            if len(whole) > size:
                await asyncio.sleep(0)

    async def flush(self) -> None:
        """End the utterance that is being spoken."""
        if self._cutter is not None and not self._over:
            self._note(self._cutter.flush())

    async def clear(self) -> None:
        """Forget the utterance that is being spoken."""
        if self._cutter is not None and not self._over:
            self._note(self._cutter.clear())

    async def end(self) -> None:
        """Tell what there is, then end."""
        if self._over or self._all_came:
            return
        await self._take(self._converter.finish())
        if self._cutter is not None:
            self._note(self._cutter.finish())
        self._all_came = True
        self._news.set()
        self._converter.check()

    async def close(self) -> None:
        """Give up."""
        self._outbox.clear()
        self._finish(None)
        self._work.cancel()
        with suppress(asyncio.CancelledError):
            await self._work

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Event:
        return await self._outbox.take()

    # Audio.

    async def _room(self) -> None:
        """Wait until more may come: one who is faster than speech waits for those who recognise it, too."""
        while not self._over:
            wait = self._pace.wait
            if not wait and self._lag >= self._bounds.lagging * _EASED and self._pace.ahead:
                wait = _STEP_SECONDS
            if not wait:
                return
            self._eased.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout(wait):
                    await self._eased.wait()

    async def _take(self, pcm: bytes) -> None:
        if not pcm:
            return
        if self._cutter is None:
            try:
                voice = await asyncio.to_thread(self._voice)
            except SpeechUnavailable as error:
                self._finish(Broken(str(error)))
                return
            self._cutter = Cutter(voice, self._bounds.pauses)
        self._note(self._cutter.hear(pcm))
        if self._spoken or self._cutter.paused:
            self._urgent.set()
        self._judge_lag()

    def _note(self, happened: Iterable[SpeechStart | SpeechEnd | Utterance]) -> None:
        news = False
        for each in happened:
            news = True
            if isinstance(each, Utterance):
                self._spoken.append(each)
            elif self._wish.voice_activity:
                self._tell(each)
        if news or self._speaking:  # in a pause there is nothing to recognise, so that nobody is to be woken for it
            self._news.set()

    def _tell(self, event: Event) -> None:
        if self._outbox.full:
            self._finish(LagExceeded(self._lag))
        self._outbox.put(event)

    # The backlog.

    @property
    def behind_s(self) -> float:
        """Seconds of audio that came behind an utterance that has no Final yet."""
        return self._lag

    @property
    def _lag(self) -> float:
        if not self._spoken or self._cutter is None:
            return 0.0
        return max(0.0, self._cutter.seconds - self._spoken[0].end)

    def _judge_lag(self) -> None:
        lag = self._lag
        if lag >= self._bounds.exceeded:
            self._finish(LagExceeded(lag))
        elif lag >= self._bounds.lagging and not self._lagging:
            self._lagging = True
            self._tell(Lagging(lag))
        elif lag < self._bounds.lagging * _EASED:
            self._lagging = False

    # Recognition.

    async def _recognise(self) -> None:
        try:
            while not self._over:
                self._news.clear()
                if self._spoken:
                    await self._conclude(self._spoken[0])
                elif self._all_came:
                    self._finish(None)
                elif not await self._look():
                    await self._pause()
        except SpeechUnavailable as error:
            self._finish(Broken(str(error)))
        except Exception:
            log.exception("a listening broke")
            self._finish(Broken("The service met an unexpected condition."))

    async def _pause(self) -> None:
        """Until something comes: what is being spoken is looked at again when its time has come, too."""
        with suppress(TimeoutError):
            async with asyncio.timeout(self._bounds.partial if self._speaking else None):
                await self._news.wait()

    async def _conclude(self, utterance: Utterance) -> None:
        guess, self._guess = self._guess, None
        told: Event | None = None
        try:
            heard = guess[1] if guess and guess[0] == utterance else await self._care(utterance)
            if heard.text:
                span = utterance.start, utterance.end
                told = Told(heard.text, *span, heard.confidence, heard.words, heard.language)
        except SpeechInterrupted as error:
            told = Unheard(utterance.start, utterance.end, str(error))
        if self._over:
            return
        self._spoken.popleft()
        if told is not None:
            self._tell(told)
        self._seen = 0.0
        self._judge_lag()
        self._eased.set()

    async def _care(self, utterance: Utterance) -> Heard:
        for _ in range(_TRIES - 1):
            try:
                return await self._ear.whole(utterance)
            except SpeechOvertime:
                raise
            except SpeechInterrupted as error:
                log.warning("an utterance is tried again: %s", error)
        return await self._ear.whole(utterance)

    @property
    def _speaking(self) -> bool:
        return self._cutter is not None and self._cutter.speaking

    async def _look(self) -> bool:
        """Look at what is being spoken, if there is something to see; whether there was."""
        if self._cutter is None or not self._cutter.speaking:
            return False
        if self._cutter.paused:
            return await self._guess_at(self._cutter.so_far())
        due = self._looked + self._bounds.partial
        # a look that begins as the voice pauses would be in the way of what the utterance came to
        if not self._wish.interim or self._loop.time() < due or self._cutter.pausing:
            return False
        so_far = self._cutter.so_far()
        if so_far.end - max(so_far.start, self._seen) < _WORTH_SECONDS:
            return False
        self._looked, self._seen = self._loop.time(), so_far.end
        self._show(so_far, await self._glance(so_far))
        return True

    async def _glance(self, utterance: Utterance) -> str:
        """What is being spoken, unless it may be over before anybody has time for it."""
        self._urgent.clear()
        look = self._loop.create_task(self._ear.part(utterance))
        urgent = self._loop.create_task(self._urgent.wait())
        try:
            await asyncio.wait((look, urgent), return_when=asyncio.FIRST_COMPLETED)
            with suppress(SpeechInterrupted):
                return await look if look.done() else ""
            return ""
        finally:
            look.cancel()
            urgent.cancel()

    async def _guess_at(self, utterance: Utterance) -> bool:
        """A voice that has paused may have ended: then its Final is at hand once that is sure."""
        if self._guess is not None and self._guess[0] == utterance:
            return False
        with suppress(SpeechInterrupted):
            heard = await self._ear.whole(utterance)
            self._guess = utterance, heard
            self._looked, self._seen = self._loop.time(), utterance.end
            self._show(utterance, heard.text)
            return True
        return False

    def _show(self, utterance: Utterance, text: str) -> None:
        """Tell a Partial, unless the utterance is over by now or was cleared."""
        now = self._cutter.so_far() if self._cutter is not None and self._cutter.speaking else None
        if text and self._wish.interim and not self._spoken and now is not None and now.start == utterance.start:
            self._tell(Partial(text, utterance.start, utterance.end))

    def _finish(self, last: Event | None) -> None:
        """The listening is over."""
        if self._over:
            return
        self._over = True
        self._spoken.clear()
        self._outbox.end(last)
        self._news.set()
        self._eased.set()
        self._left(self)
