"""Clients that do what the protocol says, come again wherever they are put off, and write down what they were told."""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import random
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit, urlunsplit

from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus

from tests.asking import PATIENCE_S, Answer, Asking, Lost

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

CHUNKED: Final = {"templates": ["soap"], "upload_type": "chunked", "communication_protocol": "http", "model": "lite"}
STREAMED: Final = {**CHUNKED, "upload_type": "stream", "communication_protocol": "websocket"}
RESUMABLE: Final = "scribe-stream.resumable.v1"
FINAL: Final = frozenset({"completed", "partial", "failed"})
#: A client that is told to come again in a second comes a little later, and not all of them at once.
_AGAIN_S: Final = (0.2, 1.0)
#: A client that is put off for longer gives up: nothing here takes as long to be itself again.
_GIVES_UP_S: Final = 120.0
#: Between two looks at a session that is being processed.
_LOOK_S: Final = 0.25
#: Samples of a socket's message: half a second of them.
_PIECE: Final = 16_000
#: Codes with which a server that stops, or has no room now, sends its client elsewhere (docs/streams.md); 1006 is a
#: connection that broke.
_PUT_OFF: Final = frozenset({1001, 1006, 1011, 1012, 1013})

#: What a process says of a request that it sent on to one that was lost.
_MAY_HAVE_HAPPENED: Final = b"what it was asked for may have happened"


def noise(size: int) -> bytes:
    """So many bytes of samples that are like no others, and come and go as speech does: a quarter is silence."""
    quiet = size // 8 * 2
    return bytes(quiet) + os.urandom(size - quiet)


def recording(seconds: float = 0.5) -> bytes:
    """Noise as a WAV file of 16 kHz, which is like no other one."""
    samples = noise(int(32_000 * seconds) // 2 * 2)
    form = b"\1\0\1\0" + (16_000).to_bytes(4, "little") + (32_000).to_bytes(4, "little") + b"\2\0\x10\0"
    head = b"WAVEfmt " + len(form).to_bytes(4, "little") + form + b"data" + len(samples).to_bytes(4, "little")
    return b"RIFF" + (len(head) + len(samples)).to_bytes(4, "little") + head + samples


@dataclass
class Told:
    """What a cluster acknowledged about one session."""

    key: str
    #: File name -> digest of what was kept under it.
    files: dict[str, str] = field(default_factory=dict)
    #: Whether its end was acknowledged.
    ended: bool = False
    #: Body of the first answer with an end state.
    result: bytes | None = None
    #: Samples that were sent over sockets, and how many of them were told to be kept.
    samples: bytes = b""
    kept: int = 0


@dataclass
class Record:
    """What all clients were told."""

    sessions: dict[str, Told] = field(default_factory=dict)
    #: What no honest client may be told.
    wrong: list[str] = field(default_factory=list)
    #: How often each status came, and each way of being put off.
    answers: Counter[str] = field(default_factory=Counter)
    #: Seconds from the start of the first try of a request to its answer, the longest.
    longest_s: float = 0.0

    @property
    def results(self) -> Counter[str]:
        """How many sessions that were ended came to each end state, as their clients were told; "" for none."""
        ended = (each for each in self.sessions.values() if each.ended)
        return Counter(json.loads(each.result)["status"] if each.result else "" for each in ended)

    def refused(self, answer: Answer, what: str) -> None:
        """Note a 503, and what it lacks."""
        error = (answer.document or {}).get("error", {})
        if error.get("code") != "service_unavailable" or not answer.headers.get("retry-after", "").isdigit():
            self.wrong.append(f"{what}: a 503 without envelope or Retry-After: {answer.headers} {answer.body[:200]!r}")


class Client:
    """One client of one namespace; asks whichever process it comes upon."""

    def __init__(
        self, asking: Asking, addresses: Callable[[], Sequence[str]], key: str, record: Record, over: Callable[[], bool]
    ) -> None:
        """Until it is `over` it begins sessions; what it began it brings to its end."""
        self._asking = asking
        self._addresses = addresses
        self._key = key
        self._record = record
        self._over = over

    async def ask(self, method: str, path: str, body: bytes = b"", media: str = "application/json") -> Answer:
        """The answer to a request that is sent until it has one that puts nobody off."""
        began, unknown = time.monotonic(), False
        while True:
            try:
                answer = await self._asking.ask(
                    random.choice(self._addresses()), method, path, self._key, body=body, media=media
                )
            except (Lost, TimeoutError) as lost:
                self._record.answers[type(lost).__name__.lower()] += 1
                unknown = True
            else:
                self._record.answers[str(answer.status)] += 1
                if answer.status != 503:
                    self._record.longest_s = max(self._record.longest_s, time.monotonic() - began)
                    break
                self._record.refused(answer, f"{method} {path}")
                unknown = unknown or _MAY_HAVE_HAPPENED in answer.body
            assert time.monotonic() - began < _GIVES_UP_S, f"{method} {path} of {self._key} was put off for too long"
            await asyncio.sleep(random.uniform(*_AGAIN_S))
        return Answer(answer.status, {**answer.headers, "unknown": "1" if unknown else ""}, answer.body)

    def _unlike(self, what: str, answer: Answer, *wanted: int) -> bool:
        """Whether an answer has none of the statuses that it may have, which is noted."""
        if answer.status in wanted:
            return False
        self._record.wrong.append(f"{what}: {answer.status} {answer.body[:300]!r}")
        return True

    async def work(self) -> None:
        """Sessions one after the other."""
        while not self._over():
            await self.session()

    async def created(self, order: dict[str, Any]) -> tuple[str, str] | None:
        """A new session and where its audio goes."""
        made = await self.ask("POST", "/v1/sessions", json.dumps(order).encode())
        if self._unlike("create", made, 201):
            return None
        name = made.document["session_id"]
        if name in self._record.sessions:
            self._record.wrong.append(f"{name} was given to two clients")
        self._record.sessions[name] = Told(self._key)
        return name, made.document["upload_url"]

    async def session(self, files: int = 0, *, ends: bool | None = None) -> None:
        """One session: create, files, end, and its result; a few are left open."""
        made = await self.created(CHUNKED)
        if made is None:
            return
        number = files or random.choice((1, 1, 2))
        for position in range(number):
            await self.upload(made[0], f"audio_{position}.wav")
        if random.random() < 0.95 if ends is None else ends:
            await self.end(made[0], number)
            await self.result(made[0])

    async def upload(self, name: str, file: str) -> None:
        """A file of a session."""
        content = recording()
        answer = await self.ask("PUT", f"/v1/sessions/{name}/audio/{file}", content, "audio/wav")
        if not self._unlike(f"upload to {name}", answer, 200, 201):
            self._record.sessions[name].files[file] = hashlib.sha256(content).hexdigest()

    async def end(self, name: str, files: int) -> None:
        """End a session; an end whose answer was lost is repeated, and may find that it was one."""
        answer = await self.ask("POST", f"/v1/sessions/{name}/end", json.dumps({"audio_files_sent": files}).encode())
        state = ((answer.document or {}).get("error", {}).get("details") or {}).get("status_now")
        was = bool(answer.headers["unknown"]) and answer.status == 400 and state in FINAL
        if was or not self._unlike(f"end of {name}", answer, 202):
            self._record.sessions[name].ended = True

    async def result(self, name: str) -> None:
        """Wait for the end state of a session, and keep it."""
        told = self._record.sessions[name]
        while told.ended:
            answer = await self.ask("GET", f"/v1/sessions/{name}")
            if self._unlike(f"result of {name}", answer, 200, 202):
                return
            state = answer.document["status"]
            if state in FINAL:
                told.result = answer.body
                return
            if state != "processing":
                self._record.wrong.append(f"{name} was ended, and is {state}")
                return
            await asyncio.sleep(_LOOK_S)

    # Sockets

    async def dictate(self) -> None:
        """Stream sessions one after the other."""
        while not self._over():
            await self.dictation(random.randint(4, 12))

    async def dictation(self, pieces: int, pause_s: float = 0.5) -> None:
        """One session whose audio goes over as many sockets as it takes."""
        made = await self.created(STREAMED)
        if made is None:
            return
        name, url = made
        told = self._record.sessions[name]
        said = _Said(told, pieces, pause_s)
        while not said.over:
            spoken = urlsplit(url)
            server = urlsplit(random.choice(self._addresses()))
            try:
                async with connect(
                    urlunsplit(spoken._replace(netloc=server.netloc)), subprotocols=[RESUMABLE], open_timeout=PATIENCE_S
                ) as socket:
                    await said.over_socket(socket)
            except InvalidStatus as refusal:
                self._refused(name, refusal)
            except ConnectionClosed as closed:
                code = closed.rcvd.code if closed.rcvd else 1006
                self._record.answers[f"socket {code}"] += 1
                if code not in _PUT_OFF:
                    self._record.wrong.append(f"a socket of {name} was closed with {code} {closed.reason}")
                    return
            except (InvalidHandshake, OSError, EOFError) as lost:
                self._record.answers[f"socket {type(lost).__name__}"] += 1
            if not said.over:
                await asyncio.sleep(random.uniform(*_AGAIN_S))
        self._record.wrong += [f"{name}: {told}" for told in said.wrong]
        await self.end(name, 1)
        await self.result(name)

    def _refused(self, name: str, refusal: InvalidStatus) -> None:
        response = refusal.response
        self._record.answers[f"socket {response.status_code}"] += 1
        headers = {key.lower(): value for key, value in response.headers.raw_items()}
        answer = Answer(response.status_code, headers, response.body or b"")
        if not self._unlike(f"socket of {name}", answer, 503):
            self._record.refused(answer, f"socket of {name}")


class _Said:
    """Speech that goes over sockets until all of it is kept."""

    def __init__(self, told: Told, pieces: int, pause_s: float) -> None:
        self._told = told
        self._pieces = pieces
        self._pause_s = pause_s
        self.over = False
        self.wrong: list[str] = []

    def _note(self, message: str | bytes) -> int:
        offset = json.loads(message)["kept"]["offset"]
        if offset < self._told.kept:
            self.wrong.append(f"{self._told.kept} bytes were kept, and then {offset}")
        if offset > len(self._told.samples):
            self.wrong.append(f"{offset} bytes are kept of {len(self._told.samples)}")
        self._told.kept = max(offset, self._told.kept)
        return int(offset)

    async def over_socket(self, socket: Any) -> None:
        """Say what is not kept yet, and what is new."""
        kept = self._note(await socket.recv())
        hearing = asyncio.create_task(self._hear(socket))
        try:
            for start in range(kept, len(self._told.samples), 2 * _PIECE):
                await socket.send(self._told.samples[start : start + 2 * _PIECE])
            while len(self._told.samples) < self._pieces * _PIECE:
                piece = noise(_PIECE)
                self._told.samples += piece
                await socket.send(piece)
                await asyncio.sleep(self._pause_s)
            await socket.send(json.dumps({"event": "stop"}))
            await hearing
            self.over = self._told.kept == len(self._told.samples)
            if not self.over:
                self.wrong.append(f"all was taken, and {self._told.kept} of {len(self._told.samples)} bytes are kept")
                self.over = True
        finally:
            hearing.cancel()
            await asyncio.gather(hearing, return_exceptions=True)

    async def _hear(self, socket: Any) -> None:
        """Until the server closes with 1000; raises ConnectionClosed for another end."""
        async for message in socket:
            self._note(message)
