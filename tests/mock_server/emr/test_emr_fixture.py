"""The fixture over a real socket: a namespace a test, and the gestures that steer it."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from datetime import timedelta

import httpx
import psutil
import pytest

from mock_server.emr.mock import Mock, NotOffered, NotReached, Refused, Unexpected
from mock_server.emr.process import MockProcess, NotStarted, SocketLine
from tests.mock_server.stage import BODY, SHORT

#: On a quiet machine half a second; a shared one is slower, and this is no measurement.
GENEROUS_S = 20.0


class Emr:
    """A client as an EMR has one: it knows an address and a key, and nothing of a mock."""

    def __init__(self, url, key):
        self.http = httpx.Client(base_url=url, headers={"Authorization": f"Bearer {key}"})

    def begin(self):
        made = self.http.post("/v1/sessions", json=BODY)
        made.raise_for_status()
        return made.json()["session_id"]

    def upload(self, session):
        return self.http.put(f"/v1/sessions/{session}/audio/audio_0.wav", content=SHORT.read())

    def end(self, session):
        return self.http.post(f"/v1/sessions/{session}/end")

    def read(self, session):
        return self.http.get(f"/v1/sessions/{session}")


@pytest.fixture
def emr(scribe_mock):
    client = Emr(scribe_mock.url, scribe_mock.api_key)
    with client.http:
        yield client


def test_a_consultation_is_waited_for_without_polling(scribe_mock, emr):
    session = emr.begin()
    emr.upload(session)
    emr.end(session)
    scribe_mock.wait_for(session, "completed")
    assert emr.read(session).json()["transcript"].endswith(SHORT.text)
    assert [each["operation"] for each in scribe_mock.requests] == ["create", "upload", "end", "get"]
    assert [row["kind"] for row in scribe_mock.journal(session)][:2] == ["created", "audio_accepted"]


@pytest.fixture(scope="module")
def remembered():
    return []


@pytest.mark.parametrize("number", [1, 2])
def test_each_test_has_a_namespace_that_nobody_else_has(scribe_mock, emr, remembered, number):
    assert scribe_mock.requests == []
    remembered.append((emr.begin(), scribe_mock.api_key))
    assert all(emr.read(session).status_code == 404 for session, _ in remembered[:-1])
    assert len({key for _, key in remembered}) == len(remembered)


def test_a_scenario_meets_the_operation_it_is_armed_on(scribe_mock, emr):
    scribe_mock.scenario("throttled", on={"operation": "upload", "times": 1}, retry_after=7)
    scribe_mock.scenario("unavailable", on="end")
    session = emr.begin()
    refused = emr.upload(session)
    assert (refused.status_code, refused.headers["retry-after"]) == (429, "7")
    assert emr.upload(session).status_code == 200
    assert emr.end(session).status_code == 503
    assert [each["scenario"] for each in scribe_mock.armed] == ["unavailable"]
    scribe_mock.clear()
    assert emr.end(session).status_code == 202


def test_a_transcript_is_chosen_for_the_next_session(scribe_mock, emr):
    scribe_mock.transcript("Patient: I take ramipril, 5 mg.")
    session = emr.begin()
    emr.end(session)
    scribe_mock.wait_for(session, "completed")
    answer = emr.read(session)
    assert answer.json()["transcript"] == "Patient: I take ramipril, 5 mg."
    assert answer.headers["x-scribe-engine"] == "chosen"


def test_held_work_is_let_go_of(scribe_mock, emr):
    scribe_mock.scenario("processes_for_ever")
    session = emr.begin()
    emr.upload(session)
    emr.end(session)
    with pytest.raises(NotReached, match="is processing, and was not completed"):
        scribe_mock.wait_for(session, "completed", seconds=0.1)
    scribe_mock.clear(session)
    scribe_mock.wait_for(session, "completed")


def test_the_clock_is_the_namespace_s_own(scribe_mock, emr):
    session = emr.begin()
    before = scribe_mock.clock.now()
    assert scribe_mock.clock.advance(3601) - before >= timedelta(seconds=3601)
    scribe_mock.wait_for(session, "expired")
    with pytest.raises(NotReached, match="will not be completed"):
        scribe_mock.wait_for(session, "completed")
    assert emr.read(session).status_code == 410


def test_what_cannot_be_meant_is_told_with_what_would_be_right(scribe_mock):
    with pytest.raises(Refused, match="Did you mean 'throttled'"):
        scribe_mock.scenario("throtled")
    with pytest.raises(Refused, match="Did you mean 'upload'"):
        scribe_mock.scenario("throttled", on="uplod")
    with pytest.raises(Refused, match="Did you mean 'retry_after'"):
        scribe_mock.scenario("throttled", retry=3)
    with pytest.raises(Refused, match="nowhere"):
        scribe_mock.wait_for("nowhere", "completed")


def test_words_of_on_that_stand_elsewhere_are_sent_there(scribe_mock):
    with pytest.raises(Refused, match='"times" is no parameter, it belongs in "on"'):
        scribe_mock.scenario("throttled", on="upload", times=2)
    with pytest.raises(Refused, match=r'"on" is {"session": "next"} or an id'):
        scribe_mock.scenario("processes_for_ever", on="upload")
    with pytest.raises(Refused, match=r"There are retry_after, form\.$"):
        scribe_mock.scenario("throttled", nothing_like_it=2)


def test_a_session_that_failed_is_waited_for_in_vain_with_the_reason(scribe_mock, emr):
    made = emr.http.post("/v1/sessions", json=BODY).json()
    emr.http.put(f"/v1/sessions/{made['session_id']}/audio/audio_0.wav", content=b"no audio at all")
    emr.end(made["session_id"])
    with pytest.raises(NotReached, match=r"is failed \(processing_failed: .+\) and will not be completed"):
        scribe_mock.wait_for(made, "completed")


def test_a_session_is_named_by_its_id_or_by_its_create(scribe_mock, emr):
    made = emr.http.post("/v1/sessions", json=BODY).json()
    scribe_mock.transcript("Patient: I take ramipril, 5 mg.", session=made)
    scribe_mock.wait_for(made, "created")
    assert scribe_mock.journal(made) == scribe_mock.journal(made["session_id"])
    with pytest.raises(Refused, match="session_id"):
        scribe_mock.wait_for({"id": made["session_id"]}, "created")


def test_a_second_client_is_apart_and_goes_with_the_test(scribe_mock, emr):
    other = scribe_mock.other()
    theirs = Emr(other.url, other.api_key)
    with theirs.http:
        other.scenario("throttled", on="get")
        session = emr.begin()
        assert emr.read(session).status_code == 202
        assert theirs.read(session).status_code == 429
        other.clear()
        assert theirs.read(session).status_code == 404
        assert [line.split()[:3] for line in scribe_mock.told().splitlines()[-2:]] == [["other", "client", "1:"]] * 2
        other.scenario("throttled", on="get")
        scribe_mock.close()
        assert (other.requests, other.armed) == ([], [])


def test_a_refusal_lists_what_there_is_where_that_is_short(scribe_mock):
    with pytest.raises(Refused, match=r"There are .*\bupload\b"):
        scribe_mock.scenario("throttled", on="nothing_like_it")
    with pytest.raises(Refused, match=r"`on` is the name of an operation .*, not \['upload'\]"):
        scribe_mock.scenario("throttled", on=["upload"])


def test_the_report_tells_what_was_arranged_and_not_met_and_what_was_removed(scribe_mock, emr):
    emr.begin()
    assert scribe_mock.told().count("\n") == 0
    scribe_mock.scenario("throttled", on={"operation": "upload", "times": 2})
    scribe_mock.choose(upload_status=201)
    told = scribe_mock.told().splitlines()
    assert told[1:] == [
        "armed, and met by no request so far: throttled on operation upload, times 2",
        "chosen otherwise than by default: upload_status=201",
    ]
    scribe_mock.reset()
    assert scribe_mock.told().splitlines()[0] == "(reset() removed all that came before)"


def test_a_server_without_a_control_plane_says_so_and_is_cleared_without_it():
    server = MockProcess(["--in-memory", "--transcriber", "scripted", "--faithful"])
    try:
        mock = Mock(server.url, "sk_test_faithful", server.line())
        with pytest.raises(NotOffered, match="plays no scenarios"):
            mock.scenario("throttled")
        with pytest.raises(NotOffered, match="has no control plane"):
            mock.reset()
    finally:
        server.stop()


def test_the_server_tells_how_soon_it_was_ready(scribe_mock_server):
    assert 0 < scribe_mock_server.started_in < GENEROUS_S


def test_to_read_what_a_server_says_while_it_speaks_costs_no_line(scribe_mock_server):
    """Both have the same open file: where one reads must not be where the other writes."""
    line, over = scribe_mock_server.line(), threading.Event()

    def read():
        while not over.is_set():
            scribe_mock_server.line()

    reader = threading.Thread(target=read)
    reader.start()
    try:
        for number in range(100):
            assert line.send("GET", f"/v1/sessions/ses_{number}", "no key", None)[0] == 401
    finally:
        over.set()
        reader.join()
    until = time.monotonic() + GENEROUS_S
    while len(line.strangers()) < 100 and time.monotonic() < until:
        time.sleep(0.05)
    assert [told.split()[1] for told in line.strangers()] == [f"/v1/sessions/ses_{number}" for number in range(100)]


def test_a_server_ends_with_tests_that_are_killed():
    started = "from mock_server.emr.process import MockProcess; print(MockProcess().facts['pid'], flush=True); input()"
    tests = subprocess.Popen([sys.executable, "-c", started], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    server = psutil.Process(int(tests.stdout.readline()))
    assert server.is_running()
    tests.kill()
    tests.wait()
    server.wait(GENEROUS_S)


def test_a_server_that_does_not_start_tells_why():
    with pytest.raises(NotStarted, match="Did you mean 'throttled'"):
        MockProcess(["--in-memory", "--scenario", "throtled"])
    with pytest.raises(NotStarted) as found:
        MockProcess(["--in-memroy"])
    assert str(found.value).startswith("The mock did not start. No such option: --in-memroy")
    assert "emr.child" not in str(found.value)


def test_what_the_client_sent_is_verified_in_sentences(scribe_mock, emr):
    session = emr.begin()
    emr.end(session)
    emr.end(session)
    scribe_mock.verify({"operation": "create", "times": 1, "refused": False}, session=session)
    with pytest.raises(Unexpected, match="end came twice"):
        scribe_mock.verify({"operation": "end", "times": 1})
    with pytest.raises(Refused, match="Did you mean 'times'"):
        scribe_mock.verify({"operation": "end", "time": 1})


def test_expectations_are_arguments(scribe_mock):
    with pytest.raises(Refused, match=r"verify\(\{…\}, \{…\}\)"):
        scribe_mock.verify([{"operation": "end"}])


def test_what_came_is_an_archive_without_the_key(scribe_mock, emr):
    session = emr.begin()
    emr.upload(session)
    archive = scribe_mock.traffic
    assert [entry["request"]["method"] for entry in archive["log"]["entries"]] == ["POST", "PUT"]
    assert scribe_mock.api_key not in str(archive)


def test_the_clock_stands_goes_faster_and_tells_what_was_due(scribe_mock, emr):
    frozen = scribe_mock.clock.freeze()
    session = emr.begin()
    assert scribe_mock.clock.now() == frozen
    assert scribe_mock.clock.advance(timedelta(hours=2)) == frozen + timedelta(hours=2)
    assert [(due["session_id"], due["event"]) for due in scribe_mock.clock.happened] == [(session, "expired")]
    assert scribe_mock.clock.scale(3600) >= frozen + timedelta(hours=2)


def test_what_the_text_leaves_open_is_chosen_by_name_and_by_seed(scribe_mock, emr):
    assert scribe_mock.choose(upload_status=201)["upload_status"] == 201
    assert emr.upload(emr.begin()).status_code == 201
    assert scribe_mock.vary(3) == scribe_mock.vary(3) != scribe_mock.vary(4)
    with pytest.raises(Refused, match="upload_status"):
        scribe_mock.choose(upload_statu=201)


def test_lines_about_requests_that_come_late_are_waited_for_and_those_of_a_server_that_is_gone_are_not():
    said = []

    class Late(SocketLine):
        def send(self, method, path, key, body):
            told = f"12:00:00 GET /v1/templates 401 no key\n12:00:00 {method} {path} 404 nothing\n"
            threading.Timer(0.2, said.append, (told,)).start()
            return 404, b""

    class Gone(SocketLine):
        def send(self, method, path, key, body):
            raise ConnectionRefusedError

    assert Late("", 0, lambda: "".join(said)).strangers() == ["GET /v1/templates 401 no key"]
    began = time.monotonic()
    assert Gone("", 0, lambda: "".join(said)).strangers() == ["GET /v1/templates 401 no key"]
    assert time.monotonic() - began < 2
