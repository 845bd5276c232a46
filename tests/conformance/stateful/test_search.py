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


def searched(judge: Judge, *, examples: int = 4, **more: Any) -> tuple[Explored, Evidence]:
    async def run() -> tuple[Explored, Evidence]:
        async with on_stage(miniature(**more), examples=examples, steps=12) as stage:
            model = Model(TEXT.lifecycle)
            found = await Search(stage.drive, TEXT, model, offer_of(stage.drive, model), judge).run()
            return found, stage.evidence

    return asyncio.run(run())


def ends(evidence: Evidence) -> Iterator[Violation]:
    """Calls the second request of one session that ends it a violation."""
    for session in {x.label.session for x in evidence.exchanges if (x.label.session or "").startswith("machine")}:
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
    found, evidence = searched(ends, examples=12)
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


def test_what_one_sequence_shows_now_and_then_is_found_in_one_that_shows_it_always() -> None:
    lucky: list[bool] = []

    def judge(evidence: Evidence) -> Iterator[Violation]:
        place = Place("SES-END-013", "end")
        sent = [x for x in evidence.exchanges if (x.label.session or "").startswith("machine")]
        ended = [x for x in sent if x.label.operation == "end"]
        uploads = [x for x in sent if x.label.operation == "upload" and x.accepted]
        if len(ended) > 1:
            yield Violation(place, violates(ended[1], "Two ends, always."))
        elif uploads:
            lucky.append(len(lucky) < 3)
            if lucky[-1]:
                yield Violation(place, violates(uploads[0], "A file, three times."))

    found, _ = searched(judge, examples=6)
    assert [(each.seen, each.of) for each in found.violations] == [(REPLAYS, REPLAYS)]
    assert found.violations[0].message == "Two ends, always."


def test_a_violation_that_no_sequence_shows_always_is_looked_for_a_few_times() -> None:
    judged = 0

    def judge(evidence: Evidence) -> Iterator[Violation]:
        nonlocal judged
        judged += bool(evidence.exchanges)
        if evidence.exchanges and judged % 3 == 0:
            yield Violation(Place("SES-GET-005", "get"), violates(evidence.exchanges[0], "Every third time."))

    found, _ = searched(judge, examples=12)
    assert [each.place for each in found.violations] == ["SES-GET-005 (get)"]
    assert 0 < found.violations[0].seen < found.violations[0].of


def test_waiting_is_given_up_where_nothing_comes_of_it() -> None:
    found, _ = searched(judging("lenient"), examples=3, processing=60.0)
    assert found.ended is None
    assert found.seconds < 60
