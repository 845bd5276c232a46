"""Each scenario of live sessions, reached over real sockets of one server process."""

from __future__ import annotations

import itertools
import json
import time
from contextlib import suppress

import httpx
import pytest
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus

import scribe_data
from mock_server.scenarios.catalogue import absent, catalogue
from mock_server.scenarios.dictations import CREATE, OPERATIONS
from mock_server.served import Served
from tests.mock_server.cli.test_cli_socket import Server
from tests.mock_server.dalston.speaking import SECOND, SESSIONS, STREAM, Client

SPEC = scribe_data.load("dalston")
SERVED = Served(profiles=("dalston",))
CATALOGUE = catalogue(*SERVED)
SILENCE = bytes(SECOND // 5)
#: The code that a socket is closed with, and what its session is then, by the word of the end.
ENDS = {
    "lag_exceeded": ("lag_exceeded", 4010, "error"),
    "no_capacity": ("no_capacity", 4503, "error"),
    "internal_error": ("internal_error", 1011, "error"),
    "storage_failed": ("internal_error", 1011, "interrupted"),
    "idle": ("session_timeout", 4408, "interrupted"),
    "too_long": ("session_timeout", 4413, "interrupted"),
    "rate_limit": ("rate_limit", 4429, "interrupted"),
    "removed": ("internal_error", 4409, None),
}
CLOSED = {"unauthorized": 4001, "forbidden": 4003, "invalid_parameter": 4400, "rate_limit": 4429, "no_capacity": 4503}
PLAYED = "x-mock-scenario"


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    options = ("--profile", "medscribe,dalston", "--transcriber", "scripted", "--open-namespaces")
    running = Server(tmp_path_factory.mktemp("data"), *options)
    yield running
    running.stop()


class Player(Client):
    """Somebody with a namespace of their own who arms scenarios."""

    numbers = itertools.count()

    def __init__(self, url):
        super().__init__(url, f"sk_test_live{next(self.numbers)}")

    def arm(self, name, parameters=None, **on):
        told = self.http.post("/_mock/v1/scenarios", json={"scenario": name, "parameters": parameters or {}, "on": on})
        assert told.status_code == 200, told.text
        return told.json()

    def ask(self, operation, session):
        parts = {OPERATIONS[name]: name for name in ("audio", "transcript")} | {OPERATIONS["export"]: "export/txt"}
        match operation.partition(".")[2]:
            case "list":
                return self.http.get(SESSIONS)
            case "get":
                return self.get(session)
            case "delete":
                return self.delete(session)
        return self.get(session, parts[operation])

    def refusal(self, **asked):
        """The answer that refuses a socket before it is opened."""
        with pytest.raises(InvalidStatus) as refused, self.socket(**asked):
            pytest.fail("it is opened")
        return refused.value.response

    def last(self):
        return self.http.get("/_mock/v1/requests").json()["requests"][-1]


@pytest.fixture
def client(server):
    made = Player(server.url)
    with made.http:
        yield made


def test_every_code_of_the_document_has_a_scenario_and_every_close_code_is_reached():
    assert {f"refused.{name}" for name in SPEC.codes} == {name for name in CATALOGUE if name.startswith("refused.")}
    assert {f"ended.{name}" for name in ENDS} == {name for name in CATALOGUE if name.startswith("ended.")}
    assert {f"closed.{name}" for name in CLOSED} == {name for name in CATALOGUE if name.startswith("closed.")}
    reached = {1000, *CLOSED.values(), *(code for _, code, _ in ENDS.values())}
    assert set(SPEC.wire.closes.values()) <= reached


def test_every_state_of_the_lifecycle_is_reached():
    states = {name for name, state in SPEC.lifecycle.states.items() if not state.gone}
    assert states == {"active", "completed"} | {state for _, _, state in ENDS.values() if state}


def test_operations_are_called_by_their_names_in_the_document_and_exports_are_added():
    assert OPERATIONS.keys() == {*SPEC.protocol.endpoints, "export"}


def test_what_is_played_one_by_one_is_all_there_is():
    by_kind = {name for name, found in CATALOGUE.items() if found.refusal or found.closes or name.startswith("ended.")}
    one_by_one = {"slow_first_byte", "dribbles", "reset", "truncated", "stream_breaks", "processing_lag"}
    one_by_one |= {"slow_messages", "no_partials", "utterance_lost", "audio_missing", "transcript_missing"}
    assert set(CATALOGUE) == by_kind | one_by_one | {"enhancement_fails"}


@pytest.mark.parametrize("name", [found.name for found in CATALOGUE.values() if found.refusal is not None])
def test_every_refusal_meets_each_request_it_belongs_to_once_and_nothing_is_done(client, name):
    problem = CATALOGUE[name].refusal(CATALOGUE[name].values({}))
    session = client.spoken(SILENCE)
    order = [each for each in OPERATIONS.values() if each in CATALOGUE[name].operations and each != CREATE]
    for operation in sorted(order, key=lambda each: each == OPERATIONS["delete"]):
        client.arm(name, operation=operation, times=1)
        refused = client.ask(operation, session)
        assert (refused.status_code, refused.json()["code"]) == (problem.status, problem.code)
        assert refused.headers[PLAYED] == name
        assert refused.headers.get("retry-after") == problem.headers.get("Retry-After")
        assert client.look(session)["status"] == "completed", "nothing of it is done"
        assert client.ask(operation, session).status_code == 200, "times is 1"
    if CREATE in CATALOGUE[name].operations:
        client.arm(name, operation=CREATE, times=1)
        plain = client.http.get(STREAM)
        assert (plain.status_code, plain.headers.get(PLAYED)) == (426, None), "a plain request is no socket"
        answer = client.refusal()
        assert (answer.status_code, json.loads(answer.body)["code"]) == (problem.status, problem.code)
        assert answer.headers[PLAYED] == name
        assert answer.headers.get("retry-after") == problem.headers.get("Retry-After")
        assert (client.last()["status"], client.last()["scenario"]) == (problem.status, name)
        with client.talk() as talk:
            talk.end()


def test_a_socket_may_meet_a_page_of_html(client):
    client.arm("broken", {"form": "html"}, operation=CREATE, times=1)
    answer = client.refusal()
    assert (answer.status_code, answer.headers["content-type"]) == (500, "text/html; charset=utf-8")
    assert answer.body.startswith(b"<!DOCTYPE html>")


@pytest.mark.parametrize("word", CLOSED)
def test_a_socket_is_opened_and_closed_with_each_code_and_no_session_begins(client, word):
    client.arm(f"closed.{word}", times=1)
    assert client.refused() == (word, CLOSED[word])
    assert client.last()["scenario"] == f"closed.{word}"
    assert client.page()["total"] == 0
    with client.talk() as talk:
        talk.end()


@pytest.mark.parametrize("bytes_", [0, len(SILENCE)])
@pytest.mark.parametrize("word", ENDS)
def test_a_session_ends_by_itself_with_each_word_and_code(client, word, bytes_):
    told, code, state = ENDS[word]
    client.arm(f"ended.{word}", {"bytes": bytes_}, session="next")
    with client.talk(store_audio=True, store_transcript=True) as talk:
        with suppress(ConnectionClosed):
            for _ in range(bytes_ // len(SILENCE)):
                talk.send(SILENCE)
        assert talk.to_the_end() == code
    error, terminated = talk.told[-2:]
    assert (error["type"], error["code"], error["recoverable"]) == ("error", told, False)
    assert terminated["type"] == "session.terminated"
    if state is None:
        assert client.get(talk.session_id).status_code == 404
    else:
        shown = client.look(talk.session_id)
        assert (shown["status"], shown["error"]) == (state, error["message"])
        assert len(client.audio(talk.session_id)) == bytes_ if bytes_ else shown["audio_uri"] is None
        assert client.get(talk.session_id).headers[PLAYED] == f"ended.{word}"
    with client.talk() as talk:
        assert talk.end(), "the next one goes on to its end"


@pytest.mark.parametrize("code", [None, 1012, 1009, 4999])
def test_a_socket_breaks_in_the_middle_and_what_came_is_kept(client, code):
    client.arm("stream_breaks", {"bytes": SECOND, "code": code}, session="next")
    with client.talk(store_audio=True) as talk:
        with suppress(ConnectionClosed):
            talk.speak()
        assert talk.to_the_end() == (code or 1006)
    assert not talk.of("error"), "nobody is told why"
    shown = client.over(talk.session_id)
    assert shown["status"] == "interrupted"
    assert SECOND <= len(client.audio(talk.session_id)) <= SECOND + 3200
    with client.talk(resume_session_id=talk.session_id) as talk:
        assert talk.told[0]["resumed_from"] == shown["id"]
        talk.end()


def test_a_warning_tells_once_that_the_transcript_is_behind_and_the_session_goes_on(client):
    client.arm("processing_lag", {"seconds": 7, "bytes": 0}, session="next")
    with client.talk() as talk:
        talk.speak()
        talk.end()
    (warning,) = talk.of("warning")
    assert (warning["code"], warning["lag_seconds"]) == ("processing_lag", 7)
    assert talk.of("transcript.final")
    assert client.look(talk.session_id)["status"] == "completed"


def test_messages_come_late_and_what_they_tell_was_kept_before(client):
    client.arm("slow_messages", {"seconds": 0.3}, session="next")
    began = time.monotonic()
    with client.talk() as talk:
        assert time.monotonic() - began >= 0.3
        talk.end()
    assert time.monotonic() - began >= 0.6


def test_nothing_is_told_of_an_utterance_before_it_is_over(client):
    client.arm("no_partials", session="next")
    for told in (False, True):
        with client.talk() as talk:
            talk.speak_haltingly(partial=told)
            talk.end()
        assert bool(talk.of("transcript.partial")) == told
        assert talk.of("transcript.final")


def test_an_utterance_is_lost_and_the_next_one_is_told(client):
    client.arm("utterance_lost", session="next")
    with client.talk(store_transcript=True) as talk:
        for kind in ("error", "transcript.final"):
            talk.speak()
            talk.send({"type": "flush"})
            talk.until(kind)
        talk.end()
    (error,) = talk.of("error")
    assert (error["code"], error["recoverable"]) == ("internal_error", True)
    assert len(client.transcript(talk.session_id)["utterances"]) == client.look(talk.session_id)["utterance_count"] == 1


@pytest.mark.parametrize("what", ["audio", "transcript"])
def test_what_was_to_be_kept_is_missing(client, what):
    client.arm(f"{what}_missing", session="next")
    session = client.spoken(SILENCE)
    other = {"audio": "transcript", "transcript": "audio"}[what]
    shown = client.look(session)
    assert (shown[f"{what}_uri"], shown[f"{other}_uri"] is None) == (None, False)
    refused = client.get(session, what)
    assert (refused.status_code, refused.json()["code"]) == (404, f"{what}_not_available")
    assert refused.headers[PLAYED] == f"{what}_missing"
    assert client.get(session, other).status_code == 200
    assert client.get(session, "export/srt").status_code == (404 if what == "transcript" else 200)


def test_the_batch_session_of_an_enhancement_fails_and_no_other_that_says_so(client):
    client.arm("enhancement_fails", session="next")
    with client.talk(store_audio=True, enhance_on_end=True) as talk:
        talk.speak()
        talk.end()
    job = client.look(talk.session_id)["enhancement_job_id"]
    told = client.http.get("/_mock/v1/wait", params={"session": job, "state": "failed", "seconds": 60})
    assert told.status_code == 200, told.text
    made = {
        "templates": ["soap"],
        "upload_type": "chunked",
        "model": "lite",
        "additional_data": {"live": talk.session_id},
    }
    own = client.http.post("/v1/sessions", json=made).json()["session_id"]
    client.http.post(f"/v1/sessions/{own}/audio/a.wav", content=open_short(), headers={"Content-Type": "audio/wav"})
    client.http.post(f"/v1/sessions/{own}/end", json={"audio_files_sent": 1})
    told = client.http.get("/_mock/v1/wait", params={"session": own, "state": "completed", "seconds": 60})
    assert told.status_code == 200, told.text


def open_short():
    from scribe_data import recordings

    return recordings.load()["short"].read()


def test_the_opening_of_a_socket_is_late_or_the_connection_is_reset(client):
    client.arm("slow_first_byte", {"seconds": 0.4}, operation=CREATE, times=1)
    client.arm("no_partials", session="next")
    began = time.monotonic()
    with client.talk() as talk:
        assert time.monotonic() - began >= 0.4
        assert talk.ws.response.headers[PLAYED] == "slow_first_byte"
        talk.end()
    assert "no_partials" in client.get(talk.session_id).headers[PLAYED], "it is bound all the same"
    client.arm("reset", operation=CREATE, times=1)
    with pytest.raises((InvalidHandshake, OSError, EOFError)), client.socket():
        pytest.fail("it is opened")
    assert client.page()["total"] == 1


@pytest.mark.parametrize("operation", [OPERATIONS[name] for name in ("list", "get", "transcript", "export")])
def test_an_answer_is_cut_off_or_reset_or_late(client, operation):
    session = client.spoken(SILENCE)
    if operation != OPERATIONS["export"]:  # nothing was said that could be cut off
        client.arm("truncated", {"missing": 3}, operation=operation, times=1)
        with pytest.raises(httpx.RemoteProtocolError):
            client.ask(operation, session)
    client.arm("reset", operation=operation, times=1)
    with pytest.raises(httpx.ReadError):
        client.ask(operation, session)
    client.arm("dribbles", {"seconds": 0.2, "pieces": 4}, operation=operation, times=1)
    assert client.ask(operation, session).headers[PLAYED] == "dribbles"


def test_a_key_asks_in_a_header_and_in_the_address(client):
    asking = f"{client.key}_mock-no_partials"
    for given in ({"headers": {"Authorization": f"Bearer {asking}"}}, {"headers": {}, "token": asking}):
        with client.talk(**given) as talk:
            talk.speak()
            talk.end()
        assert not talk.of("transcript.partial")
        assert client.get(talk.session_id).headers[PLAYED] == "no_partials"
    answer = client.refusal(headers={"X-API-Key": f"{client.key}_mock-no_partial"})
    assert answer.status_code == 400
    assert "mock-no_partials" in json.loads(answer.body)["detail"]


def test_a_session_s_journal_tells_what_it_is_bound_to_and_the_next_one_is_bound_to_nothing(client):
    client.arm("no_partials", session="next")
    with client.socket(sample_rate=1) as talk:
        talk.to_the_end()
    bound = client.spoken(SILENCE)
    free = client.spoken(SILENCE)
    kinds = [
        [line["kind"] for line in client.http.get(f"/_mock/v1/journal/{each}").json()["journal"]]
        for each in (bound, free)
    ]
    assert "scenario_bound" in kinds[0], "a socket that is refused takes nothing"
    assert "scenario_bound" not in kinds[1]
    assert client.get(free).headers.get(PLAYED) is None


def test_what_is_armed_for_requests_of_the_next_session_meets_that_one(client):
    client.arm("refused.transcript_not_available", operation=OPERATIONS["transcript"], session="next")
    mine, other = client.spoken(SILENCE), client.spoken(SILENCE)
    assert client.get(mine, "transcript").headers[PLAYED] == "refused.transcript_not_available"
    assert client.get(other, "transcript").status_code == 200


def test_what_a_session_is_bound_to_is_known_after_a_restart(tmp_path):
    options = ("--profile", "dalston", "--transcriber", "scripted", "--open-namespaces")
    running = Server(tmp_path, *options)
    client = Player(running.url)
    client.arm("transcript_missing", session="next")
    session = client.spoken(SILENCE)
    running.stop()
    running = Server(tmp_path, *options)
    try:
        client.http.base_url = running.url
        assert client.get(session, "transcript").headers[PLAYED] == "transcript_missing"
    finally:
        running.stop()


@pytest.mark.parametrize(
    ("asked", "field", "told"),
    [
        ({"scenario": "ended.idel"}, "scenario", "'ended.idle'"),
        ({"scenario": "throttled", "on": {"operation": "dalston.stop"}}, "on.operation", "dalston.list"),
        ({"scenario": "slow_messages", "parameters": {"seconds": 99}}, "parameters", "from 0 to 10"),
        ({"scenario": "closed.forbidden", "on": {"session": "sess_0"}}, None, "the one that is created next"),
    ],
)
def test_what_cannot_be_played_is_refused_with_what_can(client, asked, field, told):
    error = client.http.post("/_mock/v1/scenarios", json=asked).json()["error"]
    assert told in error["message"]
    assert error.get("details", {}).get("field") == field


def test_an_active_session_is_bound_to_nothing_more(client):
    with client.talk() as talk:
        asked = {"scenario": "no_partials", "on": {"session": talk.session_id}}
        told = client.http.post("/_mock/v1/scenarios", json=asked)
        assert (told.status_code, told.json()["error"]["details"]["field"]) == (400, "on.session")
        assert "opened next" in told.json()["error"]["message"]
        talk.end()


def test_what_other_profiles_have_is_refused_with_the_reason_and_one_that_works():
    others = {*catalogue(), *catalogue(*Served(profiles=("prsm",))), *catalogue(*Served(profiles=("session_manager",)))}
    told = absent(*SERVED)
    assert set(told) == others - set(CATALOGUE)
    assert {each.nearest for each in told.values()} <= set(CATALOGUE)
    assert all(each.because for each in told.values())


def test_a_server_of_both_profiles_joins_what_they_share():
    both = catalogue(*Served(profiles=("medscribe", "dalston")))
    assert {*both} == {*catalogue()} | {*CATALOGUE}
    shared = both["stream_breaks"]
    assert shared.hitch is not None
    assert shared.mishap is not None
    assert shared.profiles == ("medscribe", "dalston")
    assert {"create", CREATE} <= {*both["throttled"].operations}
