"""Accepted and finished: what a server on one core takes in and brings to its end, while more keeps coming."""

from __future__ import annotations

import asyncio
import json
import os
import statistics
import tempfile
import time
from dataclasses import dataclass, field
from datetime import datetime

import psutil  # type: ignore[import-untyped]  # as in bench.figure
import uvloop

from bench.figure import Figure, Spread, at_least, at_most, plain
from bench.flow import ORDER, Connection, settled
from bench.server import Broken, Server, started
from bench.sessions import audio
from mock_server.settings import Limits

_CONNECTIONS, _FLOWS, _WARM, _ROUNDS = 8, 1500, 64, 3
#: Sessions a second, on one core.
_LEAST = 150.0
#: What a server may grow by from the first round to the last: its memory is to be flat.
_GROWTH = 1.15
#: What a client is told to wait when the queue is full; it asks sooner, so that it is not what is measured.
_AGAIN_S = 0.05


@dataclass
class _Steady:
    """One round: its seconds until all was finished, those of them on the processor, the ends refused, and how long
    requests and work were waited for.
    """

    seconds: float = 0.0
    processor: float = 0.0
    refused: int = 0
    waited: list[float] = field(default_factory=list)
    worked: list[float] = field(default_factory=list)
    sessions: list[str] = field(default_factory=list)


async def _flow(connection: Connection, body: bytes, found: _Steady) -> None:
    async def timed(method: str, path: str, sent: bytes = b"", media: str = "application/json") -> bytes:
        began = time.perf_counter()
        answer = await connection.exchange(method, path, sent, media)
        found.waited.append(time.perf_counter() - began)
        return answer

    made = json.loads(await timed("POST", "/v1/sessions", ORDER))["session_id"]
    await timed("PUT", f"/v1/sessions/{made}/audio/audio_0.wav", body, "audio/wav")
    while True:
        try:
            await timed("POST", f"/v1/sessions/{made}/end")
            break
        except Broken as full:
            if "503" not in str(full):
                raise
            found.refused += 1
            await asyncio.sleep(_AGAIN_S)
    found.sessions.append(made)


async def _load(address: str, body: bytes, flows: int) -> _Steady:
    found = _Steady()
    connections = [await Connection.to(address) for _ in range(_CONNECTIONS)]
    left = iter(range(flows))

    async def work(connection: Connection) -> None:
        for _ in left:
            await _flow(connection, body, found)

    await asyncio.gather(*map(work, connections))
    for connection in connections:
        connection.close()
    return found


async def _worked(address: str, sessions: list[str]) -> list[float]:
    """Seconds from the end of each session to its results, by the server's own stamps."""
    connection = await Connection.to(address)
    took = []
    for session in sessions:
        lines = json.loads(await connection.exchange("GET", f"/_mock/v1/journal/{session}"))["journal"]
        at = {line["kind"]: datetime.fromisoformat(line["at"]) for line in lines}
        took.append((at["completed"] - at["ended"]).total_seconds())
    connection.close()
    return took


def _round(server: Server, body: bytes, flows: int = _FLOWS) -> _Steady:
    began, spent = time.perf_counter(), server.processor()
    found = uvloop.run(_load(server.address, body, flows))
    settled(server.address, found.sessions)
    found.seconds, found.processor = time.perf_counter() - began, server.processor() - spent
    return found


def pin(process: psutil.Process, core: int) -> None:
    """Leave a server one core. Affinity is a thread's: those of it that run already would keep theirs."""
    for each in (process, *process.children(recursive=True)):
        for thread in each.threads():
            os.sched_setaffinity(thread.id, {core})


def _percent(of: list[float], part: int) -> float:
    return statistics.quantiles(of, n=100)[part - 1]


def measure() -> list[Figure]:
    """Rounds under a load that never pauses, on a server that has one core and the queue of its command."""
    body = audio()
    rounds: list[_Steady] = []
    sizes: list[float] = []
    with (
        tempfile.TemporaryDirectory() as folder,
        started("bench.roomy", folder, "--queue", str(Limits().queue)) as mock,
    ):
        process = psutil.Process(mock.pid)
        pin(process, min(process.cpu_affinity()))
        _round(mock, body, _WARM)
        for _ in range(_ROUNDS):
            rounds.append(_round(mock, body))
            sizes.append(process.memory_info().rss / 2**20)
        for each in rounds:
            each.worked = uvloop.run(_worked(mock.address, each.sessions[:: max(1, len(each.sessions) // 200)]))
    return [
        at_least(
            "finished: sessions a second, one core", Spread.of([_FLOWS / x.seconds for x in rounds]), _LEAST, "/s"
        ),
        at_most("  memory, last round / first", Spread.of([sizes[-1] / sizes[0]]), _GROWTH, "", megabytes=sizes),
        plain("  processor a session", Spread.of([1000 * x.processor / _FLOWS for x in rounds]), "ms"),
        plain("  ends refused for a full queue", Spread.of([x.refused for x in rounds]), f"of {_FLOWS}"),
        plain("  a request, 99 of 100", Spread.of([1000 * _percent(x.waited, 99) for x in rounds]), "ms"),
        plain("  from end to results, 99 of 100", Spread.of([_percent(x.worked, 99) for x in rounds]), "s"),
    ]
