"""How choices change answers and documents of requests: copies, never what the operation made."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING, Any

import scribe_data
from mock_server.api.answer import envelope

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from mock_server.api.answer import Answer
    from mock_server.choices.choice import Asked
    from mock_server.problems import Problem

#: States of a session that is not ended.
OPEN = frozenset({"created", "recording"})


def merged(answer: Answer, **members: Any) -> Answer:
    """The answer with members of its JSON object replaced."""
    return replace(answer, body={**answer.body, **members})


def without(answer: Answer, *names: str) -> Answer:
    """The answer without some members of its JSON object."""
    return replace(answer, body={name: value for name, value in answer.body.items() if name not in names})


def headed(answer: Answer, **headers: str | None) -> Answer:
    """The answer with headers set, or left out where that is None; an underscore stands for a hyphen."""
    changed = {name.replace("_", "-"): value for name, value in headers.items()}
    named = {name.lower() for name in changed}
    kept = {name: value for name, value in answer.headers.items() if name.lower() not in named}
    return replace(answer, headers=kept | {name: value for name, value in changed.items() if value is not None})


@cache
def _members(profile: str) -> Mapping[str, frozenset[str]]:
    spec = scribe_data.load(profile)
    return {
        name: frozenset(spec.schemas[each.takes]["properties"])
        for name, each in spec.protocol.endpoints.items()
        if each.takes
    }


def known(document: dict[str, Any], profile: str, name: str | None) -> dict[str, Any]:
    """What the text of a profile knows of the document of a request that has this name there; all where it has none."""
    members = _members(profile).get(name or "")
    return document if members is None else {each: value for each, value in document.items() if each in members}


def shows(asked: Asked, answer: Answer, states: Collection[str]) -> bool:
    """Whether an answer is the document of a session in one of these states."""
    return asked.of("get") and asked.state in states and isinstance(answer.body, dict)


def error_code(answer: Answer) -> str | None:
    """The code of an error envelope."""
    error = answer.body.get("error") if isinstance(answer.body, dict) else None
    return error.get("code") if answer.status >= 400 and isinstance(error, dict) else None


def is_plain(answer: Answer) -> bool:
    """Whether it is the error body of research sessions, which is no envelope."""
    return answer.status >= 400 and isinstance(answer.body, dict) and isinstance(answer.body.get("error"), str)


def recoded(answer: Answer, *, status: int | None = None, code: str | None = None) -> Answer:
    """An error envelope with another status, or another code."""
    body = answer.body if code is None else {**answer.body, "error": {**answer.body["error"], "code": code}}
    return replace(answer, status=status or answer.status, body=body)


def refused(problem: Problem, **headers: str) -> Answer:
    """A refusal as an answer, with headers as `headed` takes them."""
    return headed(envelope(problem), **headers)
