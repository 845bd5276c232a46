"""What two thousand namespaces cost that have scenarios armed: memory, and the latency of their requests."""

from __future__ import annotations

import tempfile
import time
from typing import TYPE_CHECKING

import httpx
import psutil  # type: ignore[import-untyped]  # see figure.py

from bench.figure import Figure, Spread, at_most
from bench.server import started

if TYPE_CHECKING:
    from collections.abc import Iterable

_NAMESPACES, _ROUNDS, _REQUESTS = 2000, 5, 400
_SCENARIOS = (
    {"scenario": "throttled", "on": {"operation": "upload", "times": 2}},
    {"scenario": "slow_processing", "on": {"session": "next"}},
    {"scenario": "transcript", "parameters": {"text": "Patient: I take ramipril, 5 mg."}, "on": {"session": "next"}},
)


def _asked(http: httpx.Client, names: Iterable[str]) -> float:
    """Milliseconds a request, of lists of templates by clients of these namespaces."""
    began, number = time.perf_counter(), 0
    for number, name in enumerate(names, 1):  # noqa: B007 - how many there were
        http.get("/v1/templates", headers={"X-API-Key": f"sk_test_{name}"}).raise_for_status()
    return (time.perf_counter() - began) * 1000 / number


def _arm(http: httpx.Client) -> None:
    for number in range(_NAMESPACES):
        for asked in _SCENARIOS:
            key = {"X-API-Key": f"sk_test_armed{number}"}
            http.post("/_mock/v1/scenarios", json=asked, headers=key).raise_for_status()


def measure() -> list[Figure]:
    """Requests of namespaces that have nothing armed, and of those that have all of it, by turns."""
    with tempfile.TemporaryDirectory() as folder:
        serve = ("serve", "--port", "0", "--transcriber", "scripted", "--open-namespaces", "--data-dir", folder)
        with started("mock_server.cli", *serve) as server, httpx.Client(base_url=server.address) as http:
            plain = [f"plain{number}" for number in range(_REQUESTS)]
            armed = [f"armed{number}" for number in range(0, _NAMESPACES, _NAMESPACES // _REQUESTS)]
            _asked(http, plain)
            before = psutil.Process(server.pid).memory_full_info().pss
            _arm(http)
            grown = psutil.Process(server.pid).memory_full_info().pss - before
            rounds = [(_asked(http, plain), _asked(http, armed)) for _ in range(_ROUNDS)]
    ratios = Spread.of([subject / floor for floor, subject in rounds])
    kept = Spread.of([grown / 1024 / _NAMESPACES])
    return [
        at_most(
            f"namespaces: latency with {len(_SCENARIOS)} armed in each of {_NAMESPACES} / with none", ratios, 1.5, ""
        ),
        at_most("  memory a namespace", kept, 16, "KiB"),
    ]
