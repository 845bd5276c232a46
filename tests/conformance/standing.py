"""A small server on a real socket, in a thread, for tests that start the command as a process."""

from __future__ import annotations

import socket
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import uvicorn

if TYPE_CHECKING:
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
