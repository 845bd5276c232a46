"""Whatever a server answers, a check has something to say about it or nothing: it never breaks."""

from __future__ import annotations

from copy import deepcopy
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conformance.checks import all_checks
from tests.conformance.checks.builders import BASE, DISCOVERY, Tape, discovery_with, error, failure, success
from tests.whole import WHOLE

if TYPE_CHECKING:
    from collections.abc import Iterator

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
#: Documents with everything in them a check may look at; one or two places of each are broken.
FULL = discovery_with(
    languages={"supported": ["en"], "auto_detection": True},
    service={"name": "A", "documentation_url": BASE, "support_email": "a@b.example", "changelog_url": BASE},
    deprecated_versions=[{"version": "0.0", "sunset_date": "2099-01-01", "migration_guide": BASE}],
    capabilities__upload_methods=["chunked"],
    capabilities__webhook_delivery=True,
    authentication__oidc={"token_endpoint": BASE},
    models=[{**DISCOVERY["models"][0], "response_speed": "fast", "features": {"custom_templates": True}}],
)
LISTING = {"templates": [{"id": "soap", "name": "SOAP", "description": "A note."}]}
SESSION = {
    "session_id": "ses_1",
    "status": "partial",
    "expires_at": "2026-02-03T10:00:00Z",
    "transcript": "Hello.",
    "audio_files_received": 1,
    "audio_files": ["audio_0.wav"],
    "additional_data": {},
    "templates": {"soap": success([{"action": "stop"}]), "nobody": failure("template_not_found")},
    "template_errors": [{"template_id": "nobody", "error": "template_not_found"}],
}
REFUSAL = error("unsupported_version", requested_version="99.0", supported_versions=["0.1"], session_id="ses_1")
CREATE = {"templates": ["soap", "nobody"], "model": "lite"}


def places(document: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Every path in a document, members and items alike."""
    steps = (
        document.items() if isinstance(document, dict) else enumerate(document) if isinstance(document, list) else ()
    )
    for step, value in steps:
        yield (*path, step)
        yield from places(value, (*path, step))


@st.composite
def broken(draw: st.DrawFn, document: Any) -> Any:
    """The document with up to two of its values replaced by anything."""
    made = deepcopy(document)
    for _ in range(draw(st.integers(0, 2))):
        *above, last = draw(st.sampled_from(list(places(made)) or [("error",)]))
        place = made
        for step in above:
            place = place[step]
        place[last] = draw(VALUES)
    return made


ANSWERS = st.one_of(broken(SESSION), broken(REFUSAL), broken(LISTING), VALUES)
PROBES = (
    *(None, "none credential", "wrong credential in created", "version 99.0", "supported version 1.0"),
    *("one unknown template", "unknown templates only", "templates missing", "another client's session"),
    *("nonsense: x", "nonsense: x again", "out of turn: end (expired)", "unknown route", "security.txt"),
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
    tape.heard("discovery", 200, draw(broken(FULL)), headers=draw(HEADERS))
    tape.heard("templates", 200, draw(broken(LISTING)))
    for _ in range(draw(st.integers(1, 8))):
        operation: Any = draw(st.sampled_from(["templates", "create", "upload", "end", "get", "other"]))
        tape.heard(
            operation,
            draw(STATUSES),
            draw(ANSWERS),
            session=draw(st.sampled_from(["visit", "authentication/states", "authentication/foreign"])),
            probe=draw(st.sampled_from(PROBES)),
            credential=draw(st.sampled_from(["right", "none", "wrong", "second"])),
            asked=draw(st.one_of(broken(CREATE), VALUES)),
            file=draw(st.sampled_from([None, "audio_0.wav"])),
            fixture=draw(st.sampled_from([None, "short", "nobody's"])),
            headers=draw(HEADERS),
        )
    return tape


@settings(max_examples=150 if WHOLE else 50, deadline=None)
@given(tapes())
def test_no_answer_breaks_a_check(tape: Tape) -> None:
    for checks in MINE.values():
        for check in checks:
            list(check.judge(tape.evidence))


@pytest.mark.parametrize("requirement", sorted(MINE))
def test_a_run_that_saw_nothing_fails_nobody(requirement: str) -> None:
    said = [finding.kind for check in MINE[requirement] for finding in check.judge(Tape().evidence)]
    assert not {"violates", "departs", "tolerated", "disputed", "warns", "holds"} & set(said)
