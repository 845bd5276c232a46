"""Choices of the requests about live sessions: lists, refusals, and of HTTP and JSON."""

from __future__ import annotations

import contextlib
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from mock_server.api.answer import envelope
from mock_server.api.prsm.date import dated
from mock_server.choices import identity, wire
from mock_server.choices.choice import Choice
from mock_server.choices.editing import merged
from mock_server.choices.listing import queried
from mock_server.choices.recording import GET, LIST, TRANSCRIPT, sessions
from mock_server.problems import Problem
from mock_server.served import LIVE
from mock_server.session.dalston.table import State

if TYPE_CHECKING:
    from mock_server.api.answer import Answer
    from mock_server.choices.choice import Asked, Onward

#: Sessions of a page that this server's lists have at most.
_MOST: Final = 100
_NUMBER: Final = re.compile(r"-?[0-9]{1,9}\Z")
_STATES: Final = frozenset(each.value for each in State if each is not State.DELETED)
#: Later than anything that began.
_NEVER: Final = "2999-01-01T00:00:00Z"
_STAMPS: Final = ("started_at", "ended_at", "created_at")
_SILENT: Final = "Realtime: the document has nothing on it"
_DETAIL, _ENVELOPE, _NOTHING = "detail", "an envelope", "nothing"


def _ours(asked: Asked) -> bool:
    return asked.call.operation.startswith(f"{LIVE}.")


async def _bounded(asked: Asked, onward: Onward) -> Answer:
    """A page within bounds, whatever number was asked for (E10)."""
    given = asked.call.request.query_params
    asked_for = {name: given[name] for name in ("limit", "offset") if _NUMBER.match(given.get(name, ""))}
    if not asked.of(LIST) or not asked_for:
        return await onward()
    least = {"limit": 1, "offset": 0}
    within = {name: max(least[name], int(value)) for name, value in asked_for.items()}
    if "limit" in within:
        within["limit"] = min(within["limit"], _MOST)
    return await queried(asked, onward, **{name: str(value) for name, value in within.items()})


def _is_date(text: str) -> bool:
    with contextlib.suppress(ValueError):
        dated(text, end=False)
        return True
    return False


async def _filtered(asked: Asked, onward: Onward) -> Answer:
    """A list by a filter that names nothing: an empty one, or one without the filter (E22)."""
    given = asked.call.request.query_params
    if not asked.of(LIST):
        return await onward()
    odd = {name for name in ("since", "until") if name in given and not _is_date(given[name])}
    unknown = "status" in given and given["status"] not in _STATES
    if asked.taken["live_filter"] == "an empty list":
        return await queried(asked, onward, status=None, since=_NEVER, until=None) if unknown else await onward()
    left = odd | ({"status"} if unknown else set())
    return await queried(asked, onward, **dict.fromkeys(left)) if left else await onward()


def _unprocessable(asked: Asked, answer: Answer) -> Answer:
    return replace(answer, status=422) if asked.of(LIST) and answer.status == 400 else answer


def _stranger(asked: Asked, answer: Answer) -> Answer:
    return replace(answer, status=403) if _ours(asked) and answer.status == 401 else answer


def _no_socket(asked: Asked, answer: Answer) -> Answer:
    wrong = asked.of(f"{LIVE}.create") and answer.status == 426
    return replace(answer, status=int(asked.taken["plain_request"])) if wrong else answer


def _stamped(asked: Asked, answer: Answer) -> Answer:
    style = asked.taken["stamps"]

    def change(body: dict[str, Any]) -> dict[str, Any]:
        found = {name: body[name] for name in _STAMPS if isinstance(body.get(name), str)}
        return body | {name: identity.spelled(told, style) for name, told in found.items()}

    if asked.of(TRANSCRIPT) and answer.status == 200:
        return merged(answer, metadata=change(answer.body["metadata"]))
    return sessions(asked, answer, change) if asked.of(GET, LIST) else answer


def _worded(asked: Asked, answer: Answer) -> Answer:
    body = answer.body
    if not _ours(asked) or answer.status < 400 or not isinstance(body, dict) or _DETAIL not in body:
        return answer
    match asked.taken["live_refusal"]:
        case "nothing":
            return replace(answer, body=None)
        case "an envelope":
            told = envelope(Problem(answer.status, body["code"], body[_DETAIL])).body
            return replace(answer, body=told)
    return replace(answer, body={_DETAIL: body[_DETAIL]})


def _shared(choice: Choice) -> Choice:
    found = re.search(r"RFC [0-9]+[^;:]*", choice.allowed_by)
    clause = "Realtime E31: what HTTP has for the case" if choice.name in ("other_methods", "throttled") else _SILENT
    return replace(choice, allowed_by=f"{found[0].strip()}; {clause}" if found else clause)


_IDENTITY: Final = {each.name: each for each in identity.CHOICES}
#: Of HTTP and JSON, those that have no place here: a HEAD comes as a GET, and refusals have no details.
_NOT_HERE: Final = frozenset({"head", "error_details"})
CHOICES = (
    Choice(
        "session_order",
        "Which session stands first in a list.",
        "Realtime E11: one order holds; the latest first is recommended",
        ("the latest", "the first"),
    ),
    Choice(
        "page_bounds",
        "What becomes of a limit or an offset out of bounds.",
        "Realtime E10: it is refused; leniently brought within them",
        ("refused",),
        ("brought within them",),
        around=_bounded,
    ),
    Choice(
        "live_filter",
        "What a filter is answered that names nothing.",
        "Realtime E22: it is refused; leniently an empty list, or the filter is left out",
        ("refused",),
        ("an empty list", "left out"),
        around=_filtered,
    ),
    Choice(
        "wrong_query",
        "The status of a list that is refused.",
        "Realtime E10, E22: 400 or 422",
        (400, 422),
        rewrites=_unprocessable,
    ),
    Choice(
        "no_credential",
        "The status of a request without a valid key.",
        "Realtime E8: 401; leniently 403",
        (401,),
        (403,),
        scope="server",
        rewrites=_stranger,
    ),
    Choice(
        "plain_request",
        "What a request at the socket's address is answered that asks for none.",
        "Realtime E31: what HTTP has for the case",
        (426, 400, 404),
        rewrites=_no_socket,
    ),
    replace(
        _IDENTITY["credential"],
        values=_IDENTITY["credential"].all_values,
        lenient=(),
        allowed_by="Realtime E8: no word on credentials",
    ),
    replace(
        _IDENTITY["www_authenticate"],
        allowed_by=f"RFC 9110 §11.6.1; {_SILENT}",
    ),
    replace(
        _IDENTITY["stamps"],
        allowed_by="Realtime E30: RFC 3339 with a zone; leniently without",
        rewrites=_stamped,
    ),
    *(_shared(choice) for choice in wire.CHOICES if choice.name not in _NOT_HERE),
    Choice(
        "live_refusal",
        "What the body of a refusal is.",
        "Realtime E9: any body",
        ("detail and code", _DETAIL, _ENVELOPE, _NOTHING),
        rewrites=_worded,
    ),
)
