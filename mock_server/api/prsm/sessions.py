"""The twelve operations of the document below /api/v1/sessions, for whoever has a key."""

# Annotations are read by FastAPI when the routes are made.
from typing import Any, Final

from fastapi import Response

from mock_server.api.control.route import Asked
from mock_server.api.prsm import operations
from mock_server.api.prsm.models import CancelOrder, CommentOrder, SessionOrder, ShareOrder
from mock_server.api.prsm.route import SessionRoute, caller, new_router
from mock_server.session.prsm.table import Event

router: Final = new_router(SessionRoute)
_SESSION: Final = "/sessions/{session_id}"


@router.post("/sessions", name="create", status_code=201)
async def create(order: SessionOrder, asked: Asked) -> dict[str, Any]:
    """Order work."""
    return await operations.create(asked, caller(asked), order)


@router.get("/sessions", name="list")
async def listed(asked: Asked) -> dict[str, Any]:
    """The caller's sessions, page by page."""
    return await operations.listed(asked, caller(asked))


@router.get(_SESSION, name="get")
async def status(session_id: str, asked: Asked) -> dict[str, Any]:
    """Where a session is."""
    return await operations.status(asked, caller(asked), session_id)


@router.post(f"{_SESSION}/cancel", name="cancel")
async def cancel(session_id: str, asked: Asked, order: CancelOrder | None = None) -> dict[str, Any]:
    """Stop a session for good."""
    reason = order.reason if order else None
    return await operations.control(asked, caller(asked), session_id, Event.CANCEL_REQUESTED, reason)


@router.post(f"{_SESSION}/pause", name="pause")
async def pause(session_id: str, asked: Asked) -> dict[str, Any]:
    """Stop a running session until it is resumed."""
    return await operations.control(asked, caller(asked), session_id, Event.PAUSE_REQUESTED)


@router.post(f"{_SESSION}/resume", name="resume")
async def resume(session_id: str, asked: Asked) -> dict[str, Any]:
    """Let a paused session go on where it stood."""
    return await operations.control(asked, caller(asked), session_id, Event.RESUME_REQUESTED)


@router.get(f"{_SESSION}/results", name="results", response_model=None)
async def results(session_id: str, asked: Asked) -> dict[str, Any] | Response:
    """What a completed session found."""
    return await operations.results(asked, caller(asked), session_id)


@router.get(f"{_SESSION}/export", name="export", response_model=None)
async def export(session_id: str, asked: Asked) -> Response:
    """The results as a file."""
    return await operations.export(asked, caller(asked), session_id)


@router.get(f"{_SESSION}/metrics", name="metrics")
async def metrics(session_id: str, asked: Asked) -> dict[str, Any]:
    """What a session took and cost."""
    return await operations.metrics(asked, caller(asked), session_id)


@router.get(f"{_SESSION}/history", name="history")
async def history(session_id: str, asked: Asked) -> dict[str, Any]:
    """What happened to a session."""
    return await operations.history(asked, caller(asked), session_id)


@router.post(f"{_SESSION}/share", name="share", status_code=201)
async def share(session_id: str, order: ShareOrder, asked: Asked) -> dict[str, Any]:
    """Let others see a session, or take part in it."""
    return await operations.share(asked, caller(asked), session_id, order)


@router.post(f"{_SESSION}/comments", name="comment", status_code=201)
async def comment(session_id: str, order: CommentOrder, asked: Asked) -> dict[str, Any]:
    """Say something about a session."""
    return await operations.comment(asked, caller(asked), session_id, order)
