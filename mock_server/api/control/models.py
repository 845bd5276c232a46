"""What the control plane is asked and tells, as models: requests are read by them, and the OpenAPI page shows them."""

# Annotations are read by Pydantic when the models are made.
import json
import re
from datetime import datetime
from typing import Annotated, Any, Literal, Self, TypeAlias

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from mock_server.api.control.refusal import UNKNOWN
from mock_server.api.order import LONGEST_ID
from mock_server.api.redaction import is_secret_header
from mock_server.clock import is_stamp

#: Beyond it is no status, and perhaps a number of more digits than Python writes.
_LARGE_STATUS = 1_000_000
#: Characters of a member's path or a header's name, and of a value.
_LONGEST_NAME, _LONGEST_VALUE = 256, 4096
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
    try:
        datetime.fromisoformat(text)
    except ValueError:
        raise ValueError("names a moment that this clock does not have: a leap second, or the year 0000") from None
    return text


#: A moment as every answer shows it.
Stamp: TypeAlias = Annotated[str, AfterValidator(_stamped), Field(json_schema_extra={"format": "date-time"})]


def _status(text: str) -> str:
    if not _STATUS.match(text):
        raise ValueError("has to be a status as 404, or a class of them as 4xx")
    return text


Status: TypeAlias = Annotated[str, AfterValidator(_status)]


def _as_text(given: Any) -> Any:
    return str(given) if type(given) is int and abs(given) < _LARGE_STATUS else given


#: In a document it may be a number too.
StatusGiven: TypeAlias = Annotated[
    str, BeforeValidator(_as_text, json_schema_input_type=str | int), AfterValidator(_status)
]

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
    "prsm.create",
    "prsm.list",
    "prsm.get",
    "prsm.cancel",
    "prsm.pause",
    "prsm.resume",
    "prsm.results",
    "prsm.export",
    "prsm.metrics",
    "prsm.history",
    "prsm.share",
    "prsm.comment",
    "dalston.create",
    "dalston.list",
    "dalston.get",
    "dalston.audio",
    "dalston.transcript",
    "dalston.export",
    "dalston.delete",
]


class TrafficFilter(Given):
    """Which exchanges are asked for; without any, all that are kept."""

    session: str | None = Field(None, min_length=1, max_length=LONGEST_ID, description="a session's id")
    operation: Operation | None = Field(None, description="what the request asked for")
    status: Status | None = Field(None, description="as 404, or 4xx for a class")
    since: Stamp | None = Field(None, description="by the namespace's clock")


_Count: TypeAlias = Annotated[int, Field(ge=0, le=1_000_000)]


def _short(value: Any) -> Any:
    if len(json.dumps(value)) > _LONGEST_VALUE:
        raise ValueError(f"has to have at most {_LONGEST_VALUE} characters as JSON")
    return value


_Name: TypeAlias = Annotated[str, Field(min_length=1, max_length=_LONGEST_NAME)]
_Headers: TypeAlias = dict[_Name, Annotated[str, Field(max_length=_LONGEST_VALUE)] | None]
_Members: TypeAlias = dict[_Name, Annotated[Any, AfterValidator(_short)]]


class Expected(Given):
    """One expectation of the requests of an operation, or without it of all."""

    operation: Operation | None = Field(None, description="which requests; without it all of them")
    times: _Count | None = Field(None, description="how many there are")
    at_least: _Count | None = None
    at_most: _Count | None = None
    after: Operation | None = Field(None, description="each comes after the last of this operation in its session")
    before: Operation | None = Field(None, description="each comes before the first of this operation in its session")
    not_faster_than: Annotated[float, Field(ge=0)] | None = Field(
        None,
        description="seconds from one to the next in a session, or in the namespace for what has none yet (create,"
        " discovery, templates), by the machine's clock",
    )
    status: StatusGiven | None = Field(None, description="each is answered so: as 202, or 2xx for a class")
    refused: bool | None = Field(None, description="false: none is; true: each is")
    headers: _Headers = Field({}, max_length=50, description="each has them; null is any value")
    sent: _Members = Field({}, max_length=50, description="members of each body sent, by names with dots")
    answered: _Members = Field({}, max_length=50, description="members of each answer, by names with dots")

    @model_validator(mode="after")
    def _expects(self) -> Self:
        if not self.model_fields_set - {"operation"}:
            asked = ", ".join(sorted(set(type(self).model_fields) - {"operation"}))
            raise ValueError(f"expects nothing; there are {asked}")
        self._check_numbers()
        hidden = next((name for name, value in self.headers.items() if value and is_secret_header(name)), None)
        if hidden is not None:
            raise ValueError(f"asks for the value of {hidden[:80]}, a credential that is not kept; null asks for any")
        return self

    def _check_numbers(self) -> None:
        """Numbers that no number of requests fits are a mistake of the test."""
        given = {name: value for name in ("times", "at_least", "at_most") if (value := getattr(self, name)) is not None}
        least = max(given.get("times", 0), given.get("at_least", 0))
        most = min(given.get("times", least), given.get("at_most", least))
        if least > most:
            told = " and ".join(f"{name} {value}" for name, value in given.items())
            raise ValueError(f"asks for {told}, which no number of requests is")


class VerifyOrder(Given):
    """What is expected of the exchanges of a session, or of all that the namespace has."""

    expect: list[Expected] = Field(min_length=1, max_length=50)
    session: str | None = Field(None, min_length=1, max_length=LONGEST_ID, description="a session's id")
    since: Stamp | None = Field(None, description="by the namespace's clock")


class ClockOrder(Given):
    """What becomes of the namespace's clock: how it goes, and where it stands."""

    advance_seconds: float | None = Field(None, description="forwards, by so many seconds")
    at: Stamp | None = Field(None, description="forwards, to this moment")
    mode: Literal["real", "offset", "frozen", "scaled"] | None = Field(
        None, description="as the machine's; ahead of it; standing still; or so many times as fast"
    )
    factor: float | None = Field(None, description="of a scaled clock: its seconds for each of the machine's")


class Own(BaseModel):
    """What is told, and whose it is: several keys may open one namespace."""

    namespace: str


class TimeTold(Own):
    """The namespace's time, and how it goes."""

    now: Moment
    mode: Literal["real", "offset", "frozen", "scaled"]
    factor: float = Field(description="its seconds for each of the machine's")


class HappenedTold(BaseModel):
    """Something that the passing of time brought about, when it was due."""

    at: Moment
    session_id: str
    event: Literal["expired", "timeout", "work_begins", "forgotten"]


class MovedTold(TimeTold):
    """The namespace's time, and what became due on the way to it, in the order in which it was due."""

    happened: list[HappenedTold]


class ResetTold(Own):
    """What went with a reset."""

    sessions_removed: int


class VerifyTold(Own):
    """Whether all is as expected, and what differs."""

    ok: bool
    differs: list[str] = Field(description="a sentence each, with the number and the time of the exchange")
    exchanges: int = Field(description="how many were looked at")


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
