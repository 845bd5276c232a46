"""The client as the reader of its answers: one that is gone, has stopped reading, or is one too many."""

from __future__ import annotations

import json
import socket
from functools import partial
from typing import TYPE_CHECKING, Final

from uvicorn.protocols.http.flow_control import service_unavailable
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from mock_server import problems
from mock_server.api.answer import envelope

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable

    from starlette.types import Receive, Scope, Send
    from uvicorn._types import ASGI3Application
    from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

    from mock_server.api.answer import Answer
    from mock_server.problems import Problem

#: An answer may go out over a slow line; one of which nothing has gone out for so many seconds is not being read.
UNREAD_S: Final = 60.0
#: What the kernel takes over per connection, in bytes: it tells of what has gone out in steps of a third of twice this.
_SENDING: Final = 128 * 1024
#: Connections are closed for being idle after some seconds; sooner than that there is hardly room.
_RETRY_S = 5


async def crowded(words: Callable[[Problem], Answer], _scope: Scope, _receive: Receive, send: Send) -> None:
    """Refuse a connection beyond those that are taken, in the profile's own body (ERR-012)."""
    refusal = words(problems.service_unavailable("Too many connections are open.", _RETRY_S))
    body = json.dumps(refusal.body).encode()
    told = {"content-type": "application/json", "content-length": str(len(body)), "connection": "close"}
    headers = [(name.lower().encode(), value.encode()) for name, value in {**refusal.headers, **told}.items()]
    await send({"type": "http.response.start", "status": refusal.status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


class Reader(HttpToolsProtocol):
    """uvicorn's connection, which would write for ever to a client that does not read, and once more to one gone."""

    #: How a refusal is worded that has no path: in the envelope, or as the one profile that is served has it.
    words: Callable[[Problem], Answer] = staticmethod(envelope)
    _running: RequestResponseCycle | None = None
    _looking: asyncio.TimerHandle | None = None
    #: Requests answered, times the client made room for more of an answer, and bytes that wait, as last looked at.
    _seen = (0, 0, 0)
    _answered = 0
    _resumed = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # uvicorn narrows it too
        """A client is there; the kernel keeps no more for it than is seen to go out."""
        super().connection_made(transport)
        transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SENDING)

    def connection_lost(self, exc: Exception | None) -> None:
        """A client is gone, and with it whoever would read what is still being answered."""
        if self._looking is not None:
            self._looking.cancel()
        self._forsake()
        super().connection_lost(exc)

    def _forsake(self) -> None:
        """Let what runs and what would run next know that nobody reads it; uvicorn tells the newest request alone."""
        self.pipeline.clear()
        if self._running is not None and not self._running.response_complete:
            self._running.disconnected = True
            self._running.message_event.set()

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: ASGI3Application) -> None:
        self._running = cycle
        super()._start_asgi_task(cycle, partial(crowded, self.words) if app is service_unavailable else app)

    def on_response_complete(self) -> None:
        """An answer is out, as far as the client takes it."""
        self._answered += 1
        super().on_response_complete()
        if self.transport.is_closing():
            self._mind()

    def pause_writing(self) -> None:
        """More waits to go out than is kept for a client that reads."""
        super().pause_writing()
        self._mind()

    def resume_writing(self) -> None:
        """What waited has gone out: an answer in pieces goes on, and as many bytes may soon wait as before."""
        self._resumed += 1
        super().resume_writing()

    def timeout_keep_alive_handler(self) -> None:
        """The client has had its answers, and asks nothing more."""
        super().timeout_keep_alive_handler()
        self._mind()

    def _mind(self) -> None:
        """Look, in a while, whether the client reads what waits for it: closing waits for that, too."""
        if self._looking is None:
            self._seen = (0, 0, 0)
            self._looking = self.loop.call_later(UNREAD_S / 2, self._look_at_reader)

    def _look_at_reader(self) -> None:
        self._looking = None
        seen = (self._answered, self._resumed, self.transport.get_write_buffer_size())
        if not seen[-1]:
            return
        if seen == self._seen:
            self._forsake()
            self.transport.abort()
            return
        self._seen = seen
        self._looking = self.loop.call_later(UNREAD_S / 2, self._look_at_reader)
