"""Each scenario of the catalogue, reached over a real socket of one server process."""

from __future__ import annotations

import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

import httpx
import pytest

import scribe_data
from mock_server.scenarios.catalogue import absent, catalogue
from scribe_data.codes import Place
from tests.mock_server import revised
from tests.mock_server.revised import REVISIONS, Servers
from tests.mock_server.stage import code_of

FIRST = REVISIONS[0]


@pytest.fixture(scope="module")
def servers(tmp_path_factory):
    running = Servers(tmp_path_factory.mktemp("data"))
    yield running
    running.stop()


class Client(revised.Client):
    """A client that arms scenarios."""

    def arm(self, name, parameters=None, **on):
        told = self.http.post("/_mock/v1/scenarios", json={"scenario": name, "parameters": parameters or {}, "on": on})
        assert told.status_code == 200, told.text
        return told.json()

    def journal(self, session):
        return self.http.get(f"/_mock/v1/journal/{session}").json()["journal"]

    def played(self):
        return [each["scenario"] for each in self.http.get("/_mock/v1/requests").json()["requests"]]


@pytest.fixture
def client(servers):
    made = Client(servers)
    with made.http:
        yield made


@pytest.fixture(params=REVISIONS)
def any_client(servers, request):
    """A client of each revision."""
    made = Client(servers, request.param)
    with made.http:
        yield made


def named(which):
    """The scenarios of all revisions that are such, each with its revision."""
    return [(revision, found.name) for revision in REVISIONS for found in catalogue(revision).values() if which(found)]


@pytest.mark.parametrize(("revision", "name"), named(lambda found: found.refusal is not None))
def test_every_refusal_meets_each_operation_it_belongs_to_once(servers, revision, name):
    client, scenario = Client(servers, revision), catalogue(revision)[name]
    problem = scenario.refusal(scenario.values({}))
    session = client.create().json()["session_id"]
    # an end comes last: what follows it would be refused without any scenario
    for operation in sorted(scenario.operations, key="end".__eq__):
        client.arm(scenario.name, operation=operation, times=1)
        refused = client.ask(operation, session)
        assert (refused.status_code, code_of(refused)) == (problem.status, problem.code)
        assert client.fits("error_envelope", refused.json())
        assert refused.headers["x-mock-scenario"] == scenario.name
        assert refused.headers.get("retry-after") == problem.headers.get("Retry-After")
        assert client.ask(operation, session).status_code < 300, "times is 1"
        if operation in ("get", "end", "upload"):
            played = [row["detail"] for row in client.journal(session) if row["kind"] == "scenario_played"]
            told = {"scenario": scenario.name, "operation": operation, "status": problem.status, "times": 1}
            assert played[-1] == told
    assert scenario.name in client.played()
    client.http.close()


@pytest.mark.parametrize("revision", REVISIONS)
def test_every_code_of_the_spec_that_a_client_is_told_has_a_scenario(revision):
    families = {Place.ANSWER: "refused", Place.FAILURE: "failed", Place.TEMPLATE: "template"}
    wanted = {
        f"{families[place]}.{code.name}"
        for code in scribe_data.load("medscribe", revision).codes.values()
        for place in code.places
        if place in families
    }
    assert wanted
    assert wanted == {name for name in catalogue(revision) if "." in name}


@pytest.mark.parametrize("retry_after", [7, None])
@pytest.mark.parametrize(("name", "status"), [("throttled", 429), ("unavailable", 503)])
def test_a_client_is_told_when_to_come_back_or_not(client, name, status, retry_after):
    client.arm(name, {"retry_after": retry_after}, operation="create")
    refused = client.create()
    assert (refused.status_code, refused.headers.get("retry-after")) == (
        status,
        None if retry_after is None else str(retry_after),
    )


def test_a_client_may_be_told_a_date_to_come_back_at(client):
    client.arm("throttled", {"retry_after": 3600, "form": "date"}, operation="create")
    before = datetime.now(UTC).replace(microsecond=0)
    later = parsedate_to_datetime(client.create().headers["retry-after"])
    assert before <= later - timedelta(hours=1) <= datetime.now(UTC)


def test_a_500_may_be_a_page_of_html(client):
    client.arm("broken", {"form": "html"}, operation="templates")
    broken = client.ask("templates", None)
    assert broken.status_code == 500
    assert broken.headers["content-type"].startswith("text/html")
    assert broken.text.startswith("<!DOCTYPE html>")


def test_the_first_byte_is_late_and_what_was_asked_is_done_before(client):
    client.arm("slow_first_byte", {"seconds": 0.5}, operation="create", times=1)
    began = time.monotonic()
    made = client.create()
    assert made.status_code == 201
    assert time.monotonic() - began >= 0.5
    assert made.headers["x-mock-scenario"] == "slow_first_byte"


def test_an_answer_comes_in_pieces_and_is_whole(client):
    client.arm("dribbles", {"seconds": 0.5, "pieces": 5}, operation="templates")
    began, pieces = time.monotonic(), 0
    with client.http.stream("GET", "/v1/templates") as answer:
        whole = b"".join(piece for piece in answer.iter_raw() if (pieces := pieces + 1))
    assert pieces >= 3, "some may arrive together"
    assert time.monotonic() - began >= 0.5
    assert len(whole) == int(answer.headers["content-length"])


@pytest.mark.parametrize(("at", "error"), [("before", httpx.ReadError), ("in_body", httpx.ReadError)])
def test_a_connection_is_reset_and_what_was_asked_is_done(any_client, at, error):
    client = any_client
    session = client.create().json()["session_id"]
    client.arm("reset", {"at": at}, operation="upload", session=session)
    with pytest.raises(error):
        client.upload(session)
    shown = client.get(session).json()
    assert (shown["audio_duration_ms"] > 0) if client.numbered else (shown["audio_files_received"] == 1)
    assert "reset" in client.played()
    assert [row["detail"]["scenario"] for row in client.journal(session) if row["kind"] == "scenario_played"] == [
        "reset"
    ]


def test_a_body_is_cut_off_before_its_announced_end(client):
    client.arm("truncated", {"missing": 3}, operation="templates")
    with pytest.raises(httpx.RemoteProtocolError, match="peer closed connection without sending complete"):
        client.ask("templates", None)


def test_a_read_shows_the_state_before_once(any_client):
    client = any_client
    session = client.create().json()["session_id"]
    client.arm("stale_reads")
    states = []
    for operation in ("get", "upload", "get", "get"):
        answer = client.ask(operation, session)
        states.append((answer.json()["status"], answer.headers.get("x-mock-scenario")))
    assert states == [("created", None), ("received", None), ("created", "stale_reads"), ("recording", None)]


def outcome(revision, name):
    """What a session comes to that is bound to a scenario: its state, and the code of the failure or the template."""
    family, _, code = name.partition(".")
    lost = "partial" if "partial" in scribe_data.load("medscribe", revision).lifecycle.states else "completed"
    named_apart = {"partial": (lost, "extraction_failed"), "refuses_audio_later": ("failed", "audio_quality_poor")}
    return named_apart.get(name) or {"failed": ("failed", code), "template": (lost, code)}[family]


def code_of_template(client, body):
    """The code with which the one template of a session failed, as the revision tells it."""
    if client.text.printed.templates == "bare":
        (lost,) = body["template_errors"]
        assert (body["templates"], lost["template_id"]) == ({}, "soap")
        return lost["error"]
    return body["templates"]["soap"]["error"]["code"]


OUTCOMES = named(lambda found: found.course is not None and found.name != "transcript")


@pytest.mark.parametrize(("revision", "name"), OUTCOMES)
def test_every_outcome_of_the_work_can_be_asked_for(servers, revision, name):
    client, (state, code) = Client(servers, revision), outcome(revision, name)
    client.arm(name, session="next")
    session, answer = client.processed(state)
    body = answer.json()
    assert answer.headers["x-mock-scenario"] == name
    assert (answer.status_code, body["status"]) == (client.text.lifecycle.states[state].status, state)
    assert client.fits(client.text.lifecycle.states[state].schema, body)
    assert (body["error"]["code"] if state == "failed" else code_of_template(client, body)) == code
    assert [row["detail"]["scenario"] for row in client.journal(session) if row["kind"] == "scenario_bound"] == [name]
    client.http.close()


@pytest.mark.parametrize("revision", REVISIONS)
def test_the_catalogue_is_reached_as_a_whole(revision):
    one_by_one = {"slow_first_byte", "dribbles", "reset", "truncated", "stale_reads"}
    one_by_one |= {"slow_processing", "processes_for_ever", "expires_early", "transcript"}
    one_by_one |= {"ready_after_polls", "ready_at_once"}
    # those of sockets are played by tests/mock_server/stream
    one_by_one |= {"stream_breaks", "stream_lags"} if scribe_data.load("medscribe", revision).stream else set()
    refusals = {found.name for found in catalogue(revision).values() if found.refusal is not None}
    outcomes = {name for whose, name in OUTCOMES if whose == revision}
    assert set(catalogue(revision)) == refusals | outcomes | one_by_one


def test_a_scenario_that_a_revision_has_no_place_for_is_refused_with_the_reason_and_one_that_works(servers):
    client = Client(servers, FIRST)
    assert absent(FIRST).keys() | catalogue(FIRST).keys() == catalogue().keys()
    for found in absent(FIRST).values():
        refused = client.http.post("/_mock/v1/scenarios", json={"scenario": found.name})
        told = refused.json()["error"]
        assert (refused.status_code, told["details"]["nearest"]) == (400, found.nearest)
        assert told["message"].startswith(f"Revision {FIRST} has no scenario {found.name!r}: {found.because}.")
        client.arm(found.nearest)
        client.http.delete("/_mock/v1/scenarios")
    asked = client.create("mock.partial")
    assert (asked.status_code, asked.json()["error"]["details"]) == (
        400,
        {"field": "templates", "nearest": "mock.template.extraction_failed"},
    )
    client.http.headers["x-api-key"] += "_mock-partial"
    asked = client.create()
    assert (asked.status_code, asked.json()["error"]["details"]["nearest"]) == (
        400,
        "mock-template-extraction_failed",
    )
    client.http.close()


def test_a_state_that_a_revision_does_not_have_is_not_waited_for(servers):
    client = Client(servers, FIRST)
    told = client.wait(client.create().json()["session_id"], "partial", 1)
    assert (told.status_code, "partial" in str(told.json()["error"]["details"].get("known"))) == (400, False)
    client.http.close()


def test_of_two_files_one_is_heard_and_the_other_accounted_for(client):
    client.arm("refuses_audio_later", {"file": "audio_0.wav"}, session="next")
    _, answer = client.processed("partial", files=2)
    body = answer.json()
    assert [error["file"] for error in body["processing_errors"]] == ["audio_0.wav"]
    assert body["transcript"]


def test_a_transcript_is_the_one_that_was_chosen(any_client):
    client = any_client
    client.arm("transcript", {"text": "Patient: I take 5 mg of ramipril."}, session="next")
    _, answer = client.processed("completed")
    assert answer.json()["transcript"] == "Patient: I take 5 mg of ramipril."
    assert (answer.headers["x-scribe-engine"], answer.headers["x-mock-scenario"]) == ("chosen", "transcript")


def test_so_many_reads_show_processing_and_the_next_one_the_result(any_client):
    client = any_client
    client.arm("ready_after_polls", {"polls": 2}, session="next")
    session = client.create().json()["session_id"]
    client.upload(session)
    shown = [client.ask("get", session).json()["status"]]
    client.ask("end", session)
    shown += [client.ask("get", session).json()["status"] for _ in range(4)]
    assert shown == ["recording", "processing", "processing", "completed", "completed"]


def test_the_first_read_shows_the_result(any_client):
    client = any_client
    client.arm("ready_at_once", session="next")
    session = client.create().json()["session_id"]
    client.upload(session)
    ended = client.ask("end", session)
    assert (ended.status_code, ended.json()["status"]) == (client.ended, "processing")
    assert client.ask("get", session).json()["status"] == "completed"


def test_an_end_waits_for_work_that_is_held_no_longer_than_asked(client):
    client.arm("ready_at_once", {"seconds": 0.3}, session="next")
    client.arm("processes_for_ever", session="next")
    session = client.create().json()["session_id"]
    began = time.monotonic()
    assert client.ask("end", session).status_code == client.ended
    assert 0.3 <= time.monotonic() - began < 10
    assert client.ask("get", session).json()["status"] == "processing"


@pytest.mark.parametrize(("ending", "operation", "status"), [("throttled", "templates", 429), ("broken", "get", 500)])
def test_a_key_asks_for_trouble_with_each_of_its_requests(client, ending, operation, status):
    plain = client.http.headers["x-api-key"]
    session = client.create().json()["session_id"]
    client.http.headers["x-api-key"] = f"{plain}_mock-{ending}"
    told = [client.ask(operation, session) for _ in range(2)]
    assert [(each.status_code, each.headers["x-mock-scenario"]) for each in told] == [(status, ending)] * 2
    assert client.http.get("/_mock/v1/clock").status_code == 200, "the control plane is no operation"
    client.http.headers["x-api-key"] = plain
    assert client.ask(operation, session).status_code < 300


def test_a_key_asks_for_a_course_of_each_of_its_sessions(any_client):
    client = any_client
    client.http.headers["x-api-key"] += "_mock-failed-audio_too_short"
    _, answer = client.processed("failed")
    assert answer.json()["error"]["code"] == "audio_too_short"


def test_an_expired_credential_is_a_key_of_its_own(client):
    client.http.headers["x-api-key"] += "_mock-refused-token_expired"
    refused = client.create()
    assert (refused.status_code, code_of(refused)) == (401, "token_expired")


def test_a_key_that_asks_for_nothing_there_is_gets_the_nearest(client):
    client.http.headers["x-api-key"] += "_mock-throtled"
    refused = client.create()
    assert (refused.status_code, refused.json()["error"]["details"]["nearest"]) == (400, "mock-throttled")
    assert "throtled" not in refused.json()["error"]["message"], "it is part of a key"


def test_slow_work_begins_by_the_namespace_s_clock_and_takes_nobody_s_place(client, servers):
    client.arm("slow_processing", {"seconds": 3600})
    held = []
    for _ in range(4):
        session = client.create().json()["session_id"]
        client.upload(session)
        assert client.ask("end", session).status_code == client.ended
        held.append(session)
    other = Client(servers)
    with other.http:
        other.processed("completed")
    late = client.wait(held[0], "completed", 0.2)
    assert late.status_code == 408
    assert late.json()["error"]["details"]["status_now"] == "processing"
    client.http.post("/_mock/v1/clock", json={"advance_seconds": 3600})
    assert [client.wait(session, "completed").status_code for session in held] == [200] * 4


def test_work_for_ever_ends_when_the_scenarios_are_cleared(client):
    client.arm("processes_for_ever", session="next")
    session = client.create().json()["session_id"]
    client.upload(session)
    client.ask("end", session)
    client.http.post("/_mock/v1/clock", json={"advance_seconds": 1_000_000})
    assert client.wait(session, "completed", 0.3).status_code == 408
    assert client.http.delete("/_mock/v1/scenarios").status_code == 200
    assert client.wait(session, "completed").status_code == 200


def test_a_session_expires_before_its_time(any_client):
    client = any_client
    client.arm("expires_early", {"seconds": 30}, session="next")
    session = client.create().json()["session_id"]
    assert client.upload(session).status_code == 200
    client.http.post("/_mock/v1/clock", json={"advance_seconds": 31})
    refused = client.ask("end", session)
    assert (refused.status_code, code_of(refused)) == (410, "session_expired")
    assert client.wait(session, "expired").status_code == 200


def test_the_page_is_what_the_catalogue_says():
    checked = subprocess.run(
        [sys.executable, "-m", "mock_server.scenarios.page", "--check"], capture_output=True, text=True, check=False
    )
    assert checked.returncode == 0, checked.stderr
