"""The router of operations that steer what a namespace meets, and that read what is asked by themselves."""

# Annotations are read by FastAPI when the routes are made.
from typing import Any, Final

from fastapi import APIRouter
from pydantic import BaseModel, Field

from mock_server.api.control.models import Own
from mock_server.api.control.plane import new_router, refusals
from mock_server.api.control.route import Asked, Told
from mock_server.api.face import Operation


class On(BaseModel):
    """Which requests or sessions a scenario is for."""

    operation: str | None = Field(None, description="one of those it fits; without it any of them")
    session: str | None = Field(None, description="an id, or next: the session that is created next")
    times: int | None = Field(None, description="how often; null is again and again")
    every: int | None = Field(None, description="each n-th")
    begins: str | float | None = Field(None, alias="from", description="when: a stamp, or seconds from now")
    until: str | float | None = Field(None, description="when it is over, likewise")


class Armed(BaseModel):
    """A scenario that is armed."""

    scenario: str
    parameters: dict[str, Any]
    on: On


class ArmedTold(Own):
    """What is armed now."""

    armed: list[Armed]


class CatalogueTold(ArmedTold):
    """What can be asked for."""

    scenarios: list[dict[str, Any]]


class BoundTold(ArmedTold):
    """What is armed, and what the session that was named is bound to."""

    bound: dict[str, Any] | None = None


class Chosen(BaseModel):
    """A transcript that a session will have, in outline."""

    engine: str
    session: str
    times: int | None
    language: str
    characters: int


class WaitingTold(Own):
    """The transcripts that wait for a session."""

    waiting: list[Chosen]


class ChosenTold(WaitingTold):
    """What was chosen, and what waits."""

    transcript: Chosen


class DroppedTold(WaitingTold):
    """How many went."""

    transcripts_cleared: int


class TakenTold(Own):
    """How it is chosen, and what of that is not as usual."""

    choices: dict[str, Any]
    different: list[str]


class OfferTold(TakenTold):
    """What can be chosen, too."""

    catalogue: list[dict[str, Any]]


class ClearedTold(ArmedTold):
    """How many were armed."""

    scenarios_cleared: int


_ANYTHING: Final = {"type": "object", "additionalProperties": True}
_ORDER: Final = {
    "type": "object",
    "required": ["scenario"],
    "properties": {"scenario": {"type": "string"}, "parameters": _ANYTHING, "on": On.model_json_schema()},
}


_TRANSCRIPT: Final = {
    "type": "object",
    "required": ["text"],
    "properties": {
        "text": {"type": "string"},
        "session": {"type": "string", "description": "an id, or next: the session that is created next"},
        "language": {"type": "string"},
    },
}


_CHOICES: Final = {
    "type": "object",
    "properties": {
        "seed": {"type": "integer", "minimum": 0},
        "reading": {"enum": ["lenient", "strict"], "default": "lenient"},
        "choices": {**_ANYTHING, "description": "name -> value"},
    },
}


class _Steering:
    """The routes of an operation that answers GET, POST and DELETE of a path by itself."""

    def __init__(self, path: str, operation: Operation) -> None:
        self.router = new_router()
        self._path = path
        self._operation = operation

    async def _steer(self, asked: Asked) -> Any:
        return Told((await self._operation(asked.face, asked.call)).body)

    def route(self, method: str, name: str, summary: str, told: type[Own], *statuses: int, **asks: Any) -> None:
        """One of its methods: what it is called, tells, and is asked, by media type."""
        content = {media.replace("_", "/"): {"schema": schema} for media, schema in asks.items()}
        self.router.add_api_route(
            self._path,
            self._steer,
            methods=[method],
            operation_id=name,
            summary=summary,
            response_model=None,
            responses={200: {"model": told}, **refusals(*statuses)},
            openapi_extra={"requestBody": {"required": True, "content": content}} if asks else None,
        )


def scenarios(operation: Operation) -> APIRouter:
    """What a namespace's requests and sessions meet."""
    at = _Steering("/scenarios", operation)
    at.route("GET", "list_scenarios", "States and troubles that can be asked for, and which are armed", CatalogueTold)
    asks = "Let the namespace's requests or sessions meet a scenario"
    at.route("POST", "arm_scenario", asks, BoundTold, 400, 404, 503, application_json=_ORDER)
    at.route("DELETE", "clear_scenarios", "Disarm all, and let work begin that is held", ClearedTold, 404, 503)
    return at.router


def choices(operation: Operation) -> APIRouter:
    """What a namespace is answered where the text leaves it open."""
    at = _Steering("/choices", operation)
    at.route("GET", "list_choices", "What the text leaves open, and how it is chosen", OfferTold)
    asks = "Choose otherwise, by a seed, by name, or both"
    at.route("POST", "make_choices", asks, TakenTold, 400, 503, application_json=_CHOICES)
    at.route("DELETE", "drop_choices", "Choose as the server was started", TakenTold, 503)
    return at.router


def transcripts(operation: Operation) -> APIRouter:
    """What a namespace's sessions are said to have heard."""
    at = _Steering("/transcripts", operation)
    at.route("GET", "list_transcripts", "Transcripts that were chosen and wait for a session", WaitingTold)
    asks = "Choose the transcript of a session, the next one if none is named"
    both = {"application_json": _TRANSCRIPT, "text_plain": {"type": "string"}}
    at.route("POST", "choose_transcript", asks, ChosenTold, 400, 404, 503, **both)
    at.route("DELETE", "drop_transcripts", "Let no transcript wait any more", DroppedTold, 503)
    return at.router
