"""Choices of how research sessions write ids, stamps and decimals, and of HTTP and JSON as far as they share them."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from mock_server.choices import identity, wire
from mock_server.choices.choice import Choice
from mock_server.served import RESEARCH

if TYPE_CHECKING:
    from mock_server.api.answer import Answer
    from mock_server.choices.choice import Asked

_STAMPS: Final = frozenset({"created_at", "updated_at", "expires_at", "timestamp", "at"})
_AMOUNTS: Final = frozenset({"amount", "refund_amount", "reserved", "used", "refunded", "price"})
_DECIMAL: Final = re.compile(r"-?[0-9]+\.[0-9]{2}\Z")
#: What the document says of choices that other texts leave open too, where it is not that it has nothing.
_CLAUSES: Final = {
    "other_methods": "PRSM E39: other codes are right where the lists have none",
    "throttled": "PRSM E39: bursts",
    "error_details": "PRSM Error Responses: further members are the service's own",
}
_SILENT: Final = "PRSM: the document has nothing on it"


def _replaced(value: Any, names: frozenset[str], change: Any) -> Any:
    """A body with what has one of these names changed, wherever it stands; what a caller left is not looked at."""
    if isinstance(value, list):
        return [_replaced(each, names, change) for each in value]
    if not isinstance(value, dict):
        return value
    return {
        name: (
            change(found)
            if name in names and isinstance(found, str)
            else found
            if name in ("metadata", "results", "details")
            else _replaced(found, names, change)
        )
        for name, found in value.items()
    }


def _stamped(asked: Asked, answer: Answer) -> Answer:
    if not asked.call.operation.startswith(f"{RESEARCH}."):
        return answer
    style = asked.taken["stamps"]
    return replace(answer, body=_replaced(answer.body, _STAMPS, lambda told: identity.spelled(told, style)))


def _decimal(told: str, style: object) -> str | float:
    if not _DECIMAL.match(told):
        return told
    return float(told) if style == "a number" else told.rstrip("0").rstrip(".") or "0"


def _counted(asked: Asked, answer: Answer) -> Answer:
    if not asked.call.operation.startswith(f"{RESEARCH}.") or answer.status >= 400:
        return answer
    style = asked.taken["decimals"]
    return replace(answer, body=_replaced(answer.body, _AMOUNTS, lambda told: _decimal(told, style)))


def _shared(choice: Choice) -> Choice:
    found = re.search(r"RFC [0-9]+[^;:]*", choice.allowed_by)
    usual = f"{found[0].strip()}; {_SILENT}" if found else _SILENT
    return replace(choice, allowed_by=_CLAUSES.get(choice.name, usual))


_IDS: Final = {each.name: each for each in identity.CHOICES}
CHOICES = (
    *(
        replace(
            _IDS[name],
            values=_IDS[name].all_values,
            lenient=(),
            allowed_by="PRSM Create Session: an id is a string",
        )
        for name in ("id_length", "id_alphabet")
    ),
    Choice(
        "decimals",
        "How amounts are written.",
        "PRSM E27: a number, or a string of digits with at most one point",
        ("two digits behind a point", "a number", "no more digits than it takes"),
        rewrites=_counted,
    ),
    replace(
        _IDS["stamps"],
        allowed_by="PRSM E26: RFC 3339 with a zone; leniently without",
        rewrites=_stamped,
    ),
    # a HEAD comes to these operations as a GET
    *(_shared(choice) for choice in wire.CHOICES if choice.name != "head"),
)
