"""What the hooks for Schemathesis drop is what the text leaves to a service, and nothing else."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest

#: Importing the hooks registers them for the whole process, so each question is asked in one of its own.
_ASK = """
import json, sys
from types import SimpleNamespace as Named
from conformance.exports import hooks
told = []
for each in json.loads(sys.stdin.read()):
    failure = type("Failure", (), {"checks": (each["check"],)})()
    case = Named(operation=Named(path=each["path"]), body=each["body"], headers=each["headers"])
    answer = Named(status_code=each["status"], content=json.dumps({"error": {"code": each["code"]}}).encode())
    told.append(hooks.filter_failure(None, failure, case, answer))
print(json.dumps(told))
"""
AGREED = {"templates": ["soap"], "upload_type": "chunked", "communication_protocol": "http"}
VALID, INVALID, METHOD = "positive_data_acceptance", "negative_data_rejection", "unsupported_method"
AUDIO, END, SESSION = "/sessions/{session_id}/audio", "/sessions/{session_id}/end", "/sessions/{session_id}"


def finding(check: str, path: str, status: int, code: str = "", body: Any = None, **headers: str) -> dict[str, Any]:
    return {
        "check": check,
        "path": path,
        "status": status,
        "code": code,
        "body": body,
        "headers": {name.replace("_", "-"): value for name, value in headers.items()},
    }


DROPPED = [
    finding(VALID, AUDIO, 400, "session_ended"),
    finding(VALID, AUDIO, 410, "session_expired"),
    finding(VALID, AUDIO, 405, "invalid_request"),
    finding(VALID, AUDIO, 400, "invalid_audio_format"),
    finding(VALID, END, 400, "invalid_request"),
    finding(VALID, END, 422, "audio_too_short"),
    finding(VALID, "/sessions", 400, "invalid_template", AGREED),
    finding(VALID, "/sessions", 400, "missing_required_field", {"templates": ["soap"]}),
    finding(VALID, "/sessions", 422, "invalid_request", AGREED | {"communication_protocol": "rpc"}),
    finding(VALID, "/sessions", 400, "invalid_request", AGREED | {"templates": ["a", "b", "c"]}),
    finding(VALID, "/sessions", 400, "invalid_request", AGREED | {"language_hint": "en"}),
    finding(INVALID, "/sessions", 201, body=AGREED | {"additional_data": None}),
    finding(INVALID, "/sessions", 201, body=AGREED | {"transcript_language": None}),
    finding(INVALID, "/templates", 200, MSA_Version="9.9"),
    finding(METHOD, SESSION, 200),
]
KEPT = [
    finding(VALID, AUDIO, 400, "invalid_request"),
    finding(VALID, AUDIO, 400, "missing_required_field"),
    finding(VALID, AUDIO, 413, "chunk_too_large"),
    finding(VALID, END, 400, "missing_required_field"),
    finding(VALID, END, 405, "invalid_request"),
    finding(VALID, SESSION, 400, "invalid_request"),
    finding(VALID, "/sessions", 400, "invalid_request", AGREED),
    finding(VALID, "/sessions", 422, "missing_required_field", AGREED | {"additional_data": {}}),
    finding(VALID, "/sessions", 415, "invalid_request", AGREED),
    finding(VALID, "/templates", 400, "invalid_template"),
    finding(INVALID, "/sessions", 201, body={"templates": None}),
    finding(INVALID, "/sessions", 201, body=AGREED | {"upload_type": "stream"}, MSA_Version="0.1"),
    finding(INVALID, "/templates", 200),
    finding(METHOD, SESSION, 500),
    finding("response_schema_conformance", AUDIO, 400, "session_ended"),
    finding("not_a_server_error", END, 500, "internal_error"),
]


@pytest.mark.parametrize(("findings", "kept"), [(DROPPED, False), (KEPT, True)], ids=["dropped", "kept"])
def test_a_finding_is_dropped_where_the_text_leaves_it_to_the_service(
    findings: list[dict[str, Any]], kept: bool
) -> None:
    asked = [sys.executable, "-c", _ASK]
    ran = subprocess.run(asked, input=json.dumps(findings), capture_output=True, text=True, check=False, timeout=120)
    assert ran.returncode == 0, ran.stderr
    wrong = [each for each, answer in zip(findings, json.loads(ran.stdout), strict=True) if answer is not kept]
    assert wrong == []
