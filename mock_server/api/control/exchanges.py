"""The router of requests as a person reads them: what was asked and answered, and what the text says of a refusal."""

# Annotations are read by FastAPI when the routes are made.
import json
from typing import Annotated, Any, Final

from fastapi import Query
from pydantic import BaseModel, Field

from mock_server.api.answer import WARNED
from mock_server.api.control.models import Given, Moment, Own
from mock_server.api.control.plane import new_router, refusals
from mock_server.api.control.route import Asked
from mock_server.api.control.traffic import looked
from mock_server.api.order import LONGEST_ID
from mock_server.clock import stamp
from mock_server.served import RESEARCH
from mock_server.traffic.drawing import Numbered, Record
from mock_server.traffic.grounds import grounds, refusal
from mock_server.traffic.har import begun
from mock_server.traffic.selection import Selection
from scribe_data import PROFILE

router: Final = new_router()
#: Exchanges that are told, if not said otherwise and at most, and characters of a body.
_USUAL, _MOST, _BODY = 100, 500, 4000


class Ground(BaseModel):
    """A rule of the text, or what is known of a gap in it."""

    id: str
    place: str
    text: str


class ExchangeTold(BaseModel):
    """A request and its answer; times are those of the namespace's clock, `ms` is what it took."""

    number: int
    at: Moment
    ms: float
    operation: str
    session_id: str | None
    method: str
    path: str
    status: int
    code: str | None = Field(description="error.code of a refusal")
    message: str | None
    field: str | None
    grounds: list[Ground] = Field(description="what the text has about a refusal")
    warning: str | None = Field(description="what was taken although the document forbids it")
    scenario: str | None
    sent: str = Field(description="the first 4000 characters of the body, or what it was")
    answered: str


class ExchangesTold(Own):
    """Exchanges, latest first."""

    exchanges: list[ExchangeTold]
    more: bool = Field(description="there are earlier ones")
    lost: int = Field(description="how many could not be recorded")


class ExchangesWanted(Given):
    """Which exchanges are asked for."""

    session: str | None = Field(None, min_length=1, max_length=LONGEST_ID, description="a session's id")
    before: Annotated[int, Field(ge=0, strict=False)] | None = Field(None, description="only those of lower numbers")
    refused: Annotated[bool, Field(strict=False)] = Field(default=False, description="only those that were refused")
    limit: Annotated[int, Field(ge=1, le=_MOST, strict=False)] = _USUAL


@router.get(
    "/exchanges",
    operation_id="list_exchanges",
    summary="What came and went, latest first, with what the text says of each refusal",
    responses=refusals(400, 404, 503),
)
async def list_exchanges(asked: Asked, wanted: Annotated[ExchangesWanted, Query()]) -> ExchangesTold:
    """The same record as that of /_mock/v1/traffic, in a form to be shown."""
    revision = asked.face.settings.revision

    def drawn(record: Record) -> tuple[list[ExchangeTold], bool, int]:
        fits = [
            (number, told)
            for number, told in Selection(session=wanted.session).of(record.exchanges)
            if (wanted.before is None or number < wanted.before) and (not wanted.refused or told["status"] >= 400)
        ]
        last = fits[-wanted.limit :]
        return [_told(each, revision) for each in reversed(last)], len(last) < len(fits), record.lost

    found, more, lost = await looked(asked, drawn)
    return ExchangesTold(exchanges=found, more=more, lost=lost, namespace=asked.call.namespace)


def _told(numbered: Numbered, revision: str) -> ExchangeTold:
    number, told = numbered
    warnings = [value for name, value in told.get("answer_headers", ()) if name.lower() == WARNED.lower()]
    return ExchangeTold(
        number=number,
        at=stamp(begun(told)),
        ms=told["ms"],
        operation=told["operation"],
        session_id=told["session"],
        method=told["method"],
        path=told["path"],
        status=told["status"],
        code=told.get("code"),
        message=told.get("message"),
        field=told.get("field"),
        grounds=_grounds(told, revision),
        warning="; ".join(warnings)[:_BODY] or None,
        scenario=told.get("scenario"),
        sent=_sent(told),
        answered=_body(told.get("answered", "")),
    )


def _grounds(told: dict[str, Any], revision: str) -> list[Ground]:
    if not told.get("code"):
        return []
    profile, _, name = told["operation"].rpartition(".")
    if profile != RESEARCH:
        profile, name = ("session_manager", told["operation"]) if profile else (PROFILE, name)
    newest = revision if profile == PROFILE else None
    return [Ground(**each) for each in grounds(refusal(told, name), profile, newest)]


def _sent(told: dict[str, Any]) -> str:
    audio = told.get("audio")
    if audio is not None:
        return f"{audio.get('name', 'audio')}: {audio['size']} bytes, sha256 {audio['sha256']}"
    return _body(told.get("sent", ""))


def _body(body: Any) -> str:
    """Its beginning; a body that was not kept is told by its size and digest."""
    text = body if isinstance(body, str) else json.dumps(body)
    return text if len(text) <= _BODY else f"{text[:_BODY]}…"
