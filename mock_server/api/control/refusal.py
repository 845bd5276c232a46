"""What a client is told whose request the models of the control plane do not take: which field, why, and what is."""

from __future__ import annotations

import json
import re
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from mock_server import problems
from mock_server.suggestion import hint

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

#: Characters of a client's own word or value that a refusal repeats, and of the place that it is at.
_LONGEST_WORD, _LONGEST_VALUE, _LONGEST_PLACE = 64, 80, 120
#: The words that a literal takes, as Pydantic lists them.
_WORD = re.compile(r"'([^']*)'")
#: How Pydantic begins what it says.
_SHOULD = re.compile(r"^(?:Input|String|List|Value) should")
#: What is said in words of our own where Pydantic's speak of its insides, by its names for what is wrong.
_OWN: Final[Mapping[str, str]] = MappingProxyType(
    {
        "too_short": "has to have {min_length} or more items, and has {actual_length}",
        "too_long": "has to have {max_length} items or fewer, and has {actual_length}",
        "dict_type": "has to be an object",
        "model_type": "has to be an object",
        "model_attributes_type": "has to be an object",
    }
)
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
    what = f"The field {place!r}" if place else "The body"
    return problems.invalid_request(f"{what} {_wrong(first)}; it is {_shown(first['input'])}.", field=place)


def _wrong(error: Any) -> str:
    """What a value has to be and is not."""
    if own := _OWN.get(error["type"]):
        return own.format(**error.get("ctx", {}))
    return _SHOULD.sub("has to", error["msg"].removeprefix("Value error, "))


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
