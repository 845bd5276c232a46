"""A run that is to end at the first failure drives no further, says what it did not see, and is never conformant."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from conformance.baseline import Baseline, Known
from conformance.certification import certify
from conformance.cli.run import exit_code
from conformance.report import document, headline, page, summary
from conformance.verdict import Overall, Verdict
from tests.conformance.stage import miniature, options
from tests.peers.honest import Honest
from tests.peers.runs import serving

if TYPE_CHECKING:
    from conformance.run import Run
    from tests.conformance.miniature import Answer, Asked

#: What tones and no speech come to in every run against the miniature.
USUAL = ("SES-PART-010", "AUD-016", "TPL-008")


def run(app: Any, **changes: Any) -> Run:
    return asyncio.run(certify(options(app), **changes))


def failing(done: Run) -> list[str]:
    return [each.requirement.id for each in done.graded if each.verdict is Verdict.FAIL]


def modelless(operation: str, _asked: Asked, answer: Answer) -> Answer:
    if operation == "discovery" and isinstance(answer.document, dict):
        answer.document.pop("models", None)
    return answer


def ended_with_200(operation: str, _asked: Asked, answer: Answer) -> Answer:
    if operation == "end" and answer.status == 202:
        answer.status = 200
    return answer


def stateless(operation: str, _asked: Asked, answer: Answer) -> Answer:
    if operation == "create" and isinstance(answer.document, dict):
        answer.document.pop("status", None)
    return answer


@pytest.mark.parametrize(
    ("twist", "broken"), [(modelless, "DISC-014"), (ended_with_200, "SES-END-002"), (stateless, "SES-CREATE-003")]
)
def test_a_run_ends_at_the_first_failure_and_ends_its_sessions(twist: Any, broken: str) -> None:
    whole = run(miniature(twist=twist))
    assert broken in failing(whole)
    short = run(miniature(twist=twist), fail_fast=True, known=USUAL)
    assert short.requests < whole.requests  # by how many depends on what is under way at that moment
    assert set(failing(short)) - set(USUAL)
    assert set(failing(short)) <= set(failing(whole))
    assert short.overall is Overall.INTERRUPTED
    assert exit_code(short) == 1
    assert short.cost is not None
    assert short.cost.left_open == ()
    assert not [note for note in short.evidence.notes if note.reason in ("kit_error", "deadline")]


def test_the_report_says_that_the_run_ended_early_and_at_what() -> None:
    short = run(miniature(twist=modelless), fail_fast=True)
    (named,) = [note.text for note in short.evidence.notes if note.reason == "fail_fast"]
    assert next(name for name in failing(short) if name in named)
    assert headline.headline(short) == "Interrupted at the first failure"
    told = json.loads(document.render(short))
    assert (told["overall"], told["headline"]) == ("interrupted", "Interrupted at the first failure")
    reasons = {each.get("reason") for each in told["requirements"] if each["verdict"] == "inconclusive"}
    assert "fail_fast" in reasons
    for text in (page.render(short), summary.render(short), headline.explanation(short)):
        assert "at the first" in text
        assert "conformant" not in text.lower()


def test_a_failure_that_is_known_ends_no_run_and_one_whose_entry_has_expired_does() -> None:
    today = datetime.now(UTC).date()
    entries = [Known(name, "tones", today) for name in USUAL]
    known = Baseline("known.yaml", tuple(entries)).known_on(today)
    whole = run(miniature(), fail_fast=True, known=known)
    assert (whole.overall, failing(whole)) == (Overall.NON_CONFORMANT, list(USUAL))
    late = Baseline("known.yaml", tuple(entries)).known_on(today + timedelta(days=1))
    assert run(miniature(), fail_fast=True, known=late).overall is Overall.INTERRUPTED


def test_a_part_ends_at_its_own_failures_alone() -> None:
    passing = run(miniature(twist=ended_with_200), only=("DISC",), fail_fast=True)
    assert (passing.overall, exit_code(passing)) == (Overall.SELECTION, 0)
    broken = run(miniature(twist=ended_with_200), only=("SES-END",), fail_fast=True)
    assert (broken.overall, exit_code(broken)) == (Overall.INTERRUPTED, 1)
    assert set(failing(broken)) <= {each.requirement.id for each in broken.graded}


def test_where_nothing_is_broken_the_run_is_what_it_is_without() -> None:
    peer = Honest()
    with serving(peer) as address:
        given = options(None, target=address, api_key=peer.key("one"), second_api_key=peer.key("two"), transport=None)
        done = asyncio.run(certify(given, fail_fast=True))
    assert failing(done) == []
    assert done.overall in (Overall.CONFORMANT, Overall.NOT_FULLY_VERIFIED)
    assert headline.early(done) == []
