"""Research sessions: what the server adds to their work, twenty at once, and pages of a list of ten thousand."""

from __future__ import annotations

import itertools
import tempfile
import time
from typing import TYPE_CHECKING

import httpx
import psutil  # type: ignore[import-untyped]  # see figure.py

from bench.figure import Figure, Spread, at_most, plain
from bench.server import Broken, Server, started
from mock_server.research import Corpus, Findings, Kind, Plan, Report

if TYPE_CHECKING:
    from collections.abc import Iterator

_ROUNDS, _TOGETHER, _LISTED, _PAGES = 5, 20, 10_000, 60
_PLACE = "/api/v1/sessions"
_PROMPT = "What may a service answer to audio that comes after a session has ended or expired?"
_ORDER = {"prompt": _PROMPT, "session_type": "research"}
_LONGEST_S = 120.0


def _worked(corpus: Corpus) -> float:
    """Seconds of the work itself, from the prompt to the report."""
    began = time.perf_counter()
    plan, found = Plan.of(_PROMPT, Kind.RESEARCH), Findings.empty()
    for step in plan.steps:
        found = step.carry_out(corpus, found)
    if not Report.of(plan, found).citations:
        raise Broken("the work found nothing to cite")
    return time.perf_counter() - began


def _client(server: Server, user: str) -> httpx.Client:
    return httpx.Client(base_url=server.address, headers={"X-API-Key": f"sk_test_bench_{user}"}, timeout=60)


def _made(http: httpx.Client) -> str:
    return str(http.post(_PLACE, json=_ORDER).raise_for_status().json()["session_id"])


def _completed(http: httpx.Client, names: list[str]) -> None:
    latest = time.perf_counter() + _LONGEST_S
    for name in names:
        while (status := http.get(f"{_PLACE}/{name}").raise_for_status().json()["status"]) != "completed":
            if status in ("failed", "timeout", "cancelled") or time.perf_counter() > latest:
                raise Broken(f"a research session is {status}")
            time.sleep(0.005)


def _timed(http: httpx.Client, number: int) -> float:
    """Seconds until so many sessions that were made one after the other are completed."""
    began = time.perf_counter()
    _completed(http, [_made(http) for _ in range(number)])
    return time.perf_counter() - began


def _fill(http: httpx.Client) -> None:
    for _ in range(_LISTED):  # one that is completed already cannot be cancelled, and is listed all the same
        http.post(f"{_PLACE}/{_made(http)}/cancel")


def _pages(http: httpx.Client) -> Iterator[float]:
    """Milliseconds of pages all over a list, of those that a filter leaves too."""
    asked = (
        {},
        {"session_type": "research"},
        {"session_type": "research", "date_from": "2020-01-01", "date_to": "2999-12-31"},
    )
    for number, filters in zip(range(_PAGES), itertools.cycle(asked)):
        page = 1 + number * (_LISTED // 100 - 1) // _PAGES
        began = time.perf_counter()
        found = http.get(_PLACE, params={**filters, "page": page, "limit": 100}).raise_for_status().json()
        yield (time.perf_counter() - began) * 1000
        if found["total_count"] < _LISTED or not found["sessions"]:
            raise Broken(f"page {page} of the list shows {found['total_count']} sessions")


def measure() -> list[Figure]:
    """The work by itself and through the server, by turns; then many at once, then the list."""
    with tempfile.TemporaryDirectory() as folder:
        words = ("serve", "--port", "0", "--transcriber", "scripted", "--profile", "prsm", "--research-seconds", "0")
        keys = ("--open-namespaces", "--data-dir", folder)
        with started("mock_server.cli", *words, *keys) as server, _client(server, "some") as http:
            http.post("/_mock/v1/prsm/balance", json={"balance": "1000000"}).raise_for_status()
            corpus = Corpus.open(None)
            _worked(corpus)
            _timed(http, 1)
            before = psutil.Process(server.pid).memory_full_info().pss
            rounds = [(_worked(corpus), _timed(http, 1), _timed(http, _TOGETHER)) for _ in range(_ROUNDS)]
            grown = psutil.Process(server.pid).memory_full_info().pss - before
            corpus.close()
            with _client(server, "many") as other:
                _fill(other)
                pages = Spread.of(list(_pages(other)))
    together = [many / (_TOGETHER * one) for _, one, many in rounds]
    return [
        plain("research: the work by itself", Spread.of([work for work, _, _ in rounds]), "s"),
        plain("  a session, from its order to its end", Spread.of([one for _, one, _ in rounds]), "s"),
        at_most(f"  {_TOGETHER} at once / as many one after the other", Spread.of(together), 1.0, ""),
        plain(f"  memory, after {_ROUNDS * (_TOGETHER + 1)} sessions", Spread.of([grown / 2**20]), "MiB more"),
        at_most(f"  a page of 100 of {_LISTED} sessions", pages, 20, "ms"),
    ]
