"""What tests of an EMR's client wait for: a mock that is ready, and answers through a router of respx."""

from __future__ import annotations

import subprocess
import sys
import time
from typing import TYPE_CHECKING

import httpx
import respx

from bench.figure import Figure, Spread, at_least, at_most, plain
from mock_server.emr.inside import Inside
from mock_server.emr.process import MockProcess
from mock_server.emr.router import RespxMock

if TYPE_CHECKING:
    from collections.abc import Callable

_ROUNDS, _REQUESTS = 5, 300
#: An interpreter that imports what the server does is the least that a server takes.
_IMPORTS = "import mock_server.app, mock_server.cli.commands, mock_server.cli.wire"
_BODY = {"templates": ["soap"], "upload_type": "single", "communication_protocol": "http"}


def _imported() -> float:
    began = time.perf_counter()
    subprocess.run([sys.executable, "-c", _IMPORTS], check=True)
    return time.perf_counter() - began


def _ready() -> float:
    server = MockProcess()
    server.stop()
    return server.started_in


def _rate(ask: Callable[[], httpx.Response]) -> float:
    began = time.perf_counter()
    for _ in range(_REQUESTS):
        ask().raise_for_status()
    return _REQUESTS / (time.perf_counter() - began)


def _canned() -> float:
    with respx.mock, httpx.Client(base_url="http://canned.example") as http:
        respx.post("/v1/sessions").respond(201, json={"session_id": "ses_0123456789abcdef"})
        return _rate(lambda: http.post("/v1/sessions", json=_BODY))


def _answered(inside: Inside, number: int) -> float:
    mock = RespxMock(inside, f"sk_test_bench{number}")
    with mock.router, httpx.Client(base_url=mock.url, headers={"X-API-Key": mock.api_key}) as http:
        return _rate(lambda: http.post("/v1/sessions", json=_BODY))


def measure() -> list[Figure]:
    """Until a mock in memory is ready, beside its imports alone; sessions created through respx, beside canned ones."""
    inside = Inside()
    try:
        starts = [(_imported(), _ready()) for _ in range(_ROUNDS)]
        rates = [(_canned(), _answered(inside, number)) for number in range(_ROUNDS)]
    finally:
        inside.close()
    return [
        at_most("emr: scribe_mock ready / its imports", Spread.of([ready / least for least, ready in starts]), 2.0, ""),
        plain("  ready", Spread.of([ready for _, ready in starts]), "s"),
        at_least("emr: creates through scribe_respx / canned by respx", Spread.of([a / c for c, a in rates]), 0.3),
        plain("  creates a second", Spread.of([answered for _, answered in rates]), ""),
    ]
