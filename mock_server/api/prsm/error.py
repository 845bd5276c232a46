"""The printed error body (Error Responses), for every refusal below the profile's paths."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from mock_server.api.answer import Answer
from mock_server.clock import stamp

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from mock_server.problems import Problem

#: Words by status where this server's own have no place in this profile. Not in spec: E25, E39.
_WORDS: Final[Mapping[int, str]] = MappingProxyType(
    {
        400: "invalid_request",
        401: "unauthorized",
        403: "session_not_accessible",
        404: "not_found",
        405: "method_not_allowed",
        413: "request_too_large",
        415: "unsupported_media_type",
    }
)
#: What every profile says of itself alike, or this one alone.
_OWN: Final = frozenset(
    {
        *("session_not_found", "session_not_accessible", "session_cannot_be_cancelled", "session_cannot_be_paused"),
        *("session_cannot_be_resumed", "insufficient_balance", "session_quota_exceeded", "results_not_available"),
        *("internal_error", "service_unavailable", "rate_limit_exceeded", "invalid_request"),
    }
)


def body(problem: Problem, now: datetime) -> Answer:
    """A refusal as the document prints one."""
    word = problem.code
    if word not in _OWN or (word == "invalid_request" and problem.status != 400):
        word = _WORDS.get(problem.status, "invalid_request")
    told: dict[str, Any] = {
        "error": word,
        "message": problem.message,
        "code": problem.status,
        "timestamp": stamp(now),
    }
    if problem.details:
        told["details"] = problem.details
    return Answer(problem.status, told, {"Cache-Control": "no-store", **problem.headers})
