"""A member that answers as it is asked to: in this process, or as one of its own that may be killed."""

from __future__ import annotations

import asyncio
import hashlib
import json
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import parse_qsl

from mock_server.api.answer import SEVER
from tests.mock_server.cluster.standing import Front, Member, Serving, gone

ROOT = Path(__file__).parents[3]
PIECE = b"x" * 16_384


class Odd:
    """What it does stands in the path; what it saw is kept."""

    def __init__(self):
        self.seen = []
        self.sent = 0
        #: Requests and sockets whose client went away, with the code of a socket.
        self.left = []
        self.told = asyncio.Event()

    async def __call__(self, scope, receive, send):
        if scope["type"] == "lifespan":
            while True:
                await send({"type": f"{(await receive())['type']}.complete"})
        if scope["path"] != "/health/live":
            self.seen.append(scope)
        kind = "socket_" if scope["type"] == "websocket" else ""
        act = getattr(self, kind + scope["path"].strip("/").split("/")[0], self.echo)
        await act(scope, receive, send, dict(parse_qsl(scope["query_string"].decode())))

    async def begin(self, send, status=200, **headers):
        fields = [(name.replace("_", "-").encode(), str(value).encode()) for name, value in headers.items()]
        await send({"type": "http.response.start", "status": status, "headers": fields})

    async def answer(self, send, status=200, body=b"", **headers):
        await self.begin(send, status, content_length=len(body), **headers)
        await send({"type": "http.response.body", "body": body})

    async def piece(self, send, piece, more=True):
        await send({"type": "http.response.body", "body": piece, "more_body": more})

    async def echo(self, scope, receive, send, asked):
        """How the request looked, and what its body was."""
        digest, length, more = hashlib.sha256(), 0, True
        while more:
            message = await receive()
            digest.update(message["body"])
            length += len(message["body"])
            more = message["more_body"]
        told = {
            name: scope[name].decode("latin-1") if isinstance(scope[name], bytes) else scope[name]
            for name in ("method", "path", "raw_path", "query_string", "scheme", "http_version")
        }
        told["headers"] = [[name.decode("latin-1"), value.decode("latin-1")] for name, value in scope["headers"]]
        told |= {"length": length, "digest": digest.hexdigest()}
        await self.answer(send, 200, json.dumps(told).encode())

    async def client(self, scope, receive, send, asked):
        await self.answer(send, 200, json.dumps([scope["scheme"], scope["client"], scope["server"]]).encode())

    async def status(self, scope, receive, send, asked):
        """An answer of which only the head counts."""
        fields = [(b"content-length", b"7")] if "length" in asked else []
        fields += [(b"x-twice", b"1"), (b"X-Twice", b"2"), (b"date", b"now"), (b"keep-alive", b"timeout=5")]
        fields += [(b"connection", b"x-for-one-hop"), (b"x-for-one-hop", b"1")] if "named" in asked else []
        await send({"type": "http.response.start", "status": int(asked["of"]), "headers": fields})
        body = b"" if scope["method"] == "HEAD" or int(asked["of"]) in (204, 304) else b"seven b"
        await send({"type": "http.response.body", "body": body})

    async def stream(self, scope, receive, send, asked):
        """A piece whenever somebody says so, and one at first."""
        await self.begin(send, content_type="text/event-stream")
        await self.piece(send, b"data: 0\n\n")
        for number in range(1, 4):
            self.told.clear()
            await self.told.wait()
            await self.piece(send, b"data: %d\n\n" % number)
        await self.piece(send, b"", more=False)

    async def say(self, scope, receive, send, asked):
        self.told.set()
        await self.answer(send, 204)

    async def lasts(self, scope, receive, send, asked):
        """An answer that goes on until its client leaves, begun or not."""
        if "begun" in asked:
            await self.begin(send)
            await self.piece(send, b"begun")
        await gone(receive)
        self.left.append(scope["path"])

    async def floods(self, scope, receive, send, asked):
        """As many bytes as anybody reads."""
        await self.begin(send)
        watch = asyncio.create_task(gone(receive))
        while not watch.done():
            await self.piece(send, PIECE)
            self.sent += len(PIECE)
            await asyncio.sleep(0)

    async def half(self, scope, receive, send, asked):
        """Half an answer, with its length or without, and then nothing, or the end of the connection."""
        await self.begin(send, **({"content_length": 20} if "length" in asked else {}))
        await self.piece(send, b"half of it")
        if "end" in asked:
            await asyncio.sleep(0.05)
            scope["extensions"][SEVER]["end"](reset=asked["end"] == "reset")
        await gone(receive)

    async def resets(self, scope, receive, send, asked):
        scope["extensions"][SEVER]["end"](reset=True)
        await gone(receive)

    async def reads_nothing(self, scope, receive, send, asked):
        await self.told.wait()
        await self.answer(send, 200)

    async def refuses(self, scope, receive, send, asked):
        """A refusal before the body is read."""
        closing = {"connection": "close"} if "close" in asked else {}
        await self.answer(send, 413, b"too much", **closing)

    async def reads_then_lasts(self, scope, receive, send, asked):
        while (message := await receive())["type"] == "http.request" and message["more_body"]:
            self.sent += len(message["body"])
        if message["type"] == "http.disconnect":
            self.left.append(scope["path"])
            return
        await gone(receive)

    # Sockets

    async def socket_echo(self, scope, receive, send, asked):
        """What was asked for, then every message again; a text that names a code closes with it."""
        await receive()
        chosen = scope["subprotocols"][-1] if scope["subprotocols"] else None
        await send({"type": "websocket.accept", "subprotocol": chosen, "headers": [(b"x-chosen", b"this")]})
        headers = [[name.decode(), value.decode("latin-1")] for name, value in scope["headers"]]
        told = {"raw_path": scope["raw_path"].decode(), "query": scope["query_string"].decode(), "headers": headers}
        await send({"type": "websocket.send", "text": json.dumps(told)})
        while (message := await receive())["type"] == "websocket.receive":
            text = message.get("text")
            if text is not None and text.startswith("close "):
                _, code, reason = text.split(" ", 2)
                code = None if code == "1005" else int(code)
                await send({"type": "websocket.close", "code": code, "reason": reason})
            elif text == "sever":
                scope["extensions"][SEVER]["end"]()
            else:
                await send(
                    {
                        "type": "websocket.send",
                        **{name: message[name] for name in ("text", "bytes") if message.get(name) is not None},
                    }
                )
        self.left.append(message["code"])

    async def socket_refuses(self, scope, receive, send, asked):
        await receive()
        fields = [(b"content-type", b"application/json"), (b"content-length", b"2"), (b"retry-after", b"7")]
        await send({"type": "websocket.http.response.start", "status": int(asked["with"]), "headers": fields})
        await send({"type": "websocket.http.response.body", "body": b"{}"})

    async def socket_waits(self, scope, receive, send, asked):
        """No answer to the handshake."""
        await receive()
        self.left.append((await receive())["code"])

    async def socket_severs(self, scope, receive, send, asked):
        await receive()
        scope["extensions"][SEVER]["end"]()
        await receive()

    async def socket_floods(self, scope, receive, send, asked):
        await receive()
        await send({"type": "websocket.accept"})
        while not self.left:
            await send({"type": "websocket.send", "bytes": PIECE})
            self.sent += len(PIECE)
            await asyncio.sleep(0)

    async def socket_deaf(self, scope, receive, send, asked):
        """Takes nothing until it is told to."""
        await receive()
        await send({"type": "websocket.accept"})
        await self.told.wait()
        while (message := await receive())["type"] == "websocket.receive":
            self.sent += len(message["bytes"])
        self.left.append(message["code"])


class Odds:
    """A member that answers as it is asked to, and a front before it."""

    def __init__(self):
        self.app = Odd()
        self.member = Serving(Member(self.app))
        self.behind = Front(self.member.url)
        self.front = Serving(self.behind)

    def stop(self):
        self.front.stop()
        self.member.stop()


class Mortal:
    """The same as a process of its own."""

    def __init__(self):
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.mock_server.cluster.odd"], stdout=subprocess.PIPE, cwd=ROOT
        )
        self.url = f"http://127.0.0.1:{int(self._process.stdout.readline())}"

    def kill(self):
        self._process.kill()
        self._process.wait()
        self._process.stdout.close()


@contextmanager
def mortal():
    """A process, and a front before it."""
    process = Mortal()
    front = Serving(Front(process.url))
    try:
        yield process, front
    finally:
        process.kill()
        front.stop()


if __name__ == "__main__":
    print(Serving(Member(Odd())).port, flush=True)  # noqa: T201 - to whoever started it
    while True:
        time.sleep(60)
