"""From a body or a query to one of the session manager's models; what is wrong is named member by member."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import ValidationError

from mock_server import problems
from mock_server.api.document import parse_object, read
from mock_server.api.operations import json_only
from mock_server.suggestion import nearest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mock_server.api.face import Call, Face
    from mock_server.schemas import BaseSchema

Model = TypeVar("Model", bound="BaseSchema")

#: Bytes of a body, but for a message: ten members of the longest text, each letter escaped.
_MOST_BYTES = 64 * 1024
#: Characters of a text: names and ids are far shorter, and a line of the log holds a few.
LONGEST = 512
#: Complaints an answer lists.
_MOST_TOLD = 20


async def decoded(face: Face, call: Call, model: type[Model]) -> Model:
    """The body as a model; 400 that says which member is missing, wrong or unknown, and what would be right."""
    limit = face.settings.max_json_bytes if "message" in model.model_fields else _MOST_BYTES
    body = await read(call.request, limit)
    json_only(call)
    call.document = given = call.revise(parse_object(body))
    _bound(given)
    try:
        found = model.model_validate(given)
    except ValidationError as error:
        raise _refusal(error, model) from None
    session_id = given.get("session_id")
    call.session_id = session_id if isinstance(session_id, str) else None
    return found


def parameter(call: Call, name: str) -> str:
    """The one query parameter of a request; 400 for none, an empty one, several, and for any other."""
    query = call.request.query_params
    for given in query:
        if given != name:
            told = f"There is no parameter {given[:40]!r} here; {name!r} is the only one."
            raise problems.invalid_request(told, field=given[:40])
    values = query.getlist(name)
    if not values or not values[0]:
        raise problems.missing_required_field(name)
    if len(values) > 1:
        raise problems.invalid_request(f"The parameter {name!r} stands there {len(values)} times.", field=name)
    if len(values[0]) > LONGEST:
        raise problems.invalid_request(f"The parameter {name!r} has at most {LONGEST} characters.", field=name)
    return values[0]


def _bound(given: dict[str, Any]) -> None:
    for name, value in given.items():
        if isinstance(value, str) and len(value) > LONGEST:
            told = f"The field {name[:40]!r} has {len(value)} characters; at most {LONGEST} are taken."
            raise problems.invalid_request(told, field=name[:40])


def _refusal(error: ValidationError, model: type[BaseSchema]) -> problems.Problem:
    """The first thing that is wrong, members that are missing before all; the others beside it."""
    found = sorted(error.errors(include_url=False, include_context=False), key=lambda each: not _is_missing(each))
    told = [{"field": _place(each), "reason": _reason(each, model)} for each in found[:_MOST_TOLD]]
    first = told[0]
    code = "missing_required_field" if _is_missing(found[0]) else "invalid_request"
    return problems.Problem(400, code, first["reason"], {"field": first["field"], "errors": told})


def _is_missing(error: Any) -> bool:
    """Whether a member is not there that is always needed, or that another one calls for."""
    return error["type"] == "missing" or not error["loc"]


def _place(error: Any) -> str:
    """The member, with slashes where it lies deeper; the one that models miss when they look at the whole."""
    return "/".join(str(part) for part in error["loc"])[:80] or "performer_id"


def _reason(error: Any, model: type[BaseSchema]) -> str:
    place = _place(error)
    kind = error["type"]
    if kind == "missing":
        return f"The required field {place!r} is missing."
    if kind == "extra_forbidden":
        near = nearest(place, model.model_fields)
        hint = f"; {near!r} is" if near else f"; {', '.join(_known(model))} are"
        return f"The field {place!r} is not known here{hint}."
    if kind == "none_required":
        return "A start brings no session_id: the session manager makes it."
    if kind == "string_pattern_mismatch":
        return (
            f"The field {place!r} has to be {_FORMS.get(place, 'of another form')}; it is {str(error['input'])[:80]!r}."
        )
    said = error["msg"].removeprefix("Value error, ")
    return f"The field {place!r}: {said}." if error["loc"] else f"The field {said}."


def _known(model: type[BaseSchema]) -> Iterator[str]:
    return (name for name in model.model_fields if not (name == "session_id" and model.__name__.endswith("StartInput")))


_STAMP = "UTC with three digits of a second and Z, as 2026-01-27T09:00:00.000Z"
_FORMS = {
    "timestamp": _STAMP,
    "end_time": _STAMP,
    "schema_version": "three numbers, as 1.1.0",
    "record_id": "a UUID of version 4",
}
