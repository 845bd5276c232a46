"""A run ends with evidence, or with one line that says why it could not begin; never with a traceback."""

from __future__ import annotations

import asyncio
import socket
from contextlib import asynccontextmanager
from datetime import timedelta
from time import monotonic

import pytest
import uvicorn

from conformance.evidence import Label
from conformance.journeys import Journey, all_journeys
from conformance.runner import drive_all
from conformance.target import CredentialsRefused, TargetUnreachable
from tests.conformance.miniature import HOST, KEY, OTHER_KEY, Answer
from tests.conformance.stage import AUDIO, miniature, options


def journey(name, walk, phase="main", *, long=False):
    return Journey(name, walk, phase, long, name)


def ordinary():
    """The consultations without a probe: what these tests are about does not depend on the others."""
    return [each for each in all_journeys() if each.name.startswith("sessions/")]


def run(app, *journeys, progress=None, **changes):
    return asyncio.run(drive_all(options(app, **changes), progress, audio=AUDIO, journeys=journeys or ordinary()))


def reasons(evidence):
    return {note.reason for note in evidence.notes}


def test_a_full_run_against_an_honest_server_finishes_every_ordinary_session():
    began = monotonic()
    evidence = run(miniature(processing=0.3), *all_journeys(), test_clock=f"{HOST}/scribe/api/tick")
    assert monotonic() - began < 10
    finals = {key: evidence.stories[key].final for key in ("visit", "short/knee", "short/cough", "plain")}
    assert {key: final.document["status"] for key, final in finals.items()} == dict.fromkeys(finals, "completed")
    assert "kit_error" not in reasons(evidence)
    assert (evidence.facts.api_target, evidence.facts.upload_form, evidence.facts.clock) == (True, "multipart", "test")
    assert evidence.facts.second_key
    assert not evidence.facts.public_host
    assert [x.number for x in evidence.exchanges] == list(range(1, len(evidence.exchanges) + 1))
    assert KEY not in repr(evidence)
    assert OTHER_KEY not in repr(evidence)


def test_the_visit_is_read_in_every_state_it_passes():
    visit = run(miniature(processing=0.3)).stories["visit"]
    shown = [x.document["status"] for x in visit.reads]
    assert list(dict.fromkeys(shown)) == ["created", "recording", "processing", "completed"]
    assert (shown.count("created"), shown.count("completed")) == (2, 6)
    assert visit.asked["additional_data"] == visit.final.document["additional_data"]


@pytest.mark.parametrize("answer", [Answer(404, {}), Answer(404, raw=b""), Answer(500, raw=b"oh"), Answer(405, {})])
def test_a_server_that_knows_nothing_is_not_graded(answer):
    with pytest.raises(TargetUnreachable, match="serves no discovery"):
        run(miniature(twist=lambda _operation, _asked, _answer: answer))


def test_a_null_server_gives_a_run_to_grade():
    answer = Answer(200, {})
    evidence = run(miniature(twist=lambda _operation, _asked, _answer: answer))
    assert evidence.facts.base_url == HOST
    assert evidence.facts.api_target is None
    assert evidence.stories["visit"].created is None or evidence.stories["visit"].session_id is None
    assert "set_up_refused" in reasons(evidence)
    assert "kit_error" not in reasons(evidence)


def test_all_journeys_wait_at_once_the_long_ones_first():
    begun, waiting, most = [], 0, 0

    def named(name):
        async def walk(drive):
            nonlocal waiting, most
            begun.append(name)
            waiting += 1
            most = max(most, waiting)
            await drive.pause(0.05)
            waiting -= 1

        return walk

    names = [f"main {n}" for n in range(20)]
    run(miniature(), *(journey(name, named(name)) for name in names), journey("long", named("long"), long=True))
    assert (begun[0], most) == ("long", 21)


@pytest.mark.parametrize("places", [1, 3])
def test_no_more_requests_are_on_their_way_than_there_are_places(places):
    app = Crowd(miniature())

    async def walk(drive):
        await drive.together(*(drive.send("templates", "GET", drive.url("templates")) for _ in range(4)))

    evidence = run(app, *(journey(f"main {n}", walk) for n in range(4)), concurrency=places)
    assert app.most == places
    assert len(list(evidence.select("templates"))) >= 16


class Crowd:
    """Counts the requests that a server answers at the same time."""

    def __init__(self, app):
        self._app = app
        self._now = self.most = 0

    async def __call__(self, scope, receive, send):
        self._now += 1
        self.most = max(self.most, self._now)
        await asyncio.sleep(0.005)
        await self._app(scope, receive, send)
        self._now -= 1


def test_journeys_that_move_the_clock_run_last_and_one_after_the_other():
    events = []

    def moving(name):
        async def walk(drive):
            events.append(f"{name} begins")
            await drive.clock.advance(60)
            events.append(f"{name} ends")

        return walk

    async def standing(drive):
        await drive.pause(0.05)
        events.append("main ends")

    run(
        miniature(),
        journey("one", moving("one"), "clock"),
        journey("two", moving("two"), "clock"),
        journey("main", standing),
        test_clock=f"{HOST}/scribe/api/tick",
    )
    assert events == ["main ends", "one begins", "one ends", "two begins", "two ends"]


def test_without_a_test_clock_no_journey_that_moves_it_runs():
    async def moving(drive):
        raise AssertionError

    assert run(miniature(), journey("one", moving, "clock")).notes == ()


def test_a_mistake_of_the_kit_costs_one_journey_and_is_told():
    async def wrong(drive):
        raise KeyError(f"no such thing as {KEY}")

    async def right(drive):
        await drive.consult("right", ["short"])

    evidence = run(miniature(), journey("wrong", wrong), journey("right", right))
    (note,) = evidence.notes
    assert (note.journey, note.reason) == ("wrong", "kit_error")
    assert "KeyError" in note.text
    assert KEY not in note.text
    assert evidence.stories["right"].final is not None


def test_when_time_is_over_the_run_ends_with_notes_and_what_it_saw():
    began = monotonic()
    evidence = run(miniature(processing=600.0), processing_timeout=500.0, budget=1.0)
    assert monotonic() - began < 4
    assert reasons(evidence) == {"deadline"}
    assert evidence.stories["visit"].end is not None
    assert not [x for x in evidence.exchanges if x.trouble and x.label.graded]


def test_time_that_is_over_side_by_side_is_a_deadline_and_no_mistake_of_the_kit():
    async def walk(drive):
        await drive.together(drive.pause(30), drive.pause(30))

    assert reasons(run(miniature(), journey("main", walk), budget=0.5)) == {"deadline"}


def test_progress_tells_where_the_run_is():
    told = []
    run(miniature(), progress=told.append)
    assert [told[0].event, told[1].event] == ["preparing", "prepared"]
    assert told[-1].done == told[-1].total > 0
    assert told[-1].requests > 20
    assert {"started", "waiting", "finished"} <= {each.event for each in told}


def test_the_skew_is_that_of_the_date_header():
    app = miniature()
    app.moved = timedelta(seconds=300)
    evidence = run(app)
    assert evidence.facts.skew == pytest.approx(300, abs=2)


@asynccontextmanager
async def listening(handler):
    server = await asyncio.start_server(handler, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()


def refused(handler, scheme="http", **changes):
    """What the run says of a server on a real socket."""

    async def attempt():
        async with listening(handler) as port:
            chosen = options(None, target=f"{scheme}://127.0.0.1:{port}", transport=None, **changes)
            with pytest.raises((TargetUnreachable, CredentialsRefused)) as said:
                await drive_all(chosen, audio=AUDIO)
            return str(said.value)

    began = monotonic()
    said = asyncio.run(attempt())
    assert "\n" not in said
    return said, monotonic() - began


async def _silent(reader, writer):
    await reader.read()
    writer.close()


async def _dripping(reader, writer):
    await reader.readuntil(b"\r\n\r\n")
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 100000\r\n\r\n")
    try:
        while True:
            writer.write(b" ")
            await writer.drain()
            await asyncio.sleep(0.02)
    except ConnectionError:
        writer.close()


async def _gibberish(reader, writer):
    writer.write(b"220 mail.example ESMTP\r\n")
    await writer.drain()
    writer.close()


@pytest.mark.parametrize("handler", [_silent, _dripping])
def test_a_server_that_hangs_is_given_up_in_bounded_time(handler):
    said, seconds = refused(handler, first_timeout=0.3)
    assert "does not answer" in said
    assert seconds < 2


def test_something_that_does_not_speak_http_is_said_so():
    said, _ = refused(_gibberish)
    assert "cannot be reached" in said


def test_a_tls_error_names_the_certificate_or_the_port():
    said, _ = refused(_gibberish, scheme="https")
    assert "no secure connection" in said


def test_a_dead_target_is_said_so():
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        port = held.getsockname()[1]
        chosen = options(None, target=f"http://127.0.0.1:{port}", transport=None)
        with pytest.raises(TargetUnreachable, match="check the address") as said:
            asyncio.run(drive_all(chosen, audio=AUDIO))
    assert said.value.exit_code == 3


def test_a_wrong_key_is_said_so():
    with pytest.raises(CredentialsRefused, match="--api-key") as said:
        run(miniature(), api_key="sk_test_of_nobody")
    assert said.value.exit_code == 3
    assert "sk_test_of_nobody" not in str(said.value)


def test_a_run_goes_over_a_real_socket():
    async def serve():
        with socket.socket() as bound:
            bound.bind(("127.0.0.1", 0))
            origin = f"http://127.0.0.1:{bound.getsockname()[1]}"
            app = miniature(host=origin)
            server = uvicorn.Server(uvicorn.Config(app, log_level="error", lifespan="off"))
            serving = asyncio.create_task(server.serve([bound]))
            evidence = await drive_all(options(app, target=origin, transport=None), audio=AUDIO, journeys=ordinary())
            server.should_exit = True
            await serving
            return evidence

    evidence = asyncio.run(serve())
    assert evidence.stories["visit"].final.document["status"] == "completed"
    assert not [x for x in evidence.exchanges if x.trouble]


def test_a_connection_cut_in_the_middle_is_trouble_in_the_evidence():
    async def walk(drive):
        handle = await drive.create("cut")
        app.twist = broken
        await drive.get(handle)

    def broken(operation, _asked, answer):
        if operation != "get":
            return answer
        raise ConnectionResetError("cut")

    app = miniature()
    evidence = run(app, journey("cut", walk))
    lost = [x for x in evidence.exchanges if x.trouble and x.label.journey == "cut"]
    assert [x.label.attempt for x in lost] == [1, 2, 3]
    assert lost[0].label == Label("get", "cut", "cut")
    assert evidence.notes == ()
