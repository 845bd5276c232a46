"""A client so small that thousands of its requests leave the machine to the servers: HTTP/1.1 over kept connections."""

from __future__ import annotations

import asyncio
import json
from collections import defaultdict
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

#: A client waits so long for an answer; what stalls for twenty seconds has answered by then.
PATIENCE_S = 45.0
#: More than any answer has.
_LARGEST = 4 * 2**20


class Lost(Exception):  # noqa: N818 - named for the state
    """The connection broke before the answer was whole: nobody knows what became of the request."""


class Untaken(Lost):
    """Nobody took a connection: nothing of the request was sent."""


class Parted(Lost):
    """A kept connection was closed before anything of the answer came: the server may have closed it at that moment."""


@dataclass(frozen=True)
class Answer:
    """What a server said."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def document(self) -> Any:
        """The body as JSON; None where it is none."""
        try:
            return json.loads(self.body)
        except ValueError:
            return None


class Asking:
    """Connections to any number of addresses, each for one request at a time."""

    def __init__(self, patience_s: float = PATIENCE_S) -> None:
        self._patience_s = patience_s
        self._idle: dict[str, list[tuple[asyncio.StreamReader, asyncio.StreamWriter]]] = defaultdict(list)

    async def ask(
        self, address: str, method: str, path: str, key: str, *, body: bytes = b"", media: str = "application/json"
    ) -> Answer:
        """One request and its answer; raises Lost, or TimeoutError for an answer that never comes."""
        async with asyncio.timeout(self._patience_s):
            reader, writer, kept = await self._connected(address)
            try:
                answer, stays = await _exchanged(reader, writer, _head(method, path, key, len(body), media) + body)
            except (OSError, EOFError, ValueError, IndexError) as error:
                writer.close()
                parted = kept and isinstance(error, asyncio.IncompleteReadError) and not error.partial
                raise (Parted if parted else Lost)(f"{method} {path}: {error!r}") from error
            except BaseException:
                writer.close()
                raise
        if stays:
            self._idle[address].append((reader, writer))
        else:
            writer.close()
        return answer

    async def _connected(self, address: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter, bool]:
        """A connection, and whether requests went over it before."""
        while self._idle[address]:
            reader, writer = self._idle[address].pop()
            if not reader.at_eof() and not writer.is_closing():
                return reader, writer, True
            writer.close()
        parts = urlsplit(address)
        try:
            return *await asyncio.open_connection(parts.hostname, parts.port, limit=_LARGEST), False
        except OSError as error:
            raise Untaken(f"{address}: {error.strerror}") from error

    def close(self) -> None:
        """Let all go; belongs into the loop that asked."""
        for idle in self._idle.values():
            for _, writer in idle:
                writer.close()
        self._idle.clear()


def _head(method: str, path: str, key: str, length: int, media: str) -> bytes:
    lines = [f"{method} {path} HTTP/1.1", "Host: cluster", f"X-API-Key: {key}", f"Content-Length: {length}"]
    lines += [f"Content-Type: {media}"] if length else []
    return "\r\n".join([*lines, "", ""]).encode()


async def _exchanged(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, request: bytes) -> tuple[Answer, bool]:
    """The answer, and whether the connection is good for another one."""
    writer.write(request)
    first, *lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").splitlines()
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines) if name}
    status = int(first.split(" ")[1])
    if headers.get("transfer-encoding") == "chunked":
        body = b""
        while size := int((await reader.readline()).strip(), 16):
            body += await reader.readexactly(size)
            await reader.readline()
        await reader.readline()
    else:
        body = await reader.readexactly(int(headers.get("content-length", 0)))
    return Answer(status, headers, body), headers.get("connection") != "close"
