"""The three steps of processing; each, and all at once, can be run again after a crash and comes to the same."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from mock_server.metrics.meter import Hearing
from mock_server.pipeline import outcome
from mock_server.pipeline.hands import Filling, Listening
from mock_server.session.happening import Refused
from mock_server.session.model import Failure
from mock_server.session.step import Extracted, Processed
from mock_server.session.table import State
from mock_server.speech import allowance
from mock_server.speech.model import Recording, SpeechOvertime, SpeechUnavailable
from mock_server.storage import StorageError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from datetime import datetime

    from mock_server.conduct import Conduct, Course
    from mock_server.ledger import Ledger
    from mock_server.pipeline.hands import Hands
    from mock_server.session.model import Session
    from mock_server.session.step import Happening, Transcribed
    from mock_server.speech.model import Transcription
    from mock_server.storage.unit import Store, Unit

T = TypeVar("T")

log = logging.getLogger("scribe.mock")

#: A speech worker that died is started anew; one that dies this often on the same audio is that audio's fault.
_TRIES = 3
#: Before the second try, doubled before each further: a worker process takes about this long to come back.
_PAUSE_S = 0.5
_LONGEST_PAUSE_S = 15.0
#: A transcriber that cannot be started is waited for this long: another session may have the memory it needs.
_UNAVAILABLE_S = 60.0
#: Before audio is asked for again that lies where nobody answers now: nothing is wrong with its session.
_AWAY_S = 2.0
#: A store that takes nothing now is asked again after so long, and for so long before the attempt counts as fallen: of
#: these a session has few, and a database may be away more often than that while somebody speaks for hours.
_STORE_PAUSE_S = 0.5
_STORE_S = 300.0


class _Tries:
    """What has been tried to hear a session; only what ended a job that had begun counts as failed."""

    def __init__(self) -> None:
        self.failed = 0
        #: What the tries took, those that came to nothing among them.
        self.took = Hearing()
        self._unavailable_since: float | None = None
        self._pauses = 0

    def enough(self) -> bool:
        """Count a failure; True when there is to be no further try."""
        self.failed += 1
        self._unavailable_since = None
        return self.failed >= _TRIES or self.took.spent_s >= allowance.AGAIN_WITHIN

    def waited_enough(self) -> bool:
        """Note that nothing could begin; True when it has been so for long."""
        now = time.monotonic()
        self._unavailable_since = self._unavailable_since or now
        return now - self._unavailable_since >= _UNAVAILABLE_S

    async def pause(self) -> None:
        """Give what failed time to come back."""
        await asyncio.sleep(min(_LONGEST_PAUSE_S, _PAUSE_S * 2**self._pauses))
        self._pauses += 1


class Process:
    """Transcribe, extract, finish, by session id; what each comes to is kept in the database, not in arguments."""

    def __init__(
        self,
        *,
        store: Store,
        hands: Hands,
        ledger: Ledger,
        conduct: Callable[[str], Conduct],
        now_of: Callable[[str], datetime],
        max_chunk_seconds: float | None = None,
    ) -> None:
        self._store = store
        self._hands = hands
        self._ledger = ledger
        self._conduct = conduct
        self._now_of = now_of
        self._max_chunk_seconds = max_chunk_seconds

    async def transcribe(self, session_id: str) -> None:
        """Turn the session's audio into words and show them (§6.3 allows the transcript before the templates)."""
        session = await self._in_work(session_id)
        if session is not None:
            await self._happens(session_id, await self._transcribed(session))

    async def extract(self, session_id: str) -> None:
        """Fill every template that was asked for, off the event loop."""
        session = await self._in_work(session_id)
        if session is not None and session.failure is None:
            await self._happens(session_id, await self._extracted(session, session.transcript))

    async def finish(self, session_id: str) -> None:
        """Bring the session to its end state, once."""
        await self._happens(session_id, Processed())

    async def process(self, session_id: str) -> None:
        """All three at once, kept as one change: for what takes no longer than it takes to remember."""
        session = await self._in_work(session_id)
        if session is not None:
            heard = await self._transcribed(session)
            notes = () if heard.failure else (await self._extracted(session, heard.text),)
            await self._happens(session_id, heard, *notes, Processed())

    async def give_up(self, session_id: str) -> None:
        """End a session that no attempt could process."""
        told = "The session could not be processed because of an internal error."
        await self._happens(session_id, Processed(Failure("internal_error", told)))

    async def _in_work(self, session_id: str) -> Session | None:
        """The session; None when a reset took it away or it is finished already."""
        session = self._store.at_hand(session_id)
        if session is None:
            session = await _waited(lambda: self._store.read(lambda view: view.load(session_id)))
        return session if session is not None and session.state is State.PROCESSING else None

    async def _transcribed(self, session: Session) -> Transcribed:
        conduct = self._conduct(session.namespace)
        course = await conduct.course(session)
        return outcome.transcribed(course.transcription(conduct.transcription(await self._heard(session, course))))

    async def _extracted(self, session: Session, transcript: str | None) -> Extracted:
        asked = Filling(session.id, session.namespace, session.order.templates, transcript or "")
        results = await self._hands.fill(asked)
        conduct = self._conduct(session.namespace)
        course = await conduct.course(session)
        return Extracted(course.extraction(conduct.extraction(results)))

    async def _heard(self, session: Session, course: Course) -> Transcription:
        engine = self._hands.engine
        if not session.files:
            return course.heard(session, []) if course.heard else outcome.nothing_sent(engine)
        listed = [Recording(file.name, Path(file.key), file.sha256, file.sequence) for file in session.files]
        left = course.recordings(self._conduct(session.namespace).recordings(listed))
        if course.heard is not None:
            heard = course.heard(session, left)
        else:
            heard = await self._transcription(session, left) if left else outcome.nothing_sent(engine)
        return course.account(listed, heard)

    async def _transcription(self, session: Session, recordings: list[Recording]) -> Transcription:
        engine = self._hands.engine
        asked = self._listening(session, recordings)
        tries = _Tries()
        while True:
            try:
                heard = await self._hands.hear(asked, tries.took)
                return outcome.accounted(heard, [recording.name for recording in recordings])
            except StorageError as error:
                log.warning("the audio of %s is not to be had now: %s", session.id, error)
                await asyncio.sleep(_AWAY_S)
                if await self._in_work(session.id) is None:
                    return outcome.out_of_order(engine)  # nobody is told: the session is gone, and its audio with it
                continue
            except SpeechOvertime:
                # More time is not a cure: audio that used up all of its own would again, at everybody's cost.
                log.exception("transcription of %s used up its time", session.id)
                return outcome.overtime(engine)
            except SpeechUnavailable:
                log.exception("transcription of %s could not begin", session.id)
                if tries.waited_enough():
                    return outcome.unavailable(engine)
            except Exception:
                log.exception("transcription of %s failed, try %d of %d", session.id, tries.failed + 1, _TRIES)
                if tries.enough():
                    return outcome.out_of_order(engine)
            await tries.pause()

    def _listening(self, session: Session, recordings: list[Recording]) -> Listening:
        order = session.order
        bound = self._conduct(session.namespace).longest_chunk_s or self._max_chunk_seconds
        return Listening(
            session.id,
            session.namespace,
            tuple(recordings),
            language_hint=order.language_hint[0] if order.language_hint else None,
            max_chunk_seconds=bound if order.upload_type == "chunked" else None,
            templates=order.templates,
        )

    async def _happens(self, session_id: str, *events: Happening) -> None:
        """Apply events of the work as one change; what has no place any more (a reset, a second run) is dropped.

        Together they come to what they would come to one by one.
        """

        def change(unit: Unit) -> None:
            session = unit.load(session_id)
            if session is None or session.state is not State.PROCESSING:
                return
            with contextlib.suppress(Refused):
                for event in events:
                    session = self._ledger.apply(unit, session, event, self._now_of(session.namespace))

        await _waited(lambda: self._store.write(change))
        if any(isinstance(event, Processed) for event in events):
            self._hands.kept(session_id)


async def _waited(ask: Callable[[], Awaitable[T]]) -> T:
    """What the store answers, as soon as it does; raises StorageError where it takes nothing for long."""
    until = time.monotonic() + _STORE_S
    told = False
    while True:
        try:
            return await ask()
        except StorageError as error:
            if time.monotonic() > until:
                raise
            if not told:
                log.warning("work waits for the store: %s", error)
            told = True
        await asyncio.sleep(_STORE_PAUSE_S)
