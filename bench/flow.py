"""A client so small that it is not what is measured: HTTP/1.1 on kept connections, create, upload, end, get."""

from __future__ import annotations

import asyncio
import json
import time
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import uvloop

from bench.server import Broken
from mock_server.settings import DEFAULT_KEY

CONNECTIONS = 16
ORDER = json.dumps(
    {"templates": ["soap"], "upload_type": "chunked", "communication_protocol": "http", "model": "pro"}
).encode()


@dataclass
class Round:
    """What one round came to: flows per second, seconds by operation, and the sessions it made."""

    rate: float
    took: dict[str, list[float]] = field(default_factory=dict)
    sessions: list[str] = field(default_factory=list)


class Connection:
    """One connection; requests go one after the other."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    @classmethod
    async def to(cls, address: str) -> Connection:
        """Connect to `http://host:port`."""
        parts = urlsplit(address)
        # more than a whole answer, so that reading never pauses the transport
        return cls(*await asyncio.open_connection(parts.hostname, parts.port, limit=2**20))

    async def exchange(self, method: str, path: str, body: bytes = b"", media: str = "application/json") -> bytes:
        """Send a request and return the body of its answer; raises Broken for any status but 2xx."""
        head = f"{method} {path} HTTP/1.1\r\nHost: floor\r\nX-API-Key: {DEFAULT_KEY}\r\nContent-Length: {len(body)}\r\n"
        head += f"Content-Type: {media}\r\n\r\n" if body else "\r\n"
        self._writer.write(head.encode() + body)
        answer = await self._reader.readuntil(b"\r\n\r\n")
        length = answer.lower().split(b"content-length:", 1)[1].split(b"\r\n", 1)[0]
        content = await self._reader.readexactly(int(length))
        if not answer.startswith(b"HTTP/1.1 2"):
            raise Broken(f"{method} {path}: {answer[:40]!r} {content[:300]!r}")
        return content

    def close(self) -> None:
        """Drop it."""
        self._writer.close()


async def _flow(connection: Connection, audio: bytes, found: Round) -> None:
    async def timed(
        operation: str, method: str, path: str, body: bytes = b"", media: str = "application/json"
    ) -> bytes:
        began = time.perf_counter()
        answer = await connection.exchange(method, path, body, media)
        found.took.setdefault(operation, []).append(time.perf_counter() - began)
        return answer

    made = json.loads(await timed("create", "POST", "/v1/sessions", ORDER))["session_id"]
    path = f"/v1/sessions/{made}"
    await timed("upload", "PUT", f"{path}/audio/audio_0.wav", audio, "audio/wav")
    await timed("end", "POST", f"{path}/end")
    await timed("get", "GET", path)
    found.sessions.append(made)


async def _round(address: str, flows: int, audio: bytes) -> Round:
    found = Round(0.0)
    connections = [await Connection.to(address) for _ in range(CONNECTIONS)]
    left = iter(range(flows))

    async def work(connection: Connection) -> None:
        for _ in left:
            await _flow(connection, audio, found)

    began = time.perf_counter()
    await asyncio.gather(*(work(connection) for connection in connections))
    found.rate = flows / (time.perf_counter() - began)
    for connection in connections:
        connection.close()
    return found


async def _settled(address: str, sessions: list[str]) -> None:
    connection = await Connection.to(address)
    for session in sessions:
        while json.loads(await connection.exchange("GET", f"/v1/sessions/{session}"))["status"] == "processing":  # noqa: ASYNC110 - as below
            await asyncio.sleep(0.05)  # another process decides, so there is no event to wait for
    connection.close()


def flows(address: str, number: int, audio: bytes) -> Round:
    """Walk a number of flows over all connections at once; raises Broken."""
    return uvloop.run(_round(address, number, audio))


def settled(address: str, sessions: list[str]) -> float:
    """Seconds until none of the sessions is being processed any more."""
    began = time.perf_counter()
    uvloop.run(_settled(address, sessions))
    return time.perf_counter() - began
