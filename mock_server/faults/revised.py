"""Faults of what only one revision asks for, by revision: those of the default one are in rooms of their own."""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from mock_server.api.answer import Answer
from mock_server.faults.making import answer_with, edit, error, fault, recode, refusing, strictly, without

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mock_server.faults.fault import Asked, Fault
    from mock_server.faults.making import Rewrite


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


def _at_a_gap(_asked: Asked, answer: Answer) -> bool:
    details = answer.body["error"].get("details", {}) if answer.status == _REFUSED else {}
    return "expected_index" in details


def _whole(asked: Asked, _answer: Answer) -> bool:
    return "x-upload-type" in asked.headers


def _hinted(asked: Asked, answer: Answer) -> bool:
    return answer.status == _CREATED and "language_hint" in (asked.document or {})


def _third_model(body: dict[str, Any]) -> None:
    body["models"].append({**body["models"][0], "id": "standard"})


def _misled(body: dict[str, Any]) -> None:
    body["endpoints"]["templates_url"] = body["endpoints"]["base_url"] + "/nowhere"


def _miscounted(asked: Asked, answer: Answer) -> bool:
    wrong = isinstance(asked.document, dict) and "audio_files_sent" in asked.document
    return wrong and answer.status == _REFUSED and answer.body["error"]["code"] == "invalid_request"


def _taken(status: int, code: str) -> Rewrite:
    """Audio that is refused as too late is acknowledged, and kept nowhere."""

    def rewrite(asked: Asked, answer: Answer) -> Answer:
        error = answer.body.get("error", {}) if isinstance(answer.body, dict) else {}
        late = "status" in error.get("details", {}) or code == "session_expired"
        if asked.operation != "upload" or (answer.status, error.get("code")) != (status, code) or not late:
            return answer
        return Answer(200, {"session_id": asked.session_id, "status": "received", "duration_ms": 0})

    return rewrite


def _started_over(asked: Asked, answer: Answer) -> Answer:
    """A session that has more than one chunk is created again while it is recording."""
    several: set[str | None] = asked.memory.setdefault("several chunks", set())
    if asked.operation == "upload" and answer.status == _OK and answer.body.get("chunk_index"):
        several.add(asked.session_id)
    if asked.operation != "get" or asked.session_id not in several or answer.body.get("status") != "recording":
        return answer
    return replace(answer, body={**answer.body, "status": "created"})


def _denied(body: dict[str, Any]) -> None:
    if body.get("template_errors"):
        return
    lost = {"error": "template_not_found", "message": "A fault is on."}
    body["template_errors"] = [{"template_id": name, **lost} for name in body["templates"]]
    body["templates"] = {}


_OK, _CREATED, _REFUSED = 200, 201, 400

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
            fault(
                "breaks_at_a_gap",
                "a chunk that leaves a number out is 500",
                "AUD-010",
                "ERR-020",
                rewrite=answer_with("upload", error(500, "internal_error"), when=_at_a_gap),
            ),
            fault(
                "takes_no_whole_files",
                "a single upload is refused",
                "AUD-006",
                "AUD-007",
                "AUD-011",
                "SES-STATE-003",
                rewrite=answer_with("upload", error(400, "invalid_request"), when=_whole),
            ),
            fault(
                "refuses_every_end",
                "a session with audio cannot be ended",
                "SES-END-001",
                "SES-END-009",
                "SES-EXP-013",
                rewrite=answer_with("end", error(400, "invalid_request"), when=lambda _asked, told: told.status == _OK),
            ),
            fault(
                "listens_after_the_end",
                "audio is taken after end",
                "SES-END-008",
                rewrite=_taken(400, "invalid_request"),
            ),
            fault(
                "listens_after_expiry",
                "audio is taken after expiry",
                "SES-EXP-003",
                rewrite=_taken(410, "session_expired"),
            ),
            fault(
                "starts_over",
                "more audio leads back to created",
                "SES-STATE-005",
                "SES-STATE-010",
                rewrite=_started_over,
            ),
            fault(
                "denies_listed_templates",
                "a listed template ends as not found",
                "TPL-004",
                rewrite=edit("get", _denied, state="completed"),
            ),
            fault(
                "takes_no_hints",
                "a create with a language_hint is refused",
                "SES-CREATE-018",
                rewrite=answer_with("create", error(400, "invalid_request"), when=_hinted),
            ),
            fault(
                "wants_metadata",
                "a create without metadata is refused",
                "SES-CREATE-029",
                "TPL-011",
                rewrite=refusing("metadata"),
            ),
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
            strictly(
                fault(
                    "lists_a_third_model",
                    "discovery lists a model that no create takes, and that the text does not know",
                    "DISC-016",
                    "SES-CREATE-015",
                    rewrite=edit("discovery", _third_model),
                )
            ),
            fault(
                "misplaces_templates",
                "templates_url leads nowhere",
                "DISC-028",
                rewrite=edit("discovery", _misled),
            ),
            fault(
                "breaks_at_wrong_counts",
                "an end whose count is none is 500",
                "SES-END-010",
                "ERR-020",
                rewrite=answer_with("end", error(500, "internal_error"), when=_miscounted),
            ),
        ),
    }
)
