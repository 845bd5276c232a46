"""The twelve operations as the document has them: what they answer, and what they refuse with which word."""

from __future__ import annotations

import io
import json

import pytest
from docx import Document
from pypdf import PdfReader

from tests.mock_server.prsm.conftest import ANN, BOB, OTHERS, PROMPT, SESSIONS, SPEC, keeps, word_of

ENDPOINTS = list(SPEC.protocol.endpoints.values())
OF_A_SESSION = [each for each in ENDPOINTS if "{session_id}" in each.path]
BODIES = {
    "share": {"recipients": ["bob"], "permissions": "view"},
    "comment": {"content": "hi"},
    "create": {"prompt": "x"},
}
#: What each kind of file is labelled, and begins with.
FILES = {
    "markdown": ("text/markdown; charset=utf-8", b"# What do services"),
    "pdf": ("application/pdf", b"%PDF-"),
    "json": ("application/json", b"{"),
    "docx": ("application/vnd.openxmlformats-officedocument.wordprocessingml.document", b"PK"),
}


def asked(lab, endpoint, session_id="ses_0", **given):
    sent = {"json": BODIES[endpoint.name]} if endpoint.name in BODIES else {}
    return lab.send(endpoint.method, endpoint.path.replace("{session_id}", session_id), **(sent | given))


@pytest.mark.parametrize("key", [None, "sk_test_nobody"])
@pytest.mark.parametrize("endpoint", ENDPOINTS, ids=lambda each: each.name)
def test_every_operation_is_401_without_a_valid_key(lab, endpoint, key):
    assert word_of(asked(lab, endpoint, key=key)) == "unauthorized"


@pytest.mark.parametrize("endpoint", OF_A_SESSION, ids=lambda each: each.name)
def test_an_unknown_session_is_not_found(lab, endpoint):
    params = {"format": "json"} if endpoint.name == "export" else {}
    answer = asked(lab, endpoint, key=ANN, params=params)
    assert (answer.status_code, word_of(answer)) == (404, "session_not_found")


@pytest.mark.parametrize("endpoint", OF_A_SESSION, ids=lambda each: each.name)
def test_a_session_of_another_namespace_is_not_found_and_one_of_another_user_not_accessible(lab, done, endpoint):
    params = {"format": "json"} if endpoint.name == "export" else {}
    assert word_of(asked(lab, endpoint, done, key=ANN, params=params)) == "session_not_found"
    mine = lab.made()
    answer = asked(lab, endpoint, mine, key=BOB, params=params)
    assert (answer.status_code, word_of(answer)) == (403, "session_not_accessible")


@pytest.mark.parametrize("kind", ["research", "analysis", "synthesis", None])
def test_a_session_of_each_type_is_made_and_one_without_a_type_researches(lab, kind):
    members = {"prompt": PROMPT} | ({"session_type": kind} if kind else {})
    told = keeps("create_response", lab.post(SESSIONS, json=members, key=ANN).json())
    assert (told["status"], told["session_type"]) == ("queued", kind or "research")
    assert told["cost_estimate"]["amount"] > "0.10"


@pytest.mark.parametrize(
    ("members", "field"),
    [
        ({"prompt": ...}, "prompt"),
        ({"prompt": ""}, "prompt"),
        ({"prompt": " \u3000\n"}, "prompt"),
        ({"prompt": 7}, "prompt"),
        ({"session_type": "guess"}, "session_type"),
        ({"session_type": 1}, "session_type"),
        ({"budget": []}, "budget"),
        ({"budget": {"max_cost": "much"}}, "budget"),
        ({"budget": {"max_duration_minutes": 0}}, "budget"),
        ({"preferences": "none"}, "preferences"),
        ({"metadata": 1}, "metadata"),
        ({"metadata": {"x": "y" * 70_000}}, "metadata"),
        ({"promt": "x"}, "promt"),
    ],
)
def test_an_order_that_is_wrong_is_told_where(lab, members, field):
    order = {name: value for name, value in ({"prompt": PROMPT} | members).items() if value is not ...}
    answer = lab.post(SESSIONS, json=order, key=ANN)
    assert (answer.status_code, word_of(answer)) == (400, "invalid_request")
    assert answer.json()["details"]["field"] == field
    assert lab.get(SESSIONS, key=ANN).json()["total_count"] == 0


def test_a_misspelt_member_gets_the_nearest_name(lab):
    told = lab.post(SESSIONS, json={"prompt": PROMPT, "session_typ": "research"}, key=ANN).json()
    assert "Did you mean 'session_type'?" in told["message"]


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"prompt": "\\ud800"}', b"\xff", b'{"prompt":"a","prompt":"b"}'])
def test_a_body_that_is_no_order_is_400(lab, body):
    answer = lab.post(SESSIONS, content=body, key=ANN, headers={"Content-Type": "application/json"})
    assert (answer.status_code, word_of(answer)) == (400, "invalid_request")


def test_a_body_that_is_labelled_as_something_else_is_refused(lab):
    answer = lab.post(SESSIONS, content=b'{"prompt": "x"}', key=ANN, headers={"Content-Type": "text/plain"})
    assert (answer.status_code, word_of(answer)) == (400, "invalid_request")
    for label in ({}, {"Content-Type": "application/json; charset=utf-8"}):
        assert lab.post(SESSIONS, content=b'{"prompt": "x"}', key=ANN, headers=label).status_code == 201


def test_a_body_beyond_a_mebibyte_is_413_a_prompt_beyond_its_bound_400_and_one_just_below_it_is_worked_on(lab):
    assert word_of(lab.post(SESSIONS, json={"prompt": "x" * 2**20}, key=ANN)) == "request_too_large"
    answer = lab.post(SESSIONS, json={"prompt": "x" * 100_001}, key=ANN)
    assert (answer.status_code, word_of(answer)) == (400, "invalid_request")
    assert "100000" in answer.json()["message"]
    assert len(answer.text) < 1000
    assert lab.until(lab.made(prompt="expired session " * 6_250), "completed")["progress"] == 100


@pytest.mark.parametrize("prompt", ["\u0000\u0001 expired \u202e", "क्या सत्र समाप्त हुआ?", "セッションの期限", "😀"])
def test_prompts_of_any_letters_are_worked_on(lab, prompt):
    session_id = lab.made(prompt=prompt)
    assert lab.until(session_id, "completed", "failed")["status"] == "completed"
    for form in ("pdf", "docx", "markdown", "json"):
        assert lab.read(session_id, "export", format=form).status_code == 200, form


def test_methods_and_paths_that_are_none_have_the_body_of_the_document(lab):
    answer = lab.send("DELETE", SESSIONS, key=ANN)
    assert (answer.status_code, word_of(answer)) == (405, "method_not_allowed")
    assert answer.headers["allow"]
    for path in ("/api/v1", "/api/v1/nothing", "//api/v1/sessions"):
        assert word_of(lab.get(path, key=ANN)) == "not_found"
    assert word_of(lab.get("/api/v1/%ff", key=ANN)) == "invalid_request"
    assert "envelope" not in lab.get("/api/v1/nothing").text


def test_the_other_profiles_keep_their_envelope(lab):
    assert lab.get("/api/v10/sessions", key=ANN).json()["error"]["code"] == "invalid_request"
    assert lab.get("/v1/sessions/ses_0", key=ANN).json()["error"]["code"] == "session_not_found"


def test_a_completed_session_shows_the_results_that_are_given_by_themselves(lab, done):
    told = lab.look(done, key=OTHERS)
    results = keeps("results", lab.read(done, "results", key=OTHERS).json())
    assert told["results"] == results["results"]
    assert (told["progress"], told["metadata"]) == (100, {"ticket": 17})
    assert results["citations"]
    assert results["execution_metadata"]["queries"]
    assert results["execution_metadata"]["searches"] > len(results["execution_metadata"]["queries"])
    assert results == lab.read(done, "results", key=OTHERS, format="json").json()


def test_metadata_is_left_out_where_it_is_not_wanted(lab, done):
    assert "execution_metadata" not in lab.read(done, "results", key=OTHERS, include_metadata="false").json()
    answer = lab.read(done, "results", key=OTHERS, include_metadata="no")
    assert (answer.status_code, word_of(answer)) == (400, "invalid_request")


@pytest.mark.parametrize(
    ("operation", "form"),
    [
        *[("results", form) for form in ("markdown", "pdf")],
        *[("export", form) for form in ("markdown", "pdf", "json", "docx")],
    ],
)
def test_a_file_has_the_type_the_name_and_the_content_of_its_format(lab, done, operation, form):
    label, beginning = FILES[form]
    answer = lab.read(done, operation, key=OTHERS, format=form)
    assert (answer.status_code, answer.headers["content-type"]) == (200, label)
    assert done in answer.headers["content-disposition"]
    assert answer.content.startswith(beginning)


def test_files_open_again_and_say_what_the_results_say(lab, done):
    results = lab.read(done, "results", key=OTHERS).json()
    quote = " ".join(results["citations"][0]["quote"].split())
    pdf = PdfReader(io.BytesIO(lab.read(done, "export", key=OTHERS, format="pdf").content))
    word = Document(io.BytesIO(lab.read(done, "export", key=OTHERS, format="docx").content))
    said = {
        "pdf": " ".join(" ".join(page.extract_text() for page in pdf.pages).split()),
        "docx": " ".join(" ".join(each.text for each in word.paragraphs).split()),
    }
    for form, text in said.items():
        assert PROMPT in text, form
        assert quote in text, form


@pytest.mark.parametrize(
    ("operation", "params"), [("results", {"format": "docx"}), ("export", {"format": "xls"}), ("export", {})]
)
def test_a_format_that_is_none_is_refused(lab, done, operation, params):
    answer = lab.read(done, operation, key=OTHERS, **params)
    assert (answer.status_code, word_of(answer)) == (400, "invalid_request")


def test_raw_data_adds_to_an_export(lab, done):
    plain = lab.read(done, "export", key=OTHERS, format="json").json()
    raw = lab.read(done, "export", key=OTHERS, format="json", include_raw_data="true").json()
    assert raw.keys() > plain.keys()
    assert all(raw[name] == plain[name] for name in plain)


def test_before_it_is_completed_a_session_has_no_results(lab):
    session_id = lab.made()
    for operation, params in (("results", {}), ("export", {"format": "pdf"})):
        answer = lab.read(session_id, operation, **params)
        assert (answer.status_code, word_of(answer)) == (404, "results_not_available")


def test_a_prompt_that_nothing_answers_is_completed_and_says_so(lab):
    session_id = lab.made(prompt="zyzzyva quokka")
    assert lab.until(session_id, "completed")["results"]["found"] is False
    told = keeps("results", lab.read(session_id, "results").json())
    assert told["summary"].startswith("Nothing was found")
    assert (told["citations"], told["confidence_score"]) == ([], 0)


def test_metrics_are_those_of_the_work(lab, done):
    told = keeps("metrics", lab.read(done, "metrics", key=OTHERS).json())
    assert told["resource_usage"]["steps"] > 0
    assert 0 < told["efficiency_score"] <= 1
    assert told["performance_metrics"]["seconds_by_status"]["running"] > 0
    costs = told["cost_breakdown"]
    assert costs["reserved"] == costs["used"]


def test_the_history_tells_in_order_what_happened(lab, done):
    told = keeps("history", lab.read(done, "history", key=OTHERS).json())
    events = [each["event"] for each in told["timeline"]]
    assert [each for each in events if each in ("created", "initializing", "running", "completed")] == [
        "created", "initializing", "running", "completed",
    ]  # fmt: skip
    stamps = [each["timestamp"] for each in told["timeline"]]
    assert stamps == sorted(stamps)
    assert told["stage_transitions"][0] | {"timestamp": 0} == {"timestamp": 0, "from": "queued", "to": "planning"}
    assert [each["kind"] for each in told["resource_allocations"]] == ["reserved", "used"]
    assert told["decision_points"]


@pytest.mark.parametrize("members", [{}, {"comment_type": "question", "reference_point": "findings/0"}])
def test_a_comment_is_answered_with_its_author(lab, members):
    session_id = lab.made()
    answer = lab.act(session_id, "comments", json={"content": "Is it?"} | members)
    told = keeps("comment_response", answer.json())
    assert answer.status_code == 201
    assert told | {"comment_type": "note"} | members == told | {"comment_type": told["comment_type"]}
    assert told["author"] == {"user_id": "ann"}
    contents = [each.get("content") for each in lab.history(session_id)["timeline"]]
    assert contents.count("Is it?") == 1, "the work may go on behind it"


@pytest.mark.parametrize(
    "members", [{"content": ...}, {"content": " "}, {"content": 1}, {"comment_type": "shout"}, {"reference_point": 3}]
)
def test_a_comment_that_is_none_is_refused(lab, members):
    session_id = lab.made()
    told = {name: value for name, value in ({"content": "x"} | members).items() if value is not ...}
    assert word_of(lab.act(session_id, "comments", json=told)) == "invalid_request"


def test_the_document_of_this_server_is_the_specs_and_has_what_its_share_urls_open(lab):
    told = lab.get("/api/v1/openapi.json", key=None).json()
    printed = json.loads(json.dumps(SPEC.openapi["paths"]))
    own = {path: item for path, item in told["paths"].items() if path not in printed}
    assert told["paths"] == {**printed, **own}
    url = "/api/v1/shared/{share_id}/ticket/{ticket}"
    below = ("", "/results", "/export", "/metrics", "/history", "/comments", "/cancel", "/pause", "/resume")
    assert set(own) == {url + name for name in below}
    names = [each["operationId"] for item in told["paths"].values() for each in item.values() if "operationId" in each]
    assert len(names) == len(set(names)) == 12 + len(below)
    assert own[url]["get"]["security"] == []
    assert "401" not in own[url]["get"]["responses"]
    assert told["servers"] == [{"url": "http://mock.example:8080", "description": "this server"}]


def test_refusals_are_listed_with_their_word(lab):
    lab.act("ses_0", "pause")
    last = lab.get("/_mock/v1/requests", key=ANN).json()["requests"][-1]
    assert (last["operation"], last["status"], last["code"]) == ("prsm.pause", 404, "session_not_found")
