"""A search leaves no trace in the evidence but what it replays, and costs no more than it may."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import scribe_data
from conformance.finding import violates
from conformance.stateful.judge import Judge, Place, Violation, judging
from conformance.stateful.model import Model
from conformance.stateful.play import offer_of
from conformance.stateful.search import REPLAYS, Search
from tests.conformance.stage import miniature, on_stage

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conformance.evidence import Evidence, Exchange, Explored

TEXT = scribe_data.load()


def searched(judge: Judge, *, examples: int = 1, **more: Any) -> tuple[Explored, Evidence]:
    async def run() -> tuple[Explored, Evidence]:
        async with on_stage(miniature(**more), examples=examples, steps=5) as stage:
            model = Model(TEXT.lifecycle)
            found = await Search(stage.drive, TEXT, model, offer_of(stage.drive, model), judge).run()
            return found, stage.evidence

    return asyncio.run(run())


def ends(evidence: Evidence) -> Iterator[Violation]:
    """Calls the second request of one session that ends it a violation."""
    for session in {x.label.session for x in evidence.exchanges}:
        for x in [x for x in evidence.about(session) if x.label.operation == "end"][1:2]:
            yield Violation(Place("SES-END-013", "end"), violates(x, "It was ended again."))


def replayed(evidence: Evidence) -> list[Exchange]:
    return [x for x in evidence.everything if (x.label.session or "").startswith("machine")]


def test_what_is_only_tried_is_in_no_evidence() -> None:
    found, evidence = searched(judging("lenient"))
    assert found.violations == ()
    assert (found.requests > 10, found.sessions > 1, found.left_open) == (True, True, 0)
    assert replayed(evidence) == []


def test_a_violation_is_shrunk_and_replayed_for_the_evidence() -> None:
    found, evidence = searched(ends, examples=4)
    assert [(each.seen, each.of, len(each.steps)) for each in found.violations] == [(REPLAYS, REPLAYS, 3)]
    kept = replayed(evidence)
    assert set(found.violations[0].exchanges) < {x.number for x in kept}
    assert all(x.label.graded for x in kept)


def test_what_no_replay_shows_again_is_told_and_fails_nothing() -> None:
    judged: list[bool] = []

    def once(evidence: Evidence) -> list[Violation]:
        nonlocal judged
        judged += [True] * bool(evidence.exchanges)
        if not evidence.exchanges:
            return []
        return [Violation(Place("SES-END-013", "end"), violates(evidence.exchanges[0], "Once."))] * (len(judged) == 3)

    found, _ = searched(once)
    assert [(each.seen, each.exchange) for each in found.violations] == [(0, None)]


def test_waiting_is_given_up_where_nothing_comes_of_it() -> None:
    found, _ = searched(judging("lenient"), examples=3, processing=60.0)
    assert found.ended is None
    assert found.seconds < 60
