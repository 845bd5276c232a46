"""Every scenario by its name; what concerns an error code is read off the spec."""

from __future__ import annotations

import functools
import math
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, cast

import scribe_data
from mock_server.api.answer import Answer
from mock_server.problems import Problem
from mock_server.scenarios import courses
from mock_server.scenarios.delivery import Manner
from mock_server.scenarios.parameter import Parameter
from mock_server.scenarios.scenario import Scenario
from scribe_data.codes import Place

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from mock_server.scenarios.parameter import Values
    from scribe_data.codes import ErrorCode

#: The protocol's operations as the server calls them, by the first words of their names in the OpenAPI document.
OPERATIONS: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "discovery": ("discover",),
        "templates": ("list_templates",),
        "create": ("create_session",),
        "get": ("get_session",),
        "end": ("end_session",),
        "upload": ("upload_audio", "put_upload", "put_audio", "post_audio"),
    }
)
_ALL: Final = tuple(OPERATIONS)
#: Bounds: seconds an answer is held back, a session's work, and a client is asked to wait.
_LONGEST_ANSWER_S, _LONGEST_WORK_S, _LONGEST_RETRY_S = 120, 86_400, 3600
#: Characters of a transcript: a day of talking has fewer.
_LONGEST_TEXT: Final = 500_000
#: The scenario that the control plane's transcripts are.
TRANSCRIPT: Final = "transcript"
_TOLD = "A scenario is played."
_PAGE = (
    b"<!DOCTYPE html><html><head><title>500 Internal Server Error</title></head>"
    b"<body><h1>Internal Server Error</h1><p>A scenario is played.</p></body></html>"
)


def _s(values: Values, name: str) -> float:
    return float(cast("float", values[name]))


def _text(values: Values, name: str) -> str | None:
    return cast("str | None", values[name])


def _retrying(status: int, code: str) -> Callable[[Values], Problem]:
    def refusal(values: Values) -> Problem:
        after = values["retry_after"]
        return Problem(status, code, _TOLD, None, {} if after is None else {"Retry-After": str(after)})

    return refusal


def _retry_after(default: int) -> Parameter:
    sentence = "Seconds in Retry-After; null leaves the header out."
    return Parameter("retry_after", sentence, "integer", default, 0, _LONGEST_RETRY_S, nullable=True)


def _seconds(sentence: str, default: float, most: float) -> Parameter:
    return Parameter("seconds", sentence, "number", default, 0, most)


def _answers() -> Iterable[Scenario]:
    yield Scenario(
        "throttled",
        "The client sends too much: 429, with Retry-After or without.",
        "§11.2 rate_limit_exceeded",
        _ALL,
        (_retry_after(2),),
        refusal=_retrying(429, "rate_limit_exceeded"),
    )
    yield Scenario(
        "unavailable",
        "The service cannot answer for a while: 503, with Retry-After or without.",
        "§11.2 service_unavailable",
        _ALL,
        (_retry_after(2),),
        refusal=_retrying(503, "service_unavailable"),
    )
    yield Scenario(
        "broken",
        "The service breaks: 500, in the envelope or as the HTML page of something before it.",
        "§11.2 internal_error",
        _ALL,
        (Parameter("form", "What the body is.", "choice", "envelope", choices=("envelope", "html")),),
        refusal=lambda _values: Problem(500, "internal_error", _TOLD),
        instead=lambda values: (
            Answer(500, raw=_PAGE, media_type="text/html; charset=utf-8") if values["form"] == "html" else None
        ),
    )


def _deliveries() -> Iterable[Scenario]:
    yield Scenario(
        "slow_first_byte",
        "What was asked for is done, and nothing of the answer comes for a while.",
        "RFC 9110 §9.2.2: what a client may repeat when no answer comes",
        _ALL,
        (_seconds("Real seconds before the first byte.", 5, _LONGEST_ANSWER_S),),
        manner=lambda values: Manner(first_byte_s=_s(values, "seconds")),
    )
    yield Scenario(
        "dribbles",
        "The answer's body comes in pieces, with pauses between them.",
        "RFC 9112 §6: a body may come in any number of pieces",
        _ALL,
        (
            _seconds("Real seconds from the first piece to the last.", 5, _LONGEST_ANSWER_S),
            Parameter("pieces", "How many pieces.", "integer", 10, 2, 1000),
        ),
        manner=lambda values: Manner(pieces=int(_s(values, "pieces")), body_s=_s(values, "seconds")),
    )
    yield Scenario(
        "reset",
        "What was asked for is done, and the connection is reset before the answer or in the middle of its body.",
        "RFC 9110 §9.2.2: what a client may repeat when no answer comes; E37, E69 for end and upload",
        _ALL,
        (Parameter("at", "Where the connection ends.", "choice", "before", choices=("before", "in_body")),),
        manner=lambda values: Manner(reset=cast("Any", values["at"])),
    )
    yield Scenario(
        "truncated",
        "Content-Length announces more bytes than come before the connection ends in good order.",
        "RFC 9112 §8: a message with fewer bytes than announced is incomplete",
        _ALL,
        (Parameter("missing", "Bytes that do not come, at most the whole body.", "integer", 10, 1, 1_000_000),),
        manner=lambda values: Manner(missing=int(_s(values, "missing"))),
    )
    yield Scenario(
        "stale_reads",
        "After each change of a session the next read still shows it as it was.",
        "§6.3, E65: a client polls until a final state, whatever a single read says",
        ("get",),
        stale=True,
    )


def _sessions() -> Iterable[Scenario]:
    yield Scenario(
        "slow_processing",
        "The work on an ended session begins late.",
        "§9.8: how often a client asks",
        parameters=(_seconds("Seconds by the namespace's clock.", 30, _LONGEST_WORK_S),),
        aliases=("slow",),
        holds_s=lambda values: _s(values, "seconds"),
    )
    yield Scenario(
        "processes_for_ever",
        "An ended session stays in processing, until the namespace's scenarios are cleared.",
        "§9.8: when a client gives up",
        aliases=("for_ever",),
        holds_s=lambda _values: math.inf,
    )
    yield Scenario(
        "ready_after_polls",
        "So many reads of an ended session show processing, and the next one shows what came of it.",
        "§9.8: a client asks until a final state, however often that takes",
        parameters=(Parameter("polls", "Reads that show processing.", "integer", 3, 1, 1000),),
        holds_s=lambda _values: math.inf,
        polls=lambda values: int(_s(values, "polls")),
    )
    yield Scenario(
        "ready_at_once",
        "The end is answered when the work is over: the first read shows what came of it.",
        "§9.8: a client may find the final state at its first read",
        parameters=(_seconds("Real seconds that the end waits at most.", 30, 60),),
        waits_s=lambda values: _s(values, "seconds"),
    )
    yield Scenario(
        TRANSCRIPT,
        "The transcript is the text that was chosen, whatever audio came; its engine is named chosen.",
        "§6.3 transcript, §9.3: notes from words that a test knows",
        parameters=(
            Parameter("text", "The words.", "text", "A transcript that a test chose.", 1, _LONGEST_TEXT),
            Parameter(
                "language",
                "Its code; null is the session's language_hint, or en.",
                "text",
                None,
                2,
                2,
                pattern="[a-z]{2}",
                nullable=True,
            ),
        ),
        course=lambda values: courses.transcript(str(values["text"]), _text(values, "language")),
        single=True,
    )
    yield Scenario(
        "partial",
        "One of several files is not heard, and the last template fails: partial. The rest needs words, of its audio or"
        " of a transcript that was chosen: with none the session fails.",
        "§6.3 partial, §9.4",
        course=lambda _values: courses.partly(),
    )
    yield Scenario(
        "refuses_audio_later",
        "A file that was acknowledged is not heard: the session is partial, or fails where there is no other file.",
        "§6.3 processing_errors, §9.7 audio_quality_poor",
        parameters=(Parameter("file", "The file's name; null is the last file.", "text", None, 1, 255, nullable=True),),
        course=lambda values: courses.file_lost(_text(values, "file")),
    )
    yield Scenario(
        "expires_early",
        "A session that is not ended expires before the time that expires_at told.",
        "§6.5, §11.2 session_expired, E42",
        parameters=(_seconds("Seconds from its creation, by the namespace's clock.", 1, _LONGEST_WORK_S),),
        expires_s=lambda values: _s(values, "seconds"),
    )


def _belonging() -> dict[str, list[str]]:
    """Error code -> the operations whose answers in the OpenAPI document name it."""
    spec = scribe_data.load()
    found: dict[str, list[str]] = {}
    ours = {theirs: name for name, listed in OPERATIONS.items() for theirs in listed}
    for item in spec.openapi["paths"].values():
        for entry in item.values():
            if not isinstance(entry, dict) or "responses" not in entry:
                continue
            for given in entry["responses"].values():
                answer = spec.openapi["components"]["responses"].get(given.get("$ref", "").rpartition("/")[2], given)
                for code in answer.get("x-error-codes", ()):
                    operation = ours[entry["operationId"]]
                    if operation not in found.setdefault(code, []):
                        found[code].append(operation)
    return found


def _cited(code: ErrorCode, clause: str) -> str:
    return ", ".join([f"{clause} {code.name}", *code.errata])


def _refused(code: ErrorCode, operations: list[str]) -> Scenario:
    statuses = (*code.statuses, *code.lenient)

    def refusal(values: Values) -> Problem:
        return Problem(int(_s(values, "status")), code.name, _TOLD)

    return Scenario(
        f"refused.{code.name}",
        f"A request is refused with {code.name}, and nothing of it is done.",
        _cited(code, "§11.2"),
        # a code of operations that this document does not have may meet all others of sessions
        tuple(name for name in _ALL if name in operations) or ("create", "get", "end", "upload"),
        (Parameter("status", "The answer's status.", "choice", statuses[0], choices=statuses),),
        refusal=refusal,
    )


def _of_codes() -> Iterable[Scenario]:
    belonging = _belonging()
    for code in scribe_data.load().codes.values():
        if Place.ANSWER in code.places:
            yield _refused(code, belonging.get(code.name, []))
        if Place.FAILURE in code.places:
            yield Scenario(
                f"failed.{code.name}",
                f"A session fails with {code.name}.",
                _cited(code, "§9.7"),
                course=lambda _values, name=code.name: courses.failing(name),  # type: ignore[misc]  # bound early
            )
        if Place.TEMPLATE in code.places:
            yield Scenario(
                f"template.{code.name}",
                f"A template fails with {code.name}.",
                _cited(code, "§9.6"),
                parameters=(
                    Parameter("template", "The template's id; null is every one.", "text", None, 1, 128, nullable=True),
                ),
                aliases=_ALIASES.get(code.name, ()),
                course=lambda values, name=code.name: courses.template_failing(name, _text(values, "template")),  # type: ignore[misc]  # bound early
            )


#: Short words for template ids.
_ALIASES: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {"extraction_failed": ("fails",), "insufficient_audio": ("insufficient",)}
)


@functools.cache
def catalogue() -> Mapping[str, Scenario]:
    """All scenarios; read once, and not before somebody asks."""
    found = [*_answers(), *_deliveries(), *_sessions(), *_of_codes()]
    return MappingProxyType({scenario.name: scenario for scenario in found})
