"""The work: in turns, step by step, given up where it cannot be done, and gone on with wherever it stood."""

from __future__ import annotations

import asyncio
import json
import signal
import socket
import sys
import time
from dataclasses import replace

import httpx
import pytest
from typer.testing import CliRunner

from mock_server.api.below import Below
from mock_server.api.prsm import laboratory
from mock_server.cli.commands import app
from mock_server.pipeline import attempts, investigation
from mock_server.research import Corpus
from mock_server.research.step import Weigh
from mock_server.storage import StorageError
from tests.mock_server.cli.test_cli_socket import Server
from tests.mock_server.prsm.conftest import ANN, BOB, KEYS, OTHERS, PROMPT, SESSIONS, Lab, keeps, word_of
from tests.mock_server.stage import started


def test_a_server_in_memory_works_on_sessions_too(quick):
    session_id = quick.made()
    assert quick.until(session_id, "completed")["results"]["found"]
    assert quick.look(session_id)["progress"] == 100


def test_what_breaks_each_time_fails_and_says_so(quick, monkeypatch, caplog):
    def broken(*_):
        raise RuntimeError("out of paper")

    monkeypatch.setattr(Weigh, "carry_out", broken)
    monkeypatch.setattr(attempts, "_PAUSE_S", 0.001)
    before = float(quick.balance())
    session_id = quick.made()
    quick.until(session_id, "failed")
    told = quick.look(session_id)
    assert told["error_details"]["error"] == "internal_error"
    assert "out of paper" not in told["error_details"]["message"]
    assert "out of paper" in caplog.text
    assert f"session {session_id} is given up: its work broke 4 times" in caplog.text
    costs = quick.read(session_id, "metrics").json()["cost_breakdown"]
    assert float(quick.balance()) == round(before - float(costs["used"]), 2) < before


def test_what_breaks_once_goes_on(quick, monkeypatch):
    honest, broken = Weigh.carry_out, []

    def once(*given):
        if not broken:
            broken.append(1)
            raise RuntimeError("once")
        return honest(*given)

    monkeypatch.setattr(Weigh, "carry_out", once)
    monkeypatch.setattr(attempts, "_PAUSE_S", 0.001)
    assert quick.until(quick.made(), "completed", "failed")["status"] == "completed"


def test_a_store_that_takes_nothing_for_a_while_is_waited_for(quick, monkeypatch, caplog):
    store, failing = quick.face.service.store, [True, True]
    honest = store.write

    async def write(change):
        if failing and change.__qualname__.startswith("_Work."):
            failing.pop()
            raise StorageError("no room")
        return await honest(change)

    monkeypatch.setattr(store, "write", write)
    monkeypatch.setattr(attempts, "STORE_S", 0.01)
    assert quick.until(quick.made(), "completed", "failed")["status"] == "completed"
    assert caplog.text.count("no room") == 2


@pytest.mark.parametrize(("begun", "state"), [(10, "completed"), (25, "failed")])
def test_a_session_is_given_up_only_where_it_was_begun_far_too_often(quick, monkeypatch, caplog, begun, state):
    service = quick.face.research
    store = quick.face.service.store
    monkeypatch.setattr(service._work, "offer", lambda *_: None)
    monkeypatch.setattr(service._ledger, "_start", lambda *_: None)
    session_id = quick.made()

    def killed(unit):
        inquiry = unit.inquiries.load(session_id)
        unit.inquiries.save(inquiry, replace(inquiry, attempts=begun))

    quick.run(store.write(killed))
    monkeypatch.undo()
    quick.run(service.start())
    told = quick.until(session_id, "failed", "completed")
    assert told["status"] == state
    given_up = f"session {session_id} is given up: its work was begun {begun} times without coming on"
    assert (given_up in caplog.text) == (state == "failed")
    assert ("error_details" in told) == (state == "failed")


def test_many_sessions_of_one_namespace_do_not_keep_another_waiting(quick):
    crowd = [quick.made() for _ in range(40)]
    began = time.monotonic()
    other = quick.made(key=OTHERS)
    quick.until(other, "completed", key=OTHERS)
    assert time.monotonic() - began < 5
    for session_id in crowd:
        quick.until(session_id, "completed")
    assert quick.get(SESSIONS, key=ANN).json()["summary"]["by_status"]["completed"] >= 40
    quick.post("/_mock/v1/reset", key=ANN)


@pytest.mark.parametrize("operation", ["pause", "cancel"])
def test_the_work_stops_within_two_hundred_milliseconds(quick, monkeypatch, operation):
    steps = []
    honest = investigation._carried

    def noted(*given):
        steps.append(time.monotonic())
        return honest(*given)

    monkeypatch.setattr(investigation, "_carried", noted)
    monkeypatch.setattr(quick.face.research._work, "_least_s", 3.0)
    session_id = quick.made()
    quick.until(session_id, "running")
    assert quick.act(session_id, operation).status_code == 200
    stopped = time.monotonic()
    quick.wait(0.5)
    assert steps
    assert max(steps) < stopped + 0.2
    quick.act(session_id, "cancel")


def test_a_session_that_is_removed_while_it_is_worked_on_is_gone(quick, caplog):
    session_id = quick.made()
    quick.post("/_mock/v1/reset", key=ANN)
    quick.wait(0.2)
    assert quick.get(f"{SESSIONS}/{session_id}", key=ANN).status_code == 404
    assert "fell" not in caplog.text


@pytest.fixture(scope="module")
def below(tmp_path_factory):
    """A faithful server below a path, in memory."""
    with asyncio.Runner() as runner:
        given = {"profiles": ("prsm",), "api_keys": KEYS, "research_s": 0.0, "in_memory": True, "faithful": True}
        server = started(tmp_path_factory.mktemp("none"), base_path="/lab", **given)
        application, client = runner.run(server.__aenter__())
        client = httpx.AsyncClient(
            transport=httpx.ASGITransport(Below(application, "/lab", application.state.face.told))
        )
        yield Lab(runner, application, client)
        runner.run(client.aclose())
        runner.run(server.__aexit__(None, None, None))


def test_a_faithful_server_below_a_path_has_the_sessions_and_shares_there_and_no_control_plane(below):
    made = below.post(f"/lab{SESSIONS}", json={"prompt": PROMPT}, key=ANN)
    assert made.status_code == 201
    session_id = made.json()["session_id"]
    told = below.post(
        f"/lab{SESSIONS}/{session_id}/share", json={"recipients": ["x@y.z"], "permissions": "view"}, key=ANN
    ).json()
    assert told["share_url"].startswith("http://mock.example:8080/lab/api/v1/shared/")
    assert below.get(told["share_url"], key=None).json()["session_id"] == session_id
    refused = below.get("/lab/api/v1/sessions/ses_0", key=ANN).json()
    assert (refused["error"], refused["code"]) == ("session_not_found", 404)
    assert below.get("/lab/_mock/v1/prsm/balance", key=ANN).status_code == 404
    assert word_of(below.get("/elsewhere", key=ANN)) == "not_found"


def test_a_server_of_this_profile_alone_refuses_everything_in_the_body_of_the_document(quick):
    assert word_of(quick.post("/sessions/ses_0/end", key=ANN)) == "not_found"
    for path in ("/", "/api", "/api/v1", "//api/v1/sessions", "/_mockery"):
        assert word_of(quick.get(path, key=None)) == "not_found"
    assert quick.get("/_mock/v1/nothing", key=ANN).json()["error"]["code"] == "invalid_request"


def test_a_page_of_another_origin_may_use_the_operations(quick):
    asked = {"Origin": "http://emr.example", "Access-Control-Request-Method": "POST"}
    assert quick.send("OPTIONS", SESSIONS, key=None, headers=asked).status_code == 204
    answer = quick.get(SESSIONS, key=ANN, headers={"Origin": "http://emr.example"})
    assert answer.headers["access-control-allow-origin"] == "http://emr.example"
    assert "content-disposition" in answer.headers["access-control-expose-headers"]


def test_a_format_whose_libraries_are_not_there_is_503_and_says_what_to_install(quick, monkeypatch):
    session_id = quick.made()
    quick.until(session_id, "completed")
    monkeypatch.setitem(sys.modules, "mock_server.research.render.page", None)
    answer = quick.read(session_id, "export", format="pdf")
    assert (answer.status_code, word_of(answer)) == (503, "service_unavailable")
    assert "pip install '.[prsm]'" in answer.json()["message"]
    assert quick.read(session_id, "export", format="json").status_code == 200


def test_head_answers_as_get_without_a_body_would(quick):
    session_id = quick.made()
    quick.until(session_id, "completed")
    for path in ("", f"/{session_id}", f"/{session_id}/export?format=pdf"):
        assert quick.send("HEAD", f"{SESSIONS}{path}", key=ANN).status_code == 200, path


def _until(server, session_id, *states):
    for _ in range(300):
        told = httpx.get(f"{server.url}{SESSIONS}/{session_id}", headers={"X-API-Key": ANN}).json()
        if told["status"] in states:
            return told
        time.sleep(0.02)
    raise AssertionError(told)


def _post(server, path, **given):
    answer = httpx.post(f"{server.url}{SESSIONS}{path}", headers={"X-API-Key": ANN}, **given)
    assert answer.status_code < 300, answer.text
    return answer.json()


@pytest.mark.slow
def test_after_a_kill_each_session_goes_on_where_it_stood(tmp_path):
    options = ("--profile", "prsm", "--api-key", ANN, "--research-seconds", "2")
    server = Server(tmp_path, *options)
    try:
        stands, runs, waits = (_post(server, "", json={"prompt": PROMPT})["session_id"] for _ in range(3))
        _until(server, stands, "running")
        _post(server, f"/{stands}/pause")
        stood = _until(server, stands, "paused")
        share = _post(server, f"/{stands}/share", json={"recipients": ["bob"], "permissions": "view"})
        seen = _until(server, runs, "running")
    finally:
        server.stop(signal.SIGKILL)

    server = Server(tmp_path, *options)
    try:
        assert _until(server, stands, "paused") == stood
        shared = httpx.get(f"{server.url}/api/v1/shared{share['share_url'].partition('/shared')[2]}")
        assert shared.json()["status"] == "paused"
        completed = [_until(server, each, "completed") for each in (runs, waits)]
        assert completed[0]["resource_usage"]["steps"] > seen["resource_usage"]["steps"]
        _post(server, f"/{stands}/resume")
        completed.append(_until(server, stands, "completed"))
        assert completed[0]["results"] == completed[1]["results"] == completed[2]["results"]
        told = httpx.get(f"{server.url}{SESSIONS}/{runs}/history", headers={"X-API-Key": ANN}).json()
        events = [each["event"] for each in keeps("history", told)["timeline"]]
        assert (events.count("created"), events.count("running"), events.count("completed")) == (1, 1, 1)
        assert "decided" in events
    finally:
        server.stop()


def _refused(server, sent):
    """What is said to bytes that are no request: word and status of the document's body."""
    address = httpx.URL(server.url)
    with socket.create_connection((address.host, address.port), 20) as connection:
        connection.sendall(sent + b"\r\n\r\n")
        said = b""
        while piece := connection.recv(65_536):
            said += piece
    told = keeps("error", json.loads(said.partition(b"\r\n\r\n")[2]))
    assert said.startswith(b"HTTP/1.1 %d " % told["code"])
    return told["error"], told["code"]


@pytest.mark.slow
def test_the_profile_alone_serves_nothing_of_the_others_and_researches_in_a_folder(tmp_path):
    corpus = tmp_path / "corpus"
    corpus.mkdir()
    (corpus / "frogs.md").write_text("# Frogs\n\nThe tree frog sleeps through the winter below leaves.\n", "utf-8")
    (corpus / "broken.pdf").write_bytes(b"%PDF-1.4 broken")
    keys = ("--api-key", ANN, "--api-key", BOB)
    options = ("--profile", "prsm", *keys, "--research-seconds", "0", "--corpus", str(corpus))
    server = Server(tmp_path / "data", *options)
    try:
        assert "/api/v1/sessions" in "".join(server.told)
        assert "broken.pdf" in "".join(server.told)
        assert httpx.get(f"{server.url}/v1/sessions", headers={"X-API-Key": ANN}).status_code == 404
        assert httpx.get(f"{server.url}/openapi.json").json()["info"]["title"] == "PRSM Session API"
        for sent in (b"BREW / HTTP/1.1", b"GET / HTTP/1.1", b"GET / HTTP/1.1\r\nHost: a\r\nHost: b", b"no request"):
            assert _refused(server, sent) == ("invalid_request", 400), sent
        chunks = b"POST /api/v1/sessions HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nZZ"
        assert _refused(server, chunks) == ("invalid_request", 400)
        session_id = _post(server, "", json={"prompt": "Where does the tree frog sleep in winter?"})["session_id"]
        _until(server, session_id, "completed")
        told = httpx.get(f"{server.url}{SESSIONS}/{session_id}/results", headers={"X-API-Key": ANN}).json()
        assert [each["quote"] for each in told["citations"]] == [
            "The tree frog sleeps through the winter below leaves."
        ]
    finally:
        server.stop()


def test_a_start_tells_of_twenty_files_that_are_not_read_and_counts_the_rest(tmp_path, caplog):
    for number in range(1_234):
        (tmp_path / f"{number:04}.png").touch()
    laboratory._tell_of(Corpus.open(None, tmp_path).refused)
    told = [record.getMessage() for record in caplog.records]
    assert told[0] == "the corpus is without 0000.png: is of no kind that is read (.txt, .md, .pdf, .docx)"
    assert told[20:] == ["the corpus is without 1,214 more files or folders"]


@pytest.mark.parametrize(
    ("options", "code", "told"),
    [
        (("--profile", "prsm", "--corpus", "nowhere"), 2, "'nowhere' is no folder"),
        (("--corpus", "."), 2, "--corpus is what sessions of prsm look for things in"),
        (("--profile", "prsm"), 3, "corpus.sqlite cannot be used"),
    ],
)
def test_a_corpus_that_cannot_be_had_is_told_in_one_line(tmp_path, options, code, told):
    (tmp_path / "corpus.sqlite").mkdir()
    asked = ["serve", "--port", "0", "--data-dir", str(tmp_path), *options]
    done = CliRunner().invoke(app, asked)
    assert (done.exit_code, done.stderr.count("\n")) == (code, 1), done.stderr
    assert told in done.stderr
