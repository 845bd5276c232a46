"""Choices of lists of research sessions: their pages, their order, their filters."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final
from urllib.parse import urlencode

from starlette.requests import Request

from mock_server.api.prsm.error import body
from mock_server.api.prsm.query import MOST, USUAL
from mock_server.choices.choice import Choice
from mock_server.choices.editing import merged
from mock_server.problems import Problem

if TYPE_CHECKING:
    from mock_server.api.answer import Answer
    from mock_server.choices.choice import Asked, Onward

_ZONED: Final = re.compile(r".*[Tt].*(?:[Zz]|[+-][0-9]{2}:[0-9]{2})\Z")
_FILTERS: Final = ("status", "session_type", "date_from")
_NUMBER: Final = re.compile(r"[0-9]{1,9}\Z")


async def queried(asked: Asked, onward: Onward, **values: str | None) -> Answer:
    """The answer to the request with other parameters in its URL, without those that are None."""
    call, before = asked.call, asked.call.request
    pairs = [(name, value) for name, value in before.query_params.multi_items() if name not in values]
    given = ((name, value) for name, value in values.items() if value is not None)
    query = urlencode([*pairs, *given]).encode()
    call.request = Request({**before.scope, "query_string": query}, before.receive)
    try:
        return await onward()
    finally:
        call.request = before


def refused(asked: Asked, status: int, message: str, field: str) -> Answer:
    """A refusal in the document's body."""
    problem = Problem(status, "invalid_request", message, {"field": field})
    return body(problem, asked.face.service.clocks.now(asked.namespace))


async def _sized(asked: Asked, onward: Onward) -> Answer:
    if asked.of("prsm.list") and "limit" not in asked.call.request.query_params:
        return await queried(asked, onward, limit=str(asked.taken["usual_limit"]))
    return await onward()


async def _cut(asked: Asked, onward: Onward) -> Answer:
    given = asked.call.request.query_params.getlist("limit")
    if asked.of("prsm.list") and len(given) == 1 and _NUMBER.match(given[0]):
        return await queried(asked, onward, limit=str(max(1, min(int(given[0]), MOST))))
    return await onward()


async def _zoned(asked: Asked, onward: Onward) -> Answer:
    for name in ("date_from", "date_to"):
        given = asked.call.request.query_params.get(name)
        if asked.of("prsm.list") and asked.namespace and given is not None and not _ZONED.match(given):
            return refused(asked, 400, f"{name!r} has to be a date with time and zone, as 2025-07-02T10:30:00Z.", name)
    return await onward()


def _nothing(asked: Asked, answer: Answer) -> Answer:
    """An empty list for a filter that is well formed and names nothing."""
    details = answer.body.get("details") if isinstance(answer.body, dict) else None
    field = details.get("field") if isinstance(details, dict) else None
    given = asked.call.request.query_params
    after = field != "date_from" or ("date_to" in given and "after" in answer.body["message"])
    if not asked.of("prsm.list") or answer.status != 400 or field not in _FILTERS or field not in given or not after:
        return answer
    numbers = {name: given.get(name, usual) for name, usual in (("page", "1"), ("limit", str(USUAL)))}
    if not all(_NUMBER.match(value) and int(value) > 0 for value in numbers.values()):
        return answer
    told = {"sessions": [], "total_count": 0, **{name: int(value) for name, value in numbers.items()}, "summary": {}}
    return type(answer)(200, told, answer.headers)


def _entries(asked: Asked, answer: Answer) -> Answer:
    if not asked.of("prsm.list") or answer.status != 200:
        return answer
    short = [{name: each[name] for name in ("session_id", "status")} for each in answer.body["sessions"]]
    return merged(answer, sessions=short)


def _summary(asked: Asked, answer: Answer) -> Answer:
    if not asked.of("prsm.list") or answer.status != 200:
        return answer
    total = {"sessions": answer.body["total_count"]} if asked.taken["list_summary"] == "a total" else {}
    return merged(answer, summary=total)


def _behind(asked: Asked, answer: Answer) -> Answer:
    told = answer.body
    if not asked.of("prsm.list") or answer.status != 200 or told["sessions"] or told["page"] == 1:
        return answer
    return refused(asked, 400, "There is no such page.", "page")


CHOICES = (
    Choice(
        "usual_limit",
        "How many sessions a page has that names no limit.",
        "PRSM E5: 20 is recommended; leniently any number",
        (USUAL,),
        (10, 50),
        around=_sized,
    ),
    Choice(
        "limit_beyond",
        "What becomes of a limit beyond its bounds.",
        "PRSM E5: it is refused; leniently cut to one within them",
        ("refused",),
        ("cut",),
        around=_cut,
    ),
    Choice(
        "session_order",
        "Which session stands first in a list.",
        "PRSM E6: the latest is recommended; leniently any order that stays",
        ("the latest",),
        ("the first",),
    ),
    Choice(
        "filter_dates",
        "In which forms the dates of a filter are taken.",
        "PRSM E7: with a zone, without, and days; leniently with a zone alone",
        ("all",),
        ("with a zone",),
        around=_zoned,
    ),
    Choice(
        "list_entries",
        "What a list shows of each session.",
        "PRSM E32: its id and status at least",
        ("an outline", "id and status"),
        rewrites=_entries,
    ),
    Choice(
        "list_summary",
        "What the summary of a list has.",
        "PRSM E32: any object",
        ("by status and type", "a total", "empty"),
        rewrites=_summary,
    ),
    Choice(
        "page_behind",
        "What a page behind the last one is.",
        "PRSM E5: empty; leniently refused",
        ("empty",),
        (400,),
        rewrites=_behind,
    ),
    Choice(
        "unknown_filter",
        "What a filter is answered that names nothing.",
        "PRSM E9: 400 is recommended; leniently an empty list",
        (400,),
        ("an empty list",),
        rewrites=_nothing,
    ),
)
