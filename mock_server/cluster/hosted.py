"""A shard that this process serves, from its opening until the last of its requests is over."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Any, Final

from mock_server.api.below import at
from mock_server.storage import StorageError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fastapi import FastAPI
    from starlette.types import ASGIApp, Receive, Scope, Send

    from mock_server.api.face import Face
    from mock_server.storage.unit import Unit

#: What a socket is closed with whose client goes on elsewhere, as by a server that is started anew (RFC 6455, 1012).
_RESTARTED: Final = 1012
_ELSEWHERE: Final = "The sessions of this client have moved to another process; connect again to go on."
#: After the grace what still runs is refused, and given so long to say so.
_LAST_S: Final = 3.0


def _nothing(_unit: Unit) -> None:
    """No change."""


class Hosted:
    """The application of a shard, and the requests that it answers."""

    def __init__(self, app: FastAPI) -> None:
        self.face: Face = app.state.face
        self._app = at(app, self.face)
        self._running: set[asyncio.Task[Any]] = set()
        self._idle = asyncio.Event()
        self._idle.set()
        #: Set when the shard is to be given to somebody else.
        self.leaving = asyncio.Event()

    @property
    def superseded(self) -> bool:
        """Whether another process has had the shard meanwhile."""
        return self.face.service.superseded

    async def is_held(self) -> bool:
        """Whether its database is still locked for this process alone, which is found out by a change of nothing."""
        with contextlib.suppress(StorageError):
            await self.face.service.store.write(_nothing)
            return True
        return False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request or socket."""
        with self._counted():
            if scope["type"] == "websocket":
                await _Socket(receive, send, self.leaving).run(self._app, scope)
            else:
                await self._app(scope, receive, send)

    @contextlib.contextmanager
    def _counted(self) -> Iterator[None]:
        task = asyncio.current_task()
        assert task is not None, "a request is answered in a task"
        self._running.add(task)
        self._idle.clear()
        try:
            yield
        finally:
            self._running.discard(task)
            if not self._running:
                self._idle.set()

    async def part(self, grace_s: float) -> None:
        """Wait for what runs, up to the grace; then it is refused and its sockets are closed."""
        self.face.stopping = True
        self.leaving.set()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(grace_s):
                await self._idle.wait()
                return
        for task in tuple(self._running):
            task.cancel()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_LAST_S):
                await self._idle.wait()


class _Socket:
    """A socket that is closed once its shard leaves, whatever the application waits for."""

    def __init__(self, receive: Receive, send: Send, leaving: asyncio.Event) -> None:
        self._receive = receive
        self._send = send
        self._leaving = leaving
        self._over = False
        self._open = False
        self._met = False

    async def run(self, app: ASGIApp, scope: Scope) -> None:
        """Let the application talk."""
        await app(scope, self._heard, self._say)

    async def _heard(self) -> Any:
        if not self._met:  # the wish to connect is there already, and has to be answered
            self._met = True
            return await self._receive()
        if self._leaving.is_set():
            return await self._close()
        came, left = asyncio.ensure_future(self._receive()), asyncio.ensure_future(self._leaving.wait())
        try:
            await asyncio.wait((came, left), return_when=asyncio.FIRST_COMPLETED)
            return await came if came.done() else await self._close()
        finally:
            left.cancel()
            came.cancel()

    async def _close(self) -> Any:
        if self._open and not self._over:
            self._over = True
            await self._send({"type": "websocket.close", "code": _RESTARTED, "reason": _ELSEWHERE})
        return {"type": "websocket.disconnect", "code": _RESTARTED, "reason": _ELSEWHERE}

    async def _say(self, message: Any) -> None:
        if self._over:
            return
        self._open = self._open or message["type"] == "websocket.accept"
        await self._send(message)
