"""The application of a process of a cluster: whose a request is, and whether that is answered here or elsewhere."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import time
from typing import TYPE_CHECKING, Any, Final

from starlette.requests import Request
from starlette.routing import Router

from mock_server import problems
from mock_server.api.answer import render
from mock_server.api.below import at
from mock_server.api.denial import denied
from mock_server.api.entry import let_in
from mock_server.cluster.forward import Broken, Forwarder, Unreachable
from mock_server.cluster.holding import SERVING
from mock_server.cluster.mark import MOST_HOPS, hops, received
from mock_server.cluster.sharding import shard_of
from mock_server.cluster.whose import OWN, Whose

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from contextlib import AbstractAsyncContextManager

    from fastapi import FastAPI
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from mock_server.api.face import Face
    from mock_server.cluster.holding import Holding
    from mock_server.storage.directory import Member

#: A request waits so long for somebody who serves its shard, and then its client is told to come again.
_PATIENCE_S: Final = 10.0
#: Between two tries to reach somebody whose connection was refused: the directory will know better soon.
_AGAIN_S: Final = 0.1
_RETRY_S: Final = 1
#: The first of a cluster has every shard to open before it says that it listens.
_BEGINS_S: Final = 30.0


async def _nothing() -> Message:
    """What a socket says that has said all it can before it is open."""
    return {"type": "websocket.connect"}


class Front:
    """ASGI: `own` answers what belongs to nobody, `holding` has the shards of this process.

    One that `sends_on` answers nothing itself but how it is. `beside` is what begins before it does and ends after it.
    """

    def __init__(
        self,
        own: FastAPI,
        holding: Holding,
        sealing: bytes,
        *,
        sends_on: bool,
        beside: tuple[AbstractAsyncContextManager[object], ...],
    ) -> None:
        self._holding = holding
        self._sealing = sealing
        self._sends_on = sends_on
        self._beside = beside
        face: Face = own.state.face
        self._face = face
        self._base_path = face.settings.base_path
        self._lives = own.router.lifespan_context(own)
        self._own: ASGIApp = at(own, face)
        self._whose = Whose(face.settings, face.keys, sealing)
        self._forwarder = Forwarder(sealing)
        self._lifespan = Router(lifespan=self._served)
        self._turn = itertools.count()

    @contextlib.asynccontextmanager
    async def _served(self, _app: Any) -> AsyncIterator[None]:
        async with contextlib.AsyncExitStack() as opened:
            await opened.enter_async_context(self._lives)
            for each in self._beside:
                await opened.enter_async_context(each)
            opened.push_async_callback(self._forwarder.close)
            opened.push_async_callback(self._holding.close)
            await self._holding.start(_BEGINS_S)
            watching = asyncio.create_task(self._watch())
            opened.callback(watching.cancel)
            yield

    async def _watch(self) -> None:
        """Wait no longer for members that are lost: one that hangs would never end its connections itself."""
        there = self._holding.addresses
        while True:
            await self._holding.changed()
            before, there = there, self._holding.addresses
            for address in before - there:
                self._forwarder.lose(address)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request or socket, or the lifespan."""
        if scope["type"] == "lifespan":
            await self._lifespan(scope, receive, send)
            return
        namespace = self._whose.namespace(scope)
        try:
            if namespace is not None:
                let_in(scope)  # wherever it is answered, this is the connection that its client has
                await self._sent(shard_of(namespace, self._holding.shards), scope, receive, send)
            elif not (self._sends_on and await self._passed(scope, receive, send)):
                await self._own(received(scope, self._sealing), receive, send)
        except Broken:
            told = "The process that was to answer ended; what it was asked for may have happened."
            # the wish of a socket to connect was received
            await self._refuse(told, scope, receive if scope["type"] == "http" else _nothing, send)

    async def _passed(self, scope: Scope, receive: Receive, send: Send) -> bool:
        """Whether somebody who serves has answered what belongs to nobody, which all of them answer alike."""
        if scope["path"].removeprefix(self._base_path) in OWN:
            return False
        members = [member for member in self._holding.sight.members.values() if member.role in SERVING]
        turn = next(self._turn)
        for number in range(len(members)):
            member = members[(turn + number) % len(members)]
            with contextlib.suppress(Unreachable):
                await self._forward(member, 1, scope, receive, send)
                return True
        return False

    async def _forward(self, member: Member, number: int, scope: Scope, receive: Receive, send: Send) -> None:
        forward = self._forwarder.websocket if scope["type"] == "websocket" else self._forwarder.http
        await forward(scope, receive, send, member.address, number)

    async def _sent(self, shard: int, scope: Scope, receive: Receive, send: Send) -> None:
        """Have a request answered wherever its shard is, as soon as it is anywhere."""
        went = hops(scope, self._sealing)
        until = time.monotonic() + _PATIENCE_S
        while time.monotonic() < until and not self._face.stopping:
            if (hosted := self._holding.at(shard)) is not None:
                await hosted(received(scope, self._sealing), receive, send)
                return
            if shard in self._holding.here and self._holding.away is not None:
                break
            server = self._holding.sight.server(shard)
            if server is None or server.number == self._holding.sight.me or went >= MOST_HOPS:
                await self._changed(until)
                continue
            try:
                await self._forward(server, went + 1, scope, receive, send)
            except Unreachable:  # nothing of the request was read: it can be sent again
                await asyncio.sleep(_AGAIN_S)
            else:
                return
        await self._refuse("Nobody serves the sessions of this client at the moment.", scope, receive, send)

    async def _changed(self, until: float) -> None:
        """Wait until anything is seen otherwise, or there is no more time for it."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(max(0.0, until - time.monotonic())):
                await self._holding.changed()

    async def _refuse(self, because: str, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope["path"].removeprefix(self._base_path)
        answer = self._face.told(problems.service_unavailable(because, _RETRY_S), path)
        if scope["type"] == "websocket":
            await denied(answer, scope, receive, send)
            return
        request = Request(scope, receive, send)
        await render(answer, request, readable=not self._face.foreign(request))(scope, receive, send)
