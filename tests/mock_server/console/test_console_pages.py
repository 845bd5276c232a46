"""The console's files: served without a key, under a policy that lets nothing else run; a faithful server has none."""

from __future__ import annotations

import asyncio
import re
from importlib.resources import files

import pytest

from tests.mock_server.stage import MINE, SHORT, code_of, started

ASSETS = sorted(
    entry.name for entry in files("mock_server.api.console").joinpath("assets").iterdir() if entry.is_file()
)
SCRIPTS = [name for name in ASSETS if name.endswith(".js")]


def source(name):
    return files("mock_server.api.console").joinpath("assets", name).read_text("utf-8")


@pytest.mark.parametrize("path", ["/console", *(f"/console/{name}" for name in ASSETS)])
def test_every_file_is_served_to_anybody_under_a_strict_policy(mock, path):
    answer = mock.get(path, key=None)
    assert answer.status_code == 200
    policy = dict(part.strip().split(" ", 1) for part in answer.headers["content-security-policy"].split(";"))
    assert (policy["default-src"], policy["script-src"], policy["connect-src"]) == ("'none'", "'self'", "'self'")
    assert (policy["style-src"], policy["media-src"]) == ("'self'", "'self' blob:")
    assert "unsafe" not in answer.headers["content-security-policy"]
    assert answer.headers["x-content-type-options"] == "nosniff"
    again = mock.get(path, key=None, headers={"If-None-Match": answer.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


def test_a_file_that_is_not_there_is_refused_with_the_nearest(mock):
    answer = mock.get("/console/ap.js", key=None)
    assert (answer.status_code, code_of(answer)) == (404, "invalid_request")
    assert "Did you mean" in answer.json()["error"]["message"]
    assert mock.get("/console/../pages.py", key=None).status_code == 404
    assert mock.get("/console/%2e%2e%2fpages.py", key=None).status_code == 404


def test_a_slash_at_the_end_leads_to_the_page(mock):
    answer = mock.get("/console/", key=None)
    assert (answer.status_code, answer.headers["location"]) == (308, "/console")


def test_the_entrance_leads_to_the_console(mock):
    assert mock.get("/", key=None).json()["console"].endswith("/console")
    assert "/console'" in mock.get("/", key=None, headers={"Accept": "text/html"}).text


def test_a_faithful_server_has_no_console(tmp_path):
    async def asked():
        async with started(tmp_path, faithful=True, in_memory=True) as (_, client):
            return [await client.get(f"http://mock.example{path}") for path in ("/console", "/console/console.css")]

    assert [(answer.status_code, code_of(answer)) for answer in asyncio.run(asked())] == [(404, "invalid_request")] * 2


def test_a_server_that_keeps_nothing_shows_its_sessions_and_their_audio_too(tmp_path):
    async def asked():
        async with started(tmp_path, in_memory=True) as (_, client):
            client.base_url, client.headers["X-API-Key"] = "http://mock.example", MINE
            session = (await client.post("/v1/sessions", json={"templates": ["soap"]})).json()["session_id"]
            await client.post(f"/v1/sessions/{session}/audio", files={"file": ("a_0.wav", SHORT.read())})
            listed = await client.get("/_mock/v1/sessions?q=soap")
            part = await client.get(f"/_mock/v1/sessions/{session}/audio/0", headers={"Range": "bytes=4-9"})
            gone = await client.delete(f"/_mock/v1/sessions/{session}")
            return session, listed.json()["sessions"], part.content, gone.status_code

    session, listed, part, gone = asyncio.run(asked())
    assert [(each["session_id"], each["state"]) for each in listed] == [(session, "recording")]
    assert (part, gone) == (SHORT.read()[4:10], 200)


@pytest.mark.parametrize("name", SCRIPTS)
def test_no_script_makes_markup_or_code_of_text(name):
    forbidden = (
        r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(|new Function|DOMParser|setAttribute\(.on"
    )
    assert not re.search(forbidden, source(name))


@pytest.mark.parametrize("name", ASSETS)
def test_no_file_names_another_host(name):
    hosts = set(re.findall(r"https?://[^\s\"'`)]+", source(name))) - {"http://www.w3.org/2000/svg"}
    assert not hosts


def test_the_page_holds_no_script_or_style_of_its_own():
    page = source("index.html")
    assert not re.search(r"<style|\sstyle=|\son\w+=|<script(?![^>]*\ssrc=)", page)


@pytest.mark.parametrize("name", SCRIPTS)
def test_every_script_that_is_imported_is_there(name):
    assert set(re.findall(r"from \"\./([\w.]+)\"", source(name))) <= set(ASSETS)
