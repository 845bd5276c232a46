"""The mock in the process of the tests, without a socket: the same application, in memory, on a thread of its own."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import Future
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import httpx

from mock_server.api.answer import SEVER
from mock_server.app import create_app
from mock_server.settings import Settings
from scribe_data import REVISION

if TYPE_CHECKING:
    from collections.abc import Coroutine
    from typing import TypeVar

    from starlette.applications import Starlette

    T = TypeVar("T")

#: A name that no resolver knows (RFC 2606): what is not answered here reaches nobody.
HOST: Final = "scribe-mock.test"
_START_S: Final = 60.0


class Inside:
    """Answers requests as a server would; what happens to a connection there is an exception of httpx here."""

    def __init__(self, revision: str = "") -> None:
        """Start, and return once it is ready; raises what the start raised. Without a revision it is the usual one."""
        self._revision = revision or REVISION
        ready: Future[asyncio.AbstractEventLoop] = Future()
        self._thread = threading.Thread(target=self._run, args=(ready,), name="scribe mock", daemon=True)
        self._thread.start()
        self._loop = ready.result(_START_S)
        self.url = f"http://{HOST}"
        #: A line for each request that came without a valid key.
        self.refused: list[str] = []

    def _run(self, ready: Future[asyncio.AbstractEventLoop]) -> None:
        asyncio.run(self._serve(ready))

    async def _serve(self, ready: Future[asyncio.AbstractEventLoop]) -> None:
        # nothing is read from the directory or written there
        settings = Settings(
            Path(), transcriber="scripted", open_namespaces=True, in_memory=True, revision=self._revision
        )
        try:
            self._app: Starlette = create_app(settings)
            async with self._app.router.lifespan_context(self._app):
                await self._app.state.face.tried.wait()
                self._stop = asyncio.Event()
                ready.set_result(asyncio.get_running_loop())
                await self._stop.wait()
                self._app.state.face.stopping = True
        except BaseException as error:
            if ready.done():
                raise
            ready.set_exception(error)

    def close(self) -> None:
        """Stop."""
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join()

    def ask(self, request: httpx.Request) -> httpx.Response:
        """Answer a request whose body was read; raises what httpx would raise of a connection."""
        return self._elsewhere(self._answered(request)).result()

    async def ask_async(self, request: httpx.Request) -> httpx.Response:
        """The same for whoever must not be held up."""
        return await asyncio.wrap_future(self._elsewhere(self._answered(request)))

    def _elsewhere(self, asked: Coroutine[Any, Any, T]) -> Future[T]:
        return asyncio.run_coroutine_threadsafe(asked, self._loop)

    async def _answered(self, request: httpx.Request) -> httpx.Response:
        exchange = _Exchange(request)
        response = await exchange.through(self._app)
        if response.status_code == 401:
            error = response.json()["error"]
            self.refused.append(f"{request.method} {request.url.path} 401 {error['code']} {error['message']}")
        return response


class _Exchange:
    """One request and what comes of it."""

    def __init__(self, request: httpx.Request) -> None:
        self._request = request
        self._read_s: float | None = request.extensions.get("timeout", {}).get("read")
        self._moved = asyncio.Event()
        self._gone = asyncio.Event()
        self._asked = False
        self._reset: bool | None = None
        self._status = 0
        self._headers: list[tuple[bytes, bytes]] = []
        self._body: list[bytes] = []
        self._whole = False

    async def through(self, app: Starlette) -> httpx.Response:
        """The response of the application."""
        task = asyncio.create_task(app(self._scope(), self._receive, self._send))
        task.add_done_callback(lambda _task: self._moved.set())
        try:
            while not task.done():
                self._moved.clear()
                async with asyncio.timeout(self._read_s):
                    await self._moved.wait()
            await task
        except TimeoutError:
            raise httpx.ReadTimeout("The mock did not answer in time.", request=self._request) from None
        finally:
            self._gone.set()
            if not task.done():
                task.cancel()
        return self._response()

    def _response(self) -> httpx.Response:
        if self._reset:
            raise httpx.ReadError("The mock reset the connection.", request=self._request)
        if not self._whole:
            told = "peer closed connection without sending complete message body"
            raise httpx.RemoteProtocolError(told, request=self._request)
        return httpx.Response(self._status, headers=self._headers, content=b"".join(self._body), request=self._request)

    def _scope(self) -> dict[str, Any]:
        url = self._request.url
        return {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": self._request.method,
            "scheme": url.scheme,
            "path": url.path,
            "raw_path": url.raw_path.split(b"?")[0],
            "query_string": url.query,
            "root_path": "",
            "headers": [(name.lower(), value) for name, value in self._request.headers.raw],
            "client": ("127.0.0.1", 0),
            "server": (url.host, url.port or 80),
            "extensions": {SEVER: {"end": self._sever}},
        }

    async def _receive(self) -> dict[str, Any]:
        if not self._asked:
            self._asked = True
            return {"type": "http.request", "body": self._request.content, "more_body": False}
        await self._gone.wait()
        return {"type": "http.disconnect"}

    async def _send(self, message: Any) -> None:
        self._moved.set()
        if message["type"] == "http.response.start":
            self._status, self._headers = message["status"], list(message["headers"])
            return
        self._body.append(message.get("body", b""))
        self._whole = not message.get("more_body", False)

    def _sever(self, *, reset: bool) -> None:
        self._reset = reset
        self._gone.set()


class InsideLine:
    """Asks without httpx being patched for it."""

    def __init__(self, inside: Inside) -> None:
        self._inside = inside
        self._since = len(inside.refused)

    def send(self, method: str, path: str, key: str, body: bytes | None) -> tuple[int, bytes]:
        """One request."""
        headers = {"X-API-Key": key, "Content-Type": "application/json"}
        request = httpx.Request(method, f"{self._inside.url}{path}", headers=headers, content=body)
        request.read()
        answer = self._inside.ask(request)
        return answer.status_code, answer.content

    def strangers(self) -> list[str]:
        """A line for each request without a valid key."""
        return self._inside.refused[self._since :]
