"""What the server takes although its own OpenAPI document forbids it: told of, or refused where it is to be strict."""

from __future__ import annotations

import contextlib
import functools
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

import jsonschema_rs

from mock_server import problems
from mock_server.api.answer import WARNED
from mock_server.api.description import describe
from mock_server.api.redaction import shown
from mock_server.api.trail import trail
from mock_server.problems import Problem
from mock_server.settings import Limits

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from mock_server.api.answer import Answer
    from mock_server.api.face import Call, Face

_SESSION: Final = "/v1/sessions/{session_id}"
#: The operations that take a body, by the server's name for them: their paths, without and with a file's name.
_PATHS: Final[Mapping[str, tuple[str, str]]] = {
    "create": ("/v1/sessions", ""),
    "amend": (_SESSION, ""),
    "end": (f"{_SESSION}/end", ""),
    "upload": (f"{_SESSION}/audio", f"{_SESSION}/audio/{{file_name}}"),
}
#: Characters of a header and of a line, and breaches of one document that are told.
_LONGEST, _MOST = 300, 3


@dataclass(frozen=True)
class _Rule:
    """What the document says of one operation's body: its labels, and the schema of a JSON body if it has one."""

    required: bool
    labels: tuple[str, ...]
    schema: jsonschema_rs.Draft202012Validator | None

    def label(self, sent: str | None) -> str | None:
        """What is wrong with a label; None for one that is listed, and where there need be no body."""
        essence = (sent or "").split(";")[0].strip().lower()
        if essence in self.labels or (not essence and not self.required):
            return None
        told = f"labelled {shown(essence, (), 80)!r}" if essence else "without a Content-Type"
        return f"The body is {told}; {' or '.join(self.labels)} is listed"

    def breaches(self, document: Any) -> list[tuple[str, str]]:
        """Where a document breaks the schema, and how; no value of the client's is repeated."""
        found = self.schema.iter_errors(document) if self.schema is not None else iter(())
        return [
            (str(each.instance_path[0]) if each.instance_path else "", f"{_place(each.instance_path)} {each.message}")
            for each, _ in zip(found, range(_MOST), strict=False)
        ]


def _place(path: list[str | int]) -> str:
    return f"In {'/'.join(shown(str(part), (), 40) for part in path)}:" if path else "In the body:"


@functools.cache
def _rules(revision: str) -> Mapping[tuple[str, str], _Rule]:
    """The rules of a revision's document, by method and path."""
    document = describe("", Limits(), revision, faithful=False, control={})
    components = document["components"]
    rules: dict[tuple[str, str], _Rule] = {}
    for path, item in document["paths"].items():
        for method, entry in item.items():
            if isinstance(entry, dict) and "requestBody" in entry:
                rules[method, path] = _rule(entry["requestBody"], components)
    return rules


def _rule(body: Mapping[str, Any], components: Mapping[str, Any]) -> _Rule:
    if "$ref" in body:
        body = components["requestBodies"][body["$ref"].rpartition("/")[2]]
    json_body = body["content"].get("application/json", {}).get("schema")
    schema = None
    if json_body is not None:
        whole = {**json_body, "components": components}
        schema = jsonschema_rs.Draft202012Validator(whole, validate_formats=True, mask="it")
    return _Rule(bool(body.get("required")), tuple(body["content"]), schema)


def _refusal(call: Call, rule: _Rule, field: str, told: str) -> Problem:
    if call.operation == "upload":
        provided = call.request.headers.get("content-type", "")
        return problems.invalid_audio_format(shown(provided, (), 80), list(rule.labels))
    return problems.invalid_request(f"{told}. The server is strict about its document.", field=field)


class Leniency:
    """A layer around the operations, which ask it about each body before they do anything with it."""

    def attach(self, face: Face) -> None:
        """Belong to a face."""
        self._face = face

    def around(self, call: Call, onward: Callable[[], Awaitable[Answer]]) -> Awaitable[Answer]:
        """The answer, with a warning where something was taken that the document forbids."""
        rule = self._rule_of(call)
        return onward() if rule is None else self._ruled(call, rule, onward)

    async def _ruled(self, call: Call, rule: _Rule, onward: Callable[[], Awaitable[Answer]]) -> Answer:
        told: list[str] = []

        def examine(document: Any) -> None:
            label = rule.label(call.request.headers.get("content-type"))
            found = [("Content-Type", label)] if label else []
            if document is not None:
                found += rule.breaches(document)
            told.extend(text for _, text in found)
            if found and self._face.settings.strict:
                raise _refusal(call, rule, *found[0])

        call.examine = examine
        answer = await onward()
        return await self._warned(call, answer, told) if told and answer.status < 400 else answer

    def _rule_of(self, call: Call) -> _Rule | None:
        if call.operation not in _PATHS:
            return None
        plain, named = _PATHS[call.operation]
        path = named if named and call.request.path_params.get("name") else plain
        return _rules(self._face.settings.revision).get((call.request.method.lower(), path))

    async def _warned(self, call: Call, answer: Answer, told: list[str]) -> Answer:
        text = shown("; ".join(told), (), _LONGEST)
        trail.info("%s", f"taken although the document forbids it: {call.request.method} {call.operation}: {text}")
        if call.session_id is not None:
            with contextlib.suppress(Problem):  # what was asked for is done all the same
                detail = {"operation": call.operation, "told": text}
                await self._face.service.note(call.namespace, call.session_id, "taken_leniently", detail)
        line = text.encode("ascii", "backslashreplace").decode("ascii")
        return replace(answer, headers={**answer.headers, WARNED: line})
