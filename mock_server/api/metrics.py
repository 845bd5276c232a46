"""GET /metrics, for whoever watches the server; it is no client's request. Not in spec."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from starlette.responses import Response

from mock_server.api.endpoint import Endpoint
from mock_server.api.health import lacking
from mock_server.served import LIVE, RESEARCH
from scribe_data import PROFILE

if TYPE_CHECKING:
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
        sessions, counted_s = await face.census.look()
        live = face.streamer if LIVE in face.settings.profiles else None
        return Standing(
            sessions=sessions,
            counted_s=counted_s,
            queues=self._queues(),
            sockets=face.room.taken,
            live=None if live is None else Listened(live.listened, live.behind_s, live.hearing),
            stores=face.service.shortage() is None,
            ready=not lacking(face),
        )

    def _queues(self) -> dict[str, Waiting]:
        face = self._face
        found = {}
        if {PROFILE, LIVE} & {*face.settings.profiles}:
            found[PROFILE] = face.service.queue
        if RESEARCH in face.settings.profiles:
            found[RESEARCH] = face.research.queue
        return found


async def _never(_face: Face, _call: Call) -> Answer:
    raise AssertionError("unreachable: a GET is answered before")
