"""What research sessions cost: a page of many of them, one over the default corpus, and twenty at once."""

from __future__ import annotations

import asyncio
import tempfile
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import psutil  # type: ignore[import-untyped]  # see figure.py

from bench.figure import Figure, Spread, at_most, plain
from bench.server import Broken, started
from mock_server.session.prsm.model import Commission, Inquiry
from mock_server.session.prsm.table import State
from mock_server.settings import DEFAULT_KEY
from mock_server.storage.keeping import open_keeping

if TYPE_CHECKING:
    from mock_server.storage.unit import Unit

_LISTED, _PAGES, _SESSIONS, _AT_ONCE = 10_000, 50, 10, 20
_ORDER = {"prompt": "Compare how sessions expire, pause and end in each revision", "session_type": "analysis"}
_PATH = "/api/v1/sessions"
_FINAL = (State.COMPLETED, State.FAILED, State.CANCELLED, State.TIMEOUT)


def _listed(number: int) -> Inquiry:
    at = datetime.now(UTC) - timedelta(seconds=number)
    asked = Commission("why?", ("research", "analysis", "synthesis")[number % 3])
    name, state = f"ses_{number:024}", _FINAL[number % len(_FINAL)]
    first = Inquiry(name, "development", "development", state, asked, at, at, 600.0, 30, 40, state.value)
    return replace(first, done=30, began_at=at, ended_at=at)


async def _fill(folder: Path) -> None:
    keeping = open_keeping(folder)

    def change(unit: Unit) -> None:
        for number in range(_LISTED):
            unit.inquiries.create(_listed(number))

    await keeping.store.write(change)
    await asyncio.to_thread(keeping.close)


def _pages(http: httpx.Client) -> Spread:
    """Milliseconds a page, all over the list."""
    took = []
    for number in range(_PAGES):
        asked = {"page": 1 + number * (_LISTED // 20 // _PAGES)}
        began = time.perf_counter()
        told = http.get(_PATH, params=asked).raise_for_status().json()
        took.append((time.perf_counter() - began) * 1000)
        if told["total_count"] < _LISTED:
            raise Broken(f"the list has {told['total_count']} sessions")
    return Spread.of(took)


async def _worked(address: str, number: int) -> float:
    """Seconds until so many sessions that are ordered at once are all completed."""
    async with httpx.AsyncClient(base_url=address, headers={"X-API-Key": DEFAULT_KEY}, timeout=60) as http:

        async def one() -> None:
            made = (await http.post(_PATH, json=_ORDER)).raise_for_status().json()
            waited = {"session": made["session_id"], "state": "completed", "seconds": 60}
            (await http.get("/_mock/v1/wait", params=waited)).raise_for_status()

        began = time.perf_counter()
        await asyncio.gather(*(one() for _ in range(number)))
        return time.perf_counter() - began


def measure() -> list[Figure]:
    """Each of the three, one after the other."""
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(_fill(Path(folder)))
        serve = ("serve", "--profile", "prsm", "--research-seconds", "0", "--port", "0", "--data-dir", folder)
        with started("mock_server.cli", *serve) as server:
            with httpx.Client(base_url=server.address, headers={"X-API-Key": DEFAULT_KEY}) as http:
                http.get(_PATH).raise_for_status()
                pages = _pages(http)
            process = psutil.Process(server.pid)
            before = process.memory_info().rss
            alone = Spread.of([asyncio.run(_worked(server.address, 1)) for _ in range(_SESSIONS)])
            crowd = Spread.of([asyncio.run(_worked(server.address, _AT_ONCE)) for _ in range(3)])
            grown = (process.memory_info().rss - before) / 2**20
    return [
        at_most(f"research: a page of {_LISTED:,} sessions", pages, 20, "ms"),
        plain("  a session over the default corpus", alone, "s"),
        plain(f"  {_AT_ONCE} sessions at once", crowd, "s"),
        plain("  memory after both, above that before", Spread.of([grown]), "MiB"),
    ]
