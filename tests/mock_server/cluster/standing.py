"""Members of a cluster in threads of this process: one that answers, and one before it that only forwards."""

from __future__ import annotations

import asyncio
import json
import socket
import threading
import time
from pathlib import Path

import uvicorn

from mock_server import problems
from mock_server.api.answer import envelope
from mock_server.app import create_app
from mock_server.cli.running import configuration
from mock_server.cluster.forward import Broken, Forwarder, Unreachable, hops, received
from mock_server.settings import Settings
from tests.mock_server.stream.talking import MINE, OTHERS, PATIENCE_S

SECRET = b"known to members alone"

#: More than what sockets of any machine (its kernel may let each have 32 MiB) and three programs hold between one who
#: sends and one who does not read.
HELD = 128 * 1024 * 1024


class Serving:
    """An ASGI application on a port of its own, by the server of `scribe-mock serve`."""

    def __init__(self, app, told=envelope, streams_at=lambda _path: True, port=0):
        listening = socket.create_server(("127.0.0.1", port))
        self.port = listening.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self._server = uvicorn.Server(configuration(app, told, streams_at))
        self._server.config.timeout_graceful_shutdown = 1
        self._thread = threading.Thread(target=self._server.run, kwargs={"sockets": [listening]}, daemon=True)
        self._thread.start()
        until(lambda: self._server.started)

    def stop(self):
        self._server.should_exit = True
        self._thread.join(PATIENCE_S)
        assert not self._thread.is_alive()


async def refuse(scope, send, told):
    answer = envelope(problems.service_unavailable(told, 1))
    kind = "http" if scope["type"] == "http" else "websocket.http"
    body = json.dumps(answer.body).encode()
    headers = [(b"content-length", str(len(body)).encode()), (b"connection", b"close")]
    await send({"type": f"{kind}.response.start", "status": 503, "headers": headers})
    await send({"type": f"{kind}.response.body", "body": body})


class Front:
    """Forwards all that it is asked to one member."""

    def __init__(self, address):
        self.address = address
        self.forwarder = self.loop = None
        self.open = 0

    async def __call__(self, scope, receive, send):
        if scope["type"] == "lifespan":
            return await self._live(receive, send)
        carry = self.forwarder.http if scope["type"] == "http" else self.forwarder.websocket
        self.open += 1
        try:
            await carry(scope, receive, send, self.address, hops(scope, SECRET))
        except Unreachable:
            await refuse(scope, send, "unreachable")
        except Broken:
            await refuse(scope, send, "broken")
        finally:
            self.open -= 1

    async def _live(self, receive, send):
        await receive()
        self.forwarder = Forwarder(SECRET)
        self.loop = asyncio.get_running_loop()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await self.forwarder.close()
        await send({"type": "lifespan.shutdown.complete"})


class Member:
    """An application that is asked through other members, too."""

    def __init__(self, app):
        self.app = app

    async def __call__(self, scope, receive, send):
        if scope["type"] != "lifespan":
            scope = received(scope, SECRET)
        await self.app(scope, receive, send)


class Pair:
    """A whole mock in memory and a front before it."""

    def __init__(self, **given):
        keys = (MINE, OTHERS)
        self.app = create_app(
            Settings(data_dir=Path("-"), in_memory=True, transcriber="scripted", api_keys=keys, **given)
        )
        face = self.app.state.face
        self.owner = Serving(Member(self.app), face.told, face.streams_at)
        self.front = Serving(Front(self.owner.url), face.told, face.streams_at)

    def stop(self):
        self.front.stop()
        self.owner.stop()


async def gone(receive):
    while (await receive())["type"] != "http.disconnect":
        pass


def until(holds):
    """Wait until something holds of what threads do."""
    end = time.monotonic() + PATIENCE_S
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.01)
