"""A finding in one sentence, and what was expected beside what was seen, cut down to where they differ."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from conformance.evidence import Exchange
    from conformance.finding import Finding

#: Longer values are told beside a sentence and not in it.
_IN_A_SENTENCE = 60
#: Characters that stay in sight on either side of the first difference of two long texts.
_AROUND = 40
#: A text no longer than this is read at a glance.
_AT_A_GLANCE = 160
#: What stands for a member that is not there.
ABSENT = "(not there)"
#: How sentences of the contract begin, which name no request.
_ABOUT_A_BODY = ("`", "The body ")
#: What is expected of a member whose lack the message tells.
PRESENT = "present"


@dataclass(frozen=True)
class Contrast:
    """What was expected and what was seen where they differ; `where` leads from the whole value to it."""

    expected: Any
    actual: Any
    where: str = ""


def contrast(expected: Any, actual: Any) -> Contrast | None:
    """The first difference of two values of one kind; None where there is none to be shown."""
    if isinstance(expected, dict) and isinstance(actual, dict):
        return _of_members(expected, actual)
    if isinstance(expected, list) and isinstance(actual, list):
        return _of_items(expected, actual)
    if isinstance(expected, str) and isinstance(actual, str):
        return None if expected == actual else Contrast(*_around(expected, actual))
    return None if type(expected) is type(actual) and expected == actual else Contrast(expected, actual)


def _of_members(expected: dict[str, Any], actual: dict[str, Any]) -> Contrast | None:
    names = [*expected, *(name for name in actual if name not in expected)]
    apart = [name for name in names if name not in expected or name not in actual or _differ(expected, actual, name)]
    if not apart:
        return None
    if len(apart) == 1 and apart[0] in expected and apart[0] in actual:
        inner = contrast(expected[apart[0]], actual[apart[0]])
        return inner and Contrast(inner.expected, inner.actual, f"/{_escaped(apart[0])}{inner.where}")
    if len(apart) == len(names):
        return Contrast(expected, actual)
    return Contrast(
        {name: expected.get(name, ABSENT) for name in apart}, {name: actual.get(name, ABSENT) for name in apart}
    )


def _of_items(expected: list[Any], actual: list[Any]) -> Contrast | None:
    apart = [at for at, pair in enumerate(zip(expected, actual, strict=False)) if contrast(*pair) is not None]
    if len(apart) == 1 and len(expected) == len(actual):
        inner = contrast(expected[apart[0]], actual[apart[0]])
        return inner and Contrast(inner.expected, inner.actual, f"/{apart[0]}{inner.where}")
    if not apart and len(expected) == len(actual):
        return None
    same = apart[0] if apart else min(len(expected), len(actual))
    if same and max(len(_short(expected)), len(_short(actual))) > _AT_A_GLANCE:
        return Contrast(["…", *expected[same:]], ["…", *actual[same:]])
    return Contrast(expected, actual)


def _differ(expected: dict[str, Any], actual: dict[str, Any], name: str) -> bool:
    return contrast(expected[name], actual[name]) is not None


def _escaped(name: str) -> str:
    return name.replace("~", "~0").replace("/", "~1")


def _around(expected: str, actual: str) -> tuple[str, str]:
    """Both texts, long ones cut to the first place where they differ."""
    if max(len(expected), len(actual)) <= _AT_A_GLANCE:
        return expected, actual
    pairs = enumerate(zip(expected, actual, strict=False))
    at = next((place for place, (one, other) in pairs if one != other), min(len(expected), len(actual)))
    return _cut(expected, at), _cut(actual, at)


def _cut(text: str, at: int) -> str:
    start, stop = max(0, at - _AROUND), at + _AROUND
    return f"{'…' if start else ''}{text[start:stop]}{'…' if stop < len(text) else ''}"


def beside(finding: Finding) -> dict[str, Any]:
    """`expected` and `actual` of a finding as reports show them, with the `pointer` they stand at.

    What is None is left out, and so are two that would read the same.
    """
    given = {"pointer": finding.pointer, "expected": finding.expected, "actual": finding.actual}
    if finding.expected is not None and finding.actual is not None:
        found = contrast(finding.expected, finding.actual)
        given |= {"expected": None, "actual": None} if found is None else _placed(found, finding.pointer)
        if given["expected"] is not None and _short(given["expected"]) == _short(given["actual"]):
            # 401 is what "401" asks for; as a value of an answer the two are not the same.
            quoted = finding.pointer is not None
            given |= {name: json.dumps(given[name]) if quoted else None for name in ("expected", "actual")}
    return {name: value for name, value in given.items() if value is not None}


def _placed(found: Contrast, pointer: str | None) -> dict[str, Any]:
    if pointer is not None:
        whole = "" if pointer == "/" and found.where else pointer
        return {"pointer": whole + found.where, "expected": found.expected, "actual": found.actual}
    expected, actual = found.expected, found.actual
    for step in reversed(found.where.split("/")[1:]):
        expected, actual = {step: expected}, {step: actual}
    return {"expected": expected, "actual": actual}


def told(finding: Finding, x: Exchange | None = None) -> str:
    """The finding's sentence, with what was expected and seen where these are short and not in it already."""
    said = finding.message
    if x is not None and said.startswith(_ABOUT_A_BODY):
        said = f"In the answer {x.status} to {x.request.method} {urlsplit(x.request.url).path}: {said}"
    found = contrast(finding.expected, finding.actual)
    if finding.expected in (None, PRESENT) or found is None:
        return said
    expected = f"expected {_listed(found.expected)}"
    actual = f"seen {_listed(found.actual)}" if finding.actual is not None else ""
    parts = [part for part in (expected, actual) if part and part.partition(" ")[2] not in finding.message]
    if not parts or max(map(len, parts)) > _IN_A_SENTENCE:
        return said
    beside = ", ".join(parts)
    return f"{said} {beside[0].upper()}{beside[1:]}."


def _listed(value: Any) -> str:
    """A list of words as a sentence has it; anything else as JSON."""
    words = isinstance(value, list) and all(isinstance(each, str) for each in value)
    return ", ".join(value) if words else _short(value)


def _short(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=repr)
