"""Weather between the kit and a peer served in this process: answers that are none of the peer's own."""

from __future__ import annotations

import asyncio
import hashlib
from collections import Counter
from typing import TYPE_CHECKING, Literal

import httpx

from .offering import CLOCK_PATH

if TYPE_CHECKING:
    from collections.abc import Callable

Kind = Literal["502", "504", "reset", "401", "403", "302", "page", "429", "quota", "503", "hang"]

_PAGE = {"content-type": "text/html"}
_LIMIT = {"content-type": "application/json"}
#: Kind -> status, headers and body.
_ANSWERS: dict[str, tuple[int, dict[str, str], str]] = {
    "502": (502, _PAGE, "<html>Bad Gateway</html>"),
    "504": (504, _PAGE, "<html>Gateway Timeout</html>"),
    "401": (401, _LIMIT, '{"error": {"code": "authentication_failed", "message": "The token has expired."}}'),
    "403": (403, _PAGE, "<html>Forbidden</html>"),
    "302": (302, {"location": "https://accounts.example.com/start"}, ""),
    "page": (200, _PAGE, "<!doctype html><form action='/login'><input type='password'></form>"),
    "429": (429, _LIMIT | {"retry-after": "0"}, '{"error": {"code": "rate_limit_exceeded", "message": "Slow down."}}'),
    "quota": (429, {"retry-after": "86400"}, "API rate limit exceeded"),
    "503": (503, {"retry-after": "0"}, "busy"),
}


class Weather(httpx.AsyncBaseTransport):
    """A transport to a peer on which something happens to requests.

    `strikes` says by a request's number in the run, and by how often it was sent before, whether it is struck.
    Where it is `behind` the peer has done what was asked when the answer is lost. A test clock is never struck.
    """

    def __init__(
        self,
        app: Callable[..., object],
        kind: Kind | None = None,
        strikes: Callable[[httpx.Request, int, int], bool] = lambda _request, _number, _before: False,
        *,
        behind: bool = False,
    ) -> None:
        self._inner = httpx.ASGITransport(app)  # type: ignore[arg-type]
        self._kind = kind
        self._strikes = strikes
        self._behind = behind
        self._seen: Counter[object] = Counter()
        self.sent = self.struck = 0

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        body = await request.aread()
        if request.url.path.endswith(CLOCK_PATH):
            return await self._inner.handle_async_request(request)
        self.sent += 1
        headers = tuple(pair for pair in sorted(request.headers.items()) if pair[0] != "traceparent")
        same = (request.method, str(request.url), headers, hashlib.sha256(body).digest())
        before, self._seen[same] = self._seen[same], self._seen[same] + 1
        if self._kind is None or not self._strikes(request, self.sent, before):
            return await self._inner.handle_async_request(request)
        self.struck += 1
        if self._behind:
            await (await self._inner.handle_async_request(request)).aread()
        return await self._struck(request)

    async def _struck(self, request: httpx.Request) -> httpx.Response:
        if self._kind == "reset":
            raise httpx.ReadError("connection reset by peer", request=request)
        if self._kind == "hang":
            await asyncio.sleep(3600)
        status, headers, text = _ANSWERS[self._kind or ""]
        return httpx.Response(status, headers=headers, content=text.encode(), request=request)
