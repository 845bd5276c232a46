"""Who writes the log: threads that wait for the disk, and a word for whoever asked when it takes nothing."""

from __future__ import annotations

import asyncio
import logging
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING, Any, Final, TypeVar

from mock_server import problems
from mock_server.log import LogError
from mock_server.log.files import DamagedError
from mock_server.log.space import Tracked
from mock_server.log.window import begun, followed

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterable

    from mock_server.log.folder import LogFolder
    from mock_server.log.line import Line
    from mock_server.log.space import Space

log = logging.getLogger("scribe.mock")
T = TypeVar("T")

#: Each waits for the disk most of the time, and a file system commits at once what is synced at the same time.
_THREADS: Final = 4


class Pen:
    """Writes records of sessions, and what is known of these with them; raises problems.Problem for what is refused."""

    def __init__(self, folder: LogFolder) -> None:
        self._folder = folder
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="scribe-log")

    async def begin(self, space: Space, line: Line) -> None:
        """Record the start of a session."""
        window = begun(line)
        refuse_gone(space)
        path = self._folder.path(space.name, window.user_id, window.session_id)
        size = await self.threaded(partial(self._folder.begin, path, line))
        space.add(Tracked(window, path, size))

    async def follow(self, space: Space, tracked: Tracked, line: Line) -> None:
        """Record what follows in a session."""
        window = followed(tracked.window, line)
        refuse_gone(space)
        try:
            tracked.size = await self.threaded(partial(self._folder.append, tracked.path, line, tracked.size))
        except problems.Problem as problem:
            tracked.damaged = isinstance(problem.__cause__, DamagedError)
            raise
        tracked.window = window

    async def forget(self, space: Space) -> None:
        """Remove a namespace's log once all that is being written of it is."""
        await asyncio.gather(*space.writing, return_exceptions=True)
        await self.threaded(partial(self._folder.forget, space.name))

    async def kept(self, space: Space, change: Coroutine[Any, Any, T]) -> T:
        """Wait for a change that goes on to its end even when who asked for it is gone."""
        task = asyncio.create_task(change)
        space.writing.add(task)
        task.add_done_callback(space.writing.discard)
        task.add_done_callback(lambda done: done.cancelled() or done.exception())
        return await asyncio.shield(task)

    async def threaded(self, act: Callable[[], T]) -> T:
        """Do in a thread what waits for the disk; 503 for what that does not take."""
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, act)
        except DamagedError as error:
            log.error("%s", error)  # noqa: TRY400 - the reason is in the message
            raise problems.service_unavailable(
                "The log of this session takes nothing until the server is started again.", problems.LOG_RETRY_S
            ) from error
        except LogError as error:
            log.warning("%s", error)
            raise problems.log_unusable() from error

    async def close(self, spaces: Iterable[Space]) -> None:
        """Finish what is being written, then stop."""
        for space in spaces:
            await asyncio.gather(*space.writing, return_exceptions=True)
        self._threads.shutdown()


def refuse_gone(space: Space) -> None:
    """Refuse what would be written into a log that is being removed."""
    if space.gone:
        raise problems.service_unavailable("The namespace is being reset.", 1)
