"""How a worker is seen: whether it is there and ready, and its numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Protocol

from starlette.applications import Starlette
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from mock_server.api.health import mirrors, redis_part

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.types import ASGIApp

    from mock_server.metrics.meter import Worked
    from mock_server.mirror.mirror import Mirror

_FRESH: Final = {"Cache-Control": "no-store"}
_RETRY_S: Final = 1
_PARTS: Final = ("server", "engine", "storage", "queue")


class Seen(Protocol):
    """What there is to be seen of a worker."""

    worked: Worked
    #: What its process shows in Redis, where that is asked for.
    mirror: Mirror | None

    @property
    def engine(self) -> str:
        """What hears, by name and model."""

    @property
    def at_once(self) -> int:
        """How many jobs are in work at once."""

    def lacking(self) -> dict[str, str]:
        """Part -> what it lacks."""


def visible(worker: Seen) -> ASGIApp:
    """GET /health/live, /health/ready, which tells of each part what it lacks, and /metrics."""

    async def live(_request: Request) -> Response:
        return JSONResponse({"status": "live"}, headers=_FRESH)

    async def ready(_request: Request) -> Response:
        lacks = worker.lacking()
        numbers = {"in_work": worker.worked.in_work.total(), "at_once": worker.at_once}
        parts: dict[str, dict[str, Any]] = {part: {"ready": part not in lacks} for part in _PARTS}
        for part, because in lacks.items():
            parts[part]["because"] = because
        parts["queue"] |= numbers
        parts |= redis_part(worker.mirror)
        body = {"status": "not_ready" if lacks else "ready", "role": "worker", "engine": worker.engine, "parts": parts}
        if not lacks:
            return JSONResponse(body, headers=_FRESH)
        return JSONResponse(body, 503, headers={**_FRESH, "Retry-After": str(_RETRY_S)})

    async def metrics(_request: Request) -> Response:
        from mock_server.metrics.exposition import MEDIA_TYPE, exposed_worker

        found = exposed_worker(worker.worked, ready=not worker.lacking(), mirrors=mirrors(worker.mirror))
        return Response(found, headers={"Content-Type": MEDIA_TYPE, **_FRESH})

    return Starlette(
        routes=[Route("/health/live", live), Route("/health/ready", ready), Route("/metrics", metrics)],
    )
