"""What of an answer shows that the same is wrong again, as tests that a shell and Python can make."""

from __future__ import annotations

import json
import re
import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal

from conformance.evidence import NOT_JSON
from conformance.evidence.socket import UNCLOSED
from conformance.vocabulary.operation import Operation
from scribe_data.pointer import tokens, values_at

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conformance.evidence import Exchange
    from conformance.evidence.socket import Socket
    from conformance.finding import Finding

#: Characters of a value that a script looks for.
_LONGEST: Final = 300
#: How an error code begins in an envelope, white space aside.
_CODE: Final = '"code":"'


#: status, closed: the answer has this status, the socket was closed with this code. has, lacks: the answer's text has
#: this one, or does not have it, white space aside. type: its media type begins so.
Kind = Literal["status", "closed", "has", "lacks", "type"]


@dataclass(frozen=True)
class Sign:
    """A test of an answer; one that decides shows by itself that the same is wrong again."""

    kind: Kind
    text: str
    decides: bool

    def shell(self) -> str:
        """In the words of a shell, whose functions are those of a script."""
        if self.kind == "status":
            return f'[ "$STATUS" = {self.text} ]'
        if self.kind == "type":
            line = shlex.quote(f"^content-type: *{re.escape(self.text)}")
            return f'grep -qi {line} "$OUT/head"'
        return f"{'! ' if self.kind == 'lacks' else ''}{has(self.text)}"

    def python(self) -> str:
        """As an expression of Python, whose functions are those of a script."""
        if self.kind in ("status", "closed"):
            return f"answer.{'status_code' if self.kind == 'status' else 'code'} == {self.text}"
        if self.kind == "type":
            return f"answer.headers.get('content-type', '').lower().startswith({self.text!r})"
        return f"{'not ' if self.kind == 'lacks' else ''}has(answer, {flat(self.text)!r})"


def signs(x: Exchange, finding: Finding) -> Iterator[Sign]:
    """What the answer showed, as far as it shows the same in every run; of a socket its first message is the answer."""
    answer, actual = x.response, finding.actual
    said = _begins(actual, x.status)
    expected = finding.expected
    wanted = expected if isinstance(expected, list) else [expected]
    # where another answer of the same status would be right, the status alone does not tell
    tells = said and not any(_begins(each, x.status) for each in wanted)
    yield Sign("status", str(x.status or "000"), decides=tells or answer is None)
    if answer is None:
        return
    pointer = finding.pointer
    path = tokens(pointer) if pointer else ()
    name = next((token for token in reversed(path) if not token.isdecimal()), None)
    document = answer.json if x.socket is None else x.document
    if x.socket is not None and name is None:
        yield from _said(x.socket, finding)
    elif name is not None and document is not NOT_JSON:
        found = list(values_at(document, path))
        stable = x.label.operation in (Operation.DISCOVERY, Operation.TEMPLATES)
        yield from _shown(name if name == path[-1] else None, name, found, stable=stable)
    elif answer.error_code is not None and x.status >= 400:
        yield Sign("has", json.dumps(answer.error_code), decides=answer.error_code in str(actual).split())
    elif x.status >= 400 and answer.json is not NOT_JSON:
        yield Sign("lacks", _CODE, decides=said and str(actual) != str(x.status))
    if answer.media_type:
        told = isinstance(actual, str) and actual.lower().startswith(answer.media_type)
        yield Sign("type", answer.media_type, decides=told)


def _said(socket: Socket, finding: Finding) -> Iterator[Sign]:
    """What a socket came to: the code it was closed with, else what of its first message is text that stays."""
    counted = isinstance(finding.actual, int) and finding.actual != socket.code
    if socket.by == "server" and socket.code is not None:
        yield Sign("closed", str(socket.code), decides=finding.actual is not None and not counted)
        return
    if finding.actual == UNCLOSED:
        yield Sign("closed", str(None), decides=True)
    for name, value in next(iter(socket.messages), {}).items():
        if isinstance(value, str) and not re.search("[0-9]", value):
            yield Sign("has", f"{json.dumps(name)}:{json.dumps(value)}", decides=finding.actual is not None)


def _begins(value: object, status: int) -> bool:
    """Whether what was wanted or seen is a status, alone or with more: "200 text/html" tells of it as 200 does."""
    return isinstance(value, int | str) and str(value).partition(" ")[0] == str(status)


def has(text: str) -> str:
    """A test of a shell whether the answer has a text, white space aside."""
    return f"flat | grep -qF {shlex.quote(flat(text))}"


def flat(text: str) -> str:
    """A text without white space."""
    return re.sub(r"[ \t\r\n]", "", text)


def _shown(member: str | None, above: str, found: list[Any], *, stable: bool) -> Iterator[Sign]:
    """A value as the answer held it; its kind alone where it is another in every run.

    `member` names it, unless it is an element of the array `above`.
    """
    key = f"{json.dumps(member)}:" if member else ""
    if not found:
        yield Sign("lacks" if key else "has", key or f"{json.dumps(above)}:", decides=bool(key))
        return
    told = json.dumps(found[0], separators=(",", ":"), ensure_ascii=False)
    fixed = stable or not isinstance(found[0], str | dict | list) or not re.search("[0-9]", told)
    measured = isinstance(found[0], float) and found[0] != 0  # may be a little otherwise each time
    if fixed and len(told) <= _LONGEST and told.isascii() and not measured:
        yield Sign("has", f"{key}{told}", decides=True)
    else:
        begins = told[0] if key and told[0] in ('"', "[", "{") else ""
        yield Sign("has", f"{key or json.dumps(above) + ':['}{begins}", decides=False)
