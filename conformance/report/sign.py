"""What of an answer shows that the same is wrong again, as tests in the words of a shell."""

from __future__ import annotations

import json
import re
import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from conformance.evidence import NOT_JSON
from conformance.vocabulary.operation import Operation
from scribe_data.pointer import tokens, values_at

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conformance.evidence import Exchange
    from conformance.finding import Finding

#: Characters of a value that a script looks for.
_LONGEST: Final = 300
#: How an error code begins in an envelope, white space aside.
_CODE: Final = '"code":"'


@dataclass(frozen=True)
class Sign:
    """A test in the words of a shell; one that decides shows by itself that the same is wrong again."""

    test: str
    decides: bool


def signs(x: Exchange, finding: Finding) -> Iterator[Sign]:
    """What the answer showed, as far as it shows the same in every run."""
    answer, actual = x.response, finding.actual
    said = _begins(actual, x.status)
    expected = finding.expected
    wanted = expected if isinstance(expected, list) else [expected]
    # where another answer of the same status would be right, the status alone does not tell
    tells = said and not any(_begins(each, x.status) for each in wanted)
    yield Sign(f'[ "$STATUS" = {x.status or "000"} ]', decides=tells or answer is None)
    if answer is None:
        return
    pointer = finding.pointer
    path = tokens(pointer) if pointer else ()
    name = next((token for token in reversed(path) if not token.isdecimal()), None)
    if name is not None and answer.json is not NOT_JSON:
        found = list(values_at(answer.json, path))
        stable = x.label.operation in (Operation.DISCOVERY, Operation.TEMPLATES)
        yield from _shown(name if name == path[-1] else None, name, found, stable=stable)
    elif answer.error_code is not None and x.status >= 400:
        yield Sign(has(json.dumps(answer.error_code)), decides=answer.error_code in str(actual).split())
    elif x.status >= 400 and answer.json is not NOT_JSON:
        yield Sign(f"! {has(_CODE)}", decides=said and str(actual) != str(x.status))
    if answer.media_type:
        line = shlex.quote(f"^content-type: *{re.escape(answer.media_type)}")
        told = isinstance(actual, str) and actual.lower().startswith(answer.media_type)
        yield Sign(f'grep -qi {line} "$OUT/head"', decides=told)


def _begins(value: object, status: int) -> bool:
    """Whether what was wanted or seen is a status, alone or with more: "200 text/html" tells of it as 200 does."""
    return isinstance(value, int | str) and str(value).partition(" ")[0] == str(status)


def has(text: str) -> str:
    """A test whether the answer has a text, white space aside."""
    flat = re.sub(r"[ \t\r\n]", "", text)
    return f"flat | grep -qF {shlex.quote(flat)}"


def _shown(member: str | None, above: str, found: list[Any], *, stable: bool) -> Iterator[Sign]:
    """A value as the answer held it; its kind alone where it is another in every run.

    `member` names it, unless it is an element of the array `above`.
    """
    key = f"{json.dumps(member)}:" if member else ""
    if not found:
        yield Sign(f"! {has(key)}" if key else has(f"{json.dumps(above)}:"), decides=bool(key))
        return
    told = json.dumps(found[0], separators=(",", ":"), ensure_ascii=False)
    fixed = stable or not isinstance(found[0], str | dict | list) or not re.search("[0-9]", told)
    if fixed and len(told) <= _LONGEST and told.isascii() and not isinstance(found[0], float):
        yield Sign(has(f"{key}{told}"), decides=True)
    else:
        begins = told[0] if key and told[0] in ('"', "[", "{") else ""
        yield Sign(has(f"{key or json.dumps(above) + ':['}{begins}"), decides=False)
