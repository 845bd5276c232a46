"""Raw operations are met by their paths, as the framework's router would meet them, and all else goes to that."""

from __future__ import annotations

import asyncio

import pytest
from starlette.routing import Route, Router, WebSocketRoute

from mock_server.api.gate import Gate

PATHS = ("/v1/sessions/{session_id}", "/v1/sessions/{session_id}/audio/{name:path}", "/v1/sessions")


class Operation:
    """An application that tells its name and the parameters it was met with."""

    def __init__(self, name):
        self.name = name

    async def __call__(self, scope, _receive, send):
        await send((self.name, scope.get("path_params", {})))


def met(app, kind="http", **scope):
    found = []

    async def send(message):
        found.append(message)

    asyncio.run(app({"type": kind, "method": "PUT", "headers": [], "root_path": "", **scope}, None, send))
    return found


@pytest.fixture
def routes():
    return [*(Route(path, Operation(path)) for path in PATHS), WebSocketRoute("/socket", Operation("socket"))]


@pytest.mark.parametrize(
    "path",
    [
        *("/v1/sessions", "/v1/sessions/a", "/v1/sessions/a/audio/b/c.wav", "/v1/sessions/a/audio/"),
        *("/v1/sessions/a\n", "/v1/sessions/ä b", "/v1/sessions/", "/v1//sessions", "/socket", "/"),
    ],
)
def test_what_a_path_meets_is_what_the_router_would_have_met(routes, path):
    router = Router(routes, default=Operation("none"), redirect_slashes=False)
    assert met(Gate(routes, Operation("none")), path=path) == met(router, path=path)


def test_sockets_the_lifespan_and_what_lies_below_another_path_go_onward(routes):
    gate = Gate(routes, Operation("onward"))
    assert met(gate, "websocket", path="/v1/sessions") == [("onward", {})]
    assert met(gate, "lifespan") == [("onward", {})]
    assert met(gate, path="/below/v1/sessions", root_path="/below") == [("onward", {})]
