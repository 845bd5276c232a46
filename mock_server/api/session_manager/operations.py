"""The operations: decode, ask the session manager, encode.

Not in spec: every operation wants a key, which says whose sessions there are (E18).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.routing import Route

from mock_server.api.answer import Answer
from mock_server.api.endpoint import Endpoint
from mock_server.api.session_manager import description
from mock_server.api.session_manager.address import END, EXPORT, MESSAGE, REPLAY, START
from mock_server.api.session_manager.decoding import decoded, parameter
from mock_server.schemas import SessionManagerEndInput, SessionManagerStartInput, WorkerMessage

if TYPE_CHECKING:
    from collections.abc import Iterable

    from starlette.routing import BaseRoute

    from mock_server.api.face import Call, Face, Operation
    from mock_server.log.line import Line
    from mock_server.log.window import Window

#: A timeline grows, and an answer names a session.
_FRESH = {"Cache-Control": "no-store"}
#: Each operation is at the printed address, and below the name of the module (E1).
_ROOTS = ("", "/session_manager")


async def start(face: Face, call: Call) -> Answer:
    """POST /sessions.start: the session is in the log when this is answered."""
    given = await decoded(face, call, SessionManagerStartInput)
    output = await face.sessions.start(call.namespace, given, call.lasts())
    call.session_id = output.session_id
    return Answer(200, output.document(), dict(_FRESH))


async def end(face: Face, call: Call) -> Answer:
    """POST /sessions.end: once, by the session's user."""
    given = await decoded(face, call, SessionManagerEndInput)
    output = await face.sessions.end(call.namespace, given)
    return Answer(200, output.document(), dict(_FRESH))


async def replay(face: Face, call: Call) -> Answer:
    """GET /sessions.replay?session_id=: a timeline, oldest first. Not in spec: the call is ours (E13)."""
    call.session_id = parameter(call, "session_id")
    return timeline(*await face.sessions.replay(call.namespace, call.session_id))


def timeline(window: Window, lines: Iterable[Line]) -> Answer:
    """A session and its lines as a replay shows them."""
    body = {
        "session_id": window.session_id,
        "user_id": window.user_id,
        "status": window.state,
        "timeline": [line.document() for line in lines],
    }
    return Answer(200, body, dict(_FRESH))


async def export(face: Face, call: Call) -> Answer:
    """GET /sessions.export?user_id=: the lines of a user, oldest first. Not in spec: the call is ours (E13)."""
    lines = await face.sessions.export(call.namespace, parameter(call, "user_id"))
    return Answer(200, raw=lines, headers=dict(_FRESH), media_type="application/x-ndjson")


async def message(face: Face, call: Call) -> Answer:
    """POST /workers.message: a worker, which refuses what names no session, and tags what it makes of the rest (F3).

    Not in spec: address and body are ours (E17).
    """
    given = await decoded(face, call, WorkerMessage)
    return Answer(200, await face.sessions.tag(call.namespace, given), dict(_FRESH))


def routes(face: Face) -> list[BaseRoute]:
    """Every operation at each of its addresses, and the document that describes them."""
    known: dict[str, tuple[str, Operation]] = {
        START: ("POST", start),
        END: ("POST", end),
        REPLAY: ("GET", replay),
        EXPORT: ("GET", export),
        MESSAGE: ("POST", message),
    }
    found: list[BaseRoute] = [
        Route(f"{root}/{name}", Endpoint(face, name, operation, methods=methods, public=False), name=name)
        for root in _ROOTS
        for name, (methods, operation) in known.items()
    ]
    document = Endpoint(face, "docs", description.document, methods="GET", public=True)
    alone = "medscribe" not in face.settings.profiles
    paths = ("/session_manager/openapi.json", *(["/openapi.json"] if alone else []))
    return [*found, *(Route(path, document, name="docs") for path in paths)]
