"""A server below a path: everything lies there, and discovery and health at the root as well."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from urllib.parse import quote, unquote

from starlette.requests import Request

from mock_server import problems
from mock_server.api.answer import envelope, render
from mock_server.api.denial import denied

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.types import ASGIApp, Receive, Scope, Send

    from mock_server.api.answer import Answer
    from mock_server.api.face import Face
    from mock_server.problems import Problem

#: What whoever knows a host and nothing else asks for (§4.1), and what looks after processes.
_AT_ROOT: Final = ("/.well-known/medscribealliance", "/health/live", "/health/ready", "/metrics")


def below(raw: bytes, path: str) -> str | None:
    """What is below a path in one as it was sent, where an encoded slash ends no segment; None for one elsewhere."""
    segments = raw.decode("latin-1").split("/")
    depth = path.count("/") + 1
    if [unquote(each) for each in segments[:depth]] != path.split("/"):
        return None
    return "/" + "/".join(segments[depth:])


class Below:
    """An application below a path such as /scribe; elsewhere there is nothing, and the refusal says where it is."""

    def __init__(self, app: ASGIApp, path: str, words: Callable[[Problem], Answer] = envelope) -> None:
        """Serve an application below a path; `words` are those of what is refused elsewhere."""
        self._app = app
        self._words = words
        self._path = path

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request, or the application's lifespan."""
        if scope["type"] not in ("http", "websocket") or scope["path"] in _AT_ROOT:
            return await self._app(scope, receive, send)
        rest = below(scope.get("raw_path") or quote(scope["path"]).encode(), self._path)
        if rest is not None:
            inner = {"path": unquote(rest), "raw_path": rest.encode()}
            return await self._app({**scope, **inner}, receive, send)
        told = f"There is no resource at {scope['path'][:200]!r}. This server lies below {self._path}."
        answer = self._words(problems.Problem(404, "invalid_request", told))
        if scope["type"] == "websocket":
            return await denied(answer, scope, receive, send)
        return await render(answer, Request(scope), readable=True)(scope, receive, send)


def at(app: ASGIApp, face: Face) -> ASGIApp:
    """An application where its settings say that it lies."""
    return Below(app, face.settings.base_path, face.told) if face.settings.base_path else app
