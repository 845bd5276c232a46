"""Whatever a server answers, a check has something to say about it or nothing: it never breaks."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conformance.checks import all_checks
from tests.conformance.checks.builders import DISCOVERY, Tape

CHAPTERS = ("CONF", "VER", "DISC", "AUTH", "TPL", "ERR", "SEC", "HOOK")
MINE = {name: checks for name, checks in all_checks().items() if name.startswith(CHAPTERS)}
#: Member names the checks look for, so that random objects are looked into.
NAMES = [
    *DISCOVERY,
    *(
        "base_url",
        "supported_methods",
        "audio_formats",
        "max_chunk_duration_seconds",
        "upload_methods",
        "webhook_delivery",
    ),
    *(
        "id",
        "name",
        "description",
        "languages",
        "max_session_duration_seconds",
        "response_speed",
        "features",
        "supported",
    ),
    *("deprecated_versions", "version", "sunset_date", "migration_guide", "service", "security_contact", "oidc"),
    *("session_id", "status", "audio_files", "audio_files_received", "templates", "template_errors", "transcript"),
    *("soap", "medications", "data", "error", "code", "message", "details", "requested_version", "expires_at"),
]
WORDS = [
    "soap",
    "failed",
    "success",
    "partial",
    "completed",
    "template_not_found",
    "invalid_request",
    "en",
    "api_key",
    "1.0",
]
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.sampled_from([0, -1, 20, 10**400, 0.5, 1e308, float("inf"), float("nan")]),
    st.sampled_from(WORDS),
    st.text(max_size=4),
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=5),
    max_leaves=25,
)
DOCUMENTS = st.dictionaries(st.sampled_from(NAMES), VALUES, max_size=8)
PROBES = (
    *(None, "none credential", "wrong credential in created", "version 99.0", "supported version 1.0"),
    *("one unknown template", "unknown templates only", "templates missing", "another client's session"),
    *("nonsense: x", "nonsense: x again", "end after expiry", "unknown route", "security.txt"),
)
STATUSES = st.sampled_from([0, 200, 201, 202, 206, 400, 401, 404, 410, 413, 422, 429, 500, 503])
HEADERS = st.dictionaries(
    st.sampled_from(
        ["Content-Type", "Cache-Control", "Expires", "Date", "Retry-After", "X-RateLimit-Limit", "X-RateLimit-Reset"]
    ),
    st.sampled_from(
        ["", "0", "application/json", "max-age=" + "9" * 5000, "9" * 5000, "Tue, 03 Feb 2026 10:30:00 GMT", "²", ";"]
    ),
    max_size=3,
)


@st.composite
def tapes(draw: st.DrawFn) -> Tape:
    tape = Tape(second_key=True, api_target=draw(st.sampled_from([True, False, None])))
    tape.heard("discovery", 200, draw(DOCUMENTS), headers=draw(HEADERS))
    tape.heard("templates", 200, draw(st.one_of(DOCUMENTS, VALUES)))
    for _ in range(draw(st.integers(1, 8))):
        operation: Any = draw(st.sampled_from(["templates", "create", "upload", "end", "get", "other"]))
        tape.heard(
            operation,
            draw(STATUSES),
            draw(st.one_of(DOCUMENTS, VALUES)),
            session=draw(st.sampled_from(["visit", "authentication/states", "authentication/foreign"])),
            probe=draw(st.sampled_from(PROBES)),
            credential=draw(st.sampled_from(["right", "none", "wrong", "second"])),
            asked=draw(st.one_of(DOCUMENTS, VALUES)),
            file=draw(st.sampled_from([None, "audio_0.wav"])),
            fixture=draw(st.sampled_from([None, "short", "nobody's"])),
            headers=draw(HEADERS),
        )
    return tape


@settings(max_examples=150, deadline=None)
@given(tapes())
def test_no_answer_breaks_a_check(tape: Tape) -> None:
    for checks in MINE.values():
        for check in checks:
            list(check.judge(tape.evidence))


@pytest.mark.parametrize("requirement", sorted(MINE))
def test_a_run_that_saw_nothing_fails_nobody(requirement: str) -> None:
    said = [finding.kind for check in MINE[requirement] for finding in check.judge(Tape().evidence)]
    assert not {"violates", "departs", "tolerated", "disputed", "warns", "holds"} & set(said)
