"""What the HTTP face may ask for: create, receive, end, get, and the control plane's journal, clock and reset.

Order of every acknowledgement: bytes durable; state, journal row and queued work in one transaction; the answer.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from mock_server import problems
from mock_server.refusal import check_name, refusal
from mock_server.session.chunk import sequence_of
from mock_server.session.happening import DeadlinePassed, Refused
from mock_server.session.model import AudioFile, json_bytes
from mock_server.session.step import Amended, AudioAccepted, EndRequested, Happening, Requested
from mock_server.session.table import Event, State
from mock_server.speech.model import SpeechInterrupted, SpeechOvertime, SpeechUnavailable
from mock_server.storage import StorageError, TooLarge
from mock_server.testclock import Happened
from mock_server.traffic.recorder import Recorder
from mock_server.watch import Standing

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
    from datetime import datetime
    from typing import Any, TypeVar

    from mock_server.conduct import Conduct
    from mock_server.ids import Ids
    from mock_server.ledger import Ledger
    from mock_server.numbered import Numbered
    from mock_server.pipeline.ports import Queue
    from mock_server.pipeline.process import Process
    from mock_server.pipeline.upkeep import Upkeep
    from mock_server.session.model import Order, Session
    from mock_server.settings import Limits
    from mock_server.speech.length import Lengths
    from mock_server.storage import AudioStore, Keeping, Made, Stored
    from mock_server.storage.unit import Cleared, JournalRow, Store, Unit, View
    from mock_server.testclock import Clocks, Move
    from mock_server.traffic.drawing import Seen, Told

    T = TypeVar("T")

log = logging.getLogger("scribe.mock")

#: Pieces of a recording that one is measured behind, beside the first: as many as a block of audio may reach over.
_PIECES_BEFORE = 2


#: Sessions that expire in one change.
_TOGETHER = 100


class Service:
    """All a router needs; every method is safe to call from many requests at once."""

    def __init__(
        self,
        *,
        keeping: Keeping,
        work: Queue,
        process: Process,
        upkeep: Upkeep | None,
        clocks: Clocks,
        ids: Ids,
        limits: Limits,
        ledger: Ledger,
        conduct: Callable[[str], Conduct],
        lengths: Lengths | None = None,
    ) -> None:
        self.limits = limits
        self.watch = ledger.watch
        self.machine = ledger.machine
        self.clocks = clocks
        self._keeping = keeping
        self._store: Store = keeping.store
        self._audio: AudioStore = keeping.audio
        self._ledger = ledger
        self._work = work
        self._ids = ids
        self._conduct = conduct
        self._process = process
        self._upkeep = upkeep
        self._lengths = lengths

    async def start(self) -> None:
        """Take up what an earlier process left: orphaned audio, unfinished sessions."""
        await self._audio.sweep(lambda: self._store.read(lambda view: view.audio_keys()))
        await self._work.launch(self._process)
        if self._upkeep is not None:
            self._upkeep.start()

    async def close(self) -> None:
        """Stop; unfinished work goes on at the next start."""
        if self._upkeep is not None:
            await self._upkeep.close()
        await self._work.close()
        await asyncio.to_thread(self._keeping.close)

    async def recorder(self, told: Told[Seen]) -> Recorder[Seen]:
        """What records traffic where everything else is kept; the caller closes it before the service."""
        return await Recorder.of(self._store, told, shortage=self.shortage)

    @property
    def store(self) -> Store:
        """Where everything is kept: those of another profile keep their sessions there too."""
        return self._store

    @property
    def audio(self) -> AudioStore:
        """Where audio is kept."""
        return self._audio

    @property
    def ids(self) -> Ids:
        """Who draws identifiers."""
        return self._ids

    async def move_clock(self, namespace: str, move: Move) -> datetime:
        """Set a namespace's clock and tell its time; raises 400 for what no clock does.

        Who waits for the namespace is told by `watch`, once the caller has let happen what is due.
        """
        return await self._kept(self.clocks.move(namespace, move))

    async def pass_deadlines(self, namespace: str) -> list[Happened]:
        """Let every session expire whose time is up, in the order of their deadlines and each at its own."""
        now = self.clocks.now(namespace)
        due = [entry for entry in await self.read(lambda view: view.unended(namespace)) if entry[1] <= now]

        def change(unit: Unit, some: Sequence[tuple[str, datetime]]) -> list[Happened]:
            happened = []
            for session_id, at in some:
                session = unit.load(session_id)
                if session is None or session.expiry_noted or self._ledger.observed(session, now) is not State.EXPIRED:
                    continue  # it was ended, or seen expired, meanwhile
                self._ledger.apply(unit, session, DeadlinePassed(), at)
                happened.append(Happened(at, session_id, "expired"))
            return happened

        found: list[Happened] = []
        for start in range(0, len(due), _TOGETHER):  # others' changes go between
            some = due[start : start + _TOGETHER]
            found += await self.write(lambda unit, some=some: change(unit, some))  # type: ignore[misc]  # bound early
        return found

    async def peek(self, namespace: str, session_id: str) -> Session:
        """The session as it is kept; nothing is noted of it, whatever the time is."""
        return await self._look(namespace, session_id)

    async def unended(self, namespace: str) -> list[str]:
        """The sessions of a namespace that nobody has ended or seen expired, the first due first."""
        return [session_id for session_id, _ in await self.read(lambda view: view.unended(namespace))]

    # sessions

    async def create(
        self, namespace: str, order: Order, lifetime_s: int, *, templates_as_array: bool = False
    ) -> Session:
        """Open a session that expires after `lifetime_s` seconds unless it is ended (§6.2, §6.5)."""
        now = self.clocks.now(namespace)
        asked = Requested(
            id=self._conduct(namespace).session_id(self._ids.session()),
            namespace=namespace,
            order=order,
            expires_at=now + timedelta(seconds=self._conduct(namespace).lifetime_s(order, lifetime_s)),
            templates_as_array=templates_as_array,
        )
        return await self.write(lambda unit: self.begin(unit, asked, now))

    def begin(self, unit: Unit, asked: Requested, now: datetime) -> Session:
        """Open a session, in the caller's change."""
        return self._ledger.apply(unit, None, asked, now)

    async def receive(
        self,
        namespace: str,
        session_id: str,
        *,
        name: str,
        content_type: str,
        body: AsyncIterator[bytes],
        declared_size: int | None = None,
        numbered: Numbered | None = None,
    ) -> tuple[Session, AudioFile]:
        """Keep one file for good and list it; refuses before it reads where the outcome is clear already.

        `numbered` is its place where the revision counts files and does not name them: such a file is measured.
        """
        check_name(name)
        session = await self._look(namespace, session_id)
        self._admit(session, name, declared_size or 0, numbered)

        def change(unit: Unit, stored: Stored, duration_ms: int | None) -> tuple[Session, AudioFile, list[str]]:
            session = self._own(unit, namespace, session_id)
            self._admit(session, name, stored.size, numbered)
            now = self.clocks.now(namespace)
            file = AudioFile(
                self._conduct(namespace).file_name(name),
                stored.key,
                stored.sha256,
                stored.size,
                content_type,
                now,
                sequence_of(name),
                duration_ms,
            )
            after = self._apply(unit, session, AudioAccepted(file))
            kept = {listed.key for listed in after.files}
            return after, file, [listed.key for listed in session.files if listed.key not in kept]

        try:
            async with self._audio.put(self._ids.audio(), body, self.limits.upload_bytes) as stored:
                after, file, replaced = await self._listed(stored, change, numbered, session)
        except TooLarge:
            raise problems.payload_too_large(self.limits.upload_bytes) from None
        except StorageError as error:
            raise self._unavailable(error) from error
        await self._audio.delete(replaced)
        return after, file

    def conduct(self, namespace: str) -> Conduct:
        """How the server behaves towards a namespace, "" for somebody without one."""
        return self._conduct(namespace)

    async def growing(self, namespace: str, session_id: str, name: str) -> tuple[str, int] | None:
        """Key and size of a file that may grow, None for one that is to be made; refuses as `receive` does."""
        session = await self._look(namespace, session_id)
        state = self.observed(session)
        if self.machine.after(state, Event.AUDIO_ACCEPTED) is None:  # late uploads alone may be taken
            raise refusal(session, Refused(state, Event.AUDIO_ACCEPTED.value), self.machine)
        self._admit(session, name, 0, None)
        file = next((file for file in session.files if file.name == name), None)
        return None if file is None else (file.key, await self._audio.size(file.key))

    async def extend(self, namespace: str, session_id: str, key: str, at: int, data: bytes) -> None:
        """Keep more of a file for good, behind the first `at` bytes of it; refuses as `receive` does."""
        session = await self._look(namespace, session_id)
        file = next((file for file in session.files if file.key == key), None)
        if file is None:
            told = "another file took the place of its stream"
            raise problems.session_ended(session_id, self.observed(session).value, told)
        self._admit(session, file.name, at + len(data), None)
        try:
            await self._audio.extend(key, at, data)
        except StorageError as error:
            await self._look(namespace, session_id)  # one that was removed meanwhile took its file along
            raise self._unavailable(error) from error

    async def settle(self, namespace: str, session_id: str, name: str, made: Made) -> Session:
        """Bring a file that grew to its last form, and let the session know by the event of every upload.

        A session that has none of that name is left as it is; raises as `receive` does.
        """
        session = await self._look(namespace, session_id)
        file = next((file for file in session.files if file.name == name), None)
        if file is None:
            return session
        self._admit_state(session)
        try:
            stored = await self._audio.settle(file.key, made)
        except StorageError as error:
            await self._look(namespace, session_id)
            raise self._unavailable(error) from error
        if (stored.size, stored.sha256) == (file.size, file.sha256):
            return session
        grown = replace(file, size=stored.size, sha256=stored.sha256)

        def change(unit: Unit) -> Session:
            session = self._own(unit, namespace, session_id)
            if all(listed.key != grown.key for listed in session.files):
                return session  # another file took its place meanwhile
            try:
                return self._ledger.apply(unit, session, AudioAccepted(grown), self.clocks.now(namespace))
            except Refused as refused:
                raise refusal(session, refused, self.machine) from None

        return await self.write(change)

    async def _listed(
        self,
        stored: Stored,
        change: Callable[[Unit, Stored, int | None], T],
        numbered: Numbered | None,
        session: Session,
    ) -> T:
        """Make a session refer to what was stored; removes it again where that is refused."""
        try:
            if not stored.size:
                raise problems.invalid_request("The upload has an empty body; send the audio itself.")
            duration_ms = await self._measured(stored, numbered, session) if numbered and self._lengths else None
            return await self.write(lambda unit: change(unit, stored, duration_ms))
        except problems.Problem as problem:
            if problem.status < 500:  # refused for certain; after a failed commit the next start sweeps
                await self._audio.delete([stored.key])
            raise

    async def _measured(self, stored: Stored, numbered: Numbered, session: Session) -> int:
        """What a file lasts; a piece that is none by itself is measured behind the first and the last before it."""
        assert self._lengths is not None, "whoever numbers files measures them"
        earlier = numbered.behind(session.files)
        around = earlier[:1] + earlier[1:][-_PIECES_BEFORE:]
        try:
            async with self._audio.fetch([*(file.key for file in around), stored.key]) as paths:
                seconds = await self._lengths.of(session.namespace, paths[-1], paths[:-1])
        except SpeechOvertime:
            told = "Decoding this audio takes more time than one file may take; send less of it at once."
            raise problems.invalid_request(told) from None
        except (SpeechInterrupted, SpeechUnavailable, OSError) as error:  # a piece before it may just be replaced
            log.warning("audio could not be measured: %s", error)
            await self._audio.delete([stored.key])
            told = "The audio could not be measured now; send it again."
            raise problems.service_unavailable(told, self.limits.retry_after_s) from None
        numbered.check_length(seconds)
        return round(seconds * 1000)

    async def check_open(self, namespace: str, session_id: str) -> None:
        """Refuse audio where a session takes none: 404, 410 and session_ended come before what is wrong with a file."""
        self._admit_state(await self._look(namespace, session_id))

    async def amend(self, namespace: str, session_id: str, change: Amended) -> Session:
        """Change what a session was ordered with and note what its client says, in one transaction. Not in spec."""

        def apply(unit: Unit) -> Session:
            session = self._own(unit, namespace, session_id)
            for name in ("additional_data", "patient_details"):
                added = getattr(change, name) or {}
                size = json_bytes({**(getattr(session.order, name) or {}), **added}) if added else 0
                if size > self.limits.data_bytes:
                    raise problems.data_too_large(name, size, self.limits.data_bytes)
            return self._apply(unit, session, change)

        return await self.write(apply)

    async def end(
        self,
        namespace: str,
        session_id: str,
        *,
        audio_files_sent: int | None = None,
        templates_as_array: bool = False,
        counted: bool = False,
    ) -> Session:
        """Close a session and queue its processing; a repeat while it runs gets the same session back (E37).

        `counted`: what closes it has to say how many files were sent.
        """

        asked = EndRequested(audio_files_sent, templates_as_array)

        def change(unit: Unit) -> Session:
            session = self._own(unit, namespace, session_id)
            closes = self.machine.leaves(self.observed(session), Event.END_REQUESTED)
            conduct = self._conduct(namespace)
            if counted and conduct.wants_count and closes and audio_files_sent is None:
                raise problems.missing_required_field("audio_files_sent")
            return self._apply(unit, session, conduct.ending(asked))

        return await self.write(change)

    async def get(self, namespace: str, session_id: str) -> tuple[Session, State]:
        """The session and its state as observed now; an expiry is journaled by whoever sees it first."""
        session = await self._look(namespace, session_id)
        state = self.observed(session)
        if state is not State.EXPIRED or session.expiry_noted:
            return session, state

        def change(unit: Unit) -> tuple[Session, State]:
            session = self._own(unit, namespace, session_id)
            state = self.observed(session)
            if state is State.EXPIRED:  # unless an end was on its way here before the deadline
                session = self._ledger.apply(unit, session, DeadlinePassed(), session.expires_at)
            return session, state

        return await self.write(change)

    async def wait(self, namespace: str, session_id: str, asked: State, seconds: float) -> State:
        """Return once the session is in a state, by real seconds; 408 after them, 409 where it cannot be any more."""

        async def look() -> Standing[State]:
            session, state = await self.get(namespace, session_id)
            # an expiry is no event: it is read off the clock
            due_s = (session.expires_at - self.clocks.now(namespace)).total_seconds()
            return Standing(state, self.machine.leads(state, asked), self.clocks.lasts_s(namespace, due_s))

        found = await self.watch.until((namespace, session_id), asked, seconds, look)
        if found.state is not asked:
            failure = (await self.peek(namespace, session_id)).failure
            because = f"{failure.code}: {failure.message}" if failure else ""
            raise problems.not_reached(
                session_id, asked.value, found.state.value, never=not found.leads, because=because
            )
        return found.state

    async def journal(self, namespace: str, session_id: str) -> list[JournalRow]:
        """What happened to a session, oldest first."""

        def look(view: View) -> list[JournalRow]:
            self._own(view, namespace, session_id)
            return view.history(session_id)

        return await self.read(look)

    async def note(self, namespace: str, session_id: str, kind: str, detail: Mapping[str, Any]) -> None:
        """Append a line to a session's journal; 404 as for everything about a session."""

        def change(unit: Unit) -> None:
            session = self._own(unit, namespace, session_id)
            unit.note(session, self.clocks.now(namespace), kind, detail)

        await self.write(change)

    async def expire(self, namespace: str, session_id: str) -> None:
        """Let a session expire before its time, where it is in a state that expires."""

        def change(unit: Unit) -> None:
            session = self._own(unit, namespace, session_id)
            # a deadline counts by itself: it stands in the journal as the moment that it was to be
            moment = max(self.clocks.now(namespace), session.expires_at)
            with contextlib.suppress(Refused):
                self._ledger.apply(unit, session, DeadlinePassed(), moment)

        await self.write(change)

    async def reset(self, namespace: str) -> int:
        """Remove a namespace's sessions, audio, journal and clock offset; returns how many sessions went."""

        def change(unit: Unit) -> Cleared:
            return unit.clear(namespace)

        gone, keys = await self.insist(change)
        self.clocks.forget(namespace)
        self.watch.changed(namespace)
        await self._audio.delete(keys)
        await self._keeping.fill()
        return gone

    def shortage(self) -> str | None:
        """Why nothing can be stored now, as far as the disk tells; None while there is room."""
        return self._keeping.shortage()

    # inside a transaction

    async def _look(self, namespace: str, session_id: str) -> Session:
        if session := self._store.at_hand(session_id):
            return self._owned(session, namespace, session_id)
        return await self.read(lambda view: self._own(view, namespace, session_id))

    def _own(self, view: View, namespace: str, session_id: str) -> Session:
        return self._owned(view.load(session_id), namespace, session_id)

    def _owned(self, session: Session | None, namespace: str, session_id: str) -> Session:
        if session is None:
            raise problems.session_not_found(session_id)
        conduct = self._conduct(namespace)
        if session.namespace != namespace and conduct.keeps_namespaces_apart:
            raise conduct.outsider(session_id)
        return session

    def observed(self, session: Session) -> State:
        """The state that somebody who looks now is told."""
        return self._ledger.observed(session, self.clocks.now(session.namespace))

    def _admit_state(self, session: Session) -> None:
        state = self.observed(session)
        if not self._ledger.takes_audio(session, state):
            raise refusal(session, Refused(state, Event.AUDIO_ACCEPTED.value), self.machine)

    def _admit(self, session: Session, name: str, size: int, numbered: Numbered | None) -> None:
        """Refuse a file by the session's state or bounds, or by its place."""
        self._admit_state(session)
        if numbered is not None:
            numbered.admit(session)
        if size > self.limits.upload_bytes:
            raise problems.payload_too_large(self.limits.upload_bytes)
        others = [file for file in session.files if file.name != name]
        if len(others) >= self.limits.files:
            raise problems.invalid_request(f"A session takes at most {self.limits.files} files.")
        total = sum(file.size for file in others) + size
        if total > self.limits.session_bytes:
            raise problems.session_too_large(total, self.limits.session_bytes)

    def _apply(self, unit: Unit, session: Session, event: Happening) -> Session:
        """What a client asks, in the caller's change; raises the Problem of a refusal."""
        self._conduct(session.namespace).admits(session, self.observed(session), event)
        try:
            return self._ledger.apply(unit, session, event, self.clocks.now(session.namespace))
        except Refused as refused:
            raise refusal(session, refused, self.machine) from None

    # refusals

    def _unavailable(self, error: StorageError) -> problems.Problem:
        log.error("storage: %s", error)
        return problems.service_unavailable("The service cannot store anything now.", self.limits.retry_after_s)

    async def write(self, change: Callable[[Unit], T]) -> T:
        """Run a change; raises the Problem of a store that takes nothing now."""
        return await self._kept(self._store.write(change))

    async def insist(self, change: Callable[[Unit], T]) -> T:
        """Run a change that is not to fail for want of room: on a full disk it gets what is kept back of it."""
        try:
            return await self._store.write(change)
        except StorageError:
            await self._keeping.release()
            try:
                return await self.write(change)
            finally:
                await self._keeping.fill()

    async def read(self, look: Callable[[View], T]) -> T:
        """Look at what is kept; raises the Problem of a store that cannot be read now."""
        return await self._kept(self._store.read(look))

    async def _kept(self, answer: Awaitable[T]) -> T:
        try:
            return await answer
        except StorageError as error:
            raise self._unavailable(error) from error
