"""Faults of chapters 8 and 11: the template list and errors."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from mock_server.faults.making import edit, error, fault, set_to, without

if TYPE_CHECKING:
    from collections.abc import Callable

    from mock_server.api.answer import Answer
    from mock_server.faults.fault import Asked


def _plain(_asked: Asked, answer: Answer) -> Answer:
    return replace(answer, media_type="text/plain") if answer.status in (400, 404) else answer


def _detail(_asked: Asked, answer: Answer) -> Answer:
    if answer.status >= 400 and isinstance(answer.body, dict) and "error" in answer.body:
        return replace(answer, body={"detail": answer.body["error"]["message"]})
    return answer


def _falls_over(asked: Asked, answer: Answer) -> Answer:
    broken = asked.operation == "create" and answer.status == 400 and asked.document is None
    return error(500, "internal_error") if broken else answer


def _bare_list(asked: Asked, answer: Answer) -> Answer:
    if asked.operation == "templates" and answer.status == 200 and isinstance(answer.body, dict):
        return replace(answer, body=answer.body["templates"])
    return answer


def _recoded(code: str, status: int) -> Callable[[Asked, Answer], Answer]:
    def rewrite(_asked: Asked, answer: Answer) -> Answer:
        body = answer.body if isinstance(answer.body, dict) else {}
        found = body.get("error")
        return replace(answer, status=status) if isinstance(found, dict) and found.get("code") == code else answer

    return rewrite


def _throttles(asked: Asked, answer: Answer) -> Answer:
    """Every twentieth read is a 429 with a code of another kind."""
    if asked.operation != "get" or answer.status >= 400:
        return answer
    asked.memory["reads"] = asked.memory.get("reads", 0) + 1
    if asked.memory["reads"] % 20:
        return answer
    return replace(error(429, "forbidden"), headers={"Retry-After": "0"})


FAULTS = (
    fault("throttles_in_the_wrong_words", "429 carries another code", "ERR-006", "ERR-019", rewrite=_throttles),
    fault("lists_templates_bare", "GET /templates is an array", "TPL-001", rewrite=_bare_list),
    fault(
        "describes_no_template",
        "templates have no description",
        "TPL-002",
        rewrite=edit("templates", without("templates.*.description"), status=200),
    ),
    fault(
        "lists_templates_twice",
        "a template id stands twice",
        "TPL-002",
        rewrite=edit("templates", lambda b: b["templates"].append(b["templates"][0]), status=200),
    ),
    fault(
        "says_detail",
        "errors are {detail: …}",
        "AUTH-006",
        "AUTH-007",
        "SES-CREATE-010",
        "SES-CREATE-032",
        "SES-GET-002",
        "SES-END-012",
        "ERR-001",
        rewrite=_detail,
    ),
    fault(
        "numbers_its_codes",
        "error codes are numbers",
        "AUTH-006",
        "AUTH-007",
        "SES-CREATE-010",
        "SES-CREATE-032",
        "SES-GET-002",
        "SES-END-012",
        "ERR-002",
        rewrite=edit("any", set_to("error.code", 17), status=(400, 401, 404)),
    ),
    fault(
        "details_in_words",
        "details of an error is a string",
        "ERR-003",
        rewrite=edit("any", set_to("error.details", "see the manual"), status=(400, 404)),
    ),
    fault("labels_errors_plain", "errors are text/plain", "ERR-016", rewrite=_plain),
    fault("falls_over_nonsense", "what is not JSON is a 500", "SES-CREATE-032", "ERR-020", rewrite=_falls_over),
    fault(
        "miscodes_not_found",
        "session_not_found goes with 400",
        "SES-GET-002",
        "SES-END-012",
        "ERR-007",
        rewrite=_recoded("session_not_found", 400),
    ),
    fault(
        "miscodes_bad_requests",
        "invalid_request goes with 403",
        "SES-CREATE-011",
        "SES-CREATE-017",
        "SES-CREATE-023",
        "SES-CREATE-026",
        "SES-CREATE-027",
        "SES-CREATE-032",
        "ERR-009",
        rewrite=_recoded("invalid_request", 403),
    ),
)
