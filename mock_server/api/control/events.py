"""The router of what happens: server-sent events of a namespace, and what its clock comes to next."""

# Annotations are read by FastAPI when the routes are made.
import asyncio
import contextlib
import json
from collections.abc import AsyncGenerator
from typing import Final

from fastapi import Response

from mock_server import problems
from mock_server.api.control.models import HappenedTold, Own
from mock_server.api.control.news import News, Told
from mock_server.api.control.plane import new_router, refusals
from mock_server.api.control.route import Asked
from mock_server.api.control.stream import begin
from mock_server.api.face import Face
from mock_server.clock import stamp
from mock_server.shelves.feed import Feeds

router: Final = new_router()
#: Seconds: what is looked at if nobody tells of a change, the least between two looks, and the longest silence.
_LOOKS_S, _APART_S, _SILENT_S = 1.0, 0.15, 15.0
#: Milliseconds after which a browser asks again.
_RETRY_MS: Final = 2000
_LONGEST_PLACE: Final = 200
#: What becomes due, at most.
_MOST_DUE: Final = 20

_TOLD: Final = (
    "As text/event-stream: `event: change` for everything that happens to a session, with `session_id`, `kind` and"
    " `at`; `event: requests` with `sessions`, those that requests were about since the last one, null for none;"
    " `event: reset` where all sessions were removed. It begins with `event: ready`. With the last id in"
    " `Last-Event-ID` a stream goes on behind that event. A client that stops reading is disconnected."
)


class DueTold(Own):
    """What becomes due, the first first."""

    due: list[HappenedTold]


@router.get(
    "/due",
    operation_id="list_due",
    summary="What the passing of the namespace's time brings about next",
    responses=refusals(503),
)
async def due(asked: Asked) -> DueTold:
    """The first 20: sessions that expire or end by timeout. Work that a scenario holds is not among them."""
    found = await asked.face.rack.due(asked.call.namespace, _MOST_DUE)
    told = [
        HappenedTold.model_validate({"at": stamp(at), "session_id": name, "event": event}) for at, name, event in found
    ]
    return DueTold(due=told, namespace=asked.call.namespace)


@router.get(
    "/events",
    operation_id="watch_events",
    summary="What happens to the namespace's sessions, as it happens",
    description=_TOLD,
    response_model=None,
    responses={
        200: {"description": "The stream", "content": {"text/event-stream": {"schema": {"type": "string"}}}},
        **refusals(400, 503),
    },
)
async def events(asked: Asked) -> Response:
    """The stream."""
    place = asked.call.request.headers.get("last-event-id")
    feeds = asked.face.rack.events(asked.call.namespace)
    if (place is not None and len(place) > _LONGEST_PLACE) or not await feeds.begin(place):
        told = "Last-Event-ID has to be the id of an event of this stream; without it the stream begins now."
        raise problems.invalid_request(told, field="last-event-id")
    begin(asked.call, asked.face.places, _pieces(asked.face, asked.call.namespace, feeds))
    return Response(b"", media_type="text/event-stream", headers={"X-Accel-Buffering": "no"})


async def _pieces(face: Face, namespace: str, feeds: Feeds) -> AsyncGenerator[bytes, None]:
    """Events as bytes: a piece at a time waits for its reader, and what comes after it is in the record."""
    loop = asyncio.get_running_loop()
    news = News(face, namespace, feeds)
    yield f"retry: {_RETRY_MS}\n{_piece(news.ready())}".encode()
    spoke = loop.time()
    with face.service.watch.all() as event:
        while not face.stopping:
            event.taken()
            told = "".join(map(_piece, await news.look()))
            if told or loop.time() - spoke > _SILENT_S:
                spoke = loop.time()
                yield (told or ": nothing happens\n\n").encode()
            if not told:
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(_LOOKS_S):
                        await event.wait()
            await asyncio.sleep(_APART_S)


def _piece(told: Told) -> str:
    known = "" if told.place is None else f"id: {told.place}\n"
    return f"{known}event: {told.event}\ndata: {json.dumps(told.data)}\n\n"
