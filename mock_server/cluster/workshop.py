"""The application of a process that works for others and has no sessions: whether it is there, and its numbers."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Any, Final

from starlette.requests import Request
from starlette.routing import Router

from mock_server import problems
from mock_server.api.answer import render
from mock_server.api.denial import denied
from mock_server.cluster.whose import OWN

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from fastapi import FastAPI
    from starlette.types import Receive, Scope, Send

    from mock_server.api.face import Face
    from mock_server.cluster.holding import Holding
    from mock_server.cluster.worker import Worker

_LOOK_S: Final = 0.1


class Crew:
    """The worker of a process, for as long as the block lasts."""

    def __init__(self, opened: Callable[[], Awaitable[Worker]], grace_s: float) -> None:
        self._opened = opened
        self._grace_s = grace_s
        self.worker: Worker | None = None

    async def __aenter__(self) -> Worker:
        self.worker = await self._opened()
        return self.worker

    async def __aexit__(self, *_raised: object) -> None:
        if self.worker is not None:
            await self.worker.close(self._grace_s)


class Workshop:
    """ASGI: `own` has the words of refusals, and is asked for nothing."""

    def __init__(self, own: FastAPI, holding: Holding, crew: Crew) -> None:
        self._lives = own.router.lifespan_context(own)
        self._face: Face = own.state.face
        self._holding = holding
        self._crew = crew
        self._lifespan = Router(lifespan=self._served)

    @contextlib.asynccontextmanager
    async def _served(self, _app: Any) -> AsyncIterator[None]:
        async with self._lives:
            self._face.ready = False
            self._face.tried.clear()
            async with self._crew as worker:
                await self._holding.start(0)
                trial = asyncio.create_task(self._tried(worker))
                try:
                    yield
                finally:
                    trial.cancel()
                    await self._holding.close()

    async def _tried(self, worker: Worker) -> None:
        """Let others know that it works, once it does."""
        while worker.lacking():  # noqa: ASYNC110 - it lacks several things, each in a way of its own
            await asyncio.sleep(_LOOK_S)
        self._face.ready = True
        self._face.tried.set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request, or the lifespan."""
        if scope["type"] == "lifespan":
            await self._lifespan(scope, receive, send)
            return
        path = scope["path"].removeprefix(self._face.settings.base_path)
        if path in OWN and scope["type"] == "http" and self._crew.worker is not None:
            await self._crew.worker.app({**scope, "path": path}, receive, send)
            return
        problem = problems.Problem(404, "invalid_request", "A worker serves no clients; ask a process of another role.")
        answer = self._face.told(problem, path)
        if scope["type"] == "websocket":
            await denied(answer, scope, receive, send)
            return
        await render(answer, Request(scope, receive, send), readable=True)(scope, receive, send)
