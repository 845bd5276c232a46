"""One good run for each schema of an answer, with a place to put another body in."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

from tests.conformance.checks.builders import BASE, DISCOVERY, Tape, counted, error, session_id, success

#: Seconds after the deadline of every session by hand.
FAR = 2000
#: How a session of each schema ends: its key and the status of the answer.
FINAL = {
    "session_completed": ("s", 200),
    "session_partial": ("s", 206),
    "session_failed": ("s", 200),
    "session_expired": ("expiry/spoken", 410),
}
_GIVEN = {"a": 1}


def _session(key: str, status: str) -> dict[str, Any]:
    stamps = {"created_at": "2026-02-03T09:30:00Z"}
    named = {"session_id": session_id(key), "status": status, "additional_data": dict(_GIVEN)}
    return named | stamps | counted(["audio_0.wav"])


def _result(status: str) -> dict[str, Any]:
    heard = {"model_used": "lite", "language_detected": "en", "transcript": "Good morning."}
    return _session("s", status) | heard | {"completed_at": "2026-02-03T09:31:00Z", "templates": {"soap": success()}}


def bodies() -> dict[str, Any]:
    """Schema -> a body it takes, with as many members as it has."""
    named = {"session_id": session_id("s")}
    stamps = {"created_at": "2026-02-03T09:30:00Z", "expires_at": "2026-02-03T10:00:00Z"}
    lost = {"status": "failed", "error": {"code": "extraction_failed", "message": "No."}}
    skipped = {"type": "audio_file_skipped", "message": "No.", "file": "audio_0.wav"}
    partial = _result("partial")
    return {
        "create_response": named
        | stamps
        | {"status": "created", "upload_url": f"{BASE}/sessions/{session_id('s')}/audio"},
        "end_response": named | {"status": "processing", "message": "Working."} | counted(["audio_0.wav"]),
        "session_processing": _session("s", "processing") | stamps | {"transcript": "Good morning."},
        "session_completed": _result("completed"),
        "session_partial": partial
        | {
            "audio_files_processed": 0,
            "processing_errors": [skipped],
            "templates": partial["templates"] | {"hpi": lost},
        },
        "session_failed": _session("s", "failed")
        | {"model_used": "lite", "error": {"code": "audio_too_short", "message": "No."}},
        "session_expired": _session("expiry/spoken", "expired")
        | {"expired_at": "2026-02-03T10:00:00Z", "message": "Late."},
        "error_envelope": error("session_not_found", details_of="nothing"),
        "templates": {"templates": [{"id": n, "name": n.title(), "description": "A."} for n in ("soap", "hpi")]},
        "discovery": deepcopy(DISCOVERY)
        | {"service": {"name": "X"}, "languages": {"supported": ["en"], "auto_detection": False}},
    }


def run_with(schema: str, body: Any) -> Tape:
    """A run in which everything is right, with one body put in where its schema is shown."""
    told = bodies() | {schema: body}
    key, code = FINAL.get(schema, ("s", 200))
    tape = Tape(second_key=True)
    tape.heard("discovery", 200, told["discovery"], headers={"Cache-Control": "public, max-age=60"})
    tape.heard("templates", 200, told["templates"])
    tape.heard("get", 404, told["error_envelope"], probe="unknown session")
    asked = {"templates": ["soap"], "model": "lite", "upload_type": "chunked", "additional_data": dict(_GIVEN)}
    made = told["create_response"]
    if key != "s":
        made = made | {"session_id": session_id(key), "upload_url": f"{BASE}/sessions/{session_id(key)}/audio"}
    tape.heard("create", 201, made, session=key, asked=asked)
    tape.uploaded(key, "audio_0.wav")
    if schema == "session_expired":
        tape.heard("get", code, body, session=key, at=FAR)
        return tape
    tape.heard("end", 202, told["end_response"], session=key)
    tape.heard("get", 202, told["session_processing"], session=key)
    tape.heard("get", code, told[schema if schema in FINAL else "session_completed"], session=key)
    return tape
