"""Faults of the strict reading only: each follows one part of the text against another."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from mock_server.faults.making import edit, error, fault, set_to, strictly, without

if TYPE_CHECKING:
    from mock_server.api.answer import Answer
    from mock_server.faults.fault import Asked


def _authorization_only(asked: Asked, answer: Answer) -> Answer:
    protocol = asked.operation in ("templates", "create", "get", "end", "upload")
    refused = protocol and "x-api-key" in asked.headers and answer.status < 400
    return error(401, "invalid_api_key") if refused else answer


def _always_pro(asked: Asked, answer: Answer) -> Answer:
    """Sessions made without a model use pro, as the field table allows."""
    made = asked.operation == "create" and answer.status == 201 and isinstance(answer.body, dict)
    if made and "model" not in (asked.document or {}):
        asked.memory.setdefault("undecided", set()).add(answer.body["session_id"])
    undecided = asked.session_id in asked.memory.get("undecided", ())
    if asked.operation == "get" and undecided and isinstance(answer.body, dict) and "model_used" in answer.body:
        return replace(answer, body={**answer.body, "model_used": "pro"})
    return answer


def _as_text(body: dict[str, Any]) -> None:
    for entry in body.get("templates", {}).values():
        if entry.get("status") == "success":
            entry["data"] = "as said"


def _nothing_given(body: dict[str, Any]) -> None:
    if body.get("additional_data") == {}:
        del body["additional_data"]


FAULTS = tuple(
    map(
        strictly,
        (
            fault(
                "wants_authorization", "the key counts in Authorization only", "AUTH-002", rewrite=_authorization_only
            ),
            fault("prefers_pro", "without model a session uses pro", "SES-CREATE-016", rewrite=_always_pro),
            fault(
                "writes_notes_as_text",
                "data of a template is a string",
                "SES-GET-018",
                rewrite=edit("get", _as_text, state="completed"),
            ),
            fault(
                "leaves_out_what_was_not_given",
                "no additional_data where none was given",
                "SES-DATA-006",
                "SES-DATA-008",
                rewrite=edit("get", _nothing_given, state="processing"),
            ),
            fault(
                "keeps_data_for_results",
                "open sessions lack additional_data",
                "SES-DATA-006",
                rewrite=edit("get", without("additional_data"), state="created recording"),
            ),
            fault(
                "invents_codes",
                "an error code of its own",
                "SES-CREATE-010",
                "SES-CREATE-032",
                "ERR-004",
                rewrite=edit("create", set_to("error.code", "bad_template"), status=400),
            ),
            fault(
                "lists_templates_as_printed",
                "templates is an array of one-key objects",
                "SES-GET-016",
                rewrite=edit(
                    "get",
                    lambda b: b.update(templates=[{k: v} for k, v in b["templates"].items()]),
                    state="completed partial",
                ),
            ),
            fault(
                "hides_the_model",
                "results have no model_used",
                "EXT-001",
                rewrite=edit("get", without("model_used"), state="completed partial failed"),
            ),
        ),
    )
)
