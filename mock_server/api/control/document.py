"""The OpenAPI document of the control plane, made of its models, and the page that shows it."""

from __future__ import annotations

import functools
import json
from typing import TYPE_CHECKING, Any

from fastapi.openapi.utils import get_openapi

import scribe_data
from mock_server.api.answer import Answer
from mock_server.api.page import drawn

if TYPE_CHECKING:
    from fastapi import FastAPI

    from mock_server.api.face import Call, Face

_TOLD = (
    "The mock's own operations, for tests. Each wants the key that the protocol's operations want, and is limited to"
    " the namespace of that key. `--faithful` switches all of them off."
)
_TAGS = ({"name": "control", "description": "A namespace's clock, sessions, requests and scenarios"},)
#: Addresses a server goes by: few; a Host header may name any number.
_ADDRESSES = 8
#: What FastAPI adds for refusals that the face words otherwise.
_UNUSED = ("HTTPValidationError", "ValidationError")


def control(app: FastAPI) -> dict[str, Any]:
    """What is in the routers of an application, as OpenAPI; empty where it has none."""
    document = get_openapi(title=app.title, version=app.version, description=_TOLD, routes=app.routes, tags=[*_TAGS])
    for item in document["paths"].values():
        for operation in item.values():
            operation["responses"].pop("422", None)
    schemas = document.setdefault("components", {}).setdefault("schemas", {})
    for name in _UNUSED:
        schemas.pop(name, None)
    return document


@functools.lru_cache(_ADDRESSES)
def _alone(control: str, revision: str, root: str) -> dict[str, Any]:
    """The document by itself; keys and the envelope are those of the protocol."""
    found = json.loads(control)
    given = scribe_data.load("medscribe", revision).openapi
    schemas = {**found["components"]["schemas"], "error_envelope": given["components"]["schemas"]["error_envelope"]}
    return {
        **found,
        "servers": [{"url": root, "description": "this server"}],
        "security": given["security"],
        "components": {"schemas": schemas, "securitySchemes": given["components"]["securitySchemes"]},
    }


@functools.lru_cache(_ADDRESSES)
def _html(control: str, revision: str, root: str) -> bytes:
    examples = (f"curl {root}/_mock/v1/clock -H 'X-API-Key: <key>'",)
    return drawn(_alone(control, revision, root), f"{root}/_mock/v1/openapi.json", examples).encode()


async def document(face: Face, call: Call) -> Answer:
    """GET /_mock/v1/openapi.json."""
    told = _alone(call.request.app.control, face.settings.revision, face.root(call.request))
    return Answer(200, raw=json.dumps(told, ensure_ascii=False).encode())


async def read(face: Face, call: Call) -> Answer:
    """GET /_mock/v1/docs."""
    page = _html(call.request.app.control, face.settings.revision, face.root(call.request))
    return Answer(200, raw=page, media_type="text/html; charset=utf-8")
