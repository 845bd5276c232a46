"""What a run costs the service is counted, its sessions are ended, and each request says who sent it."""

from __future__ import annotations

import asyncio
import html
import re
import signal
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from time import monotonic

import pytest

from conformance.certification import certify
from conformance.cost import Spent, busy, cost, whole
from conformance.evidence import Evidence, Exchange, Explored, Facts, Label, Layer, Request, Response
from conformance.interruption import Interruption
from conformance.journeys import Journey
from conformance.report import document, headline, page
from conformance.runner import drive_all
from conformance.target import BadOption
from conformance.verdict import Overall
from conformance.version import suite_version
from tests.conformance.miniature import HOST, Answer
from tests.conformance.stage import AUDIO, miniature, options

TERMINAL = ("completed", "partial", "failed", "expired")


def journey(walk):
    return Journey("trial", walk, "main", long=False, doc="")


def drive(walk, app=None, **changes):
    return asyncio.run(drive_all(options(app or miniature(), **changes), audio=AUDIO, journeys=[journey(walk)]))


def spent(walk):
    return cost(drive(walk).exchanges, TERMINAL)


async def _nothing(drive):
    pass


async def _left(drive):
    handle = await drive.create("left")
    await drive.upload(handle, "short", name="audio_0.wav")


async def _ended(drive):
    await drive.consult("ended", ["short"])


async def _nameless(drive):
    await drive.send("create", "POST", drive.url("sessions"), probe="no harm", json=drive.body())


@pytest.mark.parametrize("walk", [_nothing, _left, _ended, _nameless])
def test_every_session_that_can_be_ended_is_ended_and_listed(walk):
    seen = spent(walk)
    assert len(seen.sessions) == (1 if walk is _nothing else 2)  # preparation makes one
    assert seen.left_open == ()


@pytest.mark.parametrize("walk", [_left, _ended])
def test_ending_what_is_left_is_no_part_of_a_story(walk):
    evidence = drive(walk)
    closing = [x for x in evidence.exchanges if x.label.journey == "closing"]
    assert all(x.label.session is None and not x.label.graded for x in closing)
    assert (walk is _left) is bool(closing)


def test_a_service_that_does_not_answer_an_end_is_not_waited_for():
    def twist(operation, _asked, answer):
        return replace(answer, status=500) if operation == "end" else answer

    began = monotonic()
    evidence = drive(_left, miniature(twist=twist))
    assert monotonic() - began < 30
    assert len(cost(evidence.exchanges, TERMINAL).left_open) >= 1


@pytest.mark.parametrize(
    ("operation", "status", "document", "state"),
    [
        ("end", 202, {}, "ended"),
        ("end", 409, {}, "open"),
        ("end", 410, {}, "ended"),
        ("get", 410, {}, "ended"),
        ("get", 200, {"status": "expired"}, "ended"),
        ("get", 200, {"status": "recording"}, "open"),
        ("upload", 200, {"status": "completed"}, "open"),
        ("cancel", 200, {}, "ended"),
        ("cancel", 400, {}, "open"),
    ],
)
def test_a_session_is_open_until_an_answer_says_otherwise(operation, status, document, state):
    async def walk(drive):
        handle = await drive.create("made")
        app.twist = lambda _operation, _asked, _answer: Answer(status, document)
        await drive.send(operation, "POST", drive.url("sessions", handle.session_id, "x"))
        app.twist = lambda _operation, _asked, _answer: Answer(400, {})

    app = miniature()
    (_, made) = cost(drive(walk, app).exchanges, TERMINAL).sessions
    assert made.state == state


def test_bad_requests_are_those_that_a_service_refuses():
    async def walk(drive):
        await drive.send("templates", "GET", drive.url("templates"), probe="none", credential="none")
        await drive.send("create", "POST", drive.url("sessions"), probe="no members", json={})
        await drive.send("templates", "GET", drive.url("templates"))

    assert spent(walk).bad_requests - spent(_nothing).bad_requests == 2


def test_each_request_names_the_kit_and_is_a_span_of_one_trace():
    evidence = drive(_ended)
    told = [x.request.header("traceparent") or "" for x in evidence.exchanges]
    found = [re.fullmatch(r"00-([0-9a-f]{32})-([0-9a-f]{16})-01", each) for each in told]
    assert all(found)
    assert {each[1] for each in found if each} == {evidence.facts.extra["trace_id"]}
    assert len({each[2] for each in found if each}) == len(told)
    assert {x.request.header("user-agent") for x in evidence.exchanges} == {f"scribe-conformance/{suite_version()}"}
    assert drive(_nothing).facts.extra["trace_id"] != evidence.facts.extra["trace_id"]


def test_a_trace_of_the_operators_is_left_alone():
    given = "00-11111111111111111111111111111111-2222222222222222-01"
    asked = []

    def twist(_operation, asked_for, answer):
        asked.append(asked_for.headers.get("traceparent"))
        return answer

    drive(_nothing, miniature(twist=twist), headers=(("traceparent", given),))
    assert set(asked) == {given}


@pytest.mark.parametrize("clock", [f"{HOST}/tick", f"{HOST}/scribe/api/templates", "http://nowhere.invalid/clock"])
def test_a_clock_that_is_none_is_refused_before_anything_is_made(clock):
    app = miniature()
    with pytest.raises(BadOption, match="--test-clock names no clock") as said:
        asyncio.run(certify(options(app, test_clock=clock)))
    assert said.value.exit_code == 2
    assert app.sessions == {}


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_run_keeps_what_it_saw_and_ends_its_sessions(number):
    interruption = Interruption()

    def progress(step):
        if step.requests > 60:
            interruption.ask(number)

    run = asyncio.run(certify(options(miniature(processing=600.0)), progress=progress, interruption=interruption))
    assert run.overall is Overall.INTERRUPTED
    assert interruption.exit_code == 128 + number
    assert run.requests > 60
    assert run.cost.left_open == ()
    assert document.document(run)["overall"] == "interrupted"
    assert headline.headline(run) == "Interrupted"
    assert "kit_error" not in {note.reason for note in run.evidence.notes}
    assert signal.Signals(number).name in next(n.text for n in run.evidence.notes if n.reason == "interrupted")


def test_a_run_interrupted_before_it_began_still_reports():
    interruption = Interruption()
    interruption.ask(signal.SIGTERM)
    run = asyncio.run(certify(options(miniature()), interruption=interruption))
    assert run.overall is Overall.INTERRUPTED
    assert Label("end", "closing", None, "closing", graded=False) not in [x.label for x in run.evidence.exchanges]


def test_the_counts_add_up():
    run = asyncio.run(certify(options(miniature())))
    told = headline.counts(run)
    total, _, rest = told.partition(" requirements: ")
    numbers = [int(part.split()[0]) for part in rest.partition(" not seen: ")[0].split(", ")]
    assert sum(numbers) == int(total) == len(run.graded)
    groups = [int(re.search(r"\d+", part)[0]) for part in rest.partition(" not seen: ")[2].split(", ")]
    assert sum(groups) == numbers[-1]
    assert "expiry" in rest
    assert "(no clock)" in rest
    assert "TLS" in rest


def test_what_binds_and_was_not_seen_is_named_to_the_last():
    run = asyncio.run(certify(options(miniature())))
    told = headline.explanation(run) if run.overall is not Overall.NON_CONFORMANT else ""
    for graded in run.graded if told else ():
        if graded.verdict == "inconclusive" and graded.requirement.level in ("MUST", "SCHEMA"):
            assert graded.requirement.id in told
    lines = headline.additions(run)
    assert [line for line in lines if "--test-clock" in line and "SES-EXP-005" in line]
    assert [line for line in lines if "TLS" in line and "SEC-002" in line]


def test_a_second_key_is_offered_where_none_was_given():
    run = asyncio.run(certify(options(miniature(), second_api_key=None), only=("AUTH-026", "DISC-001")))
    assert [line for line in headline.additions(run) if "--second-api-key" in line and "AUTH-026" in line]


AT = datetime(2026, 1, 27, tzinfo=UTC)


def sent(number, layer, start, took, size=0):
    label = Label("templates", "trial", layer=layer)
    request = Request("GET", f"{HOST}/templates", size=size)
    begun = AT + timedelta(seconds=start)
    return Exchange(number, label, request, Response(200), begun, begun + timedelta(seconds=took), took)


@pytest.mark.parametrize(
    ("intervals", "seconds"),
    [
        ([], 0),
        ([(0, 1), (2, 1)], 2),
        ([(0, 4), (1, 1)], 4),
        ([(1, 2), (0, 2)], 3),
        ([(0, 1), (1, 1)], 2),
    ],
)
def test_a_layer_is_busy_while_at_least_one_of_its_requests_is_on_its_way(intervals, seconds):
    found = [sent(number, Layer.WALK, *each) for number, each in enumerate(intervals, 1)]
    assert busy(found) == pytest.approx(seconds)


def test_each_layer_has_its_own_requests_bytes_and_seconds():
    facts = Facts(HOST, "2026-01-27", extra={"lasted": {"journey": 9.0, "race": 3.5}})
    journeys = (sent(1, Layer.JOURNEY, 0, 2, size=10), sent(3, Layer.JOURNEY, 1, 2, size=5))
    races = (sent(2, Layer.RACE, 0, 1), sent(4, Layer.RACE, 0, 1))
    explored = Explored(seed=0, examples=1, steps=1, requests=7, seconds=8.0, bytes_sent=70, busy_s=0.5)
    found = whole(Evidence(journeys, facts, further=races, explored=explored))
    assert {each.layer: each for each in found.layers} == {
        Layer.JOURNEY: Spent(Layer.JOURNEY, 2, 15, 3.0, 9.0),
        Layer.RACE: Spent(Layer.RACE, 2, 0, 1.0, 3.5),
        Layer.MACHINE: Spent(Layer.MACHINE, 7, 70, 0.5, None),
    }
    assert sum(each.requests for each in found.layers) == found.requests


def test_the_report_tells_the_time_by_layer():
    run = asyncio.run(certify(options(miniature(), examples=1, budget=300)))
    whole = document.document(run)
    told = whole["cost"]
    assert sum(each["requests"] for each in told["layers"]) == told["requests"] == run.requests
    assert sum(each["bytes_sent"] for each in told["layers"]) == told["bytes_sent"]
    # what generates may be out of time on a busy machine
    assert {each["layer"] for each in told["layers"]} >= {Layer.JOURNEY, Layer.WALK}
    for each in told["layers"]:
        assert 0 < each["busy_s"] <= whole["duration_s"] + 0.5, each
        assert f"{each['layer']} {each['requests']} requests" in headline.layers(run)
    assert headline.layers(run) in html.unescape(page.render(run))
