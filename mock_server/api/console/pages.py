"""The files of the console, served as they lie beside this module; none of them needs a key, and none holds one."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from importlib.resources import files
from typing import TYPE_CHECKING, Final

from starlette.routing import Route

from mock_server import problems
from mock_server.api.answer import Answer
from mock_server.api.endpoint import Endpoint
from mock_server.suggestion import hint

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.routing import BaseRoute

    from mock_server.api.face import Call, Face

_PAGE: Final = "index.html"
_TYPES: Final = {
    "css": "text/css; charset=utf-8",
    "html": "text/html; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "svg": "image/svg+xml",
}
#: A page runs scripts of this server only, and sends what it knows nowhere else; audio is played from memory.
_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self';"
    " media-src 'self' blob:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_HEADERS: Final = {
    "Content-Security-Policy": _POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(self)",
    "Cache-Control": "no-cache",
}
#: A cache holds one validator of ours, maybe a few.
_LONGEST_MATCH: Final = 1024


@dataclass(frozen=True)
class _Asset:
    content: bytes
    media_type: str
    etag: str


def _read() -> Mapping[str, _Asset]:
    """Name -> what there is of it."""
    found = {}
    for entry in files(__package__).joinpath("assets").iterdir():
        media_type = _TYPES.get(entry.name.rpartition(".")[2])
        if media_type is not None:
            content = entry.read_bytes()
            found[entry.name] = _Asset(content, media_type, f'"{hashlib.sha256(content).hexdigest()[:16]}"')
    return found


def routes(face: Face) -> list[BaseRoute]:
    """The page and what it is made of; known as `control`, so that no layer and no record takes them for a client's."""
    assets = _read()

    async def enter(_face: Face, call: Call) -> Answer:
        return _answer(assets[_PAGE], call)

    async def read(_face: Face, call: Call) -> Answer:
        name = call.request.path_params["asset"]
        if not name:
            return Answer(308, None, {"Location": f"{_face.settings.base_path}/console"})
        if name not in assets:
            raise problems.invalid_request(f"The console has no {name[:80]!r}.{hint(name, assets)}", status=404)
        return _answer(assets[name], call)

    return [
        Route("/console", Endpoint(face, "control", enter, methods="GET", public=True), name="console"),
        Route("/console/{asset:path}", Endpoint(face, "control", read, methods="GET", public=True), name="console"),
    ]


def _answer(asset: _Asset, call: Call) -> Answer:
    headers = {**_HEADERS, "ETag": asset.etag}
    if asset.etag in call.request.headers.get("if-none-match", "")[:_LONGEST_MATCH]:
        return Answer(304, None, headers)
    return Answer(200, raw=asset.content, headers=headers, media_type=asset.media_type)
