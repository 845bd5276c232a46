"""What asks for a socket and gets none: it is a request like any other, and answered as HTTP is."""

from __future__ import annotations

import contextlib
import json
from typing import TYPE_CHECKING, Any, Final

from starlette.requests import Request

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from starlette.types import Receive, Scope, Send

    from mock_server.api.answer import Answer

#: What a server has that can send an answer in place of a socket; one that has not sends a 403 of its own.
_EXTENSION: Final = "websocket.http.response"


def plain(scope: Scope) -> Request:
    """A socket's beginning as the request that it was; extensions and subprotocols are not HTTP's."""
    return Request({**scope, "type": "http", "method": "GET", "http_version": "1.1"})


async def denied(answer: Answer, scope: Scope, receive: Receive, send: Send) -> None:
    """Open no socket; the client is told why where the server can tell it."""
    await receive()  # the wish to connect
    if _EXTENSION not in scope.get("extensions", {}):
        await send({"type": "websocket.close"})
        return
    await told(answer.status, json.dumps(answer.body).encode(), answer.headers, send)


async def told(
    status: int,
    text: bytes,
    headers: dict[str, str],
    send: Callable[[Any], Awaitable[None]],
    kind: str = "application/json",
) -> None:
    """Send an answer in place of a socket."""
    given = {**headers, "Content-Type": kind, "Content-Length": str(len(text))}
    lines = [(name.lower().encode(), value.encode("latin-1")) for name, value in given.items()]
    with contextlib.suppress(OSError):  # the client is gone meanwhile
        await send({"type": "websocket.http.response.start", "status": status, "headers": lines})
        await send({"type": "websocket.http.response.body", "body": text})
