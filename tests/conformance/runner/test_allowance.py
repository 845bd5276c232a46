"""A run asks no more of a service than its operator allows: so many requests a second, so many in all."""

from __future__ import annotations

import asyncio
from time import monotonic
from typing import Any

import pytest

import scribe_data
from conformance.certification import certify
from conformance.cost import cost
from conformance.journeys import all_journeys
from conformance.report import headline, page, summary
from conformance.run import Run, conclude, grade
from conformance.runner import drive_all
from conformance.target import BadOption
from conformance.verdict import Overall, Verdict
from tests.conformance.stage import AUDIO, miniature, options
from tests.peers.production import Production
from tests.peers.runs import judged


def counted(app: Any) -> tuple[Any, list[float]]:
    """The app, and when each of its requests came."""
    times: list[float] = []

    async def outer(scope: Any, receive: Any, send: Any) -> None:
        times.append(monotonic())
        await app(scope, receive, send)

    return outer, times


def driven(app: Any, **changes: Any) -> Any:
    journeys = [each for each in all_journeys() if each.phase == "main" and not each.long]
    return asyncio.run(drive_all(options(app, **changes), audio=AUDIO, journeys=journeys))


@pytest.mark.parametrize("most", [40, 75, 140])
def test_no_more_requests_are_sent_than_are_allowed_and_the_open_sessions_are_ended(most: int) -> None:
    app, times = counted(miniature())
    evidence = driven(app, max_requests=most)
    assert most - 16 <= len(times) <= most
    assert {note.reason for note in evidence.notes} >= {"max_requests"}
    assert not {note.reason for note in evidence.notes} & {"kit_error", "deadline"}
    text = scribe_data.load()
    assert not cost(evidence.everything, text.lifecycle.terminal).left_open
    graded = grade(evidence, text, "lenient")
    assert conclude(graded) is not Overall.CONFORMANT
    assert [each.requirement.id for each in graded if each.verdict is Verdict.FAIL] == []
    assert any(each.verdict is Verdict.PASS for each in graded)


def test_a_run_whose_requests_were_used_up_is_never_conformant(tmp_path: Any) -> None:
    app = miniature()
    whole = asyncio.run(certify(options(app)))
    most = whole.requests * 3 // 4  # far fewer than a run takes that waits less often
    short = asyncio.run(certify(options(miniature(), max_requests=most)))
    assert short.requests <= most
    assert short.overall is not Overall.CONFORMANT
    assert any("allowed" in text for text in headline.early(short))
    assert headline.early(whole) == []
    assert not short.cost.left_open
    assert "The run ended early" in page.render(short)


def test_too_few_requests_to_look_at_the_service_are_said_before_anything_is_judged() -> None:
    with pytest.raises(BadOption, match="allowed 2 requests"):
        driven(miniature(), max_requests=2)


@pytest.mark.parametrize("rate", [25.0, 60.0])
def test_requests_keep_to_the_rate(rate: float) -> None:
    app, times = counted(miniature())
    driven(app, rate=rate, max_requests=60)
    assert len(times) > 40
    # a request that waited for its turn may be woken a little late, and the next one in time
    for start in range(len(times) - 20):
        assert times[start + 20] - times[start] >= 20 / rate - 0.1


@pytest.mark.parametrize(
    "changes", [{"rate": 0.0}, {"rate": float("nan")}, {"rate": float("inf")}, {"max_requests": 0}]
)
def test_an_allowance_that_is_none_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(BadOption):
        options(miniature(), **changes)


@pytest.fixture(scope="module")
def run() -> Run:
    return judged(Production())


def test_the_summary_has_the_counts_and_the_causes_and_is_added_to_what_is_there(run: Run, tmp_path: Any) -> None:
    path = tmp_path / "summary.md"
    path.write_text("before\n")
    summary.add(run, path, (tmp_path / "report.html",))
    told = path.read_text()
    assert told.startswith("before\n## ")
    assert "| " + " | ".join(str(run.count(verdict)) for verdict in Verdict) + " |" in told
    assert run.causes
    for cause in run.causes[: summary.MOST_CAUSES]:
        assert f"**{cause.requirement}**" in told
    assert "`report.html`" in told


@pytest.mark.parametrize("text", ["<script>x</script>", "a | b", "![x](http://h)", "`code`", "one\n# two", "@team"])
def test_a_text_of_the_target_is_no_markup_in_the_summary(text: str) -> None:
    told = summary._plain(text)
    assert "\n" not in told
    for mark in "<>|[]()`#!@":
        assert told.count(mark) == told.count(f"\\{mark}")


def test_a_summary_that_cannot_be_written_is_told_before_the_run(tmp_path: Any) -> None:
    with pytest.raises(summary.NotWritten, match="cannot be written"):
        summary.prepare(tmp_path / "no" / "such.md")
