"""A small server on a real socket, in a thread, for tests that start the command as a process."""

from __future__ import annotations

import socket
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import uvicorn

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable, Iterator


@contextmanager
def standing(made: Callable[[str], Any]) -> Iterator[str]:
    """Serve what `made` makes of an origin, and yield that origin."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        origin = f"http://127.0.0.1:{bound.getsockname()[1]}"
        server = uvicorn.Server(uvicorn.Config(made(origin), log_level="error", lifespan="off"))
        thread = threading.Thread(target=server.run, args=([bound],), daemon=True)
        thread.start()
        try:
            yield origin
        finally:
            server.should_exit = True
            server.force_exit = True
            thread.join(10)


class Counted:
    """A server that counts what it is asked, so that a test can wait until a run is well under way."""

    def __init__(self, served: Any) -> None:
        self._served = served
        self.asked = 0

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.asked += 1
        await self._served(scope, receive, send)

    def wait_for(self, requests: int, process: subprocess.Popen[bytes]) -> None:
        """Return when so many requests have come, however slow this machine is, or the process is over."""
        while self.asked < requests and process.poll() is None:
            time.sleep(0.05)


def counted(kept: list[Counted], served: Any) -> Counted:
    """The server, counted; it is kept for whoever makes it where its origin is known."""
    kept.append(Counted(served))
    return kept[-1]
