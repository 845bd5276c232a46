"""Query parameters of research sessions: none that is not known, none twice, each in a form that the errata name."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from mock_server import problems
from mock_server.api.control.refusal import unknown_word
from mock_server.api.prsm.date import dated
from mock_server.storage.inquiry import Sieve
from mock_server.suggestion import there

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from mock_server.api.face import Call
    from mock_server.prsm.access import Caller

#: Sessions of a page, without a limit and at most; and the last page there may be. Not in spec: E5.
USUAL, MOST, LAST_PAGE = 20, 100, 1_000_000
_NUMBER = re.compile(r"[0-9]{1,9}\Z")


def parameters(call: Call, *known: str) -> dict[str, str]:
    """The parameters of a request; 400 for one that is not known, and for one that stands there twice."""
    found: dict[str, str] = {}
    for name, value in call.request.query_params.multi_items():
        if name not in known:
            told = f"There is no parameter {name[:40]!r} here.{there(name, known)}"
            raise problems.invalid_request(told, field=name[:40], known=list(known))
        if name in found:
            raise problems.invalid_request(f"The parameter {name!r} stands there more than once.", field=name)
        found[name] = value
    return found


def word(given: Mapping[str, str], name: str, known: Sequence[str]) -> str | None:
    """One of several words; None where it is not asked for."""
    value = given.get(name)
    if value is not None and value not in known:
        raise unknown_word(name, value, known)
    return value


def flag(given: Mapping[str, str], name: str, *, usual: bool) -> bool:
    """A boolean as URLs have it."""
    value = word(given, name, ("true", "false"))
    return usual if value is None else value == "true"


def number(given: Mapping[str, str], name: str, usual: int, most: int, *, least: int = 1) -> int:
    """A whole number from `least` to `most`; 400 beyond its bounds."""
    value = given.get(name)
    if value is None:
        return usual
    if not _NUMBER.match(value) or not least <= int(value) <= most:
        told = f"{name!r} is a whole number from {least} to {most}; it is {value[:40]!r}."
        raise problems.invalid_request(told, field=name)
    return int(value)


def moment(name: str, text: str, *, end: bool) -> datetime:
    """A date of a request, with its time or without; a day without time is its beginning, or its `end`."""
    try:
        return dated(text, end=end)
    except ValueError as error:
        hint = " A '+' in a URL is a blank; send it as %2B." if " " in text else ""
        raise problems.invalid_request(f"{name!r} {error}; it is {text[:40]!r}.{hint}", field=name) from None


def sieve(given: Mapping[str, str], caller: Caller, states: Sequence[str], kinds: Sequence[str]) -> Sieve:
    """Which of the caller's sessions are meant (E7, E8, E9)."""
    since = moment("date_from", given["date_from"], end=False) if "date_from" in given else None
    until = moment("date_to", given["date_to"], end=True) if "date_to" in given else None
    if since is not None and until is not None and since > until:
        raise problems.invalid_request("'date_from' is after 'date_to'.", field="date_from")
    state, kind = word(given, "status", states), word(given, "session_type", kinds)
    return Sieve(caller.namespace, caller.user, state, kind, since, until)
