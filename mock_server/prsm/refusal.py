"""Every refusal that research sessions have of their own, one constructor each, in the words of the document."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mock_server.problems import Problem
from mock_server.prsm.price import shown
from mock_server.session.prsm.table import Event

if TYPE_CHECKING:
    from mock_server.session.prsm.model import Inquiry

_WORDS = {
    Event.CANCEL_REQUESTED: ("session_cannot_be_cancelled", "cancelled"),
    Event.PAUSE_REQUESTED: ("session_cannot_be_paused", "paused"),
    Event.RESUME_REQUESTED: ("session_cannot_be_resumed", "resumed"),
}


def not_possible(inquiry: Inquiry, event: Event, *, pausable: bool = True) -> Problem:
    """A pause, resume or cancel that the session's state, or its type, does not allow."""
    word, done = _WORDS[event]
    told = f"The session is {inquiry.state.value}, and cannot be {done}"
    if event is Event.PAUSE_REQUESTED and not pausable:
        told = f"Sessions of the type {inquiry.asked.kind} cannot be paused"
    return Problem(400, word, f"{told}.", {"session_id": inquiry.id, "status": inquiry.state.value})


def paused_enough(inquiry: Inquiry, most: int) -> Problem:
    """The session was paused as often as one may be."""
    word, _ = _WORDS[Event.PAUSE_REQUESTED]
    told = f"The session was paused {most} times, and cannot be paused again."
    return Problem(400, word, told, {"session_id": inquiry.id, "status": inquiry.state.value})


def not_accessible(session_id: str, told: str = "The session is another user's, who has not shared it.") -> Problem:
    """Somebody of the namespace who may not do this with the session (E2)."""
    return Problem(403, "session_not_accessible", told, {"session_id": session_id})


def insufficient_balance(needed: int, balance: int) -> Problem:
    """What a session is expected to cost is more than the namespace has (E42)."""
    told = f"The session is expected to cost {shown(needed)}; the balance is {shown(balance)}."
    return Problem(402, "insufficient_balance", told, {"needed": shown(needed), "balance": shown(balance)})


def quota_exceeded(number: int, retry_s: int) -> Problem:
    """The user has as many sessions that have not ended as one may have (E3)."""
    told = f"{number} of your sessions have not come to an end yet, which is as many as a user may have."
    return Problem(429, "session_quota_exceeded", told, {"limit": number}, {"Retry-After": str(retry_s)})


def over_budget(needed: int, given: str) -> Problem:
    """The caller's own budget does not cover the estimate. Not in spec: E22."""
    told = f"The session is expected to cost {shown(needed)}, and budget.max_cost is {given[:40]}."
    return Problem(400, "invalid_request", told, {"field": "budget.max_cost", "needed": shown(needed)})


def no_results(inquiry: Inquiry) -> Problem:
    """The session has no results, or none yet (E14, E15)."""
    told = f"The session is {inquiry.state.value}; there are results once it is completed."
    return Problem(404, "results_not_available", told, {"session_id": inquiry.id, "status": inquiry.state.value})


def share_not_found() -> Problem:
    """No such share, one that has expired, or the secret in the URL is not its own: nothing tells them apart."""
    return Problem(404, "session_not_found", "There is no session shared here, or no longer.")
