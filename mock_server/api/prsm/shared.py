"""What the URL of a share opens to whoever holds it, as far as the share allows. Not in spec: E29."""

# Annotations are read by FastAPI when the routes are made.
from typing import Annotated, Any, Final, NamedTuple

from fastapi import Depends, Response

from mock_server.api.control.route import Asked, Asking
from mock_server.api.prsm import operations
from mock_server.api.prsm.models import CancelOrder, CommentOrder
from mock_server.api.prsm.route import SHARE, SharedRoute, caller, new_router
from mock_server.prsm.access import Caller
from mock_server.session.prsm.table import Event

router: Final = new_router(SharedRoute)


class Held(NamedTuple):
    """The request, whoever holds the URL that it is made with, and the session that is shared."""

    asked: Asking
    caller: Caller
    session_id: str


async def _held(asked: Asked) -> Held:
    found = caller(asked)
    return Held(asked, found, asked.call.session_id or "")


#: What an operation below the URL takes as a parameter.
ByUrl = Annotated[Held, Depends(_held)]


@router.get(SHARE, name="get")
async def status(held: ByUrl) -> dict[str, Any]:
    """Where the session is."""
    return await operations.status(*held)


@router.get(f"{SHARE}/results", name="results", response_model=None)
async def results(held: ByUrl) -> dict[str, Any] | Response:
    """What it found."""
    return await operations.results(*held)


@router.get(f"{SHARE}/export", name="export", response_model=None)
async def export(held: ByUrl) -> Response:
    """The same as a file."""
    return await operations.export(*held)


@router.get(f"{SHARE}/metrics", name="metrics")
async def metrics(held: ByUrl) -> dict[str, Any]:
    """What it took and cost."""
    return await operations.metrics(*held)


@router.get(f"{SHARE}/history", name="history")
async def history(held: ByUrl) -> dict[str, Any]:
    """What happened to it."""
    return await operations.history(*held)


@router.post(f"{SHARE}/comments", name="comment", status_code=201)
async def comment(held: ByUrl, order: CommentOrder) -> dict[str, Any]:
    """Say something about it."""
    return await operations.comment(*held, order)


@router.post(f"{SHARE}/cancel", name="cancel")
async def cancel(held: ByUrl, order: CancelOrder | None = None) -> dict[str, Any]:
    """Stop it for good."""
    return await operations.control(*held, Event.CANCEL_REQUESTED, order.reason if order else None)


@router.post(f"{SHARE}/pause", name="pause")
async def pause(held: ByUrl) -> dict[str, Any]:
    """Stop it until it is resumed."""
    return await operations.control(*held, Event.PAUSE_REQUESTED)


@router.post(f"{SHARE}/resume", name="resume")
async def resume(held: ByUrl) -> dict[str, Any]:
    """Let it go on."""
    return await operations.control(*held, Event.RESUME_REQUESTED)
