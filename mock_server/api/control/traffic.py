"""The router of what came and went in a namespace."""

# Annotations are read by FastAPI when the routes are made.
import json
from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any, TypeVar

from fastapi import Query, Response

from mock_server import problems
from mock_server.api.control.models import TrafficFilter, VerifyOrder, VerifyTold
from mock_server.api.control.plane import new_router, refusals
from mock_server.api.control.route import Asked
from mock_server.storage import StorageError
from mock_server.traffic.desk import DeskBusy
from mock_server.traffic.drawing import Record
from mock_server.traffic.expectation import Expectation, TooMuch, differences
from mock_server.traffic.har import har, missing
from mock_server.traffic.selection import Selection

T = TypeVar("T")

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


async def looked(asked: Asked, look: Callable[[Record], T]) -> T:
    """What is found in the namespace's record; 404 where nothing is recorded, 503 where it cannot be read now."""
    face = asked.face
    if face.traffic is None:
        raise problems.invalid_request("This server records no traffic.", status=404)
    try:
        return await face.traffic.look(asked.call.namespace, look)
    except (StorageError, DeskBusy) as error:
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
        **refusals(400, 404, 503),
    },
)
async def read_traffic(asked: Asked, wanted: Annotated[TrafficFilter, Query()]) -> Any:
    """The archive of what was asked for."""
    since = datetime.fromisoformat(wanted.since) if wanted.since else None
    selection = Selection(wanted.session, wanted.operation, wanted.status, since)
    revision, root = asked.face.settings.revision, asked.face.base_url(asked.call.request)

    def drawn(record: Record) -> tuple[bytes, bool]:
        known = _knows(record, wanted.session)
        return _encoded(har(selection.of(record.exchanges), revision, root, record.lost)), known

    archive, known = await looked(asked, drawn)
    await _check_session(asked, wanted.session, known=known)
    return Response(archive, media_type="application/json")


def _encoded(archive: dict[str, Any]) -> bytes:
    """The archive as JSON, entry by entry: between two of them other threads have their turn."""
    log = archive["log"]
    frame = _encode({"log": {**log, "entries": []}})
    before, empty, after = frame.partition('"entries":[]')
    return f"{before}{empty[:-1]}{','.join([_encode(entry) for entry in log['entries']])}]{after}".encode()


def _knows(record: Record, session: str | None) -> bool:
    return session is None or any(told["session"] == session for _, told in record.exchanges)


async def _check_session(asked: Asked, session: str | None, *, known: bool) -> None:
    """Raise 404 for a session that neither the record nor the namespace has."""
    if session is not None and not known:
        await asked.face.service.journal(asked.call.namespace, session)


@router.post(
    "/verify",
    operation_id="verify_traffic",
    summary="Whether what a client sent is as a test expects it, and what differs",
    responses=refusals(400, 404, 503),
)
async def verify(order: VerifyOrder, asked: Asked) -> VerifyTold:
    """Order and pace are looked at session by session, pace of what has none yet in all; so is everything else."""
    since = datetime.fromisoformat(order.since) if order.since else None
    selection = Selection(session=order.session, since=since)
    expected = [Expectation(**each.model_dump()) for each in order.expect]

    def compared(record: Record) -> tuple[list[str], int, bool]:
        exchanges = selection.of(record.exchanges)
        lost = [missing(record.lost)] if record.lost else []
        told = differences(expected, exchanges, _MOST_TOLD - len(lost))
        return lost + told, len(exchanges), _knows(record, order.session)

    try:
        differs, number, known = await looked(asked, compared)
    except TooMuch as error:
        raise problems.invalid_request(str(error), field="expect") from None
    await _check_session(asked, order.session, known=known)
    return VerifyTold(ok=not differs, differs=differs, exchanges=number, namespace=asked.call.namespace)
