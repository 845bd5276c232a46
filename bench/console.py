"""The console's list with a thousand sessions, against the same page with ten: first paint, a filter, and an update."""

from __future__ import annotations

import shutil
import sys
import tempfile
import time
from typing import TYPE_CHECKING

import httpx

from bench.figure import Figure, Spread, at_most, plain
from bench.server import started

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

_KEYS = {"few": "sk_test_few", "many": "sk_test_many"}
_SESSIONS = {"few": 10, "many": 1000}
_ROUNDS = 9
#: A page has fifty rows of a thousand sessions, and ten of ten.
_PAINTED = 2.0
_ORDER = {"templates": ["soap"], "upload_type": "chunked", "communication_protocol": "http", "model": "pro"}
_FIRST = "tbody tr a"


def measure() -> list[Figure]:
    """Rounds by turns in one browser; a figure that says so where there is none."""
    chromium = shutil.which("chromium")
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        chromium = None
    if chromium is None:
        told = "SKIPPED: needs chromium and playwright"
        print(told, file=sys.stderr)
        return [Figure("console", told)]
    keys = [word for key in _KEYS.values() for word in ("--api-key", key)]
    with (
        tempfile.TemporaryDirectory() as folder,
        started(
            "mock_server.cli", "serve", "--port", "0", "--transcriber", "scripted", "--data-dir", folder, *keys
        ) as server,
        sync_playwright() as playwright,
    ):
        for name, key in _KEYS.items():
            _fill(server.address, key, _SESSIONS[name])
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        try:
            return _figures(browser, server.address)
        finally:
            browser.close()


def _figures(browser: Browser, address: str) -> list[Figure]:
    painted: dict[str, list[float]] = {name: [] for name in _KEYS}
    updated: dict[str, list[float]] = {name: [] for name in _KEYS}
    for number in range(_ROUNDS + 1):
        for name in _KEYS if number % 2 else reversed(_KEYS):
            paint, update = _round(browser, address, _KEYS[name])
            if number:  # the first warms both
                painted[name].append(paint)
                updated[name].append(update)
    ratios = [many / few for many, few in zip(painted["many"], painted["few"], strict=True)]
    return [
        at_most("console: first list, 1000 sessions / 10", Spread.of(ratios), _PAINTED, ""),
        plain("  first list, 1000 sessions", Spread.of(painted["many"]), "ms"),
        plain("  first list, 10 sessions", Spread.of(painted["few"]), "ms"),
        plain("  from a request to its row, 1000 sessions", Spread.of(updated["many"]), "ms"),
        plain("  from a request to its row, 10 sessions", Spread.of(updated["few"]), "ms"),
    ]


def _round(browser: Browser, address: str, key: str) -> tuple[float, float]:
    """Milliseconds from opening the page to its rows, and from the creation of a session to its row."""
    context = browser.new_context()
    context.add_init_script(f"sessionStorage.setItem('scribe-console-key', {key!r})")
    page = context.new_page()
    began = time.monotonic()
    page.goto(f"{address}/console", wait_until="commit")
    page.wait_for_selector(_FIRST)
    painted = 1000 * (time.monotonic() - began)
    page.wait_for_selector("#live[data-state=live]")
    page.wait_for_timeout(500)
    updated = _updated(page, address, key)
    context.close()
    return painted, updated


def _updated(page: Page, address: str, key: str) -> float:
    began = time.monotonic()
    made = httpx.post(f"{address}/v1/sessions", json=_ORDER, headers={"X-API-Key": key}).json()["session_id"]
    page.wait_for_selector(f'tr[data-session="{made}"]')
    took = 1000 * (time.monotonic() - began)
    httpx.delete(f"{address}/_mock/v1/sessions/{made}", headers={"X-API-Key": key}).raise_for_status()
    return took


def _fill(address: str, key: str, number: int) -> None:
    with httpx.Client(base_url=address, headers={"X-API-Key": key}) as client:
        for _ in range(number):
            client.post("/v1/sessions", json=_ORDER).raise_for_status()
