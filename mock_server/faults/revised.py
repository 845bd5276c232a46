"""Faults of what only one revision asks for, by revision: the others' are in rooms of their own."""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from mock_server.faults.making import edit, fault, recode, strictly, without

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mock_server.api.answer import Answer
    from mock_server.faults.fault import Asked, Fault


def _partial(body: dict[str, Any]) -> None:
    if body.get("template_errors"):
        body["status"] = "partial"


def _by_another_name(body: dict[str, Any]) -> None:
    if "metadata" in body:
        body["additional_data"] = body.pop("metadata")


def _untimed(body: dict[str, Any]) -> None:
    body.pop("chunk_duration_ms", None)
    body.pop("total_duration_ms", None)


def _as_session(body: dict[str, Any]) -> None:
    details = body.pop("error")["details"]
    body |= {"session_id": details["session_id"], "status": "expired", "expired_at": details["expired_at"]}


def _in_conflict(asked: Asked, answer: Answer) -> Answer:
    """Audio after the end is 409."""
    error = answer.body.get("error", {}) if isinstance(answer.body, dict) else {}
    late = asked.operation == "upload" and answer.status == 400 and "status" in error.get("details", {})
    return replace(answer, status=409) if late else answer


FAULTS: Final[Mapping[str, tuple[Fault, ...]]] = MappingProxyType(
    {
        "2026-01-19": (
            fault("ends_with_202", "an end is 202", "SES-END-003", rewrite=recode("end", 202, status=200)),
            fault(
                "processes_with_202",
                "a session in processing is 202",
                "SES-GET-004",
                rewrite=recode("get", 202, status=200, state="processing"),
            ),
            fault(
                "knows_partial",
                "a session that lost a template is partial",
                "SES-STATE-002",
                "SES-STATE-008",
                rewrite=edit("get", _partial, state="completed"),
            ),
            fault(
                "renames_metadata",
                "metadata come back as additional_data",
                "SES-DATA-002",
                rewrite=edit("get", _by_another_name),
            ),
            fault(
                "hides_lost_templates",
                "a template that failed is not told of",
                "TPL-008",
                "TPL-009",
                rewrite=edit("get", without("template_errors"), state="completed"),
            ),
            fault(
                "measures_no_chunks",
                "the answer to a chunk has no durations",
                "AUD-008",
                rewrite=edit("upload", _untimed, status=200),
            ),
            fault(
                "lists_no_speed",
                "no model has a response_speed",
                "DISC-018",
                rewrite=edit("discovery", without("models.*.response_speed")),
            ),
            strictly(
                fault(
                    "shows_expired_sessions",
                    "a 410 is the session",
                    "SES-EXP-007",
                    rewrite=edit("get", _as_session, status=410),
                )
            ),
            strictly(fault("conflicts_when_late", "audio after the end is 409", "AUD-023", rewrite=_in_conflict)),
        ),
        "2026-01-29": (
            strictly(
                fault(
                    "serves_without_a_name",
                    "discovery does not name the service",
                    "DISC-022",
                    rewrite=edit("discovery", without("service.name")),
                )
            ),
        ),
    }
)
