"""Faults of chapters 1, 3 and 4: the discovery document and versions."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from mock_server.faults.making import answer_with, edit, error, fault, set_to, without

if TYPE_CHECKING:
    from mock_server.api.answer import Answer
    from mock_server.faults.fault import Asked


def _mislabelled(asked: Asked, answer: Answer) -> Answer:
    return replace(answer, media_type="text/plain") if asked.operation == "discovery" else answer


def _refusing_supported(asked: Asked, answer: Answer) -> Answer:
    return error(400, "unsupported_version") if asked.headers.get("msa-version") == "0.1" else answer


def _more_versions(asked: Asked, answer: Answer) -> Answer:
    refusal = edit("templates get", set_to("error.details.supported_versions", ["0.1", "7.0"]), status=400)
    return refusal(asked, answer)


def _no_time(asked: Asked, answer: Answer) -> Answer:
    """Neither the 201 nor discovery says when a session ends."""
    silent = edit("discovery", without("models.*.max_session_duration_seconds"))(asked, answer)
    return edit("create get", without("expires_at"))(asked, silent)


def _promise_webhooks(document: dict[str, Any]) -> None:
    document["endpoints"]["webhooks_url"] = f"{document['endpoints']['base_url']}/webhooks"


FAULTS = (
    fault(
        "keeps_its_hours_to_itself",
        "nothing says when a session expires",
        "CONF-005",
        "CONF-008",
        "DISC-015",
        "SES-CREATE-003",
        "SES-GET-005",
        rewrite=_no_time,
    ),
    fault(
        "hides_discovery",
        "discovery is not there",
        "CONF-001",
        "CONF-008",
        "DISC-001",
        "DISC-002",
        rewrite=answer_with("discovery", error(404, "session_not_found")),
    ),
    fault(
        "leads_webhooks_nowhere",
        "webhooks are declared, and nothing is at their address",
        "HOOK-002",
        rewrite=edit("discovery", _promise_webhooks),
    ),
    fault(
        "guards_discovery",
        "discovery wants a credential",
        "CONF-001",
        "CONF-008",
        "DISC-001",
        "DISC-002",
        rewrite=answer_with("discovery", error(401, "authentication_failed")),
    ),
    fault("mislabels_discovery", "discovery is labelled text/plain", "DISC-003", rewrite=_mislabelled),
    fault(
        "forgets_its_name",
        "protocol is another word",
        "CONF-008",
        "DISC-005",
        rewrite=edit("discovery", set_to("protocol", "medscribe")),
    ),
    fault(
        "numbers_its_version",
        "protocol_version is a number",
        "CONF-008",
        "DISC-006",
        rewrite=edit("discovery", set_to("protocol_version", 0.1)),
    ),
    fault(
        "patches_its_version",
        "protocol_version has three parts",
        "VER-001",
        "VER-002",
        rewrite=edit("discovery", set_to("protocol_version", "0.1.0")),
    ),
    fault(
        "supports_no_version",
        "supported_versions is empty",
        "CONF-008",
        "DISC-007",
        rewrite=edit("discovery", set_to("supported_versions", [])),
    ),
    fault(
        "leaves_its_major_behind",
        "only another major version is supported",
        "VER-002",
        "VER-005",
        "VER-008",
        "VER-010",
        rewrite=edit("discovery", set_to("supported_versions", ["3.0"])),
    ),
    fault("refuses_supported_versions", "a version it lists is refused", "VER-005", rewrite=_refusing_supported),
    fault("hides_a_version", "a refusal names a version that discovery lacks", "VER-010", rewrite=_more_versions),
    fault(
        "halves_its_base_url",
        "base_url is a path",
        "CONF-008",
        "DISC-008",
        rewrite=edit("discovery", set_to("endpoints.base_url", "/v1")),
    ),
    fault(
        "invents_a_login",
        "a third authentication method is listed",
        "CONF-008",
        "DISC-010",
        rewrite=edit("discovery", set_to("authentication.supported_methods", ["api_key", "magic_link"])),
    ),
    fault(
        "offers_no_login",
        "no authentication method is listed",
        "CONF-002",
        "CONF-008",
        "DISC-010",
        rewrite=edit("discovery", set_to("authentication.supported_methods", [])),
    ),
    fault(
        "lists_no_formats",
        "audio_formats is missing",
        "CONF-008",
        "DISC-011",
        rewrite=edit("discovery", without("capabilities.audio_formats")),
    ),
    fault(
        "writes_its_limit_out",
        "max_chunk_duration_seconds is text",
        "CONF-008",
        "DISC-012",
        rewrite=edit("discovery", set_to("capabilities.max_chunk_duration_seconds", "twenty")),
    ),
    fault(
        "streams_only",
        "upload_methods has neither chunked nor single",
        "CONF-003",
        rewrite=edit("discovery", set_to("capabilities.upload_methods", ["stream"])),
    ),
    fault(
        "keys_its_models",
        "models is an object",
        "CONF-008",
        "DISC-014",
        rewrite=edit("discovery", set_to("models", {"lite": {}})),
    ),
    fault(
        "names_no_model",
        "models lack display_name",
        "CONF-008",
        "DISC-015",
        rewrite=edit("discovery", without("models.*.display_name")),
    ),
    fault(
        "spells_languages_out",
        "model languages are words",
        "DISC-020",
        rewrite=edit("discovery", set_to("models.*.languages", ["en", "english"])),
    ),
    fault(
        "answers_leisurely",
        "response_speed is another word",
        "DISC-017",
        rewrite=edit("discovery", set_to("models.*.response_speed", "leisurely")),
    ),
    fault(
        "promises_webhooks",
        "webhook_delivery is true without a URL",
        "DISC-009",
        rewrite=edit("discovery", set_to("capabilities.webhook_delivery", True)),
    ),
    fault(
        "promises_oidc",
        "oidc is listed without endpoints",
        "DISC-025",
        rewrite=edit("discovery", set_to("authentication.supported_methods", ["api_key", "oidc"])),
    ),
)
