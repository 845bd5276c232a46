"""What pages of other origins may do: all of the protocol, and nothing of the control plane unless they are listed."""

from __future__ import annotations

from datetime import datetime

import httpx
import pytest

from mock_server.api.origin import normal, of_address
from mock_server.app import create_app
from mock_server.settings import Settings
from tests.mock_server.stage import HOST, MINE, code_of

CONSOLE = "http://localhost:3000"
FOREIGN = [
    *("https://evil.example", "null", "http://mock.example", "https://mock.example:8080", "http://mock.example:80800"),
    *("http://mock.example:8080.evil.example", "http://evil.mock.example:8080", "http://mock.example:8080/", "file://"),
    *(
        "http://localhost:3001",
        "http://127.0.0.1:3000",
        "https://localhost:3000",
        "http://localhost:3000/",
        "*",
        "",
        "x",
    ),
    *("http://mock.example:8080 http://evil.example", "http://mock.example:8080,http://evil.example"),
]
CONTROL = [
    ("GET", "/_mock/v1/clock"),
    ("POST", "/_mock/v1/clock"),
    ("POST", "/_mock/v1/reset"),
    ("GET", "/_mock/v1/requests"),
    ("GET", "/_mock/v1/journal/x"),
    ("DELETE", "/_mock/v1/clock"),
    ("GET", "/_mock/v1/nowhere"),
    ("GET", "/_mock"),
    ("POST", "/%5fmock/v1/clock"),
]


def now_of(mock):
    return datetime.fromisoformat(mock.get("/_mock/v1/clock").json()["now"])


def allowed(answer):
    return {name: value for name, value in answer.headers.items() if name.startswith("access-control-")}


@pytest.fixture
def listed(mock):
    mock.set(console_origins=(CONSOLE, "https://console.example"))
    return mock


@pytest.mark.parametrize("origin", FOREIGN)
@pytest.mark.parametrize(("method", "path"), CONTROL)
def test_a_foreign_page_reads_nothing_of_the_control_plane(listed, method, path, origin):
    answer = listed.send(method, path, headers={"Origin": origin})
    assert allowed(answer) == {}
    assert answer.headers["vary"] == "Origin"
    assert answer.status_code == (403 if method != "GET" else listed.send(method, path).status_code)


@pytest.mark.parametrize("origin", FOREIGN)
def test_a_foreign_page_moves_no_clock_and_resets_nothing(listed, origin):
    session = listed.create()
    before = now_of(listed)
    body = b'{"advance_seconds": 864000}'
    for path in ("clock", "reset"):
        headers = {"Origin": origin, "Content-Type": "text/plain"}  # a simple request: no preflight
        answer = listed.post(f"/_mock/v1/{path}", content=body, headers=headers)
        assert (answer.status_code, code_of(answer)) == (403, "forbidden")
        assert "--console-origin" in answer.json()["error"]["message"]
    assert listed.read(session).status_code == 202
    assert (now_of(listed) - before).total_seconds() < 3600


@pytest.mark.parametrize("origin", FOREIGN)
@pytest.mark.parametrize("path", ["/_mock/v1/clock", "/_mock/v1/nowhere"])
def test_the_preflight_of_a_foreign_page_is_refused(listed, origin, path):
    asked = {
        "Origin": origin,
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "x-api-key",
        "Access-Control-Request-Private-Network": "true",
    }
    answer = listed.send("OPTIONS", path, key=None, headers=asked)
    assert (answer.status_code, code_of(answer), allowed(answer)) == (403, "forbidden", {})


@pytest.mark.parametrize(
    "origin",
    [HOST, HOST.upper(), "HTTP://Mock.Example:8080", CONSOLE, "http://LOCALHOST:3000", "https://console.example:443"],
)
def test_the_servers_own_pages_and_listed_ones_use_the_control_plane(listed, origin):
    headers = {"Origin": origin}
    preflight = listed.send("OPTIONS", "/_mock/v1/reset", key=None, headers=headers)
    assert preflight.status_code == 204
    answers = [listed.get("/_mock/v1/clock", headers=headers), listed.advance(60, headers=headers)]
    answers += [listed.post("/_mock/v1/reset", headers=headers), preflight]
    assert [answer.status_code for answer in answers[:3]] == [200] * 3
    assert {answer.headers["access-control-allow-origin"] for answer in answers} == {origin}


def test_who_has_no_origin_uses_the_control_plane(listed):
    assert listed.advance(60).status_code == 200
    assert listed.post("/_mock/v1/reset").status_code == 200
    assert listed.send("OPTIONS", "/_mock/v1/reset", key=None).status_code == 204


@pytest.mark.parametrize("base_url", ["https://scribe.example", "https://Scribe.example:443/some/path/"])
def test_the_base_url_is_the_servers_own_too(mock, base_url):
    mock.set(base_url=base_url)
    for origin in ("https://scribe.example", "https://SCRIBE.example:443", HOST):
        assert mock.advance(1, headers={"Origin": origin}).status_code == 200
    for origin in ("http://scribe.example", "https://scribe.example:8443", "https://scribe.example/some"):
        assert mock.advance(1, headers={"Origin": origin}).status_code == 403


@pytest.mark.parametrize(
    ("host", "origin"), [("a.example", "http://a.example:80"), ("A.example:80", "http://a.example")]
)
def test_default_ports_are_the_same_origin(mock, host, origin):
    assert mock.advance(1, headers={"Origin": origin, "Host": host}).status_code == 200
    assert mock.advance(1, headers={"Origin": origin + "81", "Host": host}).status_code == 403


def test_several_origins_are_foreign_when_one_is(mock):
    async def ask():
        headers = [("X-API-Key", MINE), ("Origin", HOST), ("Origin", "https://evil.example")]
        return await mock.client.post(f"{HOST}/_mock/v1/reset", headers=headers)

    assert mock.run(ask()).status_code == 403


def test_the_protocol_is_open_to_every_page(listed):
    for origin in ("https://evil.example", "null", HOST):
        answer = listed.get("/v1/templates", headers={"Origin": origin})
        assert (answer.status_code, answer.headers["access-control-allow-origin"]) == (200, origin)


@pytest.mark.parametrize(
    ("origin", "spelled"),
    [
        ("http://A.example:80", "http://a.example"),
        ("https://a.example:0443", "https://a.example"),
        ("HTTPS://a.example:80", "https://a.example:80"),
        ("http://[0:0::1]:8080", "http://[::1]:8080"),
        ("http://[::g]", None),
        ("http://a.example/", None),
        ("http://a.example:0", None),
        ("http://a.example\n", None),
        ("ws://a.example", None),
        ("null", None),
        ("", None),
    ],
)
def test_an_origin_has_one_spelling(origin, spelled):
    assert normal(origin) == spelled


def test_an_address_has_the_origin_of_its_host():
    assert of_address("https://a.example/some/path") == "https://a.example"
    assert of_address("nowhere") is None


def asked(mock, names, path="/v1/sessions", **more):
    headers = {"Origin": "https://emr.example", "Access-Control-Request-Method": "POST"}
    if names is not None:
        headers["Access-Control-Request-Headers"] = names
    return mock.send("OPTIONS", path, key=None, headers=headers | more)


def names_of(answer):
    return [name.strip() for name in answer.headers["access-control-allow-headers"].split(",")]


@pytest.mark.parametrize(
    "names",
    [
        "traceparent",
        "traceparent,tracestate,baggage",
        "baggage, sentry-trace",
        "x-request-id",
        "x-datadog-trace-id,x-datadog-parent-id,x-datadog-origin,x-datadog-sampling-priority",
        "X-B3-TraceId , uber-trace-id",
        "x_odd!#$%&'*+-.^_`|~1",
    ],
)
def test_a_page_may_send_what_its_tracing_adds(mock, names):
    answer = asked(mock, names)
    assert {name.strip().lower() for name in names.split(",")} < set(names_of(answer))
    assert {"x-api-key", "content-type"} < set(names_of(answer))
    assert "access-control-request-headers" in answer.headers["vary"].lower()


@pytest.mark.parametrize(
    "names",
    ["*", "x y", "x:y", "x/y", "x;y", '"x"', "(x)", "x=y", "x\ty", "\xe4", ", ,", "", "x" * 65, "x\x7fy", "x@y", "{x}"],
)
def test_what_is_no_name_of_a_header_is_not_repeated(mock, names):
    fixed = names_of(asked(mock, None))
    assert names_of(asked(mock, names.encode("latin-1"))) == fixed
    assert names_of(asked(mock, b"traceparent, " + names.encode("latin-1"))) == [*fixed, "traceparent"]


def test_what_a_page_asks_for_is_bounded_in_number_and_length(mock):
    fixed = names_of(asked(mock, None))
    many = asked(mock, ",".join(f"x-{number}" for number in range(10_000)))
    assert len(names_of(many)) <= len(fixed) + 64
    long = asked(mock, ",".join(f"x-{number}-{'y' * 5000}" for number in range(10)))
    assert names_of(long) == fixed
    assert names_of(asked(mock, "traceparent," * 50)) == [*fixed, "traceparent"]
    assert names_of(asked(mock, "X-API-Key,Content-Type")) == fixed


def test_a_page_of_the_public_network_may_ask_a_private_server(mock):
    private = {"Access-Control-Request-Private-Network": "true"}
    assert asked(mock, None, **private).headers["access-control-allow-private-network"] == "true"
    assert "access-control-allow-private-network" not in asked(mock, None).headers


def test_a_faithful_server_allows_the_fixed_list_and_no_more(mock, tmp_path):
    app = create_app(Settings(data_dir=tmp_path, transcriber="scripted", faithful=True))
    headers = {
        "Origin": "https://emr.example",
        "Access-Control-Request-Headers": "traceparent",
        "Access-Control-Request-Private-Network": "true",
    }

    async def ask():
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=HOST) as client:
            return await client.options("/v1/sessions", headers=headers)

    answer = mock.run(ask())
    assert names_of(answer) == names_of(asked(mock, None))
    assert "access-control-allow-private-network" not in answer.headers
