"""What the URL of a share opens to whoever holds it, as far as the share allows. Not in spec: E29."""

# Annotations are read by FastAPI when the routes are made.
from typing import Any, Final

from fastapi import Response

from mock_server.api.control.route import Asked, Asking
from mock_server.api.prsm import operations, views
from mock_server.api.prsm.models import CancelOrder, CommentOrder
from mock_server.api.prsm.route import SECRET, SharedRoute, holder, new_router
from mock_server.prsm.access import Caller
from mock_server.session.prsm.table import Event

router: Final = new_router(SharedRoute)
_SHARE: Final = "/shared/{share_id}"


async def _held(asked: Asking, share_id: str) -> tuple[Asking, Caller, str]:
    """The request, who makes it, and the session that the share is of."""
    found = await holder(asked, share_id)
    assert found.share is not None, "whoever holds a URL holds a share"
    return asked, found, found.share.session_id


@router.get(_SHARE, name="get")
async def status(share_id: str, asked: Asked) -> dict[str, Any]:
    """Where the session is."""
    return await operations.status(*await _held(asked, share_id))


@router.get(f"{_SHARE}/results", name="results", response_model=None)
async def results(share_id: str, asked: Asked) -> dict[str, Any] | Response:
    """What it found."""
    return await operations.results(*await _held(asked, share_id), SECRET)


@router.get(f"{_SHARE}/export", name="export", response_model=None)
async def export(share_id: str, asked: Asked) -> Response:
    """The same as a file."""
    return await operations.export(*await _held(asked, share_id), SECRET)


@router.get(f"{_SHARE}/metrics", name="metrics")
async def metrics(share_id: str, asked: Asked) -> dict[str, Any]:
    """What it took and cost."""
    return await operations.metrics(*await _held(asked, share_id))


@router.get(f"{_SHARE}/history", name="history")
async def history(share_id: str, asked: Asked) -> dict[str, Any]:
    """What happened to it."""
    return await operations.history(*await _held(asked, share_id))


@router.post(f"{_SHARE}/comments", name="comment", status_code=201)
async def comment(share_id: str, order: CommentOrder, asked: Asked) -> dict[str, Any]:
    """Say something about it."""
    return await operations.comment(*await _held(asked, share_id), order)


async def _control(asked: Asking, share_id: str, event: Event, reason: str | None = None) -> dict[str, Any]:
    _, found, session_id = await _held(asked, share_id)
    return views.controlled(await asked.face.research.control(found, session_id, event, reason))


@router.post(f"{_SHARE}/cancel", name="cancel")
async def cancel(share_id: str, asked: Asked, order: CancelOrder | None = None) -> dict[str, Any]:
    """Stop it for good."""
    return await _control(asked, share_id, Event.CANCEL_REQUESTED, order.reason if order else None)


@router.post(f"{_SHARE}/pause", name="pause")
async def pause(share_id: str, asked: Asked) -> dict[str, Any]:
    """Stop it until it is resumed."""
    return await _control(asked, share_id, Event.PAUSE_REQUESTED)


@router.post(f"{_SHARE}/resume", name="resume")
async def resume(share_id: str, asked: Asked) -> dict[str, Any]:
    """Let it go on."""
    return await _control(asked, share_id, Event.RESUME_REQUESTED)
