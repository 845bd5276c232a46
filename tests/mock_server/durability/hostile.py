"""Two innocent clients beside hostile ones: what was acknowledged to them is there after kills and restarts.

python -m tests.mock_server.durability.hostile --seconds 600 --kill-every 60 --transcriber whisper

Prints what the innocents were told and what is left of it; exit code 1 when anything acknowledged is lost.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import gzip
import hashlib
import io
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit

import av
import httpx
import numpy as np
from sqlalchemy import select

from mock_server.storage.schema import audio_files
from mock_server.storage.sqlite import SqliteStore
from scribe_data import recordings
from tests.mock_server.killing import held_mib

INNOCENT = ("sk_test_anna", "sk_test_bert")
HOSTILE = ("sk_test_mallory", "sk_test_trudy")
ORDER = {"templates": ["soap"], "upload_type": "chunked", "communication_protocol": "http", "model": "lite"}
RESTING = {"completed", "partial", "failed", "expired"}
#: Between two looks at a session that is being processed.
POLL_S = 0.5


def silence(rate: int = 384_000, channels: str = "7.1", seconds: int = 300) -> bytes:
    """A FLAC file that is small and takes long to decode."""
    made = io.BytesIO()
    with av.open(made, "w", format="flac") as target:
        stream = target.add_stream("flac", rate=rate, layout=channels)
        blank = np.zeros((1, 8 * rate), np.int16)
        for _ in range(seconds):
            frame = av.AudioFrame.from_ndarray(blank, "s16", channels)
            frame.sample_rate = rate
            target.mux(stream.encode(frame))
        target.mux(stream.encode(None))
    return made.getvalue()


def wav(tag: int = 1, rate: int = 16_000, body: bytes = b"\0" * 32_000) -> bytes:
    """A WAV file of whatever codec its tag claims."""
    shape = tag.to_bytes(2, "little") + (1).to_bytes(2, "little") + rate.to_bytes(4, "little")
    shape += (2 * rate).to_bytes(4, "little") + (2).to_bytes(2, "little") + (16).to_bytes(2, "little")
    head = b"WAVEfmt " + len(shape).to_bytes(4, "little") + shape + b"data" + len(body).to_bytes(4, "little")
    return b"RIFF" + (len(head) + len(body)).to_bytes(4, "little") + head + body


class Addressed(Protocol):
    """What clients ask."""

    @property
    def address(self) -> str:
        """Where it is asked now."""


class Server:
    """The command as a process that may be killed; it comes back on the same port."""

    def __init__(self, directory: Path, transcriber: str) -> None:
        self.directory = directory
        self._transcriber = transcriber
        self._process: subprocess.Popen[bytes] | None = None
        self.address = ""

    def start(self) -> None:
        port = urlsplit(self.address).port if self.address else 0
        command = [sys.executable, "-m", "mock_server.cli", "serve", "--port", str(port)]
        command += ["--data-dir", str(self.directory / "data"), "--transcriber", self._transcriber]
        for key in (*INNOCENT, *HOSTILE):
            command += ["--api-key", key]
        log = self.directory / "log"
        begun = log.stat().st_size if log.exists() else 0
        with log.open("ab") as output:
            self._process = subprocess.Popen(command, stderr=output, start_new_session=True)
        until = time.monotonic() + 120
        while time.monotonic() < until:
            said = log.read_bytes()[begun:].decode(errors="replace")
            if found := [word for word in said.split() if word.startswith("http://")]:
                self.address = found[0]
                return
            assert self._process.poll() is None, said[-2000:]
            time.sleep(0.05)
        raise AssertionError(said[-2000:])

    def kill(self) -> None:
        """As the out-of-memory killer does, the speech workers included."""
        assert self._process is not None
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()

    @property
    def memory(self) -> int:
        """The most this process has held, in MiB; the speech workers are not counted."""
        assert self._process is not None
        return held_mib(self._process.pid)


@dataclass
class Told:
    """What the innocents were acknowledged: sessions, their files by name, and which were ended."""

    created: dict[str, str] = field(default_factory=dict)
    uploaded: dict[tuple[str, str], str] = field(default_factory=dict)
    ended: dict[str, float] = field(default_factory=dict)
    settled: dict[str, float] = field(default_factory=dict)
    answers: Counter[int] = field(default_factory=Counter)
    longest_s: float = 0.0
    changes: int = 0


class Innocent:
    """A client that does what the protocol says, and waits and tries again where it is put off."""

    def __init__(self, server: Server, key: str, told: Told, until: float) -> None:
        self._server = server
        self._key = key
        self._told = told
        self._until = until

    async def _send(self, client: httpx.AsyncClient, method: str, path: str, **given) -> httpx.Response | None:
        """An answer, or None when the server went away under the request: then nobody knows what became of it."""
        began = time.monotonic()
        try:
            answer = await client.request(method, self._server.address + path, **given)
        except httpx.HTTPError:
            await asyncio.sleep(0.2)
            return None
        self._told.longest_s = max(self._told.longest_s, time.monotonic() - began)
        self._told.answers[answer.status_code] += 1
        if answer.status_code in (429, 503):
            await asyncio.sleep(0.5)
        return answer

    async def work(self, number: int) -> None:
        """Sessions one after the other until the time is over; a third stay open."""
        short = recordings.load()["short"].read()
        async with httpx.AsyncClient(headers={"X-API-Key": self._key}, timeout=60, trust_env=False) as client:
            while time.monotonic() < self._until:
                await self._session(client, short, ends=random.random() < (0.2 if number else 0.9))
                await asyncio.sleep(0 if number else 1)

    async def _session(self, client: httpx.AsyncClient, short: bytes, *, ends: bool) -> None:
        made = await self._send(client, "POST", "/v1/sessions", json=ORDER)
        if made is None or made.status_code != 201:
            return
        session_id = made.json()["session_id"]
        self._told.created[session_id] = self._key
        self._told.changes += 1
        for position in range(random.randint(1, 3)):
            content = short if not position else wav(body=os.urandom(random.choice([1_000, 20_000])))
            name = f"audio_{position}.wav"
            path = f"/v1/sessions/{session_id}/audio/{name}"
            kept = await self._send(client, "POST", path, content=content, headers={"Content-Type": "audio/wav"})
            if kept is not None and kept.status_code == 200:
                self._told.uploaded[session_id, name] = hashlib.sha256(content).hexdigest()
                self._told.changes += 1
        if ends:
            end = await self._send(client, "POST", f"/v1/sessions/{session_id}/end")
            if end is not None and end.status_code == 202:
                self._told.ended[session_id] = time.monotonic()
                self._told.changes += 1

    async def watch(self) -> None:
        """Note when what was ended has come to rest."""
        async with httpx.AsyncClient(headers={"X-API-Key": self._key}, timeout=60, trust_env=False) as client:
            while time.monotonic() < self._until:
                for session_id, ended in list(self._told.ended.items()):
                    if self._told.created[session_id] != self._key or session_id in self._told.settled:
                        continue
                    seen = await self._send(client, "GET", f"/v1/sessions/{session_id}")
                    if seen is not None and seen.json().get("status") in RESTING:
                        self._told.settled[session_id] = time.monotonic() - ended
                await asyncio.sleep(POLL_S)


class Hostile:
    """Clients with keys of their own that send what breaks servers."""

    def __init__(self, server: Addressed, until: float, heavy: bytes) -> None:
        self._server = server
        self._until = until
        self._heavy = heavy
        self.sent: Counter[str] = Counter()

    async def work(self, key: str) -> None:
        """One attack after the other."""
        attacks = [self.counts, self.audio, self.heads, self.bodies, self.names, self.reset, self.queue]
        async with httpx.AsyncClient(headers={"X-API-Key": key}, timeout=30, trust_env=False) as client:
            while time.monotonic() < self._until:
                attack = random.choice(attacks)
                with contextlib.suppress(httpx.HTTPError, OSError, KeyError, ValueError):
                    await attack(client, key)
                    self.sent[attack.__name__] += 1
                await asyncio.sleep(0.02)

    async def _open(self, client: httpx.AsyncClient, **changes) -> str:
        made = await client.post(f"{self._server.address}/v1/sessions", json=ORDER | changes)
        return f"{self._server.address}/v1/sessions/{made.json()['session_id']}"

    async def counts(self, client: httpx.AsyncClient, _key: str) -> None:
        for count in ("9223372036854775808", str(10**400), "1e308", "-0.0", "3.0", "9007199254740993"):
            url = await self._open(client)
            await client.post(f"{url}/end", content=f'{{"audio_files_sent": {count}}}'.encode())

    async def audio(self, client: httpx.AsyncClient, _key: str) -> None:
        url = await self._open(client)
        for number, content in enumerate(
            random.sample([self._heavy, wav(tag=0xFFFF), wav(rate=0), os.urandom(5000), b"OggS" + os.urandom(900)], 3)
        ):
            await client.post(f"{url}/audio/audio_{number}.wav", content=content)
        await client.post(f"{url}/end")

    async def queue(self, client: httpx.AsyncClient, _key: str) -> None:
        for _ in range(20):
            url = await self._open(client)
            await client.post(f"{url}/audio/audio_0.wav", content=wav())
            await client.post(f"{url}/end")

    async def names(self, client: httpx.AsyncClient, _key: str) -> None:
        url = await self._open(client, additional_data={"deep": json.loads("[" * 40 + "]" * 40), "x": "\0" * 1000})
        for name in ("%ff.wav", "%fe.wav", "%ed%a0%80.wav", "a" * 5000, "..%2f..%2fetc", "%00"):
            await client.post(f"{url}/audio/{name}", content=wav())

    async def bodies(self, client: httpx.AsyncClient, _key: str) -> None:
        url = await self._open(client)
        bomb = gzip.compress(bytes(30_000_000))
        await client.post(f"{url}/audio/b.wav", content=bomb, headers={"Content-Encoding": "gzip"})
        await client.post(f"{self._server.address}/v1/sessions", content=b'{"a":' * 100_000)
        await client.post(
            f"{url}/audio", content=b"--x\r\n" * 50_000, headers={"Content-Type": "multipart/form-data; boundary=x"}
        )

    async def reset(self, client: httpx.AsyncClient, _key: str) -> None:
        await client.post(f"{self._server.address}/_mock/v1/clock", json={"advance_seconds": 3600})
        if random.random() < 0.3:
            await client.post(f"{self._server.address}/_mock/v1/reset")

    async def heads(self, _client: httpx.AsyncClient, key: str) -> None:
        parts = urlsplit(self._server.address)
        head = f"POST /v1/sessions HTTP/1.1\r\nHost: x\r\nX-API-Key: {key}\r\n".encode()
        for raw in (
            head + b"Transfer-Encoding: chunked\r\n\r\n0\r\n" + b"X-Trailer: y\r\n" * 200_000,
            head + b"Host: y\r\nContent-Length: 2\r\n\r\n{}",
            b"GET / HTTP/1.1\r\nHost: x\r\n\r\nGET / HTTP/1.1\r\n" + b"X-Long: y\r\n" * 50_000,
            head + b"Content-Length: 50000000\r\n\r\n" + bytes(100_000),
            os.urandom(2000),
        ):
            _, writer = await asyncio.open_connection(parts.hostname, parts.port)
            writer.write(raw)
            with contextlib.suppress(OSError, TimeoutError):
                async with asyncio.timeout(2):
                    await writer.drain()
            writer.close()


async def _lost(server: Server, told: Told, wait_s: float) -> list[str]:
    """What was acknowledged and is not there, after everything ended has had the time to come to rest."""
    lost = []
    async with httpx.AsyncClient(timeout=60, trust_env=False) as client:
        until = time.monotonic() + wait_s
        for session_id, key in told.created.items():
            names = {name for of, name in told.uploaded if of == session_id}
            while True:
                seen = await client.get(f"{server.address}/v1/sessions/{session_id}", headers={"X-API-Key": key})
                body = seen.json()
                moving = session_id in told.ended and body.get("status") not in RESTING
                if not moving or time.monotonic() > until:
                    break
                await asyncio.sleep(POLL_S)
            if seen.status_code == 404:
                lost.append(f"session {session_id}")
            elif missing := names - set(body["audio_files"]):
                lost.append(f"files {sorted(missing)} of {session_id}")
            elif moving or (session_id in told.ended and body["status"] == "expired"):
                lost.append(f"the end of {session_id}, which is {body['status']}")
    return lost


async def _misplaced(directory: Path, told: Told) -> list[str]:
    """Files whose bytes are not those that were acknowledged; the server does not run."""
    store = SqliteStore(directory / "data" / "scribe.sqlite")
    found = await store.read(
        lambda view: view.connection.execute(
            select(audio_files.c.session_id, audio_files.c.name, audio_files.c.key)
        ).all()
    )
    store.close()
    keys = {(row.session_id, row.name): row.key for row in found}
    lost = []
    for place, sha256 in told.uploaded.items():
        path = directory / "data" / "audio" / keys[place][0] / keys[place] if place in keys else None
        if path is None or not path.exists() or hashlib.sha256(path.read_bytes()).hexdigest() != sha256:
            lost.append(f"the bytes of {place}")
    return lost


async def run(
    directory: Path, *, seconds: float, kill_every: float | None, transcriber: str, settle_s: float
) -> tuple[Told, list[str]]:
    """The whole story; returns what was acknowledged, and what of it was lost."""
    server, told = Server(directory, transcriber), Told()
    heavy = await asyncio.to_thread(silence)
    server.start()
    until = time.monotonic() + seconds
    hostile = Hostile(server, until, heavy)
    innocents = [Innocent(server, key, told, until) for key in INNOCENT]
    tasks = [asyncio.create_task(hostile.work(key)) for key in HOSTILE for _ in range(2)]
    tasks += [asyncio.create_task(one.work(number)) for one in innocents for number in range(2)]
    tasks += [asyncio.create_task(one.watch()) for one in innocents]
    kills, memory = 0, 0
    while time.monotonic() < until:
        await asyncio.sleep(min(kill_every or seconds, max(0.0, until - time.monotonic())))
        memory = max(memory, server.memory)
        if kill_every and time.monotonic() < until:
            await asyncio.to_thread(server.kill)
            await asyncio.to_thread(server.start)
            kills += 1
    await asyncio.gather(*tasks)
    await asyncio.to_thread(server.kill)
    lost = await _misplaced(directory, told)
    await asyncio.to_thread(server.start)
    lost += await _lost(server, told, settle_s)
    await asyncio.to_thread(server.kill)
    answers = ", ".join(f"{code}: {number}" for code, number in sorted(told.answers.items()))
    sys.stdout.write(
        f"{seconds:g} s, killed {kills} times; attacks: {dict(hostile.sent)}\n"
        f"innocents: {told.changes} changes acknowledged, {len(lost)} lost; answers {answers}\n"
        f"longest answer {told.longest_s:.2f} s; ended {len(told.ended)}, seen at rest {len(told.settled)},"
        f" after at most {max(told.settled.values(), default=0):.1f} s; server's memory at most {memory} MiB\n"
    )
    for line in lost[:20]:
        sys.stdout.write(f"LOST {line}\n")
    return told, lost


def main() -> int:
    """Parse, run, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--kill-every", type=float, default=None, help="kill -9 after so many seconds, again and again")
    parser.add_argument("--transcriber", choices=("scripted", "whisper"), default="scripted")
    parser.add_argument("--settle", type=float, default=300, help="seconds for what was ended to come to rest at last")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        work = run(
            Path(directory),
            seconds=asked.seconds,
            kill_every=asked.kill_every,
            transcriber=asked.transcriber,
            settle_s=asked.settle,
        )
        _, lost = asyncio.run(work)
        return 1 if lost else 0


if __name__ == "__main__":
    sys.exit(main())
