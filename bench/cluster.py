"""Many processes on PostgreSQL and S3: how soon a killed one is made good, and what workers add to one core's worth."""

from __future__ import annotations

import asyncio
import json
import tempfile
import time
from typing import TYPE_CHECKING

import psutil  # type: ignore[import-untyped]  # as in bench.figure
import pytest

from bench.figure import Figure, Spread, plain
from bench.finished import pin
from bench.server import started
from bench.sessions import audio
from mock_server.settings import DEFAULT_KEY
from tests.asking import Asking
from tests.clusters import bare, clustered
from tests.recovery import measured

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.clusters import Cluster

_SHARDS, _ROUNDS = 8, 3
#: Clients at a time, each of a namespace of its own, so that all shards have work.
_CLIENTS, _FLOWS, _WARM = 16, 240, 32
_WORKERS = (1, 2, 4)
_KEYS = tuple(f"sk_test_clinic{number}" for number in range(_CLIENTS))
_ORDER = json.dumps(
    {"templates": ["soap"], "upload_type": "chunked", "communication_protocol": "http", "model": "lite"}
).encode()
#: Between two looks at a session that is being processed.
_LOOK_S = 0.1
_SCRIPTED = ("--transcriber", "scripted")


async def _flow(asking: Asking, address: str, key: str, body: bytes) -> None:
    """Create, upload, end, and the result."""

    async def ask(method: str, path: str, sent: bytes = b"", media: str = "application/json") -> dict[str, str]:
        while True:
            answer = await asking.ask(address, method, path, key, body=sent, media=media)
            if answer.status != 503:
                break
            await asyncio.sleep(_LOOK_S)
        assert answer.status < 300, answer
        found: dict[str, str] = answer.document
        return found

    path = f"/v1/sessions/{(await ask('POST', '/v1/sessions', _ORDER))['session_id']}"
    await ask("PUT", f"{path}/audio/audio_0.wav", body, "audio/wav")
    await ask("POST", f"{path}/end")
    while (await ask("GET", path))["status"] == "processing":  # noqa: ASYNC110 - another process decides
        await asyncio.sleep(_LOOK_S)


async def _flows(addresses: Sequence[str], keys: Sequence[str], body: bytes, number: int) -> float:
    """Sessions that are accepted and finished in a second."""
    asking = Asking()
    left = iter(range(number))

    async def work(client: int) -> None:
        for _ in left:
            await _flow(asking, addresses[client % len(addresses)], keys[client % len(keys)], body)

    began = time.perf_counter()
    await asyncio.gather(*map(work, range(_CLIENTS)))
    asking.close()
    return number / (time.perf_counter() - began)


def _rates(addresses: Sequence[str], keys: Sequence[str]) -> Spread:
    body = audio()
    asyncio.run(_flows(addresses, keys, body, _WARM))
    return Spread.of([asyncio.run(_flows(addresses, keys, body, _FLOWS)) for _ in range(_ROUNDS)])


def _alone() -> Spread:
    """The default, on one core, with all that it keeps in its directory."""
    with tempfile.TemporaryDirectory() as folder, started("bench.roomy", folder) as mock:
        process = psutil.Process(mock.pid)
        pin(process, min(process.cpu_affinity()))
        return _rates([mock.address], [DEFAULT_KEY])


def _recovery(cluster: Cluster) -> list[Figure]:
    found = asyncio.run(measured(cluster, _KEYS[0], _SHARDS, _ROUNDS))
    return [plain(f"  {kind}", Spread.of(seconds), "s") for kind, seconds in found.items()]


def measure() -> list[Figure]:
    """Both; where PostgreSQL or the S3 server cannot be had, a line that says so."""
    try:
        with clustered(api=3, workers=2, gateways=1, shards=_SHARDS, keys=_KEYS, more=_SCRIPTED) as cluster:
            figures = [Figure("killed with -9, to the first success", ""), *_recovery(cluster)]
        figures += [
            Figure(f"accepted and finished, {_CLIENTS} clients", ""),
            plain("  one server, embedded, one core", _alone(), "/s"),
        ]
        for workers in _WORKERS:
            with bare(shards=_SHARDS, keys=_KEYS, more=_SCRIPTED) as cluster:
                for role in ("api", "api", *(["worker"] * workers)):
                    cluster.add(role).begin()
                cluster.wait()
                rates = _rates([each.address for each in cluster.of("api")], _KEYS)
            figures.append(plain(f"  2 api, {workers} worker{'s' * (workers > 1)}, PostgreSQL and S3", rates, "/s"))
    except pytest.skip.Exception as error:
        return [Figure("cluster", f"SKIPPED: {error}")]
    return figures
