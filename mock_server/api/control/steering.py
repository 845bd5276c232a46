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


class ClearedTold(ArmedTold):
    """How many were armed."""

    scenarios_cleared: int


_ANYTHING: Final = {"type": "object", "additionalProperties": True}
_ORDER: Final = {
    "type": "object",
    "required": ["scenario"],
    "properties": {"scenario": {"type": "string"}, "parameters": _ANYTHING, "on": On.model_json_schema()},
}


def scenarios(operation: Operation) -> APIRouter:
    """The routes of an operation that answers GET, POST and DELETE by itself."""
    router = new_router()

    async def steer(asked: Asked) -> Any:
        return Told((await operation(asked.face, asked.call)).body)

    def route(method: str, name: str, summary: str, told: type[Own], *statuses: int, **more: Any) -> None:
        responses = {200: {"model": told}, **refusals(*statuses)}
        router.add_api_route(
            "/scenarios",
            steer,
            methods=[method],
            operation_id=name,
            summary=summary,
            response_model=None,
            responses=responses,
            **more,
        )

    route("GET", "list_scenarios", "States and troubles that can be asked for, and which are armed", CatalogueTold)
    order = {"requestBody": {"required": True, "content": {"application/json": {"schema": _ORDER}}}}
    asks = "Let the namespace's requests or sessions meet a scenario"
    route("POST", "arm_scenario", asks, BoundTold, 400, 404, 503, openapi_extra=order)
    route("DELETE", "clear_scenarios", "Disarm all, and let work begin that is held", ClearedTold, 503)
    return router
