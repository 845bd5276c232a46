"""The OpenAPI document of research sessions at this server's address."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.routing import Route

import scribe_data
from mock_server.api.answer import Answer
from mock_server.api.endpoint import Endpoint
from mock_server.api.prsm.route import PREFIX

if TYPE_CHECKING:
    from starlette.routing import BaseRoute

    from mock_server.api.face import Call, Face


async def document(face: Face, call: Call) -> Answer:
    """GET /api/v1/openapi.json."""
    given = scribe_data.load("prsm").openapi
    return Answer(200, {**given, "servers": [{"url": face.root(call.request), "description": "this server"}]})


def routes(face: Face) -> list[BaseRoute]:
    """Where the document is; at the root too where no other profile has one there."""
    alone = face.settings.profiles == ("prsm",)
    endpoint = Endpoint(face, "docs", document, methods="GET", public=True)
    paths = (f"{PREFIX}/openapi.json", *(["/openapi.json"] if alone else []))
    return [Route(path, endpoint, name="docs") for path in paths]
