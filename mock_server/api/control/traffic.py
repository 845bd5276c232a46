"""The router of what came and went in a namespace."""

# Annotations are read by FastAPI when the routes are made.
import asyncio
import json
from datetime import datetime
from typing import Annotated, Any

from fastapi import Query, Response

from mock_server import problems
from mock_server.api.control.models import TrafficFilter, VerifyOrder, VerifyTold
from mock_server.api.control.plane import new_router, refusals
from mock_server.api.control.route import Asked
from mock_server.storage import StorageError
from mock_server.traffic.expectation import Expectation, differences
from mock_server.traffic.har import har
from mock_server.traffic.recorder import Numbered
from mock_server.traffic.selection import Selection

router = new_router()
_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
#: Sentences of a verification: whoever reads more than these has another problem.
_MOST_TOLD = 200

_TOLD = (
    "Requests with a valid key, their answers, and why they were refused, oldest first: the last thousand, up to 8 MiB."
    " Credentials are hidden; audio is told by name, size and SHA-256, a body over 64 KiB by size and SHA-256. All of"
    " it is kept in the store, a second after the answer. `scribe-conformance check-har` reads it."
)
_ARCHIVE = {
    "type": "object",
    "required": ["log"],
    "properties": {"log": {"type": "object", "required": ["version", "creator", "entries"]}},
}


async def recorded(asked: Asked) -> list[Numbered]:
    """The namespace's exchanges with their numbers; 404 where nothing is recorded, 503 where it cannot be read now."""
    face = asked.face
    if face.traffic is None:
        raise problems.invalid_request("This server records no traffic.", status=404)
    try:
        return await face.traffic.of_namespace(asked.call.namespace)
    except StorageError as error:
        told = f"The traffic cannot be read now ({error})"
        raise problems.service_unavailable(told, face.settings.limits.retry_after_s) from error


@router.get(
    "/traffic",
    operation_id="read_traffic",
    summary="What came and went, as an HTTP Archive (HAR 1.2)",
    description=_TOLD,
    response_model=None,
    responses={
        200: {"description": "The archive", "content": {"application/json": {"schema": _ARCHIVE}}},
        **refusals(400, 503),
    },
)
async def read_traffic(asked: Asked, wanted: Annotated[TrafficFilter, Query()]) -> Any:
    """The archive of what was asked for."""
    since = datetime.fromisoformat(wanted.since) if wanted.since else None
    selection = Selection(wanted.session, wanted.operation, wanted.status, since)
    exchanges, revision = await recorded(asked), asked.face.settings.revision
    root = asked.face.base_url(asked.call.request)
    # megabytes, for which nobody else's request has to wait
    archive = await asyncio.to_thread(lambda: _encode(har(selection.of(exchanges), revision, root)))
    return Response(archive.encode(), media_type="application/json")


@router.post(
    "/verify",
    operation_id="verify_traffic",
    summary="Whether what a client sent is as a test expects it, and what differs",
    responses=refusals(400, 503),
)
async def verify(order: VerifyOrder, asked: Asked) -> VerifyTold:
    """Order and pace are looked at session by session; all other expectations in everything that was sent."""
    since = datetime.fromisoformat(order.since) if order.since else None
    exchanges = Selection(session=order.session, since=since).of(await recorded(asked))
    expected = [Expectation(**each.model_dump()) for each in order.expect]
    differs = await asyncio.to_thread(differences, expected, exchanges, _MOST_TOLD)
    return VerifyTold(ok=not differs, differs=differs, exchanges=len(exchanges), namespace=asked.call.namespace)
