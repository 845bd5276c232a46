"""Choices of HTTP and JSON: what an answer looks like, whatever it says."""

from __future__ import annotations

import asyncio
import gzip
import json
from dataclasses import replace
from datetime import timedelta
from email.utils import format_datetime
from typing import TYPE_CHECKING, Any, Final

from starlette.responses import Response

from mock_server import problems
from mock_server.choices.choice import Choice
from mock_server.choices.editing import error_code, headed, is_plain, without
from mock_server.clock import SystemClock
from mock_server.ids import RandomIds

if TYPE_CHECKING:
    from mock_server.api.answer import Answer
    from mock_server.choices.choice import Asked, Onward

#: Separators and indentation of JSON by the words of the choice.
_STYLES: Final = {"compact": ((",", ":"), None), "spaced": ((", ", ": "), None), "indented": ((",", ": "), 2)}
_VENDOR: Final = {"x_vendor": {"region": "eu-1"}, "links": []}
_HELP: Final = "https://scribe.example/help"
#: Requests of a namespace to one that is refused as one too many, and seconds until that is taken.
_EVERY, _RETRY_S = 100, 1
_IDS: Final = RandomIds()
#: A rate that nobody here comes near.
_RATES: Final = {"X-RateLimit-Limit": "1000", "X-RateLimit-Remaining": "999", "X-RateLimit-Reset": "1893456000"}


class _Spelled(bytes):
    """A header's name that stays as it is spelled, where uvicorn writes all names in lower case."""

    __slots__ = ()

    def lower(self) -> _Spelled:
        return self

    def __eq__(self, other: object) -> bool:
        return bytes.lower(self) == other

    def __ne__(self, other: object) -> bool:
        return not self == other

    __hash__ = bytes.__hash__


def _other_method(_asked: Asked, answer: Answer) -> Answer:
    if answer.status != 405:
        return answer
    return headed(replace(answer, status=404), Allow=None)


def _brief(_asked: Asked, answer: Answer) -> Answer:
    if is_plain(answer):
        return without(answer, "details")
    # what §3.3 wants to see in details stays there
    if error_code(answer) in (None, "unsupported_version"):
        return answer
    kept = {name: value for name, value in answer.body["error"].items() if name != "details"}
    return replace(answer, body={**answer.body, "error": kept})


def _more_members(_asked: Asked, answer: Answer) -> Answer:
    if not isinstance(answer.body, dict):
        return answer
    body = {**answer.body, **_VENDOR}
    if error_code(answer):
        body["error"] = {**body["error"], "help": _HELP}
    return replace(answer, body=body)


def _ordered(value: Any, order: object) -> Any:
    if isinstance(value, list):
        return [_ordered(item, order) for item in value]
    if not isinstance(value, dict):
        return value
    names = sorted(value) if order == "by name" else reversed(value)
    return {name: _ordered(value[name], order) for name in names}


def _arranged(asked: Asked, answer: Answer) -> Answer:
    return replace(answer, body=_ordered(answer.body, asked.taken["member_order"]))


def _written(asked: Asked, answer: Answer) -> Answer:
    if answer.raw is not None or answer.body is None:
        return answer
    separators, indent = _STYLES[str(asked.taken["json_style"])]
    escaped = asked.taken["non_ascii"] == "escaped"
    text = json.dumps(answer.body, ensure_ascii=escaped, separators=separators, indent=indent)
    try:
        raw = text.encode()
    except UnicodeEncodeError:  # half a surrogate pair that a client sent: only an escape can carry it
        raw = json.dumps(answer.body, separators=separators, indent=indent).encode()
    return replace(answer, raw=raw)


def _charset(_asked: Asked, answer: Answer) -> Answer:
    plain = answer.media_type == "application/json"
    return replace(answer, media_type="application/json; charset=utf-8") if plain else answer


def _spelled(asked: Asked, response: Response) -> Response:
    change = str.upper if asked.taken["header_case"] == "UPPER" else str.title
    response.raw_headers = [
        (_Spelled(change(name.decode("latin-1")).encode("latin-1")), value) for name, value in response.raw_headers
    ]
    return response


def _in_chunks(asked: Asked, response: Response) -> Response:
    if response.body and asked.call.request.method != "HEAD":
        response.raw_headers = [pair for pair in response.raw_headers if pair[0] != b"content-length"]
    return response


def _zipped(asked: Asked, response: Response) -> Response:
    if not response.body or "gzip" not in asked.call.request.headers.get("accept-encoding", "").lower():
        return response
    headers = {
        name: value for name, value in response.headers.items() if name not in ("content-length", "content-type")
    }
    vary = ", ".join(filter(None, [headers.get("vary"), "Accept-Encoding"]))
    headers |= {"content-encoding": "gzip", "vary": vary}
    return Response(
        gzip.compress(bytes(response.body), mtime=0),
        response.status_code,
        headers,
        response.headers.get("content-type"),
    )


async def _no_head(asked: Asked, onward: Onward) -> Answer:
    if asked.call.request.method != "HEAD":
        return await onward()
    return asked.face.refusal(asked.call, problems.method_not_allowed("HEAD", asked.call.path[:200], "GET, OPTIONS"))


async def _slow(asked: Asked, onward: Onward) -> Answer:
    answer = await onward()
    if not asked.face.stopping:
        with asked.face.aside():
            await asyncio.sleep(int(asked.taken["answer_delay_ms"]) / 1000)
    return answer


async def _throttled(asked: Asked, onward: Onward) -> Answer:
    if not asked.namespace or not asked.turn(_EVERY):
        return await onward()
    moment = SystemClock().now() + timedelta(seconds=_RETRY_S)
    when = format_datetime(moment, usegmt=True) if asked.taken["throttled"] == "with a date" else str(_RETRY_S)
    told = problems.Problem(429, "rate_limit_exceeded", "There are too many requests; send this one again later.")
    refusal = asked.face.refusal(asked.call, told)
    return headed(refusal, Retry_After=when)


CHOICES = (
    Choice(
        "throttled",
        f"Whether one request in {_EVERY} is refused with 429 and Retry-After, in seconds or as a date.",
        "§5.5, §11.2: a limit is the service's own. Rule 2: 429 is waited out",
        ("never", "with seconds", "with a date"),
        around=_throttled,
    ),
    Choice(
        "answer_delay_ms",
        "Milliseconds that every answer takes more.",
        "RFC 9110 §9.2.2; no clause says how soon a request is answered",
        (0, 15, 60),
        around=_slow,
    ),
    Choice(
        "head",
        "Whether HEAD is answered as GET is, without the body.",
        "RFC 9110 §9.3.2; the text has no such requests",
        ("answered", 405),
        around=_no_head,
    ),
    Choice(
        "other_methods",
        "What a method is refused with that a path does not have.",
        "Cell other_method of the lifecycle: 405 or 404",
        (405, 404),
        rewrites=_other_method,
    ),
    Choice(
        "trailing_slash",
        "What a path with a slash at its end is.",
        "ERR-012: an unknown path is 404; the text has no such one",
        (404, "the same"),
    ),
    Choice(
        "error_details",
        "Whether errors have details.",
        "§11.1: optional",
        (True, False),
        rewrites=_brief,
    ),
    Choice(
        "more_members",
        "Whether objects have members of the vendor's own.",
        "Rule 4: what the text does not know is legal",
        (False, True),
        rewrites=_more_members,
    ),
    Choice(
        "member_order",
        "The order of members.",
        "Rule 7: never compared",
        ("as the text shows them", "reversed", "by name"),
        rewrites=_arranged,
    ),
    Choice(
        "json_style",
        "White space in JSON.",
        "Rule 7: never compared",
        tuple(_STYLES),
        rewrites=_written,
    ),
    Choice(
        "non_ascii",
        "How JSON writes letters beyond ASCII.",
        "RFC 8259 §7: escaped or not",
        ("escaped", "UTF-8"),
        rewrites=_written,
    ),
    Choice(
        "charset",
        "Whether the media type has a parameter.",
        "ERR-016: parameters aside",
        (False, True),
        rewrites=_charset,
    ),
    Choice(
        "request_id",
        "Whether answers number themselves.",
        "Rule 4: what the text does not know is legal",
        (False, True),
        rewrites=lambda _asked, answer: headed(answer, X_Request_ID=_IDS.audio()[:12]),
    ),
    Choice(
        "rate_headers",
        "Whether answers tell a rate.",
        "SEC-014: whole numbers, if any",
        (False, True),
        rewrites=lambda _asked, answer: replace(answer, headers={**answer.headers, **_RATES}),
    ),
    Choice(
        "server_name",
        "Whether answers name the program.",
        "RFC 9110 §10.2.4; the text has no such header",
        (False, True),
        rewrites=lambda _asked, answer: headed(answer, Server="scribe"),
    ),
    Choice(
        "connection",
        "Whether a connection is closed after each answer.",
        "RFC 9112 §9.6",
        ("kept", "closed"),
        rewrites=lambda _asked, answer: headed(answer, Connection="close"),
    ),
    Choice(
        "gzip",
        "Whether bodies are compressed for clients that take that.",
        "RFC 9110 §8.4",
        (False, True),
        finishes=_zipped,
    ),
    Choice(
        "in_chunks",
        "Whether bodies come in chunks, without Content-Length.",
        "RFC 9112 §7.1",
        (False, True),
        finishes=_in_chunks,
    ),
    Choice(
        "header_case",
        "The case of header names.",
        "Rule 7, RFC 9110 §5.1: never compared",
        ("lower", "Title", "UPPER"),
        finishes=_spelled,
    ),
)
