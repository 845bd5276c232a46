"""Each value of each choice of the session manager, seen by a caller over a real socket of one server process."""

from __future__ import annotations

import itertools
import re
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

import scribe_data
from mock_server.choices.catalogue import catalogue
from mock_server.served import Served
from tests.mock_server.cli.test_cli_socket import Server
from tests.mock_server.session_manager.conftest import record

SPEC = scribe_data.load("session_manager")
CATALOGUE = catalogue(*Served(profiles=("session_manager",)))


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    options = ("--transcriber", "scripted", "--profile", "session_manager", "--open-namespaces")
    server = Server(tmp_path_factory.mktemp("data"), *options)
    yield server.url
    server.stop()


class Client:
    """A caller with a namespace of its own, towards which the server has made choices."""

    numbers = itertools.count()

    def __init__(self, address, choices=None):
        self.key = f"sk_test_chosen{next(self.numbers)}"
        self.http = httpx.Client(base_url=address, headers={"X-API-Key": self.key}, timeout=20)
        if choices:
            made = self.http.post("/_mock/v1/choices", json={"choices": choices})
            assert made.status_code == 200, made.text
            assert made.json()["choices"].items() >= choices.items()

    def start(self, **changes):
        return self.http.post("/sessions.start", json=record(**changes))

    def started(self):
        answer = self.start()
        assert answer.status_code < 300, answer.text
        return answer.json()["session_id"]

    def end(self, session, **changes):
        return self.http.post("/sessions.end", json=record(session_id=session, **changes))

    def message(self, session, **changes):
        return self.http.post("/workers.message", json=record(session_id=session, message={}, **changes))

    def replay(self, session):
        return self.http.get("/sessions.replay", params={"session_id": session})

    def export(self):
        return self.http.get("/sessions.export", params={"user_id": "user-17"})

    def unknown(self):
        return self.replay("sess_0")


def window_id(client):
    found = {client.started() for _ in range(12)}
    assert len(found) == 12
    assert all(client.replay(each).json()["session_id"] == each for each in found)
    forms = (r"sess_[0-9a-f]{16}", r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", r"[0-9]+", r"[0-9a-f]{64}")
    return [form for form in forms if all(re.fullmatch(form, each) for each in found)]


def open_again(client):
    first = client.started()
    theirs = client.start(user_id="user-18").json()["session_id"]
    second = client.started()
    assert theirs != first, "another user's session is nobody else's"
    assert client.end(second).status_code == 200
    assert client.started() not in (first, second), "what has ended is not answered again"
    assert len(client.export().text.splitlines()) == (3 if second == first else 4)
    return second == first


def end_status(client):
    session = client.started()
    answer = client.end(session)
    assert answer.json()["session_id"] == session
    return answer.status_code


def brought_id(client):
    answer = client.start(session_id="sess_mine")
    assert answer.json().get("session_id") != "sess_mine"
    return answer.status_code


def unknown_input(client):
    return client.start(mood="good").status_code


def end_time(client):
    session = client.started()
    told = client.end(session)
    if told.status_code != 200:
        assert told.json()["error"]["details"]["field"] == "end_time"
        assert client.end(session, end_time="2026-01-27T09:30:00.000Z").status_code == 200
    return told.status_code


def other_user_end(client):
    session = client.started()
    told = [client.end(session, user_id="user-18"), client.message(session, user_id="user-18")]
    assert client.end("sess_0").status_code == 404, "it is nobody's"
    assert client.end(session).status_code == 200, "it is still open"
    return [answer.status_code for answer in told]


def unknown_end(client):
    session = client.started()
    assert client.end(session, user_id="user-18").status_code == 404, "it is somebody's"
    assert client.unknown().status_code == 404
    return [client.end("sess_0").status_code, client.message("sess_0").status_code]


def second_end(client):
    session = client.started()
    client.end(session)
    return [client.end(session).status_code, client.message(session).status_code]


def wrong_input(client):
    session = client.started()
    told = [client.start(user_id=...), client.end(session, timestamp="yesterday")]
    assert client.message(..., user_id="user-17").status_code == 400, "what has no session_id is always 400"
    return [answer.status_code for answer in told]


def output_record(client):
    sent = record()
    told = client.http.post("/sessions.start", json=sent).json()["record_id"]
    logged = client.export().json()["event"]["record_id"]
    assert logged != sent["record_id"], "no choice changes what is kept"
    return told == sent["record_id"]


def outputs(*names):
    def seen(client):
        started = client.start().json()
        ended = client.end(started["session_id"]).json()
        return [name in answer for answer in (started, ended) for name in names]

    return seen


def log_lines(client):
    session = client.started()
    shown = [client.export().json(), client.replay(session).json()["timeline"][0]]
    return ["recorded_at" in each for each in shown], [each.get("session_id") for each in shown] == [session] * 2


def credential(client):
    spelled = ({"X-API-Key": client.key}, {"Authorization": f"Bearer {client.key}"})
    url = f"{client.http.base_url}/sessions.export?user_id=user-17"
    return [httpx.get(url, headers=headers).status_code for headers in spelled]


def throttled(client):
    refused = [answer for answer in (client.export() for _ in range(105)) if answer.status_code == 429]
    assert all(answer.json()["error"]["code"] == "rate_limit_exceeded" for answer in refused)
    return [re.sub(r".*GMT", "date", answer.headers["retry-after"]) for answer in refused]


def refusal_body(client):
    answer = client.unknown()
    assert answer.status_code == 404
    return sorted(answer.json()) if answer.content else None


def headers_of(client):
    with httpx.Client(base_url=client.http.base_url, headers={"X-API-Key": client.key}) as http:
        raw = http.get("/sessions.export", params={"user_id": "user-17"}).headers.raw
    return [name.decode() for name, _ in raw if name.lower() == b"cache-control"]


def raw_replay(client):
    given = client.start(performer_id="Jos\u00e9", source="ui").json()["session_id"]
    return re.sub(r"[0-9a-f-]{16,}|[0-9T:.Z-]{20,}", "", client.replay(given).text)


SEEN = {
    "window_id": window_id,
    "open_again": open_again,
    "start_status": lambda client: client.start().status_code,
    "end_status": end_status,
    "brought_id": brought_id,
    "unknown_input": unknown_input,
    "end_time": end_time,
    "other_user_end": other_user_end,
    "unknown_end": unknown_end,
    "second_end": second_end,
    "wrong_input": wrong_input,
    "output_record": output_record,
    "output_version": outputs("schema_version"),
    "output_times": outputs("start_time", "end_time"),
    "output_limit": outputs("expires_at"),
    "log_lines": log_lines,
    "credential": credential,
    "throttled": throttled,
    "head": lambda client: client.http.head("/sessions.export", params={"user_id": "user-17"}).status_code,
    "other_methods": lambda client: client.http.get("/sessions.start").status_code,
    "trailing_slash": lambda client: client.http.get("/sessions.export/", params={"user_id": "u"}).status_code,
    "error_details": lambda client: "details" in client.unknown().json()["error"],
    "more_members": lambda client: "x_vendor" in client.start().json(),
    "member_order": raw_replay,
    "json_style": raw_replay,
    "non_ascii": raw_replay,
    "charset": lambda client: client.start().headers["content-type"],
    "request_id": lambda client: "x-request-id" in client.export().headers,
    "rate_headers": lambda client: "x-ratelimit-limit" in client.export().headers,
    "server_name": lambda client: "server" in client.export().headers,
    "connection": lambda client: client.export().headers.get("connection"),
    "gzip": lambda client: client.start().headers.get("content-encoding"),
    "in_chunks": lambda client: client.start().headers.get("transfer-encoding"),
    "header_case": headers_of,
    "refusal_body": refusal_body,
}
#: What is told of by its own test.
ELSEWHERE = {"answer_delay_ms"}


def test_every_choice_is_looked_at():
    assert SEEN.keys() | ELSEWHERE == CATALOGUE.keys()


@pytest.mark.parametrize("name", SEEN)
def test_a_caller_can_tell_each_value_of_a_choice_from_the_others(address, name):
    told = {}
    for value in CATALOGUE[name].all_values:
        client = Client(address, {name: value})
        told[str(value)] = repr(SEEN[name](client))
        client.http.close()
    assert len(set(told.values())) == len(told), told


def test_starts_of_one_user_at_the_same_time_are_one_session_where_that_is_chosen(address):
    client = Client(address, {"open_again": "the open one's"})
    with ThreadPoolExecutor(8) as pool:
        told = {pool.submit(client.started) for _ in range(24)}
    assert len({each.result() for each in told}) == 1
    assert len(client.export().text.splitlines()) == 1


def test_answers_take_at_least_as_long_as_was_chosen(address):
    for value in CATALOGUE["answer_delay_ms"].all_values:
        client = Client(address, {"answer_delay_ms": value})
        assert client.export().elapsed.total_seconds() >= value / 1000


def test_each_erratum_that_is_cited_is_the_document_s():
    cited = {found for each in CATALOGUE.values() for found in re.findall(r"\bE[0-9]+", each.allowed_by)}
    assert cited <= set(SPEC.errata)
    assert all(len(each.all_values) > 1 for each in CATALOGUE.values())


@pytest.mark.parametrize("others", [("medscribe",), ("prsm",), ("medscribe", "prsm")])
def test_a_server_of_several_profiles_has_the_choices_of_all_and_one_where_they_share_it(others):
    beside = catalogue(*Served(profiles=others))
    both = catalogue(*Served(profiles=(*others, "session_manager")))
    assert both.keys() == beside.keys() | CATALOGUE.keys()
    for name in CATALOGUE.keys() - beside.keys():
        assert both[name] == CATALOGUE[name]
    for name in CATALOGUE.keys() & beside.keys():
        assert set(both[name].all_values) == set(beside[name].all_values)


def test_a_seed_draws_for_a_namespace_and_names_stand_over_it(address):
    client = Client(address)
    asked = {"seed": 5, "reading": "strict", "choices": {"log_lines": "bare"}}
    drawn = [client.http.post("/_mock/v1/choices", json=asked).json() for _ in range(2)]
    assert drawn[0] == drawn[1]
    assert drawn[0]["choices"]["log_lines"] == "bare"
    assert all(value in CATALOGUE[name].values for name, value in drawn[0]["choices"].items())
    wrong = client.http.post("/_mock/v1/choices", json={"choices": {"log_line": "bare"}}).json()["error"]
    assert "Did you mean 'log_lines'?" in wrong["message"]
