"""Lists in which a caller finds sessions of another one, whoever of them has asked first."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mock_server.api.answer import Answer
    from mock_server.faults.fault import Asked

#: An id, and the session as a list has it.
Entry: TypeAlias = "tuple[str, dict[str, Any]]"


def _caller(asked: Asked) -> str | None:
    return asked.headers.get("authorization") or asked.headers.get("x-api-key")


def others(asked: Asked, shown: Iterable[Entry]) -> list[dict[str, Any]]:
    """Take note of what a caller was shown, and return the sessions of those who have more of them than it has.

    A session is of the first caller who was shown it. By their number nobody changes places as requests come in another
    order, and who has all sessions there are has lists as they should be.
    """
    known: dict[str, tuple[str | None, dict[str, Any]]] = asked.memory.setdefault("owned", {})
    caller = _caller(asked)
    for name, entry in shown:
        if known.get(name, (caller, entry))[0] == caller:
            known[name] = (caller, entry)
    count = Counter(owner for owner, _ in known.values())
    return [entry for owner, entry in known.values() if count[owner] > count[caller]]


def with_others(answer: Answer, entries: list[dict[str, Any]]) -> Answer:
    """A list with further sessions before its own; nothing is changed where there are none."""
    if not entries:
        return answer
    listed = [*entries, *answer.body["sessions"]]
    totals = {name: len(listed) for name in ("total", "total_count") if name in answer.body}
    return replace(answer, body=answer.body | totals | {"sessions": listed[: answer.body.get("limit", len(listed))]})
