"""GET /metrics, as somebody reads it who scrapes the server."""

from __future__ import annotations

import asyncio

import pytest
from prometheus_client.parser import text_string_to_metric_families

from mock_server.app import create_app
from mock_server.metrics.meter import BUCKETS, OTHER, Meter, known_codes, profile_of
from mock_server.settings import Settings
from mock_server.storage import StorageError
from tests.mock_server.session_manager.conftest import record
from tests.mock_server.stage import HOST, KEYS, MINE, SHORT, Mock, started


def figures(mock, **given):
    """Name and labels -> value."""
    answer = mock.get("/metrics", key=None, **given)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    return {
        (sample.name, *(f"{name}={value}" for name, value in sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


@pytest.fixture
def mock(tmp_path):
    with asyncio.Runner() as runner:
        server = started(tmp_path, profiles=("medscribe", "session_manager", "prsm", "dalston"), research_s=0.0)
        app, client = runner.run(server.__aenter__())
        yield Mock(runner, app, client)
        runner.run(server.__aexit__(None, None, None))


def test_requests_and_refusals_are_counted_by_operation_class_profile_and_code(mock):
    mock.create()
    mock.post("/v1/sessions", json={})
    mock.get("/v1/sessions/none")
    mock.get("/v1/templates", key="nobody")
    mock.get("/api/v1/sessions/none")
    mock.get("/v1/realtime/sessions/none")
    mock.get("/nowhere")
    found = figures(mock)
    assert found["scribe_requests_total", "operation=create", "status=2xx"] == 1
    assert found["scribe_requests_total", "operation=create", "status=4xx"] == 1
    assert found["scribe_requests_total", "operation=other", "status=4xx"] == 1
    assert found["scribe_refusals_total", "code=missing_required_field", "profile=medscribe"] == 1
    assert found["scribe_refusals_total", "code=session_not_found", "profile=medscribe"] == 1
    assert found["scribe_refusals_total", "code=invalid_api_key", "profile=medscribe"] == 1
    assert found["scribe_refusals_total", "code=session_not_found", "profile=prsm"] == 1
    assert found["scribe_refusals_total", "code=session_not_found", "profile=dalston"] == 1
    assert found["scribe_refusals_total", "code=invalid_request", "profile=none"] == 1
    assert found["scribe_request_seconds_count", "operation=create"] == 2
    assert found["scribe_request_seconds_bucket", "le=+Inf", "operation=create"] == 2


def test_sessions_are_counted_by_profile_and_state(mock):
    mock.create()
    mock.processed(SHORT.read())
    assert mock.post("/sessions.start", json=record()).status_code == 200
    found = figures(mock)
    assert found["scribe_sessions", "profile=medscribe", "state=created"] == 1
    assert found["scribe_sessions", "profile=medscribe", "state=completed"] == 1
    assert found["scribe_sessions", "profile=medscribe", "state=failed"] == 0
    assert found["scribe_sessions", "profile=prsm", "state=running"] == 0
    assert found["scribe_sessions_counted_seconds",] < 15
    assert (
        sum(value for name, value in found.items() if name[:2] == ("scribe_sessions", "profile=session_manager")) == 1
    )


def test_many_sessions_are_counted_once_in_a_while_and_no_scrape_waits_for_it(mock, monkeypatch):
    looks = []
    (shelf,) = [each for each in mock.face.rack.shelves if each.profile == "medscribe"]
    page = shelf.page

    async def slow(*given):
        looks.append(given)
        await asyncio.sleep(0.6)
        return await page(*given)

    monkeypatch.setattr(shelf, "page", slow)
    began = mock.run(_now())
    first, second = figures(mock), figures(mock)
    assert mock.run(_now()) - began < 3
    assert len(looks) == 1
    assert ("scribe_sessions_counted_seconds",) not in first
    assert ("scribe_sessions", "profile=medscribe", "state=created") not in second

    async def counted():
        await asyncio.wait({mock.face.census._task}, timeout=20)

    mock.run(counted())
    looked = len(looks)
    assert figures(mock)["scribe_sessions", "profile=medscribe", "state=created"] == 0
    assert len(looks) == looked


async def _now():
    return asyncio.get_running_loop().time()


def test_what_was_heard_and_how_long_that_took_is_counted(mock):
    mock.processed(SHORT.read())
    found = figures(mock)
    assert found["scribe_audio_heard_seconds_total", "kind=upload"] == pytest.approx(SHORT.seconds, abs=0.2)
    assert found["scribe_audio_spent_seconds_total", "kind=upload"] > 0
    assert found["scribe_audio_heard_seconds_total", "kind=live"] == 0
    assert found["scribe_live_sessions",] == 0
    assert found["scribe_live_lag_seconds",] == 0


def test_the_queue_tells_its_length_and_how_long_its_first_has_waited(mock, monkeypatch):
    begun = asyncio.Queue()

    async def never(*_given, **_more):
        begun.put_nowait(None)
        await asyncio.Event().wait()

    async def work_begins():
        async with asyncio.timeout(30):
            await begun.get()

    monkeypatch.setattr(mock.face.transcriber, "transcribe", never)
    for number in range(4):
        session = mock.create()
        mock.upload(session)
        assert mock.end(session).status_code == 202
        if number < 2:  # all the places that one namespace gets
            mock.run(work_begins())
    mock.run(asyncio.sleep(0.3))
    found = figures(mock)
    assert found["scribe_queue_sessions", "profile=medscribe"] == 2
    assert 0.3 <= found["scribe_queue_oldest_seconds", "profile=medscribe"] < 60
    assert found["scribe_work_sessions", "profile=medscribe"] == 2
    assert found["scribe_queue_sessions", "profile=prsm"] == 0
    ready = mock.get("/health/ready", key=None).json()["parts"]["queue"]
    assert (ready["ready"], ready["waiting"], ready["in_work"]) == (True, 2, 2)


def test_a_store_that_takes_nothing_is_counted(mock, monkeypatch):
    async def broken(_change):
        raise StorageError("gone")

    monkeypatch.setattr(mock.face.service.store, "write", broken)
    assert mock.post("/v1/sessions", json={"templates": ["soap"]}).status_code == 503
    found = figures(mock)
    assert found["scribe_storage_failures_total",] == 1
    assert found["scribe_refusals_total", "code=service_unavailable", "profile=medscribe"] == 1
    monkeypatch.setattr(mock.face.service, "shortage", lambda: "full")
    found = figures(mock)
    assert (found["scribe_storage_available",], found["scribe_ready",]) == (0, 0)


def test_memory_and_processor_time_of_the_process_are_there(mock):
    found = figures(mock)
    assert found["process_resident_memory_bytes",] > 10_000_000
    assert found["process_cpu_seconds_total",] > 0


def test_a_scrape_is_no_clients_request(mock):
    mock.get("/v1/templates")
    before = len(mock.get("/_mock/v1/requests").json()["requests"])
    one = figures(mock, headers={"X-API-Key": MINE})
    two = figures(mock, headers={"X-API-Key": MINE})
    assert len(mock.get("/_mock/v1/requests").json()["requests"]) == before
    told = {name: value for name, value in two.items() if name[0] in ("scribe_requests_total", "scribe_refusals_total")}
    assert told.items() <= one.items() | {(("scribe_requests_total", "operation=control", "status=2xx"), 1.0)}
    assert mock.face.load.running == 0


def test_a_scenario_for_every_request_leaves_a_scrape_alone(mock):
    armed = mock.post("/_mock/v1/scenarios", json={"scenario": "throttled", "on": {"times": 5}})
    assert armed.status_code in (200, 201), armed.text
    assert figures(mock, headers={"X-API-Key": MINE})
    assert mock.get("/v1/templates").status_code == 429


def test_another_method_is_refused_in_the_envelope(mock):
    answer = mock.post("/metrics")
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, HEAD, OPTIONS")
    assert mock.send("HEAD", "/metrics", key=None).content == b""


def test_nothing_that_a_client_chose_makes_a_series(mock):
    strange = "Zeugma-7"
    session = mock.create(additional_data={strange: strange})
    mock.upload(session, name=f"{strange}.wav")
    mock.get(f"/v1/sessions/{strange}")
    mock.get(f"/{strange}", key=f"sk_test_{strange}")
    mock.send(strange.upper(), "/v1/sessions")
    mock.get(f"/v1/sessions?{strange}={strange}")
    text = mock.get("/metrics", key=None).text
    assert strange.lower() not in text.lower()
    for secret in (*KEYS, session["session_id"], "mine"):
        assert secret not in text


def test_the_number_of_series_is_bounded():
    meter = Meter()
    for number in range(10_000):
        meter.answered(f"op{number}", 400 + number % 100, {"error": {"code": f"code{number}"}}, 0.001)
    assert len(meter.durations) <= 129
    assert {code for _, code in meter.refusals} == {OTHER}
    assert len(meter.requests) <= 129


@pytest.mark.parametrize(
    ("operation", "profile"),
    [
        ("create", "medscribe"),
        ("stream", "medscribe"),
        ("dalston.create", "dalston"),
        ("prsm.create", "prsm"),
        ("sessions.start", "session_manager"),
        ("control", "none"),
        ("unknown", "none"),
    ],
)
def test_an_operation_is_of_one_profile(operation, profile):
    assert profile_of(operation) == profile


def test_the_words_of_a_socket_are_known_from_the_text():
    assert {"no_capacity", "lag_exceeded", "rate_limit", "4400", "4503", "unauthorized"} <= known_codes(["dalston"])
    assert "no_capacity" not in known_codes(["medscribe"])


def test_every_duration_falls_into_a_bucket():
    meter = Meter()
    for seconds in (0.0, 0.001, 0.0011, 29.0, 30.0, 31.0, 1e9):
        meter.answered("get", 200, {}, seconds)
    counts = meter.durations["get"].counts
    assert (counts[0], counts[1], counts[-2], counts[-1], len(counts)) == (2, 1, 2, 2, len(BUCKETS) + 1)


def test_a_faithful_server_has_no_metrics(tmp_path):
    app = create_app(Settings(data_dir=tmp_path, transcriber="scripted", faithful=True))
    assert "/metrics" not in {getattr(route, "path", None) for route in app.routes}


def test_two_servers_in_one_process_count_each_for_itself(tmp_path):
    async def both():
        async with (
            started(tmp_path / "a", in_memory=True) as (_, one),
            started(tmp_path / "b", in_memory=True) as (_, two),
        ):
            await one.get(f"{HOST}/v1/templates", headers={"X-API-Key": MINE})
            return (await one.get(f"{HOST}/metrics")).text, (await two.get(f"{HOST}/metrics")).text

    one, two = asyncio.run(both())
    line = 'scribe_requests_total{operation="templates",status="2xx"} 1.0'
    assert line in one
    assert line not in two
