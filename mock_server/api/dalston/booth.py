"""The profile as a whole: its routes and its sessions, for the one place that puts a server together."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.routing import Route, WebSocketRoute

import scribe_data
from mock_server import problems
from mock_server.api.answer import Answer, envelope
from mock_server.api.control.route import mount
from mock_server.api.dalston import sessions
from mock_server.api.dalston.route import PREFIX, body
from mock_server.api.dalston.socket import Socket
from mock_server.api.endpoint import Endpoint
from mock_server.api.face import LIVE_STREAM
from mock_server.dalston.ledger import LiveLedger
from mock_server.dalston.presence import NOBODY
from mock_server.dalston.service import LiveService
from mock_server.ids import WindowIds
from mock_server.served import LIVE
from mock_server.shelves.dictations import Dictations
from mock_server.speech.streaming import open_streamer

if TYPE_CHECKING:
    import contextlib
    from collections.abc import Callable

    from fastapi import FastAPI

    from mock_server.api.face import Call, Face
    from mock_server.conduct import Conduct


def add(app: FastAPI, face: Face) -> None:
    """Its socket, its requests, its document, and its way to refuse."""
    alone = face.settings.profiles == (LIVE,)
    app.router.routes.append(WebSocketRoute(LIVE_STREAM, Socket(face)))
    app.router.routes.append(
        Route(
            LIVE_STREAM,
            Endpoint(face, "dalston.create", _no_socket, methods="GET", public=False),
            name="dalston.create",
        )
    )
    mount(app, sessions.router, face)
    document = Endpoint(face, "docs", _document, methods="GET", public=True)
    paths = (f"{PREFIX}/openapi.json", *(["/openapi.json"] if alone else []))
    app.router.routes.extend(Route(path, document, name="docs") for path in paths)
    if alone:  # whatever is refused, but for the control plane
        face.bodies["/_mock"] = lambda problem, _namespace: envelope(problem)
        face.bodies[""] = body
    face.bodies[PREFIX] = face.bodies[LIVE_STREAM] = body


async def open_sessions(face: Face, opened: contextlib.AsyncExitStack, conduct: Callable[[str], Conduct]) -> None:
    """Its sessions, where those of all profiles are kept, and what listens to them."""
    service = face.service
    if face.within is None:
        face.streamer = open_streamer(face.transcriber, places=face.settings.most_heard)
        opened.push_async_callback(face.streamer.close)
    else:
        face.streamer = face.within.streamer
    face.live = LiveService(
        service,
        LiveLedger(service.watch),
        new_id=WindowIds().session,
        conduct=conduct,
        presence=face.mirror or NOBODY,
        place=face.place,
    )
    opened.push_async_callback(face.live.close)
    await face.live.start()
    face.passing.append(face.live.pass_deadlines)
    face.rack.add(Dictations(face.live))


async def _no_socket(_face: Face, _call: Call) -> Answer:
    """A request at the socket's address that asks for none (E31)."""
    told = "This is the address of a WebSocket; ask for one with Upgrade: websocket."
    raise problems.Problem(426, "socket_expected", told, None, {"Upgrade": "websocket"})


async def _document(face: Face, call: Call) -> Answer:
    """GET /v1/realtime/openapi.json."""
    servers = [{"url": face.root(call.request), "description": "this server"}]
    return Answer(200, {**scribe_data.load(LIVE, face.settings.live_revision).openapi, "servers": servers})
