"""The test clock and the patience of the kit."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from conformance.drive.clock import ClockTrouble, TestClock
from conformance.drive.patience import LONGEST_WAIT, SLOWEST_POLL, Pace, retry_after
from conformance.evidence import Response
from tests.conformance.miniature import HOST, Answer
from tests.conformance.stage import miniature, on_stage

TICK = f"{HOST}/scribe/api/tick"


def clocked(app, act):
    async def run():
        async with on_stage(app) as stage:
            return await act(stage, TestClock(stage.wire, TICK))

    return asyncio.run(run())


def test_moving_the_clock_expires_a_session_and_marks_what_is_sent_after():
    async def act(stage, clock):
        handle = await stage.drive.create("expiry")
        before = await clock.now()
        after = await clock.advance(1860)
        read = await stage.drive.get(handle)
        return before, after, clock, read

    before, after, clock, read = clocked(miniature(), act)
    assert timedelta(seconds=1859) < after - before < timedelta(seconds=1870)
    assert clock.advanced == 1860
    assert (read.status, read.document["status"]) == (410, "expired")
    assert read.notes["clock_offset"] == pytest.approx(1860, abs=5)
    assert read.notes["clock_slack"] > 0


@pytest.mark.parametrize(
    "answer", [Answer(404, {}), Answer(200, {"now": "soon"}), Answer(200, {"now": 5}), Answer(200, [])]
)
def test_a_clock_that_does_not_answer_as_agreed_is_trouble(answer):
    app = miniature(twist=lambda operation, asked, usual: answer if operation == "clock" else usual)

    async def act(stage, clock):
        with pytest.raises(ClockTrouble):
            await clock.advance(60)
        return clock.advanced

    assert clocked(app, act) == 0


def answer_with(value):
    return Response(503, (("Retry-After", value),))


def test_retry_after_is_honoured_as_seconds_and_as_a_date_up_to_the_bound():
    soon = format_datetime(datetime.now(UTC) + timedelta(seconds=20), usegmt=True)
    assert retry_after(answer_with("7"), 0) == 7
    assert 15 < retry_after(answer_with(soon), 0) <= 20
    assert retry_after(answer_with("86400"), 0) == LONGEST_WAIT
    assert retry_after(answer_with("Mon, 01 Jan 2024 00:00:00 GMT"), 0) == 1


def test_a_date_is_counted_from_the_clock_of_the_answer_that_names_it():
    dates = (("Retry-After", "Mon, 01 Jan 2024 00:00:07 GMT"), ("Date", "Mon, 01 Jan 2024 00:00:00 GMT"))
    assert retry_after(Response(503, dates), 0) == 7
    assert retry_after(Response(503, (dates[0], ("Date", "lately"))), 0) == 1


@pytest.mark.parametrize("value", ["", "soon", "-5", "1e9"])
def test_without_a_readable_retry_after_the_waits_grow(value):
    assert [retry_after(answer_with(value), n) for n in range(5)] == [1, 2, 4, 8, 8]


def test_polls_come_soon_at_first_and_never_more_than_two_seconds_apart():
    pace = Pace()
    gaps = [pace.next(None) for _ in range(20)]
    assert gaps[0] < 0.1
    assert gaps == sorted(gaps)
    assert gaps[-1] == SLOWEST_POLL
    assert pace.next(answer_with("5")) == 5
