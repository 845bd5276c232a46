"""The server describes itself: at its own address, with all it serves, so that programs and people can use it."""

from __future__ import annotations

import asyncio
import re
from html.parser import HTMLParser

import httpx
import pytest
from jsonschema import Draft202012Validator
from openapi_spec_validator import OpenAPIV31SpecValidator
from starlette.routing import WebSocketRoute

from mock_server.app import create_app
from mock_server.settings import Settings
from scribe_data import recordings
from tests.mock_server.stage import HOST, SHORT, code_of

METHODS = ("get", "post", "put", "patch", "delete")


def openapi(mock, **given):
    return mock.get("/openapi.json", key=None, **given).json()


def operations(document):
    return {
        (method, path): item[method] for path, item in document["paths"].items() for method in METHODS if method in item
    }


def faithful(tmp_path, path, **headers):
    app = create_app(Settings(data_dir=tmp_path, transcriber="scripted", faithful=True))

    async def ask():
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=HOST) as client:
            return await client.get(path, headers=headers)

    return asyncio.run(ask())


def test_the_document_is_valid_and_so_is_that_of_a_faithful_server(mock, tmp_path):
    OpenAPIV31SpecValidator(openapi(mock)).validate()
    OpenAPIV31SpecValidator(faithful(tmp_path, "/openapi.json").json()).validate()


@pytest.mark.parametrize(
    ("host", "base_url", "expected"),
    [
        ("mock.example:8080", None, "http://mock.example:8080"),
        ("127.0.0.1:9", None, "http://127.0.0.1:9"),
        ("[::1]:80", None, "http://[::1]:80"),
        ("any.example", "https://scribe.example/proxied/", "https://scribe.example/proxied"),
    ],
)
def test_the_document_and_the_page_name_the_address_the_client_knows(mock, host, base_url, expected):
    mock.set(base_url=base_url)
    headers = {"Host": host}
    assert [server["url"] for server in openapi(mock, headers=headers)["servers"]] == [expected]
    assert f"curl {expected}/.well-known" in mock.get("/docs", headers=headers).text
    assert mock.get("/", headers=headers).json()["docs"] == f"{expected}/docs"


def test_a_host_header_cannot_write_into_the_page(mock):
    page = mock.get("/docs", headers={"Host": "x<script>alert(1)</script>"}).text
    assert "alert(1)" not in page


def test_every_operation_of_the_document_is_served_where_it_says(mock):
    document = openapi(mock)
    session = mock.create()["session_id"]
    filled = {"session_id": session, "template_id": "soap", "file_name": "a.wav", "number": 0}
    for (method, path), operation in operations(document).items():
        if path in ("/_mock/v1/reset", "/_mock/v1/events"):  # nothing is left, or the answer has no end
            continue
        url = document["servers"][0]["url"] + path.format(**filled)
        answer = mock.send(method.upper(), url)
        assert str(answer.status_code) in operation["responses"], (method, path, answer.text)
        stranger = mock.send(method.upper(), url, key=None).status_code
        assert (stranger == 401) == (operation.get("security") != []), (method, path)


def test_every_route_is_in_the_document(mock):
    described = set()
    for method, path in operations(openapi(mock)):
        described.add((method.upper(), re.sub(r"\{[^}]*\}", "{}", path)))
    served = set()
    routes = (route for route in mock.app.routes if not isinstance(route, WebSocketRoute))  # AsyncAPI has those
    for served_at in filter(None, (getattr(route, "path", None) for route in routes)):
        path = re.sub(r"\{[^}]*\}", "{}", served_at)
        answer = mock.send("BREW", path.replace("{}", "x"), key=None)
        served |= {(m, path) for m in answer.headers["allow"].split(", ") if m not in ("HEAD", "OPTIONS")}
    # the pages themselves, and discovery below /v1 as well
    pages = {("GET", root + name) for root in ("", "/_mock/v1") for name in ("/docs", "/openapi.json")}
    console = {("GET", "/console"), ("GET", "/console/{}")}
    beside = {*pages, *console, ("GET", "/v1/.well-known/medscribealliance")}
    assert served - described == beside
    assert described <= served


def test_a_faithful_server_describes_the_protocol_and_health_only(tmp_path):
    paths = faithful(tmp_path, "/openapi.json").json()["paths"]
    assert not [path for path in paths if path.startswith("/_mock") or "process" in path or path == "/"]
    assert {"/health/live", "/health/ready"} <= paths.keys()
    assert "patch" not in paths["/v1/sessions/{session_id}"]
    page = faithful(tmp_path, "/docs").text
    assert "/_mock/v1" not in page
    assert "/v1/sessions/{session_id}/end" in page
    answer = faithful(tmp_path, "/")
    assert (answer.status_code, code_of(answer)) == (404, "invalid_request")


def test_the_control_plane_has_a_document_and_a_page_of_its_own(mock):
    whole, alone = openapi(mock), mock.get("/_mock/v1/openapi.json", key=None).json()
    OpenAPIV31SpecValidator(alone).validate()
    assert alone["paths"] == {path: item for path, item in whole["paths"].items() if path.startswith("/_mock/")}
    assert {"/_mock/v1/clock", "/_mock/v1/scenarios", "/_mock/v1/wait"} <= alone["paths"].keys()
    assert not [path for path, item in alone["paths"].items() if "422" in str(item)]
    page = Page(mock.get("/_mock/v1/docs", key=None).text)
    assert {operation["operationId"] for operation in operations(alone).values()} <= set(page.ids)
    assert {link[1:] for link in page.links if link.startswith("#")} <= set(page.ids)
    assert not [link for link in page.links if link.startswith("http") and not link.startswith(HOST)]


def answers_of(mock):
    """One answer of each kind, with the operation it belongs to."""
    end, session = "/v1/sessions/{session_id}/end", "/v1/sessions/{session_id}"
    good = mock.create(templates=["soap", "nobody-knows"])
    yield "post", "/v1/sessions", mock.post("/v1/sessions", json={"templates": ["soap"]})
    yield "get", session, mock.read(good)
    yield "post", session + "/audio", mock.upload(good)
    yield "put", session + "/audio/{file_name}", mock.send("PUT", good["upload_url"] + "/b.wav", content=SHORT.read())
    yield "get", session, mock.read(good)
    yield "patch", session, mock.send("PATCH", f"/v1/sessions/{good['session_id']}", json={"additional_data": {}})
    yield "post", end, mock.end(good)
    yield "get", session, mock.settled(good)
    yield "get", session, mock.processed(SHORT.read())
    yield "get", session, mock.processed(recordings.load()["silence"].read())
    one = f"/v1/sessions/{good['session_id']}/process/template/soap"
    yield "post", session + "/process/template/{template_id}", mock.post(one)
    yield "get", "/_mock/v1/requests", mock.get("/_mock/v1/requests")
    yield "get", "/_mock/v1/journal/{session_id}", mock.get(f"/_mock/v1/journal/{good['session_id']}")
    yield "get", "/_mock/v1/clock", mock.get("/_mock/v1/clock")
    yield "get", "/health/live", mock.get("/health/live")
    yield "get", "/health/ready", mock.get("/health/ready")
    yield "get", "/", mock.get("/")
    old = mock.create()
    yield "post", "/_mock/v1/clock", mock.advance(3600)
    yield "get", session, mock.read(old)
    yield "post", end, mock.end(old)
    yield "post", "/v1/sessions", mock.post("/v1/sessions", content=b"{")
    yield "post", "/_mock/v1/reset", mock.post("/_mock/v1/reset")


def test_every_kind_of_answer_keeps_the_schema_the_document_gives_it(mock):
    document, seen = openapi(mock), set()
    for method, path, answer in answers_of(mock):
        described = document["paths"][path][method]["responses"][str(answer.status_code)]
        if "$ref" in described:
            kind, name = described["$ref"].split("/")[-2:]
            described = document["components"][kind][name]
        schema = described["content"]["application/json"]["schema"]
        validator = Draft202012Validator(schema | {"components": document["components"]})
        assert [error.message for error in validator.iter_errors(answer.json())] == [], (method, path)
        seen.add((method, path, answer.status_code))
    assert {code for _, path, code in seen if path == "/v1/sessions/{session_id}"} == {200, 202, 206, 410}


def test_uploads_are_described_in_types_that_generators_know(mock):
    for (method, path), operation in operations(openapi(mock)).items():
        if "/audio" not in path or path.startswith("/_mock/"):
            continue
        body = operation["requestBody"]
        content = body.get("content") or openapi(mock)["components"]["requestBodies"]["raw_audio"]["content"]
        assert not [media for media in content if "*" in media], (method, path)
        assert "application/octet-stream" in content
        assert all(entry["schema"].get("format") == "binary" for media, entry in content.items() if "form" not in media)
        if not path.endswith("{file_name}"):
            form = content["multipart/form-data"]["schema"]
            assert (form["required"], form["properties"]["file"]["format"]) == (["file"], "binary")


class Page(HTMLParser):
    """Links, ids and rows of a page."""

    def __init__(self, text):
        super().__init__()
        self.links, self.ids = [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        found = dict(attrs)
        self.links += [found["href"]] if "href" in found else []
        self.ids += [found["id"]] if "id" in found else []


def test_the_page_shows_each_operation_with_the_codes_of_its_refusals(mock):
    text, document = mock.get("/docs", key=None).text, openapi(mock)
    page = Page(text)
    assert len(set(page.ids)) == len(page.ids)
    assert {link[1:] for link in page.links if link.startswith("#")} <= set(page.ids)
    for operation in operations(document).values():
        assert operation["operationId"] in page.ids
    sections = dict(re.findall(r"<details id='(\w+)'>(.*?)</details>", text, re.DOTALL))
    assert "session_ended" in sections["upload_audio"]
    assert "missing_required_field" in sections["create_session"]
    assert "session_expired" in sections["end_session"]
    assert "invalid_api_key" in sections["list_templates"]
    assert "application/octet-stream" in sections["put_audio"]
    assert "advance_seconds" in sections["advance_clock"]
    assert not [link for link in page.links if link.startswith("http") and not link.startswith(HOST)]


def test_the_limits_are_told(mock):
    limits = mock.face.service.limits
    told = openapi(mock)["info"]["description"]
    assert all(
        str(number) in told for number in (limits.files, limits.upload_bytes, limits.session_bytes, limits.queue)
    )


@pytest.mark.parametrize("accept", ["text/html", "text/html,application/xhtml+xml;q=0.9,*/*;q=0.8"])
def test_a_browser_at_the_root_gets_a_page_of_links(mock, accept):
    answer = mock.get("/", key=None, headers={"Accept": accept})
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/html; charset=utf-8")
    pages = ("/console", "/docs", "/openapi.json")
    wanted = (*pages, "/.well-known/medscribealliance", "/health/live", "/health/ready")
    for link in Page(answer.text).links:
        assert mock.get(link, key=None).status_code == 200
    assert {HOST + path for path in wanted} == set(Page(answer.text).links)


@pytest.mark.parametrize("accept", ["application/json", "*/*", ""])
def test_a_program_at_the_root_gets_the_same_as_json(mock, accept):
    answer = mock.get("/", key=None, headers={"Accept": accept})
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/json")
    told = answer.json()
    for url in (told["docs"], told["openapi"], told["discovery"], *told["health"].values()):
        assert mock.get(url, key=None).status_code == 200
    assert all(mock.get(url, key=None).status_code in (401, 405) for url in told["control"].values())


def test_the_codes_the_document_names_are_those_the_server_answers_with(mock):
    document = openapi(mock)
    good = mock.create()
    mock.upload(good)
    mock.end(good)
    mock.settled(good)
    late, path = mock.upload(good), f"/v1/sessions/{good['session_id']}"
    refused = [
        ("post", "/v1/sessions", mock.post("/v1/sessions", json={})),
        ("post", "/v1/sessions", mock.post("/v1/sessions", json={}, headers={"MSA-Version": "7"})),
        ("post", "/v1/sessions/{session_id}/audio", late),
        ("post", "/v1/sessions/{session_id}/end", mock.end(good)),
        ("patch", "/v1/sessions/{session_id}", mock.send("PATCH", path, json={"templates": ["soap"]})),
        ("get", "/v1/sessions/{session_id}", mock.get("/v1/sessions/ses_unknown")),
        ("get", "/v1/templates", mock.get("/v1/templates", key=None)),
    ]
    for method, described, answer in refused:
        found = document["paths"][described][method]["responses"][str(answer.status_code)]
        found = document["components"]["responses"][found["$ref"].rsplit("/", 1)[1]] if "$ref" in found else found
        assert code_of(answer) in found["x-error-codes"], (method, described)
