"""A chat endpoint on loopback that answers what a test puts down."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

EMPTY: dict[str, list[Any]] = {
    "subjective": [],
    "objective": [],
    "assessment": [],
    "plan": [],
    "findings": [],
    "medications": [],
    "allergies": [],
    "vitals": [],
}


class Stub:
    """What it is asked, and what it answers: documents or (status, body) pairs in order, the last for ever."""

    def __init__(self) -> None:
        self.asked: list[dict[str, Any]] = []
        self.keys: list[str | None] = []
        self.answers: list[Any] = [EMPTY]
        self.models: list[Any] = ["tiny-scribe"]
        #: An answer waits while this is clear; `waits` is set once one does.
        self.hold = threading.Event()
        self.hold.set()
        self.waits = threading.Event()
        stub = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self._send(200, json.dumps({"data": [{"id": name} for name in stub.models]}))

            def do_POST(self) -> None:
                stub.asked.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
                stub.keys.append(self.headers["Authorization"])
                stub.waits.set()
                stub.hold.wait()
                answer = stub.answers.pop(0) if len(stub.answers) > 1 else stub.answers[0]
                if isinstance(answer, tuple):
                    self._send(*answer)
                else:
                    content = answer if isinstance(answer, str) else json.dumps(answer)
                    self._send(200, json.dumps({"choices": [{"message": {"content": content}}]}))

            def _send(self, status: int, body: str) -> None:
                self.send_response(status)
                self.send_header("Retry-After", "0")
                self.send_header("Content-Length", str(len(body.encode())))
                self.end_headers()
                self.wfile.write(body.encode())

            def log_message(self, *_: object) -> None:
                """Nobody reads it."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/v1"
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def close(self) -> None:
        """Stop listening."""
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def stub():
    server = Stub()
    yield server
    server.close()
