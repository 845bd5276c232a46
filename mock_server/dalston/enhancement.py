"""What hears a session's audio again once that is over: a batch session of the same namespace, linked by its id."""

from __future__ import annotations

import asyncio
import logging
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from mock_server import problems
from mock_server.dalston.recording import pieces
from mock_server.dalston.wanted import AUTO
from mock_server.session.dalston.step import Enhancing
from mock_server.session.model import Order
from mock_server.session.step import Requested
from mock_server.storage import StorageError

if TYPE_CHECKING:
    from datetime import datetime

    from mock_server.dalston.ledger import LiveLedger
    from mock_server.service import Service
    from mock_server.session.dalston.model import Dictation
    from mock_server.storage.unit import Unit

log = logging.getLogger("scribe.mock")

#: The file of a batch session.
_NAME: Final = "audio.wav"
_TEMPLATES: Final = ("soap",)
#: A batch session gets its audio at once; this is for a server that is down in between.
_WAITS: Final = timedelta(days=30)
#: Before another try where nothing could be stored, or the queue was full.
_PAUSE_S: Final = 5.0


class Enhancement:
    """Begins batch sessions in the change that ends a live one, then gives them their audio, across restarts."""

    def __init__(self, service: Service, ledger: LiveLedger) -> None:
        self._service = service
        self._ledger = ledger
        self._tasks: set[asyncio.Task[None]] = set()

    def begin(self, unit: Unit, dictation: Dictation, now: datetime) -> Dictation:
        """Make the batch session, in the caller's change; returns the live one with the link."""
        language = dictation.wanted.language
        hint = () if language == AUTO else (language,)
        order = Order(
            _TEMPLATES, "pro", language_hint=hint, upload_type="single", additional_data={"live": dictation.id}
        )
        asked = Requested(
            self._service.ids.session(), dictation.namespace, order, now + _WAITS, templates_as_array=False
        )
        job = self._service.begin(unit, asked, now)
        return self._ledger.apply(unit, dictation, Enhancing(job.id, due=True), now)

    def take_up(self, dictation: Dictation) -> None:
        """Give a batch session its audio, and end it, in a task of its own."""
        task = asyncio.create_task(self._carry_out(dictation))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def close(self) -> None:
        """Stop; what is not done is done at the next start."""
        for task in [*self._tasks]:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _carry_out(self, dictation: Dictation) -> None:
        try:
            while not await self._ended(dictation):  # noqa: ASYNC110 - nobody tells when there is room again
                await asyncio.sleep(_PAUSE_S)
        except Exception:
            log.exception("the batch session of %s was not ended", dictation.id)

    async def _ended(self, dictation: Dictation) -> bool:
        """Try once; False where another try may be worth it."""
        try:
            await self._once(dictation)
        except FileNotFoundError:  # the live session was deleted before its audio was taken over
            await self._service.expire(dictation.namespace, dictation.job_id or "")
        except StorageError as error:
            log.warning("the audio of %s is not to be had now: %s", dictation.id, error)
            return False
        except problems.Problem as problem:
            if problem.status >= 500:
                return False
            # it was ended already, or removed
            log.warning("the batch session of %s: %s", dictation.id, problem.message)
            await self._done(dictation)
        return True

    async def _once(self, dictation: Dictation) -> None:
        whose = (dictation.namespace, dictation.job_id or "")
        job = await self._service.peek(*whose)
        if job.ended_at is None:
            async with self._service.audio.fetch([dictation.audio_key or ""]) as (path,):
                await self._service.reception.receive(*whose, name=_NAME, content_type="audio/wav", body=pieces(path))
            await self._service.end(*whose, audio_files_sent=1)
        await self._done(dictation)

    async def _done(self, dictation: Dictation) -> None:
        def change(unit: Unit) -> None:
            now = unit.dictations.load(dictation.id)
            if now is not None and now.job_due:
                moment = self._service.clocks.now(now.namespace)
                self._ledger.apply(unit, now, Enhancing(now.job_id, due=False), moment)

        await self._service.write(change)
