"""Why a request was refused: what the text says of that operation in the state of its session, and of the code."""

from __future__ import annotations

import functools
import json
import re
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import scribe_data

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import TypeAlias

    from scribe_data import Spec
    from scribe_data.model import Cell

    Ground: TypeAlias = dict[str, Any]

#: Rules a refusal is explained by: more of them explain less.
_MOST: Final = 3
_KNOWN: Final = 1024
#: Members of a refusal's details that tell the state a session is in.
_STATES: Final = ("status_now", "status")
#: Texts of the protocol by names that say nothing to a reader.
_MARKS: Final = re.compile(r"\s*(?:\bseed \d{3}\b|\bupstream HEAD\b|@[0-9a-f]{7}\b)\s*")


class Refusal(NamedTuple):
    """What an answer refused: an operation, as the profile's text names it, in a state of a session if it tells one."""

    code: str
    operation: str
    status: int
    state: str | None


def refusal(told: Mapping[str, Any], operation: str) -> Refusal:
    """That of an exchange, as the record tells it."""
    return Refusal(told["code"], operation, told["status"], _state(told.get("answered")))


@functools.lru_cache(_KNOWN)
def grounds(refused: Refusal, profile: str, revision: str | None) -> tuple[Ground, ...]:
    """Rules and errata of a profile's text, as id, place and sentence; empty for a code that the text does not have.

    They are those that the lifecycle has for the operation in the state of the session, or for whoever may not see it;
    where it has none, those that name the code.
    """
    spec = scribe_data.load(profile, revision)
    cells = [cell for cell in spec.lifecycle.cells.values() if _fits(cell, spec, refused)]
    rules = dict.fromkeys(cell.requirement for cell in cells) or dict.fromkeys(_naming(spec, refused.code))
    errata = dict.fromkeys(name for cell in cells for name in cell.errata)
    if not cells and refused.code in spec.codes:
        errata = dict.fromkeys(spec.codes[refused.code].errata)
    told = [_rule(spec, name) for name in rules if name in spec.requirements]
    return (*told[:_MOST], *[_erratum(spec, name) for name in errata])


def _fits(cell: Cell, spec: Spec, refused: Refusal) -> bool:
    if cell.operation != refused.operation:
        return False
    if refused.state is not None:
        return cell.state == refused.state
    return cell.state not in spec.lifecycle.states and refused.status in cell.expected.codes


def _naming(spec: Spec, code: str) -> Iterator[str]:
    """The rules that name a code; the table of codes, which says least about one request, comes last."""
    named = [each for each in spec.requirements.values() if code in each.statement]
    for each in sorted(named, key=lambda each: each.source.startswith("spec §11")):
        yield each.id


def _state(answered: Any) -> str | None:
    """The state that a refusal says a session is in."""
    try:
        error = json.loads(answered)["error"]
        details = error["details"]
        return next((details[name] for name in _STATES if isinstance(details.get(name), str)), None)
    except (ValueError, KeyError, TypeError, AttributeError):
        return None


def _rule(spec: Spec, name: str) -> Ground:
    found = spec.requirements[name]
    return {"id": found.id, "place": _place(found.source), "text": found.statement}


def _erratum(spec: Spec, name: str) -> Ground:
    found = spec.errata[name]
    return {"id": found.id, "place": ", ".join(found.places), "text": found.title}


def _place(source: str) -> str:
    told = _MARKS.sub(" ", source.removeprefix("spec ")).replace("( ", "(").replace(" ,", ",")
    return " ".join(told.replace("undefined", "the text does not say", 1).split())
