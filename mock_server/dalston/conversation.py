"""One socket of a live session: audio is kept and heard, what is heard is kept and told, until somebody ends it."""

from __future__ import annotations

import asyncio
import json
import logging
from typing import TYPE_CHECKING, Any, Final

from mock_server import problems
from mock_server.dalston import message, parting
from mock_server.dalston.message import Account, Misunderstood
from mock_server.dalston.parting import Parting
from mock_server.dalston.trouble import WELL
from mock_server.session.dalston.table import Event
from mock_server.speech.streaming import (
    Broken,
    LagExceeded,
    Lagging,
    OddBytes,
    Partial,
    SpeechEnd,
    SpeechStart,
    Unheard,
    to_pcm16,
)
from mock_server.speech.streaming import (
    Final as Heard,
)
from mock_server.storage import StorageError
from mock_server.stream.reception import STEP_BYTES, STEP_S

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from mock_server.dalston.service import LiveService
    from mock_server.dalston.trouble import Mishap
    from mock_server.dalston.usage import Usage
    from mock_server.dalston.wanted import Asked
    from mock_server.session.dalston.model import Dictation
    from mock_server.speech.streaming import Event as Happened
    from mock_server.speech.streaming import Listening

log = logging.getLogger("scribe.mock")

#: A client that takes nothing for so long does not read.
_UNREAD_S: Final = 10.0
#: What is on its way when a session ends is heard within this: a process that hears may have to start first.
_LAST_S: Final = 180.0


class Line:
    """What a conversation talks over: messages of ASGI one way, objects the other."""

    def __init__(self, receive: Callable[[], Awaitable[Any]], send: Callable[[str], Awaitable[object]]) -> None:
        self.receive = receive
        self._send = send
        #: What becomes of an object before it is sent; None for one that is not.
        self.edit: Callable[[dict[str, Any]], dict[str, Any] | None] = lambda told: told
        #: Real seconds before each object is sent.
        self.pause_s = 0.0
        self._mute = False
        #: Why nobody is there any more, once that is so: nothing is sent from then on.
        self.broken: asyncio.Future[Parting] = asyncio.get_running_loop().create_future()

    async def tell(self, told: dict[str, Any]) -> None:
        """Send an object, if anybody is there; who does not read is not waited for again."""
        edited = self.edit(told)
        if self.pause_s and edited is not None and not self.broken.done():
            await asyncio.sleep(self.pause_s)
        if self.broken.done() or self._mute or edited is None:
            return
        try:
            async with asyncio.timeout(_UNREAD_S):
                await self._send(json.dumps(edited, ensure_ascii=False))
        except TimeoutError:
            self.end(parting.unread(_UNREAD_S))
        except OSError:  # how the client left, the messages that are still to be received tell
            self._mute = True

    def end(self, why: Parting) -> None:
        """Nobody is there any more."""
        if not self.broken.done():
            self.broken.set_result(why)


class Conversation:
    """Runs once."""

    def __init__(
        self,
        line: Line,
        service: LiveService,
        dictation: Dictation,
        asked: Asked,
        listening: Listening,
        *,
        idle_s: float,
        longest_s: float,
        usage: Usage,
        mishap: Mishap = WELL,
        spend: Callable[[int], bool],
    ) -> None:
        """`idle_s` is a time without a word, `longest_s` what a session may last.

        `spend` takes characters off the text that the client may send; False where there are not so many left.
        """
        self._line, self._service, self._asked = line, service, asked
        self._listening = listening
        self._idle_s, self._longest_s = idle_s, longest_s
        self._usage, self._mishap = usage, mishap
        self._lost, self._warned = 0, False
        self.dictation = dictation
        self._words = asked.wanted.word_times
        self._converter = to_pcm16(asked.form)
        self._bytes_a_second = asked.form.bytes_a_second
        self._recording = service.recording(dictation) if asked.wanted.store_audio else None
        self._from_s = dictation.continued_at or 0.0
        self._loop = asyncio.get_running_loop()
        self._keeping, self._taking = asyncio.Lock(), asyncio.Lock()
        self._waiting = bytearray()
        self._measured_at = self._heard_at = self._loop.time()
        self._spend = spend
        #: Bytes of audio and messages that came.
        self.came = self.messages = 0
        self._account = Account()
        self._ended: Parting | None = None

    @property
    def audio_s(self) -> float:
        """How much audio there is of the session, by what came."""
        return self._from_s + self.came / self._bytes_a_second

    async def run(self, addresses: Callable[[Dictation], dict[str, str]], former_key: str | None = None) -> Parting:
        """Talk until it is over; returns why, once that is told.

        `addresses` are those of what is stored of the session, `former_key` is audio that its own begins with.
        """
        with self._service.shown(self.dictation, lambda: self.audio_s):
            return await self._talked(addresses, former_key)

    async def _talked(self, addresses: Callable[[Dictation], dict[str, str]], former_key: str | None) -> Parting:
        try:
            why = await self._until_over(former_key)
            await self._listening.close()
            ended = await self._service.end(self.dictation, why, audio_s=self.audio_s)
            if ended is not None:
                self.dictation = ended
            elif not self._line.broken.done():  # audio, row or end: whichever was missed first, it was removed
                why = parting.removed()
        except problems.Problem as problem:
            log.warning("the end of %s could not be kept: %s", self.dictation.id, problem.message)
            why = parting.unkept(problem.message)
        finally:
            await self._listening.close()
        if why is self._ended:
            return why
        if why.word is not None:
            await self._line.tell(message.error(why.word, why.error or "", recoverable=False))
            await self._line.tell(message.terminated(self.dictation.id, why))
        else:
            await self._line.tell(self._account.end(self.dictation, addresses(self.dictation)))
        return why

    async def _until_over(self, former_key: str | None) -> Parting:
        telling: asyncio.Task[None] | None = None
        try:
            if self._recording is not None and former_key is not None:
                # it is told of as taken over: by then nothing depends on the session that it is taken from
                await self._recording.begin_with(former_key, self._from_s)
            await self._line.tell(message.begin(self.dictation))
            for note in self._asked.notes:
                await self._line.tell(message.note(note))
            telling = asyncio.create_task(self._relay())
            why = await self._listened(telling)
            return await self._to_the_end(why, telling)
        except Parting as why:
            return why
        except problems.Problem as problem:
            return parting.unkept(problem.message)
        except StorageError as error:
            return parting.unkept(str(error))
        except Exception:
            log.exception("the live session %s broke", self.dictation.id)
            return parting.fallen()
        finally:
            if telling is not None:
                telling.cancel()
                await asyncio.gather(telling, return_exceptions=True)

    # what comes

    async def _listened(self, telling: asyncio.Task[None]) -> Parting:
        """Take what comes until it is over; from a disk that takes no more audio on, none is kept."""
        keeping = asyncio.create_task(self._keep_up())
        try:
            return await self._listen(telling, keeping)
        except Parting as why:
            return why
        except StorageError as error:
            self._recording = None
            return parting.unkept(str(error))
        finally:
            async with self._keeping:  # a step on its way to the disk is not to be broken off
                keeping.cancel()
            await asyncio.gather(keeping, return_exceptions=True)

    async def _listen(self, *beside: asyncio.Task[None]) -> Parting:
        """Take what comes until somebody ends it; what breaks here, or in what runs beside it, is raised."""
        taking = asyncio.create_task(self._take_all())
        try:
            while True:
                waited: set[asyncio.Future[Any]] = {taking, *beside, self._line.broken}
                left = self._heard_at + self._idle_s - self._loop.time()
                if left <= 0:
                    return parting.idle(self._idle_s)
                await asyncio.wait(waited, timeout=left, return_when=asyncio.FIRST_COMPLETED)
                if self._line.broken.done():
                    return self._line.broken.result()
                if over := [task for task in beside if task.done()]:
                    over[0].result()  # what is over before its client is has something to raise
                    return parting.fallen()
                if taking.done():
                    return taking.result()
        finally:
            async with self._taking:  # a message that is being taken is not to be broken off
                taking.cancel()
            await asyncio.gather(taking, return_exceptions=True)

    async def _take_all(self) -> Parting:
        """Take message by message. Each client sends ten a second: nothing but the next one is waited for here."""
        why = await self._befallen()
        while why is None:
            came = await self._line.receive()
            self._heard_at = self._loop.time()
            async with self._taking:
                why = await self._take(came) or await self._befallen()
            await asyncio.sleep(0)  # what has come already is received without a wait, and others have their turn
        return why

    async def _befallen(self) -> Parting | None:
        """What happens to the session that nobody did: a warning, or the Parting of its end."""
        mishap = self._mishap
        if mishap.warns_at is not None and self.came >= mishap.warns_at and not self._warned:
            self._warned = True
            await self._line.tell(message.lag(mishap.behind_s))
        if mishap.ends_at is None or self.came < mishap.ends_at:
            return None
        why = mishap.ends()
        if mishap.removes:
            self._recording = None
            await self._service.discard(self.dictation)
        if why is not None and mishap.wordless:
            self._ended = why
            self._line.end(why)
        return why

    async def _take(self, came: Any) -> Parting | None:
        """Take one message of the socket; the Parting where it is the last."""
        if came["type"] == "websocket.disconnect":
            self._line.end(parting.left(came.get("code") or 1005, came.get("reason") or "", self._usage))
            return self._line.broken.result()
        self.messages += 1
        data = came.get("bytes")
        if data is None:
            return await self._understand(came.get("text") or "")
        self.came += len(data)
        if self._recording is not None:
            self._waiting += self._converter.feed(data)
        if len(self._waiting) >= STEP_BYTES:
            await self._keep()
        await self._listening.hear(data)
        return parting.too_long(self._longest_s) if self.audio_s > self._longest_s else None

    async def _understand(self, text: str) -> Parting | None:
        if not self._spend(len(text)):
            raise parting.babbled("More text came than this client may send; wait before going on.")
        try:
            said = message.understood(text)
            match said.type:
                case message.END:
                    return parting.done()
                case message.FLUSH:
                    await self._listening.flush()
                case message.CLEAR:
                    await self._listening.clear()
                case _:
                    self._check_config(said.content)
        except Misunderstood as error:
            await self._line.tell(message.error("invalid_message", str(error), recoverable=True))
        return None

    def _check_config(self, said: dict[str, Any]) -> None:
        """Take what is as it is already; nothing of a session changes while it lasts (Data Model)."""
        wanted = self._asked.wanted
        now = {
            "language": wanted.language,
            "model": wanted.model,
            "encoding": wanted.encoding,
            "sample_rate": wanted.sample_rate,
        }
        for name, value in now.items():
            if said.get(name, value) != value:
                raise Misunderstood(f"{name!r} of a session never changes; open another socket for it.")

    async def _keep_up(self) -> None:
        """Keep what waits, and the figures, from time to time, however long the client is let wait."""
        while True:
            due = self._measured_at + self._usage.figures_s - self._loop.time()
            await asyncio.sleep(STEP_S if self._recording is not None else max(due, 0.0))
            await self._keep()
            if self._loop.time() - self._measured_at >= self._usage.figures_s:
                self._measured_at = self._loop.time()
                await self._service.measured(self.dictation, self.audio_s)

    async def _keep(self) -> None:
        """Keep all audio that came, for good."""
        async with self._keeping:
            samples = bytes(self._waiting)
            self._waiting.clear()
            if samples and self._recording is not None:
                await self._recording.keep(samples)

    # what is told

    async def _relay(self) -> None:
        """Tell what is heard until there is no more; raises the Parting of a listening that ends by itself."""
        async for event in self._listening:
            await self._pass_on(event)

    async def _pass_on(self, event: Happened) -> None:
        from_s = self._from_s
        match event:
            case SpeechStart(at):
                await self._line.tell(message.speech("start", from_s + at))
            case SpeechEnd(at):
                await self._line.tell(message.speech("end", from_s + at))
            case Partial(text, start, end):
                await self._line.tell(message.partial(text, from_s + start, from_s + end))
            case Heard() if self._lost < self._mishap.loses:
                self._lost += 1
                await self._unheard(event.start, event.end)
            case Heard():
                await self._keep()
                self._measured_at = self._loop.time()
                said = await self._service.said(self.dictation, event, self.audio_s)
                self._account.add(said)
                await self._line.tell(message.final(said, words=self._words))
            case Unheard(start, end, _):
                await self._unheard(start, end)
            case Lagging(seconds_behind):
                await self._line.tell(message.lag(seconds_behind))
            case LagExceeded(seconds_behind):
                raise parting.lagging(seconds_behind)
            case Broken(reason):
                raise parting.deaf(reason)

    async def _unheard(self, start: float, end: float) -> None:
        begun, over = self._from_s + start, self._from_s + end
        told = f"What was said from {begun:.1f} s to {over:.1f} s could not be recognised."
        await self._line.tell(message.error("internal_error", told, recoverable=True))

    # the end

    async def _to_the_end(self, why: Parting, telling: asyncio.Task[None]) -> Parting:
        """Hear what had come; what is not heard in time is given up."""
        try:
            await self._listening.end()
        except OddBytes as error:
            await self._line.tell(message.error("invalid_audio", str(error), recoverable=True))
        if self._recording is not None:
            self._waiting += self._converter.finish()
            await self._keep()
        await asyncio.wait({telling}, timeout=_LAST_S)
        if not telling.done():
            return parting.lagging(_LAST_S)
        if why.event is Event.END_REQUESTED:
            telling.result()
        return why
