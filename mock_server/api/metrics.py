"""GET /metrics, for whoever watches the server; it is no client's request. Not in spec."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import TYPE_CHECKING, Final

from starlette.responses import Response

from mock_server.api.endpoint import Endpoint
from mock_server.api.health import lacking, mirrors, servers_of, waiting
from mock_server.served import LIVE, RESEARCH
from scribe_data import PROFILE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from starlette.types import Receive, Scope, Send

    from mock_server.api.answer import Answer
    from mock_server.api.face import Call, Face
    from mock_server.metrics.exposition import Standing
    from mock_server.pipeline.turns import Waiting

PATH: Final = "/metrics"
_FRESH: Final = {"Cache-Control": "no-store"}


class Metrics:
    """The ASGI application of the route, beside the way that clients' requests take.

    So no layer, scenario, bound, record or number knows of a scrape.
    """

    def __init__(self, face: Face) -> None:
        self._face = face
        self._others = Endpoint(face, "unknown", _never, methods="GET", public=True)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One scrape; another method is refused as it is everywhere."""
        if scope["method"] not in ("GET", "HEAD"):
            await self._others(scope, receive, send)
            return
        # the library takes some hundredths of a second to import, which a server that nobody scrapes need not spend
        from mock_server.metrics.exposition import MEDIA_TYPE, exposed

        text = exposed(self._face.meter, await self._standing())
        await Response(text, headers={"Content-Type": MEDIA_TYPE, **_FRESH})(scope, receive, send)

    async def _standing(self) -> Standing:
        from mock_server.metrics.exposition import Listened, Standing

        face = self._face
        servers = servers_of(face)
        sessions: Counter[tuple[str, str]] = Counter()
        counted: list[float | None] = []
        for found, ago_s in await asyncio.gather(*(each.census.look() for each in servers)):
            sessions.update(found)
            counted.append(ago_s)
        live = face.streamer if LIVE in face.settings.profiles else None
        return Standing(
            sessions=sessions,
            counted_s=None if None in counted else max(counted, default=None),  # type: ignore[type-var]  # none is None
            queues=self._queues(servers),
            sockets=face.room.taken,
            live=None if live is None else Listened(live.listened, live.behind_s, live.hearing),
            stores=all(each.service.shortage() is None for each in servers),
            ready=not lacking(face),
            mirrors=mirrors(face.mirror),
        )

    def _queues(self, servers: Sequence[Face]) -> dict[str, Waiting]:
        profiles = {*self._face.settings.profiles}
        found = {}
        if {PROFILE, LIVE} & profiles:
            found[PROFILE] = waiting(each.service.queue for each in servers)
        if RESEARCH in profiles:
            found[RESEARCH] = waiting(each.research.queue for each in servers)
        return found


async def _never(_face: Face, _call: Call) -> Answer:
    raise AssertionError("unreachable: a GET is answered before")
