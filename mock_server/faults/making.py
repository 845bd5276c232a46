"""How faults are made: which answers they touch, and what they do to them."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeAlias

from mock_server.api.answer import Answer
from mock_server.faults.fault import Asked, Fault

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from mock_server.conduct import Conduct
    from mock_server.problems import Problem

Rewrite: TypeAlias = "Callable[[Asked, Answer], Answer]"


def _chosen(
    asked: Asked, answer: Answer, operations: str, status: Iterable[int] | int | None, state: str | None
) -> bool:
    if operations != "any" and asked.operation not in operations.split():
        return False
    if status is not None and answer.status not in ({status} if isinstance(status, int) else set(status)):
        return False
    return state is None or (isinstance(answer.body, dict) and answer.body.get("status") in state.split())


def edit(
    operations: str,
    change: Callable[[dict[str, Any]], object],
    *,
    status: Iterable[int] | int | None = None,
    state: str | None = None,
) -> Rewrite:
    """Change the JSON object of the chosen answers in place; `operations` and `state` are words, 'any' for all."""

    def rewrite(asked: Asked, answer: Answer) -> Answer:
        if not isinstance(answer.body, dict) or not _chosen(asked, answer, operations, status, state):
            return answer
        body = deepcopy(answer.body)
        change(body)
        return replace(answer, body=body)

    return rewrite


def recode(
    operations: str, code: int, *, status: Iterable[int] | int | None = None, state: str | None = None
) -> Rewrite:
    """Answer with another status code and the same body."""

    def rewrite(asked: Asked, answer: Answer) -> Answer:
        return replace(answer, status=code) if _chosen(asked, answer, operations, status, state) else answer

    return rewrite


def answer_with(
    operations: str, given: Answer, *, when: Callable[[Asked, Answer], bool] = lambda _asked, _answer: True
) -> Rewrite:
    """Answer something else altogether."""

    def rewrite(asked: Asked, answer: Answer) -> Answer:
        return given if _chosen(asked, answer, operations, None, None) and when(asked, answer) else answer

    return rewrite


def error(status: int, code: str) -> Answer:
    """An error envelope."""
    return Answer(status, {"error": {"code": code, "message": "A fault is on."}})


def refusing(field: str) -> Rewrite:
    """Refuse creates that leave a member out."""
    lacking = error(400, "missing_required_field")
    return answer_with(
        "create", lacking, when=lambda asked, answer: answer.status == 201 and field not in (asked.document or {})
    )


def set_to(path: str, value: Any) -> Callable[[dict[str, Any]], None]:
    """An edit that puts a value at a dotted path; `*` stands for every entry."""

    def change(body: dict[str, Any]) -> None:
        *way, last = path.split(".")
        for place in _places(body, way):
            if isinstance(place, dict):
                place[last] = value

    return change


def without(path: str) -> Callable[[dict[str, Any]], None]:
    """An edit that removes the member at a dotted path."""

    def change(body: dict[str, Any]) -> None:
        *way, last = path.split(".")
        for place in _places(body, way):
            if isinstance(place, dict):
                place.pop(last, None)

    return change


def _places(body: Any, way: list[str]) -> list[Any]:
    found = [body]
    for name in way:
        if name == "*":
            found = [item for place in found for item in (place.values() if isinstance(place, dict) else place)]
        else:
            found = [place[name] for place in found if isinstance(place, dict) and name in place]
    return found


def fault(
    name: str,
    vice: str,
    *breaks: str,
    rewrite: Rewrite | None = None,
    conduct: Callable[[Conduct], Conduct] | None = None,
    overlooks: Callable[[str, Problem], bool] | None = None,
    lets_pass: frozenset[str] = frozenset(),
) -> Fault:
    """A fault with the requirements it breaks."""
    return Fault(name, vice, breaks, conduct, rewrite, overlooks=overlooks, lets_pass=lets_pass)


def strictly(found: Fault) -> Fault:
    """A fault that only the strict reading calls one; the lenient reading disputes it or warns."""
    return replace(found, reading="strict")


def behaving(**changes: Any) -> Callable[[Conduct], Conduct]:
    """A conduct that differs in these fields."""
    return lambda conduct: replace(conduct, **changes)
