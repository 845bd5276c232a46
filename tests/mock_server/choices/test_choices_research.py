"""Each value of each choice of research sessions, seen by a client over a real socket of one server process."""

from __future__ import annotations

import itertools
import re

import httpx
import pytest

import scribe_data
from mock_server.choices.catalogue import catalogue
from mock_server.served import Served
from tests.mock_server.cli.test_cli_socket import Server

SPEC = scribe_data.load("prsm")
SERVED = Served(profiles=("prsm",))
CATALOGUE = catalogue(*SERVED)
SESSIONS = "/api/v1/sessions"
PROMPT = "What do services answer after a session has expired?"


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    options = ("--transcriber", "scripted", "--profile", "prsm", "--open-namespaces", "--research-seconds", "0")
    server = Server(tmp_path_factory.mktemp("data"), *options)
    yield server.url
    server.stop()


class Client:
    """A client with a namespace of its own, towards which the server has made choices."""

    numbers = itertools.count()

    def __init__(self, address, choices=None):
        self.address = address
        self.name = f"choice{next(self.numbers)}"
        self.http = self.user("ann")
        if choices:
            made = self.http.post("/_mock/v1/choices", json={"choices": choices})
            assert made.status_code == 200, made.text
            assert made.json()["choices"].items() >= choices.items()

    def user(self, name, namespace=None):
        key = f"sk_test_{namespace or self.name}_{name}"
        return httpx.Client(base_url=self.address, headers={"X-API-Key": key}, timeout=20)

    def play(self, name, parameters=None, **on):
        asked = {"scenario": name, "parameters": parameters or {}, "on": on}
        assert self.http.post("/_mock/v1/scenarios", json=asked).status_code == 200

    def ask(self, **body):
        return self.http.post(SESSIONS, json={"prompt": PROMPT, "session_type": "research"} | body)

    def made(self, **body):
        answer = self.ask(**body)
        assert answer.status_code == 201, answer.text
        return answer.json()["session_id"]

    def done(self, **body):
        self.play("ready_at_once", session="next")
        return self.made(**body)

    def held(self, state="running", **body):
        self.play("processes_for_ever", {"state": state}, session="next")
        session = self.made(**body)
        self.http.get("/_mock/v1/wait", params={"session": session, "state": state, "seconds": 10})
        return session

    def act(self, session, operation, **body):
        return self.http.post(f"{SESSIONS}/{session}/{operation}", **({"json": body} if body else {}))

    def read(self, session, operation="", **params):
        return self.http.get(f"{SESSIONS}/{session}/{operation}".rstrip("/"), params=params)

    def list(self, **params):
        return self.http.get(SESSIONS, params=params)


def refusal(answer):
    return answer.status_code, answer.json().get("error"), answer.json().get("code")


def other_user(client):
    return refusal(client.user("bob").get(f"{SESSIONS}/{client.made()}"))


def other_client(client):
    theirs = Client(client.address).made()
    return refusal(client.read(theirs))


def quota(client):
    client.play("refused.session_quota_exceeded", operation="prsm.create", times=1)
    return refusal(client.ask())


def no_type(client):
    return client.http.post(SESSIONS, json={"prompt": PROMPT}).status_code


def pausable(client):
    return [client.act(client.held(session_type=kind), "pause").status_code for kind in ("synthesis", "analysis")]


def early_cancel(client):
    paused = client.held()
    assert client.act(paused, "pause").status_code == 200
    return [refusal(client.act(each, "cancel")) for each in (client.held("initializing"), paused)]


def control_body(client):
    answer = client.act(client.held(), "pause")
    assert answer.status_code == 200
    return sorted(answer.json()) if answer.content else None


def resumed(client):
    session = client.held()
    client.act(session, "pause")
    told = client.act(session, "resume").json()["status"]
    assert client.read(session).json()["status"] == "running"
    return told


def share(client, **more):
    asked = {"recipients": ["bob"], "permissions": "view", **more}
    answer = client.act(client.done(), "share", **asked)
    assert answer.status_code == 201, answer.text
    now = client.http.get("/_mock/v1/clock").json()["now"]
    fromisoformat = __import__("datetime").datetime.fromisoformat
    return round((fromisoformat(answer.json()["expires_at"]) - fromisoformat(now)).total_seconds() / 86400)


def shared_by(client):
    session = client.done()
    url = client.act(session, "share", recipients=["bob"], permissions="view").json()["share_url"]
    return httpx.get(url).status_code, client.user("bob").get(f"{SESSIONS}/{session}").status_code


def long_share(client):
    return share(client, expiration="2090-01-01")


def comment(client):
    answer = client.act(client.done(), "comments", content="Is it so?")
    assert answer.status_code == 201
    return answer.json().get("comment_type")


def usual_limit(client):
    told = client.list().json()
    return told["limit"]


def order(client):
    made = [client.made() for _ in range(3)]
    pages = [client.list(limit=2, page=page).json()["sessions"] for page in (1, 2)]
    shown = [each["session_id"] for page in pages for each in page]
    assert sorted(shown) == sorted(made)
    return shown == made, shown == made[::-1]


def limit_beyond(client):
    return [client.list(limit=limit).json().get("limit") for limit in (0, 101)]


def filter_dates(client):
    given = ("2026-01-01", "2026-01-01T00:00:00", "2026-01-01T00:00:00Z")
    return [client.list(date_from=each).status_code for each in given]


def page_behind(client):
    client.made()
    answer = client.list(page=9)
    return answer.status_code, answer.json().get("total_count")


def unknown_filter(client):
    client.made()
    asked = ({"status": "asleep"}, {"session_type": "x"}, {"date_from": "2026-02-01", "date_to": "2026-01-01"})
    assert client.list(limit="x").status_code == 400, "what is no number names nothing"
    return [(client.list(**each).status_code, client.list(**each).json().get("sessions")) for each in asked]


def entries(client):
    client.made()
    return sorted(client.list().json()["sessions"][0])


def document_body(client):
    session = client.done()
    found = [client.read(session, "results", format=form) for form in ("markdown", "pdf")]
    assert [each.status_code for each in found] == [200, 200]
    return [each.headers["content-type"] for each in found]


def unknown_format(client):
    answer = client.read(client.done(), "results", format="odt")
    return answer.status_code, "citations" in answer.json()


def export_format(client):
    answer = client.read(client.done(), "export")
    return answer.status_code, answer.headers["content-type"]


def export_missing(client):
    return refusal(client.read(client.held(), "export", format="json"))


def metadata(client):
    return "execution_metadata" in client.read(client.done(), "results").json()


def no_metadata(client):
    return client.read(client.done(), "results", include_metadata="false").json().get("execution_metadata", "absent")


def timeline(client):
    return sorted(client.read(client.done(), "history").json()["timeline"][0])[:2]


def scores(client):
    return client.read(client.done(), "results").json()["confidence_score"] > 1


def stamps(client):
    shown = client.read(client.done()).json()
    told = [shown["created_at"], shown["updated_at"], client.read("ses_0").json()["timestamp"]]
    told.append(client.read(shown["session_id"], "history").json()["timeline"][0]["timestamp"])
    (form,) = {re.sub(r"[0-9]", "0", each) for each in told}
    return form


def decimals(client):
    session = client.done()
    told = client.read(session, "metrics").json()["cost_breakdown"]["items"][0]["amount"]
    assert float(told) == 0.1
    return told


def letters(client):
    ids = "".join(client.made().removeprefix("ses_") for _ in range(12))
    return [bool(re.search(each, ids)) for each in ("[a-z]", "[A-Z]", "[_-]")]


def throttled(client):
    told = [client.list() for _ in range(105)]
    refused = [answer for answer in told if answer.status_code == 429]
    assert all(answer.json()["code"] == 429 for answer in refused)
    return [re.sub(r".*GMT", "date", answer.headers["retry-after"]) for answer in refused]


def summary(client):
    return sorted(client.list().json()["summary"])


def raw(client):
    return client.http.get(SESSIONS, headers={"Accept-Encoding": "gzip"})


SEEN = {
    "other_user": other_user,
    "other_client": other_client,
    "quota_status": quota,
    "no_type": no_type,
    "unknown_members": lambda client: client.ask(mood="good").status_code,
    "null_member": lambda client: client.ask(budget=None).status_code,
    "new_status": lambda client: client.ask().json()["status"],
    "estimated_minutes": lambda client: client.ask().json()["estimated_duration"],
    "without_pause": pausable,
    "early_cancel": early_cancel,
    "control_body": control_body,
    "resumed_status": resumed,
    "shared_by": shared_by,
    "share_days": share,
    "longest_share": long_share,
    "comment_type": comment,
    "usual_limit": usual_limit,
    "limit_beyond": limit_beyond,
    "session_order": order,
    "filter_dates": filter_dates,
    "list_entries": entries,
    "list_summary": summary,
    "page_behind": page_behind,
    "unknown_filter": unknown_filter,
    "results_in_session": lambda client: sorted(client.read(client.done()).json()["results"]),
    "document_body": document_body,
    "unknown_format": unknown_format,
    "export_format": export_format,
    "export_without_results": export_missing,
    "unasked_metadata": metadata,
    "refused_metadata": no_metadata,
    "timeline_members": timeline,
    "scores": scores,
    "wrong_body": lambda client: refusal(client.ask(session_type="poem")),
    "id_length": lambda client: len(client.made()),
    "id_alphabet": letters,
    "decimals": decimals,
    "stamps": stamps,
    "throttled": throttled,
    "other_methods": lambda client: refusal(client.http.delete(SESSIONS)),
    "trailing_slash": lambda client: client.http.get(f"{SESSIONS}/").status_code,
    "error_details": lambda client: "details" in client.list(page="x").json(),
    "more_members": lambda client: "x_vendor" in client.list().json(),
    "member_order": lambda client: list(client.list().json()),
    "json_style": lambda client: client.list().text[:14],
    "non_ascii": lambda client: client.list(status="ä").text.isascii(),
    "charset": lambda client: client.list().headers["content-type"],
    "request_id": lambda client: "x-request-id" in client.list().headers,
    "rate_headers": lambda client: "x-ratelimit-limit" in client.list().headers,
    "server_name": lambda client: client.list().headers.get("server"),
    "connection": lambda client: client.list().headers.get("connection"),
    "gzip": lambda client: raw(client).headers.get("content-encoding"),
    "in_chunks": lambda client: "content-length" in client.list().headers,
    "header_case": lambda client: min(name.decode() for name, _ in raw(client).headers.raw if name != b"date"),
}
#: What is seen by a clock.
TIMED = {"answer_delay_ms"}


def test_every_choice_is_looked_at():
    assert SEEN.keys() | TIMED == CATALOGUE.keys()


@pytest.mark.parametrize("name", SEEN)
def test_a_client_can_tell_each_value_of_a_choice_from_the_others(address, name):
    told = {}
    for value in CATALOGUE[name].all_values:
        client = Client(address, {name: value})
        told[str(value)] = repr(SEEN[name](client))
        client.http.close()
    assert len(set(told.values())) == len(told), told


def test_answers_take_at_least_as_long_as_was_chosen(address):
    for value in CATALOGUE["answer_delay_ms"].all_values:
        client = Client(address, {"answer_delay_ms": value})
        assert client.list().elapsed.total_seconds() >= value / 1000


def test_each_erratum_that_is_cited_is_the_document_s():
    cited = {found for each in CATALOGUE.values() for found in re.findall(r"\bE[0-9]+", each.allowed_by)}
    assert cited <= set(SPEC.errata)
    assert all(len(each.all_values) > 1 for each in CATALOGUE.values())


def test_a_server_of_two_profiles_has_the_choices_of_both_and_one_where_they_share_it():
    both = catalogue(*Served(profiles=("medscribe", "prsm")))
    assert both.keys() == catalogue().keys() | CATALOGUE.keys()
    assert both["gzip"].values == catalogue()["gzip"].values
    assert both["no_type"] == CATALOGUE["no_type"]


def test_a_seed_draws_for_a_namespace_and_names_stand_over_it(address):
    client = Client(address)
    asked = {"seed": 5, "reading": "strict", "choices": {"list_summary": "empty"}}
    drawn = [client.http.post("/_mock/v1/choices", json=asked).json() for _ in range(2)]
    assert drawn[0] == drawn[1]
    assert drawn[0]["choices"]["list_summary"] == "empty"
    assert all(value in CATALOGUE[name].values for name, value in drawn[0]["choices"].items())
    wrong = client.http.post("/_mock/v1/choices", json={"choices": {"template_shape": 1}}).json()["error"]
    assert "There is no choice 'template_shape'" in wrong["message"]
