"""The OpenAPI document of the session manager at this server's address."""

from __future__ import annotations

from typing import TYPE_CHECKING

import scribe_data
from mock_server.api.answer import Answer

if TYPE_CHECKING:
    from mock_server.api.face import Call, Face


async def document(face: Face, call: Call) -> Answer:
    """GET /session_manager/openapi.json."""
    given = scribe_data.load("session_manager").openapi
    root = face.root(call.request)
    servers = [
        {"url": root, "description": "this server"},
        {"url": f"{root}/session_manager", "description": "the same"},
    ]
    limit = face.settings.session_limit_s
    told = f"{given['info']['description']} A session that nobody ends within {limit} seconds ends by itself."
    return Answer(200, {**given, "info": {**given["info"], "description": told}, "servers": servers})
