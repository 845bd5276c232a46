"""The OpenAPI document of research sessions at this server's address, with what its share URLs open."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from fastapi.routing import APIRoute
from starlette.routing import Route

import scribe_data
from mock_server.api.answer import Answer
from mock_server.api.endpoint import Endpoint
from mock_server.api.prsm import shared
from mock_server.api.prsm.route import PREFIX, SHARE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.routing import BaseRoute

    from mock_server.api.face import Call, Face

_SESSION: Final = f"{PREFIX}/sessions/{{session_id}}"
#: The parts of a share's URL, which is used as it was told.
_NAMED: Final = [
    {"name": name, "in": "path", "required": True, "description": told, "schema": {"type": "string", "minLength": 1}}
    for name, told in (("share_id", "The share"), ("ticket", "Its secret, instead of a key"))
]


def by_url(paths: Mapping[str, Any]) -> dict[str, Any]:
    """What a share opens below its URL, as below the address of its session and without a key. Not in spec: E29."""
    found: dict[str, Any] = {}
    for route in shared.router.routes:
        assert isinstance(route, APIRoute), "routers of this profile have no others"
        described = paths[route.path.replace(f"{PREFIX}{SHARE}", _SESSION)]
        item = found.setdefault(route.path, {"parameters": _NAMED})
        for method in map(str.lower, route.methods or ()):
            operation = described[method]
            answers = {status: answer for status, answer in operation["responses"].items() if status != "401"}
            named = f"{operation['operationId']}_by_url"
            item[method] = {**operation, "operationId": named, "security": [], "responses": answers}
    return found


async def document(face: Face, call: Call) -> Answer:
    """GET /api/v1/openapi.json."""
    given = scribe_data.load("prsm").openapi
    servers = [{"url": face.root(call.request), "description": "this server"}]
    return Answer(200, {**given, "servers": servers, "paths": {**given["paths"], **by_url(given["paths"])}})


def routes(face: Face) -> list[BaseRoute]:
    """Where the document is; at the root too where no other profile has one there."""
    alone = face.settings.profiles == ("prsm",)
    endpoint = Endpoint(face, "docs", document, methods="GET", public=True)
    paths = (f"{PREFIX}/openapi.json", *(["/openapi.json"] if alone else []))
    return [Route(path, endpoint, name="docs") for path in paths]
