"""The choices the text leaves to a server, each with what allows it.

`both` are options that no reading fails. `lenient` are options that some other part of the text supports: the lenient
reading passes them, disputed or with a warning, and the strict one may fail them.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Choice:
    """One choice: its name, what allows it, and its options."""

    name: str
    allowed_by: str
    both: tuple[Any, ...]
    lenient: tuple[Any, ...] = ()


CHOICES = (
    # Identity and stamps
    Choice("id_length", "E9: 16 to 32 characters inclusive", (16, 20, 27, 32)),
    Choice("id_alphabet", "E8: 6.2 calls hyphen and underscore URL-safe", ("lower", "mixed", "digits"), ("hyphen",)),
    Choice("stamps", "E66: leniently without an offset", ("Z", "+00:00", "+05:30", "ms", "us-04:00"), ("naive",)),
    # Discovery
    Choice("base", "E55: everything below base_url, wherever that is", ("", "/v1", "/scribe/api/v1")),
    Choice("discovery_cache", "E58, DISC-004: a life or a validator", ("max-age=3600", "public, max-age=60", "etag")),
    Choice("formats", "4.3, CONF-007: which formats, at least two", (
        ("audio/wav", "audio/webm;codecs=opus"),
        ("audio/webm; codecs=opus", "audio/ogg;codecs=opus"),
        ("audio/wav", "audio/mpeg", "audio/webm;codecs=opus"),
        ("audio/mp4", "audio/webm;codecs=opus", "audio/wav"),
    )),
    Choice("chunk_seconds", "E59, DISC-013: at most 20 s is recommended", (20, 16, 18)),
    Choice("upload_methods", "DISC-023, CONF-003: optional; one of the two is enough", (
        ("chunked", "single"), ("chunked",), ("single",), None,
    )),
    Choice("limits", "E13, 4.5: pro, lite or both, each with its own limit", (
        {"lite": 600, "pro": 3600}, {"pro": 1800, "lite": 900}, {"lite": 600}, {"pro": 3600},
    )),
    Choice("default_model", "E13: lite where it is listed; the table lets the service decide", ("lite",), ("last",)),
    Choice("languages_block", "DISC-021: optional", (
        None, {"supported": ["en"], "auto_detection": True}, {"supported": ["en"], "auto_detection": False},
    )),
    Choice("features", "DISC-019: optional booleans", (None, "all false")),
    Choice("labels", "EXT-011: speaker labels come with speaker_diarization", (False, True)),
    Choice("response_speed", "DISC-017: optional", (None, "fast", "standard", "thorough")),
    Choice("versions", "VER-001, VER-002: the primary one is among them", (("0.1",), ("0.1", "0.2"))),
    Choice("service_block", "VER-014, SEC-017: SHOULD", ("full", "name only")),
    Choice("template_ids", "TPL-005: standard ids are a SHOULD", (
        ("soap", "medications", "vitals"),
        ("soap", "medications"),
        ("transcript", "soap", "medications", "hpi", "referral_letter"),
        ("clinic-note", "clinic-plan", "clinic-letter"),
    )),
    # Credentials and versions
    Choice("spelling", "E47: X-API-Key, and the other one should work", ("either", "x-api-key"), ("authorization",)),
    Choice("wrong_key_code", "E48: either", ("authentication_failed", "invalid_api_key")),
    Choice("www_authenticate", "RFC 9110; not in the text", (None, 'ApiKey realm="scribe"')),
    Choice("other_client", "E49: either", (404, 403)),
    Choice("unknown_version", "VER-003: refusing is a SHOULD", ("refused", "ignored")),
    Choice("version_echo", "rule 4: headers the text does not know", (False, True)),
    # Create
    Choice("needs_protocol", "E4: 201 and 400 are equally right without it", (False, True)),
    Choice("needs_upload_type", "E10: 400, or 201 and chunked", (False, True)),
    Choice("language_forms", "E5, E6: an array; a string may be taken or refused", (("array", "string"), ("array",))),
    Choice("unknown_language", "E75: 201, 400 or 422", (None, 400, 422)),
    Choice("most_templates", "E14: three give 201 or 400", (None, 2)),
    Choice("takes_no_template", "E14: an empty array is recorded only", (True, False)),
    Choice("protocols", "E12: the others are recorded only", (("http",), ("http", "websocket", "rpc"))),
    Choice("refusal_status", "E64, E81: 400, leniently 422", (400,), (422,)),
    Choice("location", "RFC 9110; not in the text", (False, True)),
    Choice("data_in_acks", "E40: recorded in the 201 and the end answer", (False, True)),
    # Uploads
    Choice("target", "rule 8, AUD-030, AUD-033: any URL; one may be its own credential", (
        "exact", "signed", "capability", "capability_query",
    )),
    Choice("capability_needs_key", "AUD-030: a URL with a token of its own is exempt", (False, True)),
    Choice("forms", "E82: multipart; leniently one of the two named forms is enough", ("any", "multipart"), ("raw",)),
    Choice("named", "E44: exactly upload_url; leniently only with the name behind it", (False,), (True,)),
    Choice("upload_status", "E43: another 2xx than 200 is a warning", (200, 201, 204)),
    Choice("upload_body", "E43: not asserted", (None, "names", "duration")),
    Choice("same_name", "E69: replaces, or 4xx", ("replaced", "refused")),
    Choice("second_single", "E69: recorded", ("refused", "replaced")),
    Choice("bad_audio", "E60: at upload, or failed later", ("refused", "failed")),
    Choice("unlisted_label", "E60, AUD-018: 4xx, or judged by content", ("refused", "content")),
    Choice("long_chunk", "E59: 400 at upload, or partial and failed later", ("refused", "skipped")),
    Choice("silence", "SES-PART-009: partial is expected, completed is fine", ("partial", "completed")),
    Choice("late_upload", "E41: 400 or 409", (400, 409)),
    Choice("expired_upload", "E42: 410; leniently any 4xx", (410,), (409, 400)),
    # States and GET
    Choice("open_status", "E19: 202, leniently 200", (202,), (200,)),
    Choice("open_word", "E18: initialized is a disputed alias", ("plain",), ("initialized",)),
    Choice("processing_word", "E18: initialized is a disputed alias", ("processing",), ("initialized",)),
    Choice("processing_seconds", "INV-30: the text gives no bound", (0.1, 0.5, 2.0)),
    Choice("early_transcript", "E20, SES-GET-006: with the templates still running, or never", (False, True)),
    Choice("list_order", "E39: by number is recommended, any order is leniently right", ("number",), ("arrival",)),
    Choice("lag", "rule 3: a read may trail a write by 5 s", (0.0, 0.5, 1.5)),
    Choice("malformed_id", "E64: 404, leniently 400 or 422", (404,), (400, 422)),
    Choice("open_data", "E40: in every GET; leniently absent while open", (True,), (False,)),
    Choice("no_data_processing", "E51: {}; leniently absent or null", ("{}",), ("absent", "null")),
    Choice("no_data_elsewhere", "E51: {} or absent; leniently null", ("{}", "absent"), ("null",)),
    Choice("poll_cache", "E65: no-store is recommended", (None, "no-store", "private, no-cache")),
    Choice("poll_retry_after", "RFC 9110; not in the text", (None, "1")),
    Choice("etag", "RFC 9110; not in the text", (False, True)),
    # Results
    Choice("templates_shape", "E2: an object, leniently an array of one-key objects", ("object",), ("array",)),
    Choice("data_shape", "E26: object or array, leniently any value", ("flat", "nested", "array"), ("text",)),
    Choice("unknown_template", "E27: partial; leniently told in a completed session, or refused", ("partial",), (
        "failed entry", "template_errors", "invalid_template", "template_not_found",
    )),
    Choice("string_errors", "E24: in a 200 a string or an object", (False,), (True,)),
    Choice("partial_completed_at", "E23: a stamp or null", ("stamp", "null")),
    Choice("processing_errors", "E22, E23: leniently absent", ("shown",), ("absent",)),
    Choice("failed_status", "E21: 200, leniently 422 or 500", (200,), (422, 500)),
    Choice("failed_code", "EXT-010: any common code", ("processing_failed", "audio_quality_poor", "internal_error")),
    # End and expiry
    Choice("end_empty", "E36: 202 then failed, or refused", ("processed", 400, 409, 422)),
    Choice("end_again", "E37: 202 with the same counts, 400 or 409", (202, 400, 409)),
    Choice("end_again_done", "E37: 400 or 409", (400, 409)),
    Choice("end_expired", "E37: 410 is recommended", (410, 409, 400)),
    Choice("expired_body", "E29: the session, leniently the envelope or both", ("session",), ("envelope", "merged")),
    Choice("expired_extras", "E32: templates {} and transcript null, or neither", (True, False)),
    # HTTP and JSON
    Choice("other_methods", "lifecycle, cell other_method: 405 or 404", (405, 404)),
    Choice("error_details", "11.1: details are optional", (True, False)),
    Choice("extra_members", "rule 4: members the text does not know", (False, True)),
    Choice("member_order", "rule 7: order of keys", ("given", "reversed", "sorted")),
    Choice("json_style", "rule 7: white space", ("compact", "spaced", "indented")),
    Choice("ascii", "RFC 8259: escapes or UTF-8", (True, False)),
    Choice("charset", "ERR-016: parameters aside", (False, True)),
    Choice("header_case", "rule 7: case of header names", ("lower", "title", "upper")),
    Choice("chunked_answers", "RFC 9112; not in the text", (False, True)),
    Choice("connection", "RFC 9112; not in the text", ("keep-alive", "close")),
    Choice("zipped", "RFC 9110, for who accepts it", (False, True)),
    Choice("head", "RFC 9110; not in the text", (False, True)),
    Choice("cors", "Fetch standard; not in the text", (False, True)),
    Choice("trailing_slash", "not in the text", (False, True)),
    Choice("request_id", "rule 4: headers the text does not know", (False, True)),
    Choice("rate_headers", "SEC-014: whole numbers, if any", (False, True)),
)  # fmt: skip


def drawn(seed: int, *, strict: bool = False) -> dict[str, Any]:
    """Name -> option for a seed; a choice added later leaves the draws of the others alone."""
    taken = {}
    for choice in CHOICES:
        options = choice.both if strict else choice.both + choice.lenient
        taken[choice.name] = random.Random(f"{seed}/{choice.name}").choice(options)
    return taken
