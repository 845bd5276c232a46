"""Where a JSON value breaks a schema of the protocol, in words a vendor reads."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any

import jsonschema_rs

from scribe_data.pointer import pointer_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from scribe_data import Spec

#: Deeper than any schema looks; what nests deeper is free content, and the validator has a bound of its own.
_DEEPEST = 64
#: A body that is wrong in more places says nothing new, and a list of a million wrong items fills no report.
_MOST = 100
#: An actual value is quoted up to so many characters.
_QUOTED = 80
_KINDS = {
    "string": "a string",
    "integer": "an integer",
    "number": "a number",
    "boolean": "a boolean",
    "object": "an object",
    "array": "an array",
    "null": "null",
}
_FORMATS = {
    "date-time": ("a date-time", "RFC 3339, e.g. 2025-01-19T10:30:00Z"),
    "uri": ("an absolute URL", "e.g. https://scribe.example.com/v1"),
    "email": ("an e-mail address", "e.g. support@scribe.example.com"),
}


@dataclass(frozen=True)
class Breach:
    """One keyword of a schema that a value breaks; a missing member stands at its own path, where the value is None."""

    path: tuple[str | int, ...]
    keyword: str
    value: Any
    message: str
    expected: Any

    @property
    def pointer(self) -> str:
        """Where it stands, as a JSON pointer."""
        return pointer_of(self.path)


class Schemas:
    """The schemas of one text, compiled."""

    def __init__(self, text: Spec) -> None:
        self._whole = {name: _compiled(schema) for name, schema in text.schemas.items()}

    def breaches(self, schema: str, value: Any) -> tuple[Breach, ...]:
        """Every breach of a schema by a value, in the order of the schema, up to a bound that tells enough."""
        try:
            found = self._whole[schema].iter_errors(value)
        except ValueError:  # Python's reader makes text and depths that the validator does not take
            found = self._whole[schema].iter_errors(_plain(value))
        return tuple(_breach(error) for error in islice(found, _MOST))


class Part:
    """A schema of some value within a body, compiled."""

    def __init__(self, schema: Mapping[str, Any]) -> None:
        self._whole = _compiled(schema)

    def takes(self, value: Any) -> bool:
        """Whether the schema takes a value."""
        return bool(self._whole.is_valid(_plain(value)))


def _compiled(schema: Mapping[str, Any]) -> Any:
    return jsonschema_rs.Draft202012Validator(dict(schema), validate_formats=True)


def _plain(value: Any, depth: int = 0) -> Any:
    """The value as the validator takes it: text without lone surrogates, numbers that are some, nothing very deep."""
    if isinstance(value, str):
        return value if value.isascii() else value.encode("utf-8", "replace").decode()
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if depth > _DEEPEST:
        return None
    if isinstance(value, dict):
        return {_plain(name): _plain(inner, depth + 1) for name, inner in value.items()}
    return [_plain(inner, depth + 1) for inner in value] if isinstance(value, list) else value


def _breach(error: Any) -> Breach:
    path, keyword = tuple(error.instance_path), str(error.kind.name)
    if keyword == "required":
        path = (*path, str(error.kind.property))
        return Breach(path, keyword, None, f"`{_named(path)}` is missing.", "present")
    value = error.instance
    told, expected = _told(error, keyword)
    name = f"`{_named(path)}`" if path else "The body"
    return Breach(path, keyword, value, f"{name} {told}: {_quoted(value)}.", expected)


def _told(error: Any, keyword: str) -> tuple[str, Any]:
    """What a value is not, and what it should be."""
    facts: dict[str, Any] = error.kind.as_dict()
    expected: Any
    match keyword:
        case "type":
            kinds = " or ".join(_KINDS.get(kind, kind) for kind in facts["types"])
            told, expected = f"is not {kinds}", kinds
        case "format":
            what, expected = _FORMATS.get(facts["format"], (facts["format"], facts["format"]))
            told = f"is not {what}"
        case "enum":
            expected = list(facts["options"])
            told = f"is none of {', '.join(map(str, expected))}"
        case "const":
            told, expected = f"is not {facts['expected_value']}", facts["expected_value"]
        case "pattern":
            told, expected = f"does not match {facts['pattern']}", facts["pattern"]
        case _:
            limit = facts.get("limit")
            expected = keyword if limit is None else f"{keyword} {limit}"
            told = f"does not fit {expected}"
    return told, expected


def _named(path: tuple[str | int, ...]) -> str:
    """A path as people write it: templates.soap.status, audio_files[0]."""
    return "".join(_steps(path)).removeprefix(".")


def _steps(path: tuple[str | int, ...]) -> Iterator[str]:
    for step in path:
        yield f"[{step}]" if isinstance(step, int) else f".{step}"


def _quoted(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _QUOTED else f"{text[:_QUOTED]}…"
