"""Generated requests: many of one kind are one failure, what the text leaves open is none, and twice is not once."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

import scribe_data
from conformance.checks.generated import NAME
from conformance.checks.observed import observations
from conformance.evidence import Evidence, Layer
from conformance.finding import Kind
from conformance.run import grade
from tests.conformance.checks.builders import Tape, error

if TYPE_CHECKING:
    from collections.abc import Sequence

    from conformance.finding import Finding
    from conformance.verdict import Reading

BODY = {"templates": ["soap"], "upload_type": "chunked", "communication_protocol": "http"}
MADE = {
    "session_id": "ses_0123456789abcdef",
    "status": "created",
    "created_at": "2026-02-03T09:30:00Z",
    "expires_at": "2026-02-03T10:00:00Z",
    "upload_url": "https://scribe.example/v1/sessions/ses_0123456789abcdef/audio",
}
REFUSED = error("invalid_request")


def evidence(*sent: tuple[Any, int, Any, str | None], layer: Layer = Layer.FUZZ) -> Evidence:
    """Creates with a body, the status and document of the answer, and what was wrong with them."""
    tape = Tape()
    tape.heard("create", 201, MADE, session="plain")
    plain = tape.evidence
    further = []
    for number, (asked, status, document, probe) in enumerate(sent, 2):
        x = plain.exchanges[0]
        content = asked if isinstance(asked, bytes) else json.dumps(asked).encode()
        digest = hashlib.sha256(content).hexdigest()
        response = replace(x.response, status=status, body=json.dumps(document).encode()) if x.response else None
        further.append(
            replace(
                x,
                number=number,
                label=replace(x.label, layer=layer, probe=probe, session=f"fuzz/{number}"),
                request=replace(x.request, body=content, size=len(content), sha256=digest),
                response=response if status else None,
                trouble=None if status else "the connection broke",
            )
        )
    return replace(plain, further=tuple(further))


def findings(seen: Evidence, requirement: str, reading: Reading = "lenient") -> list[Finding]:
    graded = next(each for each in grade(seen, seen.text, reading) if each.requirement.id == requirement)
    numbers = {x.number for x in seen.further}
    return [each for each in graded.findings if each.exchange in numbers]


def bad(seen: Evidence, requirement: str) -> list[Finding]:
    return [each for each in findings(seen, requirement) if each.kind is not Kind.HOLDS]


def many(count: int, status: int, document: Any) -> list[tuple[Any, int, Any, str | None]]:
    return [({**BODY, "templates": "x" * (count - place)}, status, document, "body: odd") for place in range(count)]


@pytest.mark.parametrize("layer", [Layer.FUZZ, Layer.MUTATION])
def test_many_server_errors_are_one_failure_with_the_smallest_case(layer: Layer) -> None:
    sent = [each for case in many(200, 500, error("internal_error")) for each in (case, case)]
    found = bad(evidence(*sent, layer=layer), "ERR-020")
    assert [each.kind for each in found] == [Kind.VIOLATES]
    assert "200 of 200" in found[0].message
    assert found[0].exchange == 2 + 398


def test_a_server_error_that_does_not_come_back_is_none() -> None:
    case = ({**BODY, "templates": 5}, 500, error("internal_error"), "body: odd")
    again = ({**BODY, "templates": 5}, 400, REFUSED, "body: odd")
    assert bad(evidence(case, again), "ERR-020") == []
    assert bad(evidence(case, case), "ERR-020") != []


@pytest.mark.parametrize(("probe", "fails"), [("body: odd", True), ("syntax: NaN", True), ("transport: odd", False)])
def test_silence_counts_where_nothing_in_front_of_a_service_would_keep_it(probe: str, fails: bool) -> None:
    case = ({**BODY, "templates": 5}, 0, None, probe)
    seen = evidence(case, case)
    assert bool(bad(seen, "ERR-020")) is fails
    assert any(each.judgement == "an_answer" for each in observations(seen)) is not fails


@pytest.mark.parametrize("status", [501, 503, 505])
def test_what_a_server_does_not_offer_or_not_now_is_no_accident(status: int) -> None:
    case = (BODY, status, error("service_unavailable"), "transport: odd")
    assert bad(evidence(case, case), "ERR-020") == []


WANTED: Sequence[tuple[Any, str]] = [
    ({"upload_type": "chunked", "communication_protocol": "http"}, "SES-CREATE-010"),
    ({**BODY, "templates": True}, "SES-CREATE-011"),
    ({**BODY, "templates": ["soap", None]}, "SES-CREATE-011"),
    ({**BODY, "model": 0.5}, "SES-CREATE-014"),
    ({**BODY, "model": "nobody's"}, "SES-CREATE-014"),
    ({**BODY, "language_hint": {}}, "SES-CREATE-017"),
    ({**BODY, "transcript_language": [True]}, "SES-CREATE-020"),
    ({**BODY, "upload_type": "chunked "}, "SES-CREATE-023"),
    ({**BODY, "additional_data": False}, "SES-CREATE-027"),
    (["soap"], "SES-CREATE-032"),
]


@pytest.mark.parametrize(("body", "requirement"), WANTED)
def test_what_the_text_wants_refused_fails_its_requirement_when_it_is_taken(body: Any, requirement: str) -> None:
    taken = evidence((body, 201, MADE, "body: odd"), ({**BODY, "x": body}, 201, MADE, None))
    assert [each.kind for each in bad(taken, requirement)] == [Kind.VIOLATES]
    assert bad(evidence((body, 422, REFUSED, "body: odd")), requirement) == []


@pytest.mark.parametrize(
    "body",
    [
        {"templates": ["soap"]},
        {**BODY, "templates": ["a", "b", "c"]},
        {**BODY, "model": None},
        {**BODY, "language_hint": "en"},
        {**BODY, "transcript_language": ["english"]},
        {**BODY, "additional_data": None},
        {**BODY, "upload_type": None},
        {**BODY, "x": 1},
    ],
)
def test_what_the_text_leaves_open_is_never_a_failure(body: Any) -> None:
    for status, document in ((201, MADE), (400, REFUSED)):
        seen = evidence((body, status, document, "body: odd"))
        for reading in ("lenient", "strict"):
            shown = [findings(seen, each, reading) for each in seen.text.fuzz.binding]  # type: ignore[arg-type]
            assert all(each.kind is Kind.HOLDS for found in shown for each in found)


def test_a_member_no_prose_names_is_tolerated() -> None:
    seen = evidence(({**BODY, "communication_protocol": "smoke"}, 201, MADE, "body: odd"))
    assert [each.kind for each in bad(seen, "SES-CREATE-026")] == [Kind.TOLERATED]


def test_broken_json_is_refused_and_its_extensions_may_be_taken() -> None:
    cut = evidence((b'{"templates": [', 201, MADE, "syntax: cut off"))
    assert [each.kind for each in bad(cut, "SES-CREATE-032")] == [Kind.VIOLATES]
    comma = evidence((b'{"templates": ["soap"],}', 201, MADE, "syntax: a trailing comma"))
    assert findings(comma, "SES-CREATE-032") == []
    assert [each.judgement for each in observations(comma)] == ["syntax_rejection"]


def test_observations_say_how_often_why_not_and_which_case_is_the_smallest() -> None:
    sent = [(body, 201, MADE, "body: odd") for body in ({**BODY, "templates": ["a", "b", "c" * n]} for n in (9, 1, 5))]
    (found,) = observations(evidence(*sent))
    assert (found.judgement, found.count, found.exchange) == ("negative_data_rejection", 3, 3)
    assert "left open" in found.reason


def test_errors_of_odd_requests_have_the_envelope_too() -> None:
    seen = evidence(({**BODY, "templates": 5}, 400, {"detail": "no"}, "body: odd"))
    assert [each.kind for each in bad(seen, "ERR-001")] == [Kind.VIOLATES]
    odd_head = evidence((BODY, 417, "no", "transport: odd"))
    assert findings(odd_head, "ERR-001") == []


@pytest.mark.parametrize("profile", scribe_data.profiles())
def test_what_the_tables_bind_to_names_this_check_in_its_requirement(profile: str) -> None:
    """Checks are found by the requirements alone, so that the kit starts without reading every text."""
    bound = {name for each in scribe_data.revisions(profile) for name in scribe_data.load(profile, each).fuzz.binding}
    named = {each.id for each in scribe_data.catalogue(profile).values() if f"generated.{NAME}" in each.checks}
    assert bound == named


def test_the_kit_starts_without_reading_a_text() -> None:
    asked = "import conformance.cli; from scribe_data.load import _load; print(_load.cache_info().currsize)"
    told = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "0"
