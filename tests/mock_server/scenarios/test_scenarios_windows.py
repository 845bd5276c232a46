"""Each scenario of the session manager, reached over a real socket of one server process."""

from __future__ import annotations

import itertools
import time

import httpx
import pytest

import scribe_data
from mock_server import problems
from mock_server.api.session_manager.address import OPERATIONS
from mock_server.scenarios.catalogue import absent, catalogue
from mock_server.served import Served
from tests.mock_server.cli.test_cli_socket import Server
from tests.mock_server.session_manager.conftest import code_of, keeps, record

SPEC = scribe_data.load("session_manager")
SERVED = Served(profiles=("session_manager",))
CATALOGUE = catalogue(*SERVED)
#: What a caller sends, by the operation; those after the end would be refused without any scenario.
ORDER = ("sessions.start", "sessions.replay", "sessions.export", "workers.message", "sessions.end")


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    server = Server(
        tmp_path_factory.mktemp("data"), "--profile", "session_manager,medscribe", "--transcriber", "scripted",
        "--open-namespaces",
    )  # fmt: skip
    yield server.url
    server.stop()


class Client:
    """A caller with a namespace of its own that arms scenarios."""

    numbers = itertools.count()

    def __init__(self, address):
        self.key = f"sk_test_window{next(self.numbers)}"
        self.http = httpx.Client(base_url=address, headers={"X-API-Key": self.key}, timeout=20)

    def arm(self, name, parameters=None, **on):
        told = self.http.post("/_mock/v1/scenarios", json={"scenario": name, "parameters": parameters or {}, "on": on})
        assert told.status_code == 200, told.text
        return told.json()

    def ask(self, operation, session="", **given):
        match operation:
            case "sessions.start":
                return self.http.post("/sessions.start", json=record(), **given)
            case "sessions.end":
                return self.http.post("/sessions.end", json=record(session_id=session), **given)
            case "workers.message":
                return self.http.post("/workers.message", json=record(session_id=session, message={}), **given)
            case "sessions.replay":
                return self.http.get("/sessions.replay", params={"session_id": session}, **given)
            case "sessions.export":
                return self.http.get("/sessions.export", params={"user_id": "user-17"}, **given)

    def started(self):
        answer = self.ask("sessions.start")
        assert answer.status_code == 200, answer.text
        return answer.json()["session_id"]

    def timeline(self, session):
        answer = self.ask("sessions.replay", session)
        keeps("timeline", answer.json())
        return answer.json()["status"], [line["event"]["event_type"] for line in answer.json()["timeline"]]

    def clear(self):
        self.http.delete("/_mock/v1/scenarios")


@pytest.fixture
def client(address):
    made = Client(address)
    with made.http:
        yield made


def test_every_code_of_the_document_has_a_scenario():
    assert {f"refused.{name}" for name in SPEC.codes} == {name for name in CATALOGUE if "." in name}


def test_operations_are_called_by_the_addresses_of_the_document():
    assert {name: f"/{told}" for name, told in OPERATIONS.items()} == {
        name: each.path for name, each in SPEC.protocol.endpoints.items()
    }


def test_what_is_played_one_by_one_is_all_there_is():
    refusals = {found.name for found in CATALOGUE.values() if found.refusal is not None}
    one_by_one = {"slow_first_byte", "dribbles", "reset", "truncated", "stale_reads", "expires_early"}
    assert set(CATALOGUE) == refusals | one_by_one


@pytest.mark.parametrize("name", [found.name for found in CATALOGUE.values() if found.refusal is not None])
@pytest.mark.parametrize("of", ["any", "this"])
def test_every_refusal_meets_each_operation_it_belongs_to_once_and_nothing_is_recorded(client, name, of):
    problem = CATALOGUE[name].refusal(CATALOGUE[name].values({}))
    session = client.started()
    for operation in [each for each in ORDER if each in CATALOGUE[name].operations]:
        named = operation not in ("sessions.start", "sessions.export")
        if of == "this" and not named:
            continue
        client.arm(name, operation=operation, times=1, session=session if of == "this" else None)
        other = client.ask(operation, client.started()) if of == "this" else None
        refused = client.ask(operation, session)
        assert other is None or other.status_code == 200, "what is armed for a session meets no other one"
        assert (refused.status_code, code_of(refused)) == (problem.status, problem.code)
        assert refused.headers["x-mock-scenario"] == name
        assert refused.headers.get("retry-after") == problem.headers.get("Retry-After")
        assert client.timeline(session) == ("open", ["sessions.start"]), "nothing of it is done"
        assert client.ask(operation, session).status_code == 200, "times is 1"
    assert client.ask("sessions.replay", session).headers.get("x-mock-scenario") is None
    outlines = client.http.get("/_mock/v1/requests").json()["requests"]
    assert of == "this" or [each for each in outlines if each["scenario"] == name]


@pytest.mark.parametrize("retry_after", [7, None])
@pytest.mark.parametrize("name", ["throttled", "unavailable"])
def test_a_caller_is_told_when_to_come_back_or_not(client, name, retry_after):
    client.arm(name, {"retry_after": retry_after})
    told = client.ask("sessions.start").headers.get("retry-after")
    assert told == (None if retry_after is None else str(retry_after))


@pytest.mark.parametrize("on", [{}, {"session": "next"}])
def test_a_500_may_be_a_page_of_html(client, on):
    client.arm("broken", {"form": "html"}, operation="sessions.end", **on)
    session = client.started()
    broken = client.ask("sessions.end", session)
    assert (broken.status_code, broken.headers["content-type"]) == (500, "text/html; charset=utf-8")
    assert broken.headers["x-mock-scenario"] == "broken"
    assert client.timeline(session) == ("open", ["sessions.start"])


@pytest.mark.parametrize("operation", ORDER)
@pytest.mark.parametrize("at", ["before", "in_body"])
def test_a_connection_is_reset_and_what_was_asked_is_done(client, operation, at):
    session = client.started()
    client.arm("reset", {"at": at}, operation=operation, times=1)
    with pytest.raises(httpx.ReadError):
        client.ask(operation, session)
    lines = client.ask("sessions.export").text.splitlines()
    assert len(lines) == (2 if operation in ("sessions.start", "sessions.end") else 1)


def test_an_end_whose_answer_is_lost_is_recorded_once_and_refused_when_it_is_sent_again(client):
    client.arm("reset", operation="sessions.end", session="next", times=1)
    session = client.started()
    with pytest.raises(httpx.ReadError):
        client.ask("sessions.end", session)
    again = client.ask("sessions.end", session)
    assert (again.status_code, code_of(again)) == (409, "session_ended")
    assert client.timeline(session) == ("ended", ["sessions.start", "sessions.end"])


@pytest.mark.parametrize("operation", ["sessions.start", "sessions.export"])
def test_a_first_byte_is_late_and_a_body_dribbles_or_is_cut_off(client, operation):
    client.started()
    client.arm("slow_first_byte", {"seconds": 0.3}, operation=operation, times=1)
    began = time.monotonic()
    assert client.ask(operation).headers["x-mock-scenario"] == "slow_first_byte"
    assert time.monotonic() - began >= 0.3
    client.arm("dribbles", {"seconds": 0.3, "pieces": 5}, operation=operation, times=1)
    began = time.monotonic()
    whole = client.ask(operation)
    assert time.monotonic() - began >= 0.3
    assert len(whole.content) == int(whole.headers["content-length"])
    client.arm("truncated", {"missing": 3}, operation=operation, times=1)
    with pytest.raises(httpx.RemoteProtocolError, match="without sending complete"):
        client.ask(operation)


@pytest.mark.parametrize("read_before", [True, False])
def test_a_replay_shows_the_session_as_it_was_before_its_end_once(client, read_before):
    session = client.started()
    client.arm("stale_reads")
    if read_before:
        client.timeline(session)
    client.ask("sessions.end", session)
    stale = client.ask("sessions.replay", session)
    assert "stale_reads" in stale.headers["x-mock-scenario"]
    keeps("timeline", stale.json())
    assert (stale.json()["status"], len(stale.json()["timeline"])) == ("open", 1)
    assert client.timeline(session) == ("ended", ["sessions.start", "sessions.end"])


def test_a_session_ends_by_timeout_early_and_the_next_one_does_not(client):
    client.arm("expires_early", {"seconds": 0}, session="next")
    assert client.ask("sessions.start", headers={"X-API-Key": "sk_live_none"}).status_code == 401
    assert client.http.post("/sessions.start", json={}).status_code == 400, "no session begins, and none is taken"
    began = client.ask("sessions.start")
    keeps("SessionManagerStartOutput", began.json())
    assert began.headers["x-mock-scenario"] == "expires_early"
    assert began.json()["expires_at"] == began.json()["start_time"]
    session = began.json()["session_id"]
    late = client.ask("sessions.end", session)
    assert (late.status_code, code_of(late)) == (409, "session_ended")
    told = client.ask("sessions.replay", session).json()["timeline"][-1]["event"]
    assert told["end_reason"] == "timeout"
    assert client.timeline(client.started()) == ("open", ["sessions.start"])


def test_an_early_end_goes_by_the_namespace_s_clock(client):
    client.arm("expires_early", {"seconds": 60})
    session = client.started()
    assert client.timeline(session)[0] == "open"
    client.http.post("/_mock/v1/clock", json={"advance_seconds": 61})
    assert client.timeline(session) == ("ended", ["sessions.start", "sessions.end"])


def test_a_full_disk_is_told_as_one_that_really_is(client):
    client.arm("log_full", operation="sessions.start", times=1)
    told = client.ask("sessions.start")
    real = problems.log_unusable()
    assert (told.status_code, told.json()["error"]["message"]) == (real.status, real.message)
    assert client.ask("sessions.export").content == b""


def test_a_key_asks_with_every_request(client):
    session = client.started()
    asking = {"X-API-Key": f"{client.key}_mock-refused-session_ended"}
    refused = client.ask("sessions.end", session, headers=asking)
    assert (refused.status_code, code_of(refused)) == (409, "session_ended")
    assert client.timeline(session)[0] == "open"


def test_what_is_armed_for_the_next_session_of_one_profile_waits_for_it(client):
    client.arm("throttled", operation="sessions.end", session="next", times=1)
    made = client.http.post("/v1/sessions", json={"templates": ["soap"], "upload_type": "chunked"})
    assert made.status_code in (200, 201, 400), made.text
    session = client.started()
    assert client.ask("sessions.end", session).status_code == 429


@pytest.mark.parametrize(
    ("asked", "field", "told"),
    [
        ({"scenario": "refused.session_endet"}, "scenario", "'refused.session_ended'"),
        ({"scenario": "throttled", "on": {"operation": "sessions.stop"}}, "on.operation", "sessions.start"),
        ({"scenario": "expires_early", "parameters": {"seconds": -1}}, "parameters", "from 0 to 86400"),
        ({"scenario": "reset", "on": {"session": "sess_0"}}, None, "the one that is created next"),
    ],
)
def test_what_cannot_be_played_is_refused_with_what_can(client, asked, field, told):
    error = client.http.post("/_mock/v1/scenarios", json=asked).json()["error"]
    assert told in error["message"]
    assert error.get("details", {}).get("field") == field


def test_a_session_that_is_open_is_not_given_another_time_and_the_clock_is_named(client):
    asked = {"scenario": "expires_early", "on": {"session": client.started()}}
    told = client.http.post("/_mock/v1/scenarios", json=asked)
    assert told.status_code == 400
    assert "advance_seconds" in told.json()["error"]["message"]
    assert told.json()["error"]["details"]["field"] == "on.session"


def test_what_other_profiles_have_is_refused_with_the_reason_and_one_that_works():
    others = {*catalogue(), *catalogue(*Served(profiles=("prsm",)))}
    told = absent(*SERVED)
    assert set(told) == others - set(CATALOGUE)
    assert {each.nearest for each in told.values()} <= set(CATALOGUE)
    assert all(each.because for each in told.values())
