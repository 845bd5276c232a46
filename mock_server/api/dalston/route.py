"""Routes of live sessions, and their refusals in the words of the field (E9)."""

# Annotations are read by FastAPI when the routes are made.
from types import MappingProxyType
from typing import Any, Final

from fastapi import APIRouter

from mock_server.api.answer import Answer
from mock_server.api.control.route import ModelRoute, Told
from mock_server.problems import Problem

PREFIX: Final = "/v1/realtime"

#: Words by status where this server's own have no place in this profile.
_WORDS: Final = MappingProxyType(
    {
        400: "invalid_parameter",
        401: "unauthorized",
        403: "forbidden",
        404: "not_found",
        405: "method_not_allowed",
        416: "range_not_satisfiable",
        426: "socket_expected",
        429: "rate_limit_exceeded",
    }
)
#: What every profile says of itself alike, or this one alone.
_OWN: Final = frozenset(
    {
        *("session_not_found", "session_active", "session_linked", "audio_not_available", "transcript_not_available"),
        *("internal_error", "service_unavailable"),
    }
)


class LiveRoute(ModelRoute):
    """An operation of the document."""

    @property
    def known_as(self) -> str:
        """Its name, apart from those of other profiles."""
        return f"dalston.{self.name}"


def new_router() -> APIRouter:
    """A router still without routes; the spec describes them, and not FastAPI."""
    options: dict[str, Any] = {"default_response_class": Told, "include_in_schema": False}
    return APIRouter(prefix=PREFIX, route_class=LiveRoute, **options)


def body(problem: Problem, _namespace: str = "") -> Answer:
    """A refusal: a text for people, and beside it a word for programs."""
    word = problem.code if problem.code in _OWN else _WORDS.get(problem.status, "invalid_parameter")
    told: dict[str, Any] = {"detail": problem.message, "code": word}
    return Answer(problem.status, told, {"Cache-Control": "no-store", **problem.headers})
