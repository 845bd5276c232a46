"""The session manager: starts and ends sessions, also those whose time is up, and tells timelines from the log."""

from __future__ import annotations

import asyncio
import contextlib
import heapq
import logging
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from mock_server import problems
from mock_server.clock import stamp
from mock_server.log import LogError
from mock_server.log.files import DamagedError, exported, read
from mock_server.log.folder import LogFolder
from mock_server.log.line import END, START, TIMEOUT, Line
from mock_server.log.place import name_of
from mock_server.log.space import Space, Tracked
from mock_server.log.window import begun, followed, prepare
from mock_server.schemas import SessionManagerEndOutput, SessionManagerStartOutput
from mock_server.testclock import Happened

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterable
    from pathlib import Path

    from mock_server.ids import WindowIds
    from mock_server.log.files import Kept
    from mock_server.log.window import Window
    from mock_server.schemas import BaseSchema, SessionManagerEndInput, SessionManagerStartInput, WorkerMessage
    from mock_server.testclock import Clocks

log = logging.getLogger("scribe.mock")
T = TypeVar("T")

#: Each waits for the disk most of the time, and a file system commits at once what is synced at the same time.
_THREADS = 4
#: Nobody sees an end by timeout later than this unless by the file itself: whoever asks has it recorded first.
_SWEEP_S = 1.0
_RETRY_S = 5
_REQUESTED = "requested"
#: What a record keeps of its caller's own (E10).
_OF_INPUT = ("schema_version", "record_id", "timestamp", "source", "end_time")
_VERSION = "1.1.0"


class SessionManager:
    """Sessions by their namespaces; every method raises problems.Problem for what it refuses."""

    def __init__(
        self,
        folder: LogFolder,
        found: Iterable[tuple[str, Kept]],
        *,
        clocks: Clocks,
        ids: WindowIds,
        limit_s: int,
    ) -> None:
        self._folder = folder
        self._clocks = clocks
        self._now_of = clocks.now
        self._ids = ids
        self._limit = timedelta(seconds=limit_s)
        #: By the name of their folder: that of a namespace with capitals does not tell its name.
        self._spaces: dict[str, Space] = {}
        self._ids_taken: set[str] = set()
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="scribe-log")
        self._sweeping: asyncio.Task[None] | None = None
        for name, kept in found:
            assert kept.window is not None, "those without a line were set aside"
            self._space_in(name).add(Tracked(kept.window, kept.path, kept.size))
            self._ids_taken.add(kept.window.session_id)
        for namespace in clocks.known():  # the name of a folder does not always tell whose clock it goes by
            if (space := self._spaces.get(name_of(namespace))) is not None:
                space.namespace = namespace

    @classmethod
    async def open(cls, root: Path, *, clocks: Clocks, ids: WindowIds, limit_s: int) -> SessionManager:
        """Read the log and go on with it; raises LogError for one that cannot be used. The caller awaits `close()`."""
        folder = LogFolder(root)
        await asyncio.to_thread(prepare)
        found = await asyncio.to_thread(folder.open)
        manager = cls(folder, found, clocks=clocks, ids=ids, limit_s=limit_s)
        manager._sweeping = asyncio.create_task(manager._sweep())
        return manager

    async def close(self) -> None:
        """Finish what is being written, then stop."""
        if self._sweeping is not None:
            self._sweeping.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._sweeping
        for space in self._spaces.values():
            await asyncio.gather(*space.writing, return_exceptions=True)
        self._threads.shutdown()

    async def start(self, namespace: str, given: SessionManagerStartInput) -> SessionManagerStartOutput:
        """Begin a session of its user, with an id nobody else has or had here; it is in the log when this returns."""
        space = self._space(namespace)
        return await self._kept(space, self._start(space, given))

    async def end(self, namespace: str, given: SessionManagerEndInput) -> SessionManagerEndOutput:
        """End a session for its user, once; 404 for an unknown one and another user's, 409 for one that has ended."""
        space = self._space(namespace)
        tracked = self._owned(space, given.session_id, given.user_id)
        return await self._kept(space, self._end(space, tracked, given))

    async def tag(self, namespace: str, given: WorkerMessage) -> dict[str, Any]:
        """What a worker makes of a message: the same, with the id of its session (F3). Nothing of it is logged."""
        space = self._space(namespace)
        tracked = self._owned(space, given.session_id, given.user_id)
        await self._settle(space)
        _refuse_ended(tracked.window)
        return {
            **_common(given, self._ids.record(), stamp(self._now_of(namespace))),
            "session_id": given.session_id,
            "source": "worker",
            "in_reply_to": given.record_id,
            "message": given.message,
        }

    async def replay(self, namespace: str, session_id: str) -> tuple[Window, tuple[Line, ...]]:
        """A session and its lines in the order of the log; 404 for an unknown one."""
        space = self._space(namespace)
        tracked = space.sessions.get(session_id)
        if tracked is None:
            raise problems.session_not_found(session_id[:128])
        await self._settle(space)
        async with space.user(tracked.window.user_id).lock:
            kept = await self._threaded(partial(read, tracked.path))
            return tracked.window, kept.lines

    async def export(self, namespace: str, user_id: str) -> bytes:
        """Every line of a user's sessions as it was written, oldest first; nothing for a user without sessions."""
        space = self._space(namespace)
        await self._settle(space)
        user = space.users.get(user_id)
        if user is None:
            return b""
        async with user.lock:
            return await self._threaded(partial(exported, [tracked.path for tracked in user.tracked]))

    async def pass_deadlines(self, namespace: str) -> list[Happened]:
        """Record the end of every session of a namespace whose time is up by its clock."""
        space = self._space(namespace)
        now = stamp(self._now_of(namespace))
        due = sorted(entry for entry in space.due if entry[0] <= now and not space.sessions[entry[1]].window.ended)
        await self._settle(space)
        ended = [(at, name) for at, name in due if (one := space.sessions.get(name)) is not None and one.window.ended]
        return [Happened(datetime.fromisoformat(at), name, TIMEOUT) for at, name in ended]

    async def reset(self, namespace: str) -> int:
        """Remove the sessions of a namespace with their log; tells how many there were."""
        space = self._space(namespace)
        space.gone = True
        try:
            await asyncio.gather(*space.writing, return_exceptions=True)
            await self._threaded(partial(self._folder.forget, space.name))
        except BaseException:
            space.gone = False
            raise
        removed = len(space.sessions)
        self._ids_taken -= space.sessions.keys()
        self._spaces.pop(space.name, None)
        return removed

    def _space(self, namespace: str) -> Space:
        space = self._space_in(name_of(namespace))
        _refuse_gone(space)
        space.namespace = namespace
        return space

    def _space_in(self, name: str) -> Space:
        return self._spaces.setdefault(name, Space(name, name))

    def _owned(self, space: Space, session_id: str, user_id: str) -> Tracked:
        tracked = space.sessions.get(session_id)
        if tracked is None or tracked.window.user_id != user_id:
            raise problems.session_not_found(session_id[:128])
        return tracked

    async def _settle(self, space: Space) -> None:
        """Record the ends of sessions whose time is up; what the disk does not take now is tried again later."""
        now = self._now_of(space.namespace)
        while space.due and space.due[0][0] <= stamp(now) and not space.gone:
            entry = space.due[0]
            tracked = space.sessions[entry[1]]
            try:
                await self._kept(space, self._expire(space, tracked, now))
            except problems.Problem as problem:
                if not tracked.damaged:
                    if not space.troubled:
                        log.warning("the end of a session whose time is up is not recorded yet: %s", problem.message)
                    space.troubled = True
                    return
            else:
                space.troubled = False
            if space.due and space.due[0] == entry:  # another request may have been here meanwhile
                heapq.heappop(space.due)

    async def _start(self, space: Space, given: SessionManagerStartInput) -> SessionManagerStartOutput:
        session_id = self._ids.session()
        while session_id in self._ids_taken:
            session_id = self._ids.session()
        self._ids_taken.add(session_id)
        user = space.user(given.user_id)
        async with user.lock:
            now = self._now_of(space.namespace)
            at = user.stamped(now)
            output = SessionManagerStartOutput(
                **_common(given, self._ids.record(), at),
                session_id=session_id,
                modality=given.modality,
                performer_id=given.performer_id,
                start_time=at,
                expires_at=max(stamp(now + self._limit), at),
            )
            await self._begin(space, _line(START, output, given))
        return output

    async def _end(self, space: Space, tracked: Tracked, given: SessionManagerEndInput) -> SessionManagerEndOutput:
        now = self._now_of(space.namespace)
        await self._expire(space, tracked, now)
        user = space.user(given.user_id)
        async with user.lock:
            _refuse_ended(tracked.window)
            at = user.stamped(now)
            output = SessionManagerEndOutput(
                **_common(given, self._ids.record(), at),
                session_id=given.session_id,
                modality=given.modality,
                performer_id=given.performer_id,
                start_time=tracked.window.started_at,
                end_time=given.end_time or at,
                end_reason=_REQUESTED,
            )
            await self._follow(space, tracked, _line(END, output, given))
        return output

    async def _expire(self, space: Space, tracked: Tracked, now: datetime) -> None:
        """Record that a session's time is up, if it is: when it was, by a test clock, which passes every moment."""
        user = space.user(tracked.window.user_id)
        async with user.lock:
            window = tracked.window
            if window.ended or stamp(now) < window.expires_at:
                return
            moment = datetime.fromisoformat(window.expires_at) if self._clocks.moved(space.namespace) else now
            output = SessionManagerEndOutput(
                schema_version=_VERSION,
                record_id=self._ids.record(),
                user_id=window.user_id,
                timestamp=user.stamped(moment),
                session_id=window.session_id,
                start_time=window.started_at,
                end_time=window.expires_at,
                end_reason=TIMEOUT,
            )
            await self._follow(space, tracked, _line(END, output, None))

    async def _begin(self, space: Space, line: Line) -> None:
        window = begun(line)
        _refuse_gone(space)
        path = self._folder.path(space.name, window.user_id, window.session_id)
        try:
            size = await self._threaded(partial(self._folder.begin, path, line))
        except problems.Problem:
            self._ids_taken.discard(window.session_id)
            raise
        space.add(Tracked(window, path, size))

    async def _follow(self, space: Space, tracked: Tracked, line: Line) -> None:
        window = followed(tracked.window, line)
        _refuse_gone(space)
        try:
            tracked.size = await self._threaded(partial(self._folder.append, tracked.path, line, tracked.size))
        except problems.Problem as problem:
            tracked.damaged = isinstance(problem.__cause__, DamagedError)
            raise
        tracked.window = window

    async def _kept(self, space: Space, change: Coroutine[Any, Any, T]) -> T:
        """Wait for a change that goes on to its end even when who asked for it is gone."""
        task = asyncio.create_task(change)
        space.writing.add(task)
        task.add_done_callback(space.writing.discard)
        task.add_done_callback(lambda done: done.cancelled() or done.exception())
        return await asyncio.shield(task)

    async def _threaded(self, act: Callable[[], T]) -> T:
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, act)
        except DamagedError as error:
            log.error("%s", error)  # noqa: TRY400 - the reason is in the message
            raise problems.service_unavailable(
                "The log of this session takes nothing until the server is started again.", _RETRY_S
            ) from error
        except LogError as error:
            log.warning("%s", error)
            raise problems.service_unavailable(
                "The log cannot be used now; the server's log says why.", _RETRY_S
            ) from error

    async def _sweep(self) -> None:
        """Record ends by timeout that nobody asks about."""
        while True:
            await asyncio.sleep(_SWEEP_S)
            for space in list(self._spaces.values()):
                try:
                    await self._settle(space)
                except Exception:
                    log.exception("the sessions of a namespace could not be looked at")


def _common(given: BaseSchema, record_id: str, at: str) -> dict[str, Any]:
    """What an output has of its input, and what is its own."""
    return {
        "schema_version": given.schema_version,
        "record_id": record_id,
        "user_id": given.user_id,
        "timestamp": at,
    }


def _line(kind: str, output: BaseSchema, given: BaseSchema | None) -> Line:
    event = {"event_type": kind, **output.document()}
    if given is not None:
        sent = given.document()
        event["input"] = {name: sent[name] for name in _OF_INPUT if name in sent}
    return Line(output.timestamp, event)


def _refuse_gone(space: Space) -> None:
    if space.gone:
        raise problems.service_unavailable("The namespace is being reset.", 1)


def _refuse_ended(window: Window) -> None:
    if window.ended:
        raise problems.window_ended(window.session_id, window.ended_at or "", window.end_reason or "")
