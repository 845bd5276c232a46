"""A member that is lost while it answers: what its client sees of that."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

from mock_server.api.answer import SEVER

if TYPE_CHECKING:
    from starlette.types import Receive, Scope

#: What was written has left the machine after so many seconds: a reset takes with it what waits in a buffer.
_ON_ITS_WAY_S: Final = 0.05


class Broken(Exception):  # noqa: N818 - named for the state
    """The member was lost before it answered: nobody knows what became of the request."""


async def sever(scope: Scope, receive: Receive, *, reset: bool) -> None:
    """End a client's connection as the member has ended its own, once what was sent is on its way."""
    found = scope.get("extensions", {}).get(SEVER)
    if found is None:  # no socket: a client in the same process gets the exception that a socket would cause
        raise ConnectionResetError("A member of the cluster ended the connection.")
    await asyncio.sleep(_ON_ITS_WAY_S)
    if scope["type"] == "websocket":
        found["end"]()
    else:
        found["end"](reset=reset)
    while (await receive())["type"] not in ("http.disconnect", "websocket.disconnect"):
        pass
