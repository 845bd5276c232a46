"""Many clients of live sessions in one thread: each says a tenth of a second of audio ten times a second, and asks."""

from __future__ import annotations

import base64
import contextlib
import json
import os
import random
import select
import socket
import struct
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

import scribe_data
from bench.server import Broken

if TYPE_CHECKING:
    from collections.abc import Mapping

#: A message holds so many seconds of audio, and comes so many seconds after the one before it.
_TICK_S: Final = 0.1
#: Every client asks once in so many messages.
_ASKS_EVERY: Final = 50
_PATIENCE_S: Final = 30.0
#: Opcodes of RFC 6455.
_TEXT, _BINARY, _CLOSE, _PING, _PONG = 1, 2, 8, 9, 10


@dataclass
class Told:
    """What a crowd saw: seconds until each question was answered, audio that nobody took, and clients it lost."""

    waited: list[float] = field(default_factory=list)
    #: How long after its moment each message was sent: of a machine that is busy with other things.
    late: list[float] = field(default_factory=list)
    unanswered: int = 0
    lost: int = 0
    behind_s: float = 0.0


def _frame(opcode: int, payload: bytes) -> bytes:
    """A message of a client. Its mask is of zeros: that is allowed, and costs the client nothing."""
    size = len(payload)
    length = struct.pack(">BH", 0x80 | 126, size) if size > 125 else bytes([0x80 | size])
    return bytes([0x80 | opcode]) + length + bytes(4) + payload


@dataclass
class _Client:
    """One socket. What the kernel does not take of a message waits here, and is sent first."""

    socket: socket.socket
    heard: bytearray = field(default_factory=bytearray)
    unsent: bytearray = field(default_factory=bytearray)
    asked_at: float | None = None
    lost: bool = False

    def say(self, data: bytes) -> None:
        self.unsent += data
        if not self.lost:
            with contextlib.suppress(OSError):  # full, or gone: reading tells
                del self.unsent[: self.socket.send(self.unsent)]

    def messages(self) -> list[tuple[int, bytes]]:
        """The whole messages that have come."""
        found, data = [], self.heard
        while len(data) >= 2:
            size, at = data[1] & 0x7F, 2
            if size == 126:
                size, at = int.from_bytes(data[2:4], "big"), 4
            if len(data) < at + size:
                break
            found.append((data[0] & 0x0F, bytes(data[at : at + size])))
            del data[: at + size]
        return found


class Crowd:
    """Clients of one server, each with a key's session of its own; the audio is what a quiet room sounds like."""

    def __init__(self, address: str, key: str, *, loudest: int = 30, seed: int = 13) -> None:
        """`loudest` is the largest sample of the audio: 30 is a room where nobody speaks."""
        spec = scribe_data.load("dalston")
        assert spec.wire is not None
        parts = urlsplit(address)
        self._where = (parts.hostname or "", parts.port or 80)
        self._path = spec.protocol.endpoints["create"].path
        self._key = key
        self._chance = random.Random(seed)
        self._clients: list[_Client] = []
        rate = spec.wire.query["properties"]["sample_rate"]["default"]
        count = round(rate * _TICK_S)
        samples = [self._chance.randint(-loudest, loudest) for _ in range(count)]
        self._audio = _frame(_BINARY, struct.pack(f"<{count}h", *samples))
        # Nothing of a session changes while it lasts: this is refused by a message, once all before it has been read.
        asked = {spec.wire.tag: spec.wire.said["config"].word, "sample_rate": rate // 2}
        self._question = _frame(_TEXT, json.dumps(asked).encode())
        self._answer = spec.wire.told["error"].word.encode()
        self._poll = select.epoll()
        self._by_file: dict[int, _Client] = {}

    def __len__(self) -> int:
        return len(self._clients)

    def grow(self, number: int) -> None:
        """Have so many clients; raises Broken where one is refused."""
        while len(self._clients) < number:
            client = _Client(self._opened())
            self._clients.append(client)
            self._by_file[client.socket.fileno()] = client
            self._poll.register(client.socket, select.EPOLLIN)

    def _opened(self) -> socket.socket:
        found = socket.create_connection(self._where, _PATIENCE_S)
        found.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        nonce = base64.b64encode(os.urandom(16)).decode()
        head: Mapping[str, str] = {
            "Host": f"{self._where[0]}:{self._where[1]}",
            "Connection": "Upgrade",
            "Upgrade": "websocket",
            "Sec-WebSocket-Version": "13",
            "Sec-WebSocket-Key": nonce,
            "Authorization": f"Bearer {self._key}",
        }
        lines = [f"GET {self._path} HTTP/1.1", *(f"{name}: {value}" for name, value in head.items()), "", ""]
        found.sendall("\r\n".join(lines).encode())
        said = b""
        while b"session.begin" not in said:
            piece = found.recv(65_536)
            if not piece or b"error" in piece:
                raise Broken(f"a socket was refused: {(said + piece)[-200:]!r}")
            said += piece
        found.setblocking(False)
        return found

    def speak(self, seconds: float) -> Told:
        """All clients speak for so long, each at its own moments; what they ask has a second more to be answered."""
        told = Told()
        moments = sorted(self._chance.random() for _ in self._clients)
        number, began = len(self._clients), time.perf_counter()
        last, turn = round(seconds / _TICK_S) * number, 0
        while turn < last:
            due = began + (turn // number + moments[turn % number]) * _TICK_S
            left = due - time.perf_counter()
            if left > 0:
                self._hear(left, told)
                continue
            told.late.append(-left)
            client = self._clients[turn % number]
            client.say(self._audio)
            if (turn // number + turn % number) % _ASKS_EVERY == 0 and client.asked_at is None:
                client.asked_at = time.perf_counter()
                client.say(self._question)
            turn += 1
            if turn % 16 == 0:  # answers are read while there is much to say, too
                self._hear(0, told)
        told.behind_s = _TICK_S * max(len(each.unsent) for each in self._clients) / len(self._audio)
        until = time.perf_counter() + 1
        while (left := until - time.perf_counter()) > 0:
            self._hear(left, told)
        for client in self._clients:
            told.unanswered += client.asked_at is not None
            client.asked_at = None
        return told

    def _hear(self, seconds: float, told: Told) -> None:
        for file, _ in self._poll.poll(seconds):
            client = self._by_file[file]
            try:
                piece = client.socket.recv(65_536)
            except BlockingIOError:
                continue
            except OSError:
                piece = b""
            now = time.perf_counter()
            client.heard += piece
            for opcode, payload in client.messages():
                if opcode == _TEXT and self._answer in payload and client.asked_at is not None:
                    told.waited.append(now - client.asked_at)
                    client.asked_at = None
                elif opcode == _PING:
                    client.say(_frame(_PONG, payload))
            if not piece:
                told.lost += 1
                client.lost = True
                self._poll.unregister(client.socket)

    def close(self) -> None:
        """Be gone."""
        self._poll.close()
        for client in self._clients:
            client.socket.close()
