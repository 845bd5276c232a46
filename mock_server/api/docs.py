"""The operations as a page to read, drawn from the OpenAPI document; nothing is loaded from anywhere."""

from __future__ import annotations

import functools
import json
from html import escape
from typing import TYPE_CHECKING, Any

from mock_server.api.answer import Answer
from mock_server.api.description import describe
from mock_server.api.page import STYLE, drawn

if TYPE_CHECKING:
    from collections.abc import Callable

    from mock_server.api.face import Call, Face
    from mock_server.settings import Limits


#: Addresses a server goes by: few; a Host header may name any number.
_ADDRESSES = 8


@functools.lru_cache(_ADDRESSES)
def _described(root: str, limits: Limits, revision: str, control: str, *, faithful: bool) -> dict[str, Any]:
    return describe(root, limits, revision, faithful=faithful, control=json.loads(control))


@functools.lru_cache(_ADDRESSES)
def _text(root: str, limits: Limits, revision: str, control: str, *, faithful: bool) -> bytes:
    return json.dumps(_described(root, limits, revision, control, faithful=faithful), ensure_ascii=False).encode()


@functools.lru_cache(_ADDRESSES)
def _html(root: str, limits: Limits, revision: str, control: str, *, faithful: bool) -> bytes:
    examples = (
        f"curl {root}/.well-known/medscribealliance",
        f"curl {root}/v1/templates -H 'X-API-Key: <key>'",
    )
    openapi = _described(root, limits, revision, control, faithful=faithful)
    return drawn(openapi, f"{root}/openapi.json", examples).encode()


def _of(drawing: Callable[..., bytes], face: Face, call: Call) -> bytes:
    settings = face.settings
    control = "{}" if settings.faithful else call.request.app.control
    return drawing(face.root(call.request), settings.limits, settings.revision, control, faithful=settings.faithful)


async def document(face: Face, call: Call) -> Answer:
    """GET /openapi.json."""
    return Answer(200, raw=_of(_text, face, call))


async def read(face: Face, call: Call) -> Answer:
    """GET /docs."""
    return Answer(200, raw=_of(_html, face, call), media_type="text/html; charset=utf-8")


def _entrance(root: str) -> dict[str, Any]:
    return {
        "service": "scribe-mock",
        "docs": f"{root}/docs",
        "openapi": f"{root}/openapi.json",
        "console": f"{root}/console",
        "discovery": f"{root}/.well-known/medscribealliance",
        "base_url": f"{root}/v1",
        "health": {"live": f"{root}/health/live", "ready": f"{root}/health/ready"},
        "control": {name: f"{root}/_mock/v1/{name}" for name in ("clock", "requests", "reset", "traffic", "verify")},
    }


async def enter(face: Face, call: Call) -> Answer:
    """GET /: where everything is, for whoever opens the address first. Not in spec."""
    found = _entrance(face.root(call.request))
    if "text/html" not in call.request.headers.get("accept", ""):
        return Answer(200, found, {"Vary": "Accept, Origin"})
    links = {
        "console": "sessions, to look at and to make",
        "docs": "the operations, to read",
        "openapi": "the same for programs",
        "discovery": "what it can do",
    }
    items = [
        f"<li><a href='{escape(found[name])}'>{escape(found[name])}</a> {text}</li>" for name, text in links.items()
    ]
    items += [f"<li><a href='{escape(url)}'>{escape(url)}</a> {name}</li>" for name, url in found["health"].items()]
    page = (
        f"<!doctype html><html lang=en><meta charset=utf-8><title>scribe-mock</title><style>{STYLE}</style>"
        f"<h1>scribe-mock</h1><p>A scribe service of the MedScribeAlliance protocol, to develop EMR clients against. "
        f"Clients call <code>{escape(found['base_url'])}</code>.</p><ul>{''.join(items)}</ul></html>"
    )
    return Answer(200, raw=page.encode(), headers={"Vary": "Accept, Origin"}, media_type="text/html; charset=utf-8")
