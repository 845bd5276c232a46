"""What the HTTP face may ask for: create, receive, end, get, and the control plane's journal, clock and reset.

Order of every acknowledgement: bytes durable, then state, journal row and queued work in one transaction, then the answer.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import re
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from mock_server import problems
from mock_server.clock import FURTHEST, Clock, SystemClock, stamp
from mock_server.conduct import HONEST, Conduct
from mock_server.ids import Ids, RandomIds
from mock_server.pipeline.process import Process
from mock_server.pipeline.work import Work
from mock_server.session.model import AudioFile, Order, Session
from mock_server.session.step import AudioAccepted, EndRequested, Happening, Journal, Refused, StartWork, observed, step
from mock_server.session.table import Event, State
from mock_server.storage import rows
from mock_server.storage.audio import LocalAudio, TooLarge
from mock_server.storage.database import Database
from mock_server.storage.lock import DirectoryLock

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

    from sqlalchemy import Connection

    from mock_server.pipeline.ports import Extractor, Transcriber
    from mock_server.storage.rows import JournalRow

log = logging.getLogger("scribe.mock")

#: The last integer in a file's name is its number (§7.2); a longer one would be a date or an id.
_NUMBER = re.compile(r"(\d{1,9})(?!.*\d)")


@dataclass(frozen=True)
class Limits:
    """Bounds of what a client may ask for: bytes a file and a session, files a session, sessions in processing."""

    upload_bytes: int = 100 * 1024 * 1024
    session_bytes: int = 1024 * 1024 * 1024
    files: int = 600
    queue: int = 64
    at_once: int = 2
    reconcile_s: float = 20.0
    retry_after_s: int = 5


def sequence_of(name: str) -> int | None:
    """The number a chunk's name ends in, its suffix aside; None when it has none."""
    stem = name.rsplit("/", 1)[-1].rsplit(".", 1)[0]
    found = _NUMBER.search(stem)
    return int(found.group(1)) if found else None


class Service:
    """All a router needs; every method is safe to call from many requests at once."""

    def __init__(
        self,
        *,
        database: Database,
        audio: LocalAudio,
        work: Work,
        process: Process,
        lock: DirectoryLock,
        clock: Clock,
        ids: Ids,
        limits: Limits,
        conduct_of: Callable[[str], Conduct],
    ) -> None:
        self._database = database
        self._audio = audio
        self._work = work
        self._process = process
        self._lock = lock
        self._clock = clock
        self._ids = ids
        self._conduct_of = conduct_of
        self.limits = limits
        self._offsets: dict[str, timedelta] = {}
        self._reconciler: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Take up what an earlier process left: clocks, orphaned audio, unfinished sessions."""
        offsets = await self._database.read(rows.clock_offsets)
        self._offsets.update({name: timedelta(seconds=seconds) for name, seconds in offsets.items()})
        self._audio.sweep(await self._database.read(rows.audio_keys))
        process = self._process
        self._work.launch(transcribe=process.transcribe, extract=process.extract, finish=process.finish)
        self._reconciler = asyncio.create_task(self._reconcile())

    async def close(self) -> None:
        """Stop; unfinished work goes on at the next start."""
        if self._reconciler is not None:
            self._reconciler.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._reconciler
        await asyncio.to_thread(self._work.close)
        await asyncio.to_thread(self._database.close)
        self._audio.close()
        self._lock.release()

    def now_of(self, namespace: str) -> datetime:
        """The namespace's time: the machine's and what its test clock was moved ahead."""
        return self._clock.now() + self._offsets.get(namespace, timedelta())

    async def now(self, namespace: str) -> datetime:
        """The namespace's time, UTC."""
        return self.now_of(namespace)

    async def advance_clock(self, namespace: str, seconds: float) -> datetime:
        """Move a namespace's clock forwards; raises ValueError for backwards or beyond ten years in all."""
        if not 0 <= seconds <= FURTHEST.total_seconds():
            raise ValueError(f"The clock moves forwards, by at most {FURTHEST.total_seconds():.0f} seconds.")
        ahead = self._offsets.get(namespace, timedelta()) + timedelta(seconds=seconds)
        if ahead > FURTHEST:
            raise ValueError(f"The clock is at most {FURTHEST.total_seconds():.0f} seconds ahead; reset sets it back.")
        await self._database.write(lambda c: rows.set_clock_offset(c, namespace, ahead.total_seconds()))
        self._offsets[namespace] = ahead
        return self.now_of(namespace)

    async def create(self, namespace: str, order: Order, lifetime_s: int) -> Session:
        """Open a session that expires after `lifetime_s` seconds unless it is ended (§6.2, §6.5)."""
        now = self.now_of(namespace)
        session = Session(
            id=self._ids.session(),
            namespace=namespace,
            state=State.CREATED,
            order=order,
            created_at=now,
            expires_at=now + timedelta(seconds=lifetime_s),
        )

        def store(connection: Connection) -> None:
            rows.create(connection, session)
            rows.note(connection, session, now, "created", {"templates": list(order.templates), "model": order.model})

        await self._database.write(store)
        return session

    def _own(self, connection: Connection, namespace: str, session_id: str) -> Session:
        session = rows.load(connection, session_id)
        if session is None or session.namespace != namespace:
            raise problems.session_not_found(session_id)
        return session

    def _apply(self, connection: Connection, session: Session, happening: Happening, now: datetime) -> Session:
        """One step and its effects, all in the caller's transaction."""
        try:
            after, effects = step(session, happening, now)
        except Refused as refused:
            raise self._refusal(session, refused) from None
        if effects:
            rows.save(connection, session, after)
        for effect in effects:
            match effect:
                case Journal(kind, detail):
                    rows.note(connection, after, now, kind, detail)
                case StartWork():
                    if rows.waiting(connection) > self.limits.queue:
                        told = "Too many sessions wait to be processed."
                        raise problems.service_unavailable(told, self.limits.retry_after_s)
                    self._work.enqueue(connection, after.id, rows.count_attempt(connection, after.id))
        return after

    def _refusal(self, session: Session, refused: Refused) -> problems.Problem:
        if refused.state is State.EXPIRED:
            return problems.session_expired(session.id, stamp(session.expires_at))
        told = "takes no more audio" if refused.event is Event.AUDIO_ACCEPTED else "cannot be ended again"
        return problems.invalid_request(f"Session {session.id!r} is {refused.state.value} and {told}.")

    async def receive(
        self,
        namespace: str,
        session_id: str,
        *,
        name: str,
        content_type: str,
        body: AsyncIterator[bytes],
        declared_size: int | None = None,
    ) -> tuple[Session, AudioFile]:
        """Keep one file for good and list it; refuses before reading where the state refuses anyway."""
        await self._admit(namespace, session_id, name, declared_size)
        key = self._ids.audio()
        try:
            stored = await self._audio.put(key, body, self.limits.upload_bytes)
        except TooLarge:
            raise problems.payload_too_large(self.limits.upload_bytes) from None
        now = self.now_of(namespace)
        file = AudioFile(name, key, stored.sha256, stored.size, content_type, now, sequence_of(name))

        def accept(connection: Connection) -> tuple[Session, list[str]]:
            session = self._own(connection, namespace, session_id)
            if stored.size == 0:
                raise problems.invalid_request("The upload has an empty body; send the audio file itself.")
            after = self._apply(connection, session, AudioAccepted(file), now)
            kept = {known.key for known in after.files}
            return after, [known.key for known in session.files if known.key not in kept]

        try:
            session, replaced = await self._database.write(accept)
        except BaseException:
            self._audio.delete([key])
            raise
        self._audio.delete(replaced)
        return session, file

    async def _admit(self, namespace: str, session_id: str, name: str, declared_size: int | None) -> None:
        session = await self._database.read(lambda c: self._own(c, namespace, session_id))
        state = observed(session, self.now_of(namespace))
        if state not in (State.CREATED, State.RECORDING):
            raise self._refusal(session, Refused(state, Event.AUDIO_ACCEPTED))
        if declared_size is not None and declared_size > self.limits.upload_bytes:
            raise problems.payload_too_large(self.limits.upload_bytes)
        known = any(file.name == name for file in session.files)
        if len(session.files) >= self.limits.files and not known:
            raise problems.invalid_request(f"A session takes at most {self.limits.files} files.")
        if sum(file.size for file in session.files) + (declared_size or 0) > self.limits.session_bytes:
            raise problems.payload_too_large(self.limits.session_bytes)

    async def end(
        self,
        namespace: str,
        session_id: str,
        *,
        audio_files_sent: int | None = None,
        templates_as_array: bool = False,
    ) -> Session:
        """Close a session and queue its processing; a repeat while it runs gets the same session back."""
        now = self.now_of(namespace)

        def finish(connection: Connection) -> Session:
            session = self._own(connection, namespace, session_id)
            return self._apply(connection, session, EndRequested(audio_files_sent, templates_as_array), now)

        return await self._database.write(finish)

    async def get(self, namespace: str, session_id: str) -> tuple[Session, State]:
        """The session and its state as observed now; the transcript shows as soon as it is there (§6.3)."""
        session = await self._database.read(lambda c: self._own(c, namespace, session_id))
        state = observed(session, self.now_of(namespace))
        if state is State.EXPIRED:
            await self._database.write(lambda c: rows.note_expiry(c, session))
        return session, state

    async def journal(self, namespace: str, session_id: str) -> list[JournalRow]:
        """What happened to a session, oldest first."""

        def look(connection: Connection) -> list[JournalRow]:
            self._own(connection, namespace, session_id)
            return rows.history(connection, session_id)

        return await self._database.read(look)

    async def reset(self, namespace: str) -> int:
        """Remove everything a namespace has, its clock's offset included; returns how many sessions went."""
        gone, keys = await self._database.write(lambda c: rows.clear(c, namespace))
        self._offsets.pop(namespace, None)
        self._audio.delete(keys)
        return gone

    async def _reconcile(self) -> None:
        while True:
            try:
                await self.take_up()
            except Exception:
                log.exception("reconciling failed; it is tried again")
            await asyncio.sleep(self.limits.reconcile_s)

    async def take_up(self) -> int:
        """Queue again every session that should be in work and is not (condition 4); returns how many."""
        unfinished = await self._database.read(rows.processing)
        live = await self._work.live() if unfinished else set()
        fallen = [(name, attempts) for name, attempts in unfinished if f"{name}.{attempts}" not in live]
        taken = 0
        for name, attempts in fallen:
            if attempts >= self._process.most_attempts:
                await self._process.give_up(name)
            else:
                taken += await self._database.write(lambda c, name=name, seen=attempts: self._again(c, name, seen))  # type: ignore[misc]
        return taken

    def _again(self, connection: Connection, session_id: str, seen: int) -> int:
        session = rows.load(connection, session_id)
        current = dict(rows.processing(connection)).get(session_id)
        if session is None or current != seen:
            return 0
        self._work.enqueue(connection, session_id, rows.count_attempt(connection, session_id))
        return 1


async def open_service(
    data_dir: Path,
    *,
    transcriber: Transcriber,
    extractor: Extractor,
    conduct_of: Callable[[str], Conduct] = lambda _namespace: HONEST,
    limits: Limits | None = None,
    queue_limit: int | None = None,
    max_upload_bytes: int | None = None,
    clock: Clock | None = None,
    ids: Ids | None = None,
) -> Service:
    """Take the data directory, open what is in it and go on with unfinished work; raises StorageError."""
    bounds, time = limits or Limits(), clock or SystemClock()
    if queue_limit is not None:
        bounds = replace(bounds, queue=queue_limit)
    if max_upload_bytes is not None:
        bounds = replace(bounds, upload_bytes=max_upload_bytes)
    lock = DirectoryLock(data_dir)
    try:
        database = Database(data_dir / "scribe.sqlite")
    except BaseException:
        lock.release()
        raise
    audio = LocalAudio(data_dir / "audio")
    process = Process(
        database=database, audio=audio, transcriber=transcriber, extractor=extractor, conduct_of=conduct_of
    )
    service = Service(
        database=database,
        audio=audio,
        work=Work(data_dir / "scribe.sqlite", at_once=bounds.at_once),
        process=process,
        lock=lock,
        clock=time,
        ids=ids or RandomIds(),
        limits=bounds,
        conduct_of=conduct_of,
    )
    process.now_of = service.now_of
    await service.start()
    return service
