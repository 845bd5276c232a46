"""Peers on a real socket, with TLS or without: uvicorn in a thread of this process, stopped when the block ends."""

from __future__ import annotations

import socket
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import uvicorn

if TYPE_CHECKING:
    import ssl
    from collections.abc import Iterator, Sequence

    from .honest import Honest

#: Seconds a peer may take to start and to stop: a machine that runs several test suites at once is slow.
PATIENCE = 30.0


@contextmanager
def serving(
    peer: Honest, port: int = 0, *, tls: ssl.SSLContext | None = None, name: str = "127.0.0.1"
) -> Iterator[str]:
    """The address a client is given while the peer is served: origin and the path below which the peer lives.

    With `tls` it is https; `name` is the host the addresses have.
    """
    # A second socket is another origin, as foreign storage is.
    sockets = [listening(port), listening()]
    origins = [f"{'https' if tls else 'http'}://{name}:{sock.getsockname()[1]}" for sock in sockets]
    peer.opened(*origins)
    with served(peer, sockets, tls):
        yield origins[0] + peer.root


@contextmanager
def served(app: Any, sockets: Sequence[socket.socket], tls: ssl.SSLContext | None = None) -> Iterator[None]:
    """An application at sockets that listen already, which are closed in the end."""
    config = uvicorn.Config(
        app, lifespan="off", log_level="critical", http="h11", server_header=False, timeout_graceful_shutdown=1
    )
    config.load()
    config.ssl = tls
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": list(sockets)}, daemon=True)
    thread.start()
    try:
        _started(server)
        yield
    finally:
        server.should_exit = True
        thread.join(PATIENCE)
        for sock in sockets:
            sock.close()


def listening(port: int = 0) -> socket.socket:
    """A socket of this machine."""
    return socket.create_server(("127.0.0.1", port), backlog=512)


def _started(server: uvicorn.Server) -> None:
    until = time.monotonic() + PATIENCE
    while not server.started:
        if time.monotonic() > until:
            raise TimeoutError("the peer did not start")
        time.sleep(0.01)
