"""JSON from strangers: bounded in size and depth, and nothing that RFC 8259 and Unicode do not know."""

from __future__ import annotations

import json
import math
from collections import Counter
from typing import TYPE_CHECKING, Any, NoReturn

from mock_server import problems
from mock_server.api.coding import codings, decoded
from mock_server.api.uploads import declared_size
from scribe_data.nesting import is_deeper

if TYPE_CHECKING:
    from starlette.requests import Request

#: Where a request carries the body that was read of it, for the record of it.
BODY = "scribe.mock.body"
#: Deeper than any consultation's data, shallow enough for every parser on the way.
DEEPEST = 50
#: Integers beyond are not the same number in every program (RFC 8259 §6); a database's own end is not far behind.
LARGEST = 2**53 - 1
_MARKED = "The body is not valid JSON: it begins with a byte order mark, and is sent without one (RFC 8259 §8.1)."
_KINDS = {list: "array", str: "string", int: "number", float: "number", bool: "boolean", type(None): "null"}


async def read(request: Request, limit: int) -> bytes:
    """The body without its codings, or 413 as soon as it is clear that it is over the limit; 415 for another coding."""
    if (declared_size(request.headers) or 0) > limit:
        raise problems.payload_too_large(limit)
    body = bytearray()
    async for chunk in decoded(request.stream(), codings(*request.headers.getlist("content-encoding")), limit):
        body += chunk
        if len(body) > limit:
            raise problems.payload_too_large(limit)
    request.scope[BODY] = found = bytes(body)
    return found


def _refuse_constant(name: str) -> NoReturn:
    raise problems.invalid_request(f"The body contains {name}, which JSON does not have.")


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise problems.invalid_request(f"The number {text[:40]} is beyond the range of a double.")
    return value


def _unambiguous(members: list[tuple[str, Any]]) -> dict[str, Any]:
    """The object; programs differ in which of two members of one name they see (RFC 8259 §4), and one would be lost."""
    found = dict(members)
    if len(found) < len(members):
        twice = next(name for name, number in Counter(name for name, _ in members).items() if number > 1)
        raise problems.invalid_request(f"An object of the body has the member {twice[:40]!r} more than once.")
    return found


def parse(body: bytes) -> Any:
    """The JSON value; 400 invalid_request that says what is wrong and where."""
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError as error:
        raise problems.invalid_request(f"The body is not UTF-8 (byte {error.start}).") from None
    if text.startswith("\ufeff"):
        raise problems.invalid_request(_MARKED)
    if is_deeper(body, DEEPEST):
        raise problems.invalid_request(f"The body is nested deeper than {DEEPEST} levels.")
    try:
        value = json.loads(text, parse_constant=_refuse_constant, parse_float=_finite, object_pairs_hook=_unambiguous)
    except json.JSONDecodeError as error:
        told = f"The body is not valid JSON: {error.msg} (line {error.lineno}, column {error.colno})."
        raise problems.invalid_request(told) from None
    except ValueError:
        raise problems.invalid_request("The body holds a number that is too long.") from None
    if "\\u" in text:  # what was decoded as UTF-8 has no surrogate but by way of an escape
        try:
            json.dumps(value, ensure_ascii=False).encode("utf-8")
        except UnicodeEncodeError:
            raise problems.invalid_request("The body holds a lone surrogate, which is not a character.") from None
    return value


def whole(value: Any) -> int | None:
    """The integer that a JSON number is, 3.0 and 1e0 included, as JSON Schema reads them; None for any other value."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def parse_object(body: bytes) -> dict[str, Any]:
    """The JSON object; 400 for any other value."""
    value = parse(body)
    if not isinstance(value, dict):
        told = f"The body has to be a JSON object; it is of type {_KINDS[type(value)]}."
        raise problems.invalid_request(told)
    return value
