"""Faults of chapter 6: creating sessions, their ids and pass-through data."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from mock_server.faults.making import answer_with, behaving, edit, error, fault, recode, refusing, set_to, without

if TYPE_CHECKING:
    from mock_server.api.answer import Answer
    from mock_server.faults.fault import Asked


def _space_for_t(body: dict[str, Any]) -> None:
    for name in ("created_at", "expires_at"):
        body[name] = body[name].replace("T", " ")


def _backwards(body: dict[str, Any]) -> None:
    body["expires_at"] = "2001" + body["expires_at"][4:]


def _halved(body: dict[str, Any]) -> None:
    """Without the host, where it is an address of the API and not of a store."""
    before, mark, after = str(body["upload_url"]).partition("/v1/sessions/")
    if mark and before.startswith("http"):
        body["upload_url"] = mark + after


def _several(asked: Asked, answer: Answer) -> bool:
    templates = (asked.document or {}).get("templates")
    return answer.status == 201 and isinstance(templates, list) and len(templates) == 2


def _unknown_beside(asked: Asked, answer: Answer) -> bool:
    templates = (asked.document or {}).get("templates")
    return answer.status == 201 and isinstance(templates, list) and any("nobody" in str(name) for name in templates)


def _unknown_only(asked: Asked, answer: Answer) -> bool:
    return _unknown_beside(asked, answer) and len(asked.document["templates"]) == 1


def _repeats_itself(asked: Asked, answer: Answer) -> Answer:
    """The same body again within a run gets the session it got before."""
    if asked.operation != "create" or answer.status != 201:
        return answer
    who = (asked.document.get("additional_data") or {}).get("who")
    if who is None:
        return answer
    first = asked.memory.setdefault("first create", answer)
    return replace(answer, body=deepcopy(first.body))


def _numbers_rounded(value: Any) -> Any:
    if isinstance(value, float):
        return round(value)
    if isinstance(value, list):
        return [_numbers_rounded(item) for item in value]
    return {k: _numbers_rounded(v) for k, v in value.items()} if isinstance(value, dict) else value


def _nulls_dropped(value: Any) -> Any:
    if isinstance(value, list):
        return [_nulls_dropped(item) for item in value if item is not None]
    return {k: _nulls_dropped(v) for k, v in value.items() if v is not None} if isinstance(value, dict) else value


def _data(change: Any) -> Any:
    def edited(body: dict[str, Any]) -> None:
        if "additional_data" in body:
            body["additional_data"] = change(body["additional_data"])

    return edit("get", edited)


def _mixed_up(asked: Asked, answer: Answer) -> Answer:
    """Every session shows the data that was read last."""
    if asked.operation != "get" or not isinstance(answer.body, dict) or not answer.body.get("additional_data"):
        return answer
    shown = asked.memory.get("data", answer.body["additional_data"])
    asked.memory["data"] = answer.body["additional_data"]
    return replace(answer, body={**answer.body, "additional_data": shown})


def _steered(body: dict[str, Any]) -> None:
    wish = (body.get("additional_data") or {}).get("model")
    if wish and "model_used" in body:
        body["model_used"] = "pro"


def _another_id(body: dict[str, Any]) -> None:
    body["session_id"] = "ses_" + "0" * 24


FAULTS = (
    fault(
        "creates_with_200", "success of a create is 200", "SES-CREATE-002", rewrite=recode("create", 200, status=201)
    ),
    fault(
        "keeps_the_upload_url",
        "the 201 has no upload_url",
        "SES-CREATE-003",
        rewrite=edit("create", without("upload_url"), status=201),
    ),
    fault(
        "halves_the_upload_url",
        "upload_url is a path",
        "SES-CREATE-007",
        rewrite=edit("create", _halved, status=201),
    ),
    fault(
        "invents_a_first_state",
        "a new session has a state of its own",
        "SES-STATE-001",
        "SES-STATE-003",
        "SES-CREATE-005",
        rewrite=edit("create", set_to("status", "fresh"), status=201),
    ),
    fault(
        "begins_in_the_middle",
        "a new session is processing",
        "SES-STATE-003",
        rewrite=edit("create", set_to("status", "processing"), status=201),
    ),
    fault(
        "spaces_its_stamps",
        "stamps have a space for the T",
        "SES-CREATE-006",
        rewrite=edit("create", _space_for_t, status=201),
    ),
    fault(
        "expires_before_it_begins",
        "expires_at lies before created_at",
        "SES-CREATE-008",
        "SES-CREATE-009",
        rewrite=edit("create", _backwards, status=201),
    ),
    fault(
        "outlives_its_model",
        "sessions last an hour longer than discovery says",
        "SES-CREATE-009",
        "SES-EXP-002",
        conduct=behaving(lifetime_s=lambda _order, offered_s: offered_s + 3600),
    ),
    fault(
        "needs_no_templates",
        "templates may be anything",
        "SES-CREATE-010",
        "SES-CREATE-011",
        lets_pass=frozenset({"templates"}),
    ),
    fault(
        "takes_any_model",
        "an unknown model is taken",
        "SES-CREATE-014",
        lets_pass=frozenset({"model"}),
    ),
    fault(
        "takes_any_upload_type",
        "an unknown upload type is taken",
        "SES-CREATE-023",
        lets_pass=frozenset({"upload_type"}),
    ),
    fault(
        "takes_any_data",
        "additional_data may be anything",
        "SES-CREATE-027",
        lets_pass=frozenset({"additional_data"}),
    ),
    fault(
        "wants_a_model",
        "a create without model is refused",
        "SES-CREATE-015",
        rewrite=refusing("model"),
    ),
    fault(
        "wants_a_hint",
        "a create without language_hint is refused",
        "SES-CREATE-019",
        rewrite=refusing("language_hint"),
    ),
    fault(
        "wants_a_transcript_language",
        "a create without transcript_language is refused",
        "SES-CREATE-035",
        rewrite=refusing("transcript_language"),
    ),
    fault(
        "wants_data",
        "a create without additional_data is refused",
        "SES-CREATE-028",
        "TPL-011",
        rewrite=refusing("additional_data"),
    ),
    fault(
        "takes_one_template",
        "two templates are refused",
        "SES-CREATE-012",
        rewrite=answer_with("create", error(400, "invalid_request"), when=_several),
    ),
    fault(
        "sinks_with_one_template",
        "one unknown template makes a create fail",
        "SES-CREATE-033",
        "TPL-011",
        rewrite=answer_with("create", error(400, "invalid_request"), when=_unknown_beside),
    ),
    fault(
        "miscodes_unknown_templates",
        "unknown templates only are 400 invalid_request",
        "TPL-011",
        rewrite=answer_with("create", error(400, "invalid_request"), when=_unknown_only),
    ),
    fault(
        "repeats_itself",
        "two creates get the same session",
        "SES-STATE-003",
        "SES-CREATE-034",
        rewrite=_repeats_itself,
    ),
    fault(
        "shortens_ids",
        "ids have twelve characters",
        "SES-ID-005",
        conduct=behaving(session_id=lambda drawn: drawn[:12]),
    ),
    fault(
        "spices_ids",
        "ids have characters that no list allows",
        "SES-ID-004",
        conduct=behaving(session_id=lambda drawn: drawn[:20] + "~~"),
    ),
    fault(
        "forgets_who_it_is",
        "a read shows another id",
        "SES-ID-006",
        "SES-GET-008",
        rewrite=edit("get", _another_id, status=(200, 202, 206)),
    ),
    fault("rounds_numbers", "numbers of additional_data are rounded", "SES-DATA-001", rewrite=_data(_numbers_rounded)),
    fault(
        "drops_nulls",
        "nulls of additional_data are dropped",
        "SES-EXP-009",
        "SES-DATA-001",
        rewrite=_data(_nulls_dropped),
    ),
    fault(
        "mixes_up_data",
        "sessions show each other's additional_data",
        "SES-GET-022",
        "SES-DATA-001",
        "SES-DATA-007",
        rewrite=_mixed_up,
    ),
    fault(
        "reads_the_data",
        "additional_data picks the model",
        "SES-CREATE-015",
        "SES-DATA-004",
        rewrite=edit("get", _steered, status=(200, 206)),
    ),
    fault(
        "loses_data_with_the_result",
        "results lack additional_data",
        "EXT-005",
        rewrite=edit("get", without("additional_data"), state="completed partial failed"),
    ),
)
