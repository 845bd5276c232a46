"""The honest mock and its faults in one process, and a kit run against it."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from typing import TYPE_CHECKING

import httpx
import uvicorn

from conformance.certification import certify
from conformance.runner import Options
from mock_server.app import create_app
from mock_server.faults import deep, odd, race
from mock_server.faults.catalogue import CATALOGUE
from mock_server.settings import Settings

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from starlette.applications import Starlette

    from conformance.run import Run
    from conformance.verdict import Reading

#: Faults that journeys show; what only sequences, generated requests or races show has tests of its own.
_APART = {fault.name for fault in (*deep.FAULTS, *odd.FAULTS, *race.FAULTS)}
PLAIN = tuple(name for name in CATALOGUE if name not in _APART)
BASE = "http://127.0.0.1:1"
KEYS = ("sk_test_proof", "sk_test_other")


@contextlib.asynccontextmanager
async def mock(data_dir: Path) -> AsyncIterator[Starlette]:
    """A scripted mock, started."""
    app = create_app(Settings(data_dir=data_dir, api_keys=KEYS, transcriber="scripted"))
    async with app.router.lifespan_context(app):
        yield app


@contextlib.asynccontextmanager
async def served(app: Starlette) -> AsyncIterator[str]:
    """A started mock on a real socket of its own loop, for clients in other processes: its work runs once a process."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        server = uvicorn.Server(uvicorn.Config(app, log_level="error", lifespan="off"))
        serving = asyncio.create_task(server.serve(sockets=[bound]))
        while not server.started:  # noqa: ASYNC110 - uvicorn says it by a flag alone
            await asyncio.sleep(0.02)
        try:
            yield f"http://127.0.0.1:{bound.getsockname()[1]}"
        finally:
            server.should_exit = server.force_exit = True
            await serving


async def switch(app: Starlette, faults: tuple[str, ...]) -> None:
    """An empty mock with these faults on."""
    face = app.state.face
    for key in KEYS:
        await face.service.reset(key.removeprefix("sk_test_"))
    app.state.faults.switch(faults)


def options(app: Starlette, examples: int) -> Options:
    """A run against the mock in this process."""
    return Options(
        target=BASE,
        api_key=KEYS[0],
        second_api_key=KEYS[1],
        test_clock=f"{BASE}/_mock/v1/clock",
        processing_timeout=10,
        examples=examples,
        transport=httpx.ASGITransport(app=app),
    )


async def graded(
    app: Starlette, faults: tuple[str, ...] = (), reading: Reading = "lenient", *, examples: int = 0
) -> Run:
    """One whole kit run against the mock with these faults on; without `examples` nothing is generated."""
    await switch(app, faults)
    return await certify(options(app, examples), reading=reading)
