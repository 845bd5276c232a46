"""A respx router that the mock answers, stateful, without a socket."""

from __future__ import annotations

from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

import respx

from mock_server.emr.inside import HOST, Inside, InsideLine
from mock_server.emr.mock import Mock

if TYPE_CHECKING:
    from collections.abc import Coroutine

    import httpx

#: Whether the client of a request awaits its answer.
_awaited: ContextVar[bool] = ContextVar("scribe_mock_awaited", default=False)


class MockedRouter(respx.MockRouter):
    """Knows of each request whether it may be held up."""

    async def async_handler(self, request: httpx.Request) -> httpx.Response:
        """Answer a client that awaits."""
        token = _awaited.set(True)
        try:
            return await super().async_handler(request)
        finally:
            _awaited.reset(token)


class RespxMock(Mock):
    """The mock behind a router of respx; `router` takes a test's own routes for other hosts."""

    def __init__(self, inside: Inside, api_key: str) -> None:
        super().__init__(inside.url, api_key, InsideLine(inside))
        self.router = MockedRouter(assert_all_called=False)

        def answer(request: httpx.Request) -> httpx.Response | Coroutine[Any, Any, httpx.Response]:
            return inside.ask_async(request) if _awaited.get() else inside.ask(request)

        self.router.route(host=HOST).mock(side_effect=answer)
