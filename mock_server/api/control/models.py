"""What the control plane is asked and tells, as models: requests are read by them, and the OpenAPI page shows them."""

# Annotations are read by Pydantic when the models are made.
import re
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from mock_server.api.control.refusal import UNKNOWN
from mock_server.api.order import LONGEST_ID
from mock_server.clock import is_stamp

_STATUS = re.compile(r"[1-5](?:[0-9][0-9]|xx)\Z")
Moment: TypeAlias = Annotated[str, Field(json_schema_extra={"format": "date-time"})]


class Given(BaseModel):
    """What is asked: nothing is guessed, and a member that is not known is refused with those there are."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, allow_inf_nan=False)

    @model_validator(mode="before")
    @classmethod
    def _knows(cls, given: Any) -> Any:
        for name in given if isinstance(given, dict) else ():
            if name not in cls.model_fields:
                raise PydanticCustomError(
                    UNKNOWN, "is not known", {"name": str(name), "known": sorted(cls.model_fields)}
                )
        return given


def _stamped(text: str) -> str:
    if not is_stamp(text):
        raise ValueError("has to be UTC with milliseconds and Z, as 2026-01-27T09:00:00.000Z")
    return text


#: A moment as every answer shows it.
Stamp: TypeAlias = Annotated[str, AfterValidator(_stamped), Field(json_schema_extra={"format": "date-time"})]


def _status(text: str) -> str:
    if not _STATUS.match(text):
        raise ValueError("has to be a status as 404, or a class of them as 4xx")
    return text


Status: TypeAlias = Annotated[str, AfterValidator(_status)]

#: What requests are called in outlines and traffic.
Operation: TypeAlias = Literal[
    "create",
    "upload",
    "end",
    "get",
    "discovery",
    "templates",
    "amend",
    "template",
    "unknown",
    "sessions.start",
    "sessions.end",
    "sessions.replay",
    "sessions.export",
    "workers.message",
]


class TrafficFilter(Given):
    """Which exchanges are asked for; without any, all that are kept."""

    session: str | None = Field(None, min_length=1, max_length=LONGEST_ID, description="a session's id")
    operation: Operation | None = Field(None, description="what the request asked for")
    status: Status | None = Field(None, description="as 404, or 4xx for a class")
    since: Stamp | None = Field(None, description="by the namespace's clock")


class ClockOrder(Given):
    """How the namespace's clock is to be moved."""

    advance_seconds: float | None = Field(None, description="forwards, by so many seconds")


class Own(BaseModel):
    """What is told, and whose it is: several keys may open one namespace."""

    namespace: str


class TimeTold(Own):
    """The namespace's time."""

    now: Moment


class ResetTold(Own):
    """What went with a reset."""

    sessions_removed: int


class JournalRow(BaseModel):
    """One thing that happened to a session."""

    number: int
    at: Moment
    kind: str
    detail: dict[str, Any]


class JournalTold(Own):
    """What happened to a session, oldest first."""

    session_id: str
    journal: list[JournalRow]


class Outline(BaseModel):
    """A request that was answered: no header, no body, no key."""

    at: Moment
    operation: str
    method: str
    path: str
    status: int
    session_id: str | None
    code: str | None = Field(description="error.code of a refusal")
    message: str | None = Field(description="error.message of a refusal")
    field: str | None = Field(description="error.details.field of a refusal")
    scenario: str | None = Field(description="what was played of scenarios")


class RequestsTold(Own):
    """The namespace's last requests, oldest first."""

    requests: list[Outline]


class StateTold(Own):
    """The state that a session is in."""

    session_id: str
    state: str
