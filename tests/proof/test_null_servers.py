"""Servers that do nothing are never conformant, and never take the kit down."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from conformance.certification import certify
from conformance.runner import Options, TargetUnreachable
from conformance.verdict import Overall, Verdict

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable


def _always(status: int, body: bytes) -> Callable[..., Awaitable[None]]:
    async def app(scope: dict[str, Any], receive: Any, send: Any) -> None:
        headers = [(b"content-type", b"application/json")]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    return app


def _options(status: int, body: bytes) -> Options:
    transport = httpx.ASGITransport(app=_always(status, body))
    given = {"target": "http://null.test", "api_key": "sk_test_x", "processing_timeout": 1, "examples": 2}
    return Options(**given, transport=transport)  # type: ignore[arg-type]


@pytest.mark.parametrize(("status", "body"), [(404, b"{}"), (404, b""), (500, b"{}")])
def test_a_server_that_only_refuses_is_not_graded(status: int, body: bytes) -> None:
    with pytest.raises(TargetUnreachable, match="serves no discovery"):
        asyncio.run(certify(_options(status, body)))


def test_a_server_that_always_says_the_same_is_not_conformant() -> None:
    run = asyncio.run(certify(_options(200, b"{}")))
    assert run.overall in (Overall.NON_CONFORMANT, Overall.NOT_FULLY_VERIFIED)
    assert [g.requirement.id for g in run.graded if g.verdict is Verdict.ERROR] == []
    assert [note.text for note in run.evidence.notes if note.reason == "kit_error"] == []


def test_a_silent_server_is_unreachable_within_bounds() -> None:
    async def run() -> None:
        async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await asyncio.sleep(60)

        server = await asyncio.start_server(silent, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        options = Options(target=f"http://127.0.0.1:{port}", api_key="sk_test_x", first_timeout=1.0)
        try:
            with pytest.raises(TargetUnreachable, match=r"127\.0\.0\.1"):
                await certify(options)
        finally:
            server.close()

    asyncio.run(run())
