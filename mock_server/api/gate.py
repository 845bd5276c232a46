"""Where requests for raw operations are told from all others: by their paths alone, before any router is asked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.routing import Route

if TYPE_CHECKING:
    from collections.abc import Iterable

    from starlette.routing import BaseRoute
    from starlette.types import ASGIApp, Receive, Scope, Send


class Gate:
    """Routes that answer every method and whose parameters are texts; what has none of their paths goes onward.

    The framework's router, which has these routes too, looks at a request for all that routes with models want: that
    takes a tenth of what a poll takes.
    """

    def __init__(self, routes: Iterable[BaseRoute], onward: ASGIApp) -> None:
        # each is tried in turn, as the router does it
        self._routes = [(route.path_regex.match, route.app) for route in routes if isinstance(route, Route)]
        self._onward = onward

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request, a wish for a socket, or the lifespan."""
        if scope["type"] == "http" and not scope.get("root_path"):
            path = scope["path"]
            for match, operation in self._routes:
                if (found := match(path)) is not None:
                    scope["path_params"] = found.groupdict()
                    return await operation(scope, receive, send)
        return await self._onward(scope, receive, send)
