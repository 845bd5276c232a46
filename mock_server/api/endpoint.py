"""Where a request enters: one operation on one path, as the ASGI application of a route."""

from __future__ import annotations

import logging
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import unquote_to_bytes

from mock_server import problems
from mock_server.api.answer import render
from mock_server.api.denial import denied, plain
from mock_server.api.face import Call
from mock_server.api.request import Request

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from starlette.types import ASGIApp, Receive, Scope, Send

    from mock_server.api.answer import Answer
    from mock_server.api.face import Face, Operation

NOTHING: Final[Mapping[str, Any]] = MappingProxyType({})
log = logging.getLogger("scribe.mock")


class Endpoint:
    """Answers every method, those it does not know with a 405; `methods` are names with spaces, None for any.

    `also` are further methods of the path that are operations of their own, by method: name and operation.
    """

    def __init__(
        self,
        face: Face,
        name: str,
        operation: Operation,
        *,
        methods: str | None,
        public: bool,
        also: Mapping[str, tuple[str, Operation]] = NOTHING,
    ) -> None:
        self._face = face
        self._name = name
        self._operation = operation
        self._methods = {*methods.replace("GET", "GET HEAD").split(), *also, "OPTIONS"} if methods else None
        self._public = public
        self._also = also

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request; a wish for a socket that came here asks for none of those there are."""
        if scope["type"] == "websocket":
            problem = problems.route_not_found(
                scope["path"][:200], versioned="medscribe" in self._face.settings.profiles
            )
            told = self._face.told(problem, scope["path"])
            self._face.tell(Call(plain(scope), "unknown"), told)
            return await denied(told, scope, receive, send)
        request = Request(scope, receive)
        if self._methods is None or request.method in self._methods:
            name, operation = self._also.get(request.method, (self._name, self._operation))
            answer = await entered(self._face, Call(request, name), operation, public=self._public)
        else:
            answer = await entered(self._face, Call(request, "unknown"), self._refuse, public=True)
        return await answer(scope, receive, send)

    async def _refuse(self, _face: Face, call: Call) -> Answer:
        allowed = ", ".join(sorted(self._methods or ()))
        raise problems.method_not_allowed(call.request.method, call.path[:200], allowed)


async def entered(
    face: Face,
    call: Call,
    operation: Operation,
    *,
    public: bool,
    meet: Callable[[Face, Call], Awaitable[None]] | None = None,
) -> ASGIApp:
    """The answer to a request, ready to be sent; its path is looked at before anything else is.

    `meet` learns whose the request is where its key does not say so, before any layer looks at it.
    """
    try:
        if _is_text(call.request.scope):
            if meet is not None:
                await meet(face, call)
            return await face.serve(call, operation, public=public)
        return await face.serve(Call(call.request, "unknown"), _refuse_path, public=True)
    except Exception:
        log.exception("%s %s broke on its way out", call.request.method, call.operation)
        broken = face.refusal(call, problems.internal_error())
        face.tell(call, broken)
        return render(broken, call.request, readable=not face.foreign(call.request))


def _is_text(scope: Scope) -> bool:
    """Whether the path is UTF-8: servers decode one that is not to the same text as others, which would be one name."""
    raw = scope.get("raw_path") or b""
    if b"%" not in raw and raw.isascii():
        return True
    try:
        unquote_to_bytes(raw).decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


async def _refuse_path(_face: Face, call: Call) -> Answer:
    sent = call.request.scope["raw_path"][:200].decode("latin-1")
    raise problems.invalid_request(f"The path {sent!r} is not UTF-8 once its percent escapes are decoded.")


async def unknown(face: Face, call: Call) -> Answer:
    """Whatever no route knows."""
    raise problems.route_not_found(call.path[:200], versioned="medscribe" in face.settings.profiles)
