"""The session manager: starts and ends sessions, also those whose time is up, and tells timelines from the log."""

from __future__ import annotations

import asyncio
import contextlib
import heapq
import logging
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from mock_server import problems
from mock_server.clock import stamp
from mock_server.conduct import HONEST
from mock_server.log.files import exported, read
from mock_server.log.folder import LogFolder
from mock_server.log.line import END, START, TIMEOUT
from mock_server.log.pen import Pen, refuse_gone
from mock_server.log.place import name_of
from mock_server.log.record import common, line_of, timed_out
from mock_server.log.space import Space, Tracked
from mock_server.log.window import prepare
from mock_server.schemas import SessionManagerEndOutput, SessionManagerStartOutput
from mock_server.testclock import Happened

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from mock_server.conduct import Conduct
    from mock_server.ids import WindowIds
    from mock_server.log.files import Kept
    from mock_server.log.line import Line
    from mock_server.log.window import Window
    from mock_server.schemas import SessionManagerEndInput, SessionManagerStartInput, WorkerMessage
    from mock_server.testclock import Clocks

log = logging.getLogger("scribe.mock")
T = TypeVar("T")

#: Nobody sees an end by timeout later than this unless by the file itself: whoever asks has it recorded first.
_SWEEP_S = 1.0
_REQUESTED = "requested"


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
        conduct: Callable[[str], Conduct],
    ) -> None:
        self._pen = Pen(folder)
        self._clocks = clocks
        self._now_of = clocks.now
        self._ids = ids
        self._conduct = conduct
        self._limit = timedelta(seconds=limit_s)
        #: By the name of their folder: that of a namespace with capitals does not tell its name.
        self._spaces: dict[str, Space] = {}
        self._ids_taken: set[str] = set()
        self._sweeping: asyncio.Task[None] | None = None
        for name, kept in found:
            assert kept.window is not None, "those without a line were set aside"
            self._space_in(name).add(Tracked(kept.window, kept.path, kept.size))
            self._ids_taken.add(kept.window.session_id)
        for namespace in clocks.known():  # the name of a folder does not always tell whose clock it goes by
            if (space := self._spaces.get(name_of(namespace))) is not None:
                space.namespace = namespace

    @classmethod
    async def open(
        cls,
        root: Path,
        *,
        clocks: Clocks,
        ids: WindowIds,
        limit_s: int,
        conduct: Callable[[str], Conduct] = lambda _namespace: HONEST,
    ) -> SessionManager:
        """Read the log and go on with it; raises LogError for one that cannot be used. The caller awaits `close()`."""
        folder = LogFolder(root)
        await asyncio.to_thread(prepare)
        found = await asyncio.to_thread(folder.open)
        manager = cls(folder, found, clocks=clocks, ids=ids, limit_s=limit_s, conduct=conduct)
        manager._sweeping = asyncio.create_task(manager._sweep())
        return manager

    async def close(self) -> None:
        """Finish what is being written, then stop."""
        if self._sweeping is not None:
            self._sweeping.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._sweeping
        await self._pen.close(self._spaces.values())

    async def start(
        self, namespace: str, given: SessionManagerStartInput, limit_s: float | None = None
    ) -> SessionManagerStartOutput:
        """Begin a session of its user, with an id nobody else has or had here; it is in the log when this returns.

        Its time is up after `limit_s` seconds, by default those of the server.
        """
        space = self._space(namespace)
        limit = self._limit if limit_s is None else timedelta(seconds=limit_s)
        return await self._pen.kept(space, self._start(space, given, limit))

    async def end(self, namespace: str, given: SessionManagerEndInput) -> SessionManagerEndOutput:
        """End a session for its user, once; 404 for an unknown one and another user's, 409 for one that has ended."""
        space = self._space(namespace)
        tracked = self._owned(space, given.session_id, given.user_id)
        return await self._pen.kept(space, self._end(space, tracked, given))

    async def tag(self, namespace: str, given: WorkerMessage) -> dict[str, Any]:
        """What a worker makes of a message: the same, with the id of its session (F3). Nothing of it is logged."""
        space = self._space(namespace)
        tracked = self._owned(space, given.session_id, given.user_id)
        await self._settle(space)
        _refuse_ended(tracked.window)
        return {
            **common(given, self._ids.record(), stamp(self._now_of(namespace))),
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
            kept = await self._pen.threaded(partial(read, tracked.path))
            return tracked.window, kept.lines

    async def windows(self, namespace: str) -> list[Window]:
        """The sessions of a namespace as they are now, in no order."""
        space = self._space(namespace)
        await self._settle(space)
        return [tracked.window for tracked in space.sessions.values()]

    async def export(self, namespace: str, user_id: str) -> bytes:
        """Every line of a user's sessions as it was written, oldest first; nothing for a user without sessions."""
        space = self._space(namespace)
        await self._settle(space)
        user = space.users.get(user_id)
        if user is None:
            return b""
        async with user.lock:
            return await self._pen.threaded(partial(exported, [tracked.path for tracked in user.tracked]))

    def knows(self, namespace: str, session_id: str) -> bool:
        """Whether a session is one of a namespace's."""
        return session_id in self._space(namespace).sessions

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
            await self._pen.forget(space)
        except BaseException:
            space.gone = False
            raise
        removed = len(space.sessions)
        self._ids_taken -= space.sessions.keys()
        self._spaces.pop(space.name, None)
        return removed

    def _space(self, namespace: str) -> Space:
        space = self._space_in(name_of(namespace))
        refuse_gone(space)
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
                await self._pen.kept(space, self._expire(space, tracked, now))
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

    async def _start(
        self, space: Space, given: SessionManagerStartInput, limit: timedelta
    ) -> SessionManagerStartOutput:
        user = space.user(given.user_id)
        conduct = self._conduct(space.namespace)
        if conduct.one_window:
            await self._settle(space)
        async with user.lock:
            standing = (
                next((each for each in user.tracked if not each.window.ended), None) if conduct.one_window else None
            )
            if standing is not None:
                return self._shown(space, standing.window, given)
            session_id = self._new_id(conduct)
            now = self._now_of(space.namespace)
            at = user.stamped(now)
            output = SessionManagerStartOutput(
                **common(given, self._ids.record(), at),
                session_id=session_id,
                modality=given.modality,
                performer_id=given.performer_id,
                start_time=at,
                expires_at=max(stamp(now + limit), at),
            )
            try:
                await self._pen.begin(space, line_of(START, output, given))
            except problems.Problem:
                self._ids_taken.discard(session_id)
                raise
        return output

    def _new_id(self, conduct: Conduct) -> str:
        session_id = conduct.window_id(self._ids.session())
        while session_id in self._ids_taken:
            session_id = conduct.window_id(self._ids.session())
        self._ids_taken.add(session_id)
        return session_id

    def _shown(self, space: Space, window: Window, given: SessionManagerStartInput) -> SessionManagerStartOutput:
        """A session that is open already, as the answer of a start; nothing is recorded."""
        return SessionManagerStartOutput(
            **common(given, self._ids.record(), stamp(self._now_of(space.namespace))),
            session_id=window.session_id,
            start_time=window.started_at,
            expires_at=window.expires_at,
        )

    async def _end(self, space: Space, tracked: Tracked, given: SessionManagerEndInput) -> SessionManagerEndOutput:
        now = self._now_of(space.namespace)
        await self._expire(space, tracked, now)
        user = space.user(given.user_id)
        async with user.lock:
            _refuse_ended(tracked.window)
            at = user.stamped(now)
            output = SessionManagerEndOutput(
                **common(given, self._ids.record(), at),
                session_id=given.session_id,
                modality=given.modality,
                performer_id=given.performer_id,
                start_time=tracked.window.started_at,
                end_time=given.end_time or at,
                end_reason=_REQUESTED,
            )
            await self._pen.follow(space, tracked, line_of(END, output, given))
        return output

    async def _expire(self, space: Space, tracked: Tracked, now: datetime) -> None:
        """Record that a session's time is up, if it is: when it was, by a test clock, which passes every moment."""
        user = space.user(tracked.window.user_id)
        async with user.lock:
            window = tracked.window
            if window.ended or stamp(now) < window.expires_at:
                return
            moment = datetime.fromisoformat(window.expires_at) if self._clocks.moved(space.namespace) else now
            output = timed_out(window, self._ids.record(), user.stamped(moment))
            await self._pen.follow(space, tracked, line_of(END, output))

    async def _sweep(self) -> None:
        """Record ends by timeout that nobody asks about."""
        while True:
            await asyncio.sleep(_SWEEP_S)
            for space in list(self._spaces.values()):
                try:
                    await self._settle(space)
                except Exception:
                    log.exception("the sessions of a namespace could not be looked at")


def _refuse_ended(window: Window) -> None:
    if window.ended:
        raise problems.window_ended(window.session_id, window.ended_at or "", window.end_reason or "")
