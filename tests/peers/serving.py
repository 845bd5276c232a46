"""Peers on a real socket: uvicorn in a thread of this process, stopped when the block ends."""

from __future__ import annotations

import socket
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

import uvicorn

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .honest import Honest

#: Seconds a peer may take to start and to stop: a machine that runs several test suites at once is slow.
PATIENCE = 30.0


@contextmanager
def serving(peer: Honest, port: int = 0) -> Iterator[str]:
    """The address a client is given while the peer is served: origin and the path below which the peer lives."""
    # A second socket is another origin, as foreign storage is.
    sockets = [_listening(port), _listening(0)]
    origins = [f"http://127.0.0.1:{sock.getsockname()[1]}" for sock in sockets]
    peer.opened(*origins)
    config = uvicorn.Config(
        peer, lifespan="off", log_level="critical", http="h11", server_header=False, timeout_graceful_shutdown=1
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": sockets}, daemon=True)
    thread.start()
    try:
        _started(server)
        yield origins[0] + peer.root
    finally:
        server.should_exit = True
        thread.join(PATIENCE)
        for sock in sockets:
            sock.close()


def _listening(port: int) -> socket.socket:
    return socket.create_server(("127.0.0.1", port), backlog=512)


def _started(server: uvicorn.Server) -> None:
    until = time.monotonic() + PATIENCE
    while not server.started:
        if time.monotonic() > until:
            raise TimeoutError("the peer did not start")
        time.sleep(0.01)
