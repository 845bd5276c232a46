"""Scenarios of requests: refusals that any operation may meet, and answers that get on their way in trouble."""

from __future__ import annotations

from datetime import timedelta
from email.utils import format_datetime
from typing import TYPE_CHECKING, Any, Final, cast

from mock_server.api.answer import Answer
from mock_server.clock import SystemClock
from mock_server.problems import Problem
from mock_server.scenarios.delivery import Manner
from mock_server.scenarios.parameter import Parameter, seconds
from mock_server.scenarios.scenario import Scenario

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from mock_server.scenarios.parameter import Values
    from scribe_data.codes import ErrorCode

#: The protocol's operations as the server calls them, by the names that OpenAPI documents have for them.
OPERATIONS: Final = {
    "discovery": ("discover",),
    "templates": ("list_templates",),
    "create": ("create_session",),
    "get": ("get_session",),
    "end": ("end_session",),
    "upload": ("upload_audio", "put_upload", "put_audio", "post_audio"),
}
_ALL: Final = tuple(OPERATIONS)
#: Bounds: seconds an answer is held back, and a client is asked to wait.
_LONGEST_ANSWER_S, _LONGEST_RETRY_S = 120, 3600
TOLD: Final = "A scenario is played."
_PAGE = (
    b"<!DOCTYPE html><html><head><title>500 Internal Server Error</title></head>"
    b"<body><h1>Internal Server Error</h1><p>A scenario is played.</p></body></html>"
)


def _retry_after(default: int) -> tuple[Parameter, ...]:
    sentence = "Seconds in Retry-After; null leaves the header out."
    return (
        Parameter("retry_after", sentence, "integer", default, 0, _LONGEST_RETRY_S, nullable=True),
        Parameter(
            "form", "How Retry-After says it (RFC 9110 §10.2.3).", "choice", "seconds", choices=("seconds", "date")
        ),
    )


def _retrying(code: ErrorCode) -> Callable[[Values], Problem]:
    def refusal(values: Values) -> Problem:
        after, headers = values["retry_after"], {}
        if isinstance(after, int):
            later = SystemClock().now() + timedelta(seconds=after)
            headers = {"Retry-After": format_datetime(later, usegmt=True) if values["form"] == "date" else str(after)}
        return Problem(code.statuses[0], code.name, TOLD, None, headers)

    return refusal


def refusals(
    codes: Mapping[str, ErrorCode], operations: tuple[str, ...] = _ALL, clause: str = "§11.2"
) -> Iterable[Scenario]:
    """What a client gets instead of an answer, by the codes of a text."""
    throttled, unavailable, broken = (
        codes[name] for name in ("rate_limit_exceeded", "service_unavailable", "internal_error")
    )
    yield Scenario(
        "throttled",
        f"The client sends too much: {throttled.statuses[0]}, with Retry-After or without.",
        f"{clause} {throttled.name}",
        operations,
        _retry_after(2),
        refusal=_retrying(throttled),
    )
    yield Scenario(
        "unavailable",
        f"The service cannot answer for a while: {unavailable.statuses[0]}, with Retry-After or without.",
        f"{clause} {unavailable.name}",
        operations,
        _retry_after(2),
        refusal=_retrying(unavailable),
    )
    yield Scenario(
        "broken",
        f"The service breaks: {broken.statuses[0]}, in the envelope or as the HTML page of something before it.",
        f"{clause} {broken.name}",
        operations,
        (Parameter("form", "What the body is.", "choice", "envelope", choices=("envelope", "html")),),
        refusal=lambda _values: Problem(broken.statuses[0], broken.name, TOLD),
        instead=lambda values: (
            Answer(broken.statuses[0], raw=_PAGE, media_type="text/html; charset=utf-8")
            if values["form"] == "html"
            else None
        ),
    )


def _bytes_of(values: Values) -> Manner:
    return Manner(missing=cast("int", values["missing"]))


def deliveries(operations: tuple[str, ...] = _ALL, read: str = "get") -> Iterable[Scenario]:
    """What becomes of an answer on its way."""
    yield Scenario(
        "slow_first_byte",
        "What was asked for is done, and nothing of the answer comes for a while.",
        "RFC 9110 §9.2.2: what a client may repeat when no answer comes",
        operations,
        (seconds("Real seconds before the first byte.", 5, _LONGEST_ANSWER_S),),
        manner=lambda values: Manner(first_byte_s=cast("float", values["seconds"])),
    )
    yield Scenario(
        "dribbles",
        "The answer's body comes in pieces, with pauses between them.",
        "RFC 9112 §6: a body may come in any number of pieces",
        operations,
        (
            seconds("Real seconds from the first piece to the last.", 5, _LONGEST_ANSWER_S),
            Parameter("pieces", "How many pieces.", "integer", 10, 2, 1000),
        ),
        manner=lambda values: Manner(pieces=cast("int", values["pieces"]), body_s=cast("float", values["seconds"])),
    )
    yield Scenario(
        "reset",
        "What was asked for is done, and the connection is reset before the answer or in the middle of its body.",
        "RFC 9110 §9.2.2: what a client may repeat when no answer comes; E37, E69 for end and upload",
        operations,
        (Parameter("at", "Where the connection ends.", "choice", "before", choices=("before", "in_body")),),
        manner=lambda values: Manner(reset=cast("Any", values["at"])),
    )
    yield Scenario(
        "truncated",
        "Content-Length announces more bytes than come before the connection ends in good order.",
        "RFC 9112 §8: a message with fewer bytes than announced is incomplete",
        operations,
        (Parameter("missing", "Bytes that do not come, at most the whole body.", "integer", 10, 1, 1_000_000),),
        manner=_bytes_of,
    )
    yield Scenario(
        "stale_reads",
        "After each change of a session the next read still shows it as it was.",
        "§6.3, E65: a client polls until a final state, whatever a single read says",
        (read,),
        stale=True,
    )


def refused(
    code: ErrorCode,
    operations: list[str],
    cited: str,
    known: tuple[str, ...] = _ALL,
    usual: tuple[str, ...] = ("create", "get", "end", "upload"),
) -> Scenario:
    """A request that is refused with a code, whatever it asks for."""
    statuses = (*code.statuses, *code.lenient)

    def refusal(values: Values) -> Problem:
        return Problem(cast("int", values["status"]), code.name, TOLD)

    return Scenario(
        f"refused.{code.name}",
        f"A request is refused with {code.name}, and nothing of it is done.",
        cited,
        # a code of operations that this document does not have may meet all others of sessions
        tuple(name for name in known if name in operations) or usual,
        (Parameter("status", "The answer's status.", "choice", statuses[0], choices=statuses),),
        refusal=refusal,
    )
