"""What a client is told whose request the models of the control plane do not take: which field, why, and what is."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from mock_server import problems
from mock_server.suggestion import hint

if TYPE_CHECKING:
    from collections.abc import Sequence

#: Characters of a client's own word or value that a refusal repeats, and of the place that it is at.
_LONGEST_WORD, _LONGEST_VALUE, _LONGEST_PLACE = 64, 80, 120
#: The words that a literal takes, as Pydantic lists them.
_WORD = re.compile(r"'([^']*)'")
#: How Pydantic begins what it says.
_SHOULD = re.compile(r"^(?:Input|String|List|Value) should")
#: What `models.Given` calls a member that it does not have.
UNKNOWN = "unknown_member"


def problem(errors: Sequence[Any]) -> problems.Problem:
    """The refusal for the first thing that is wrong, members that are missing before all."""
    first = min(errors, key=lambda error: error["type"] != "missing")
    # the first step says whether it is of the body, the query or the path
    place = ".".join(str(step) for step in first["loc"][1:])[:_LONGEST_PLACE]
    if first["type"] == "missing":
        return problems.missing_required_field(place or "body")
    if first["type"] == UNKNOWN:
        return _unknown(first["ctx"], place)
    if first["type"] in ("literal_error", "enum"):
        return unknown_word(place, first["input"], _WORD.findall(str(first["ctx"]["expected"])))
    wrong = _SHOULD.sub("has to", first["msg"].removeprefix("Value error, "))
    return problems.invalid_request(f"The field {place!r} {wrong}; it is {_shown(first['input'])}.", field=place)


def unknown_word(field: str, given: object, known: Sequence[str]) -> problems.Problem:
    """The refusal of a word that is none of those there are."""
    word = str(given)[:_LONGEST_WORD]
    told = f"{field!r} has no {word!r}. There are {', '.join(known)}.{hint(word, known)}"
    return problems.invalid_request(told, field=field, known=list(known))


def _unknown(told: dict[str, Any], place: str) -> problems.Problem:
    name, known = str(told["name"])[:_LONGEST_WORD], list(told["known"])
    where = f"{place}.{name}" if place else name
    there = f"There are {', '.join(known)}." if known else "Nothing is asked here."
    return problems.invalid_request(
        f"The field {where!r} is not known here. {there}{hint(name, known)}", field=where, known=known
    )


def _shown(value: object) -> str:
    return json.dumps(value, default=str)[:_LONGEST_VALUE]
