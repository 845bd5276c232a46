"""The example of the page on streams does what the page says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from websockets.exceptions import ConnectionClosed

from mock_server.stream import reception
from tests.mock_server.stream.talking import MINE, PCM, SAID

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs" / "streams.md").read_text("utf-8")


FIRST, RESUMED = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)


def test_the_example_streams_in_both_forms_and_gets_what_was_said(server, capsys, monkeypatch):
    code = FIRST.replace("http://127.0.0.1:8080", server.url).replace("sk_test_development", MINE)
    monkeypatch.chdir(ROOT)
    exec(compile(code, "streams.md", "exec"), {})
    assert capsys.readouterr().out.strip() == SAID


@pytest.mark.parametrize("code", [None, 1011])
def test_the_example_with_acknowledgements_survives_a_socket_that_breaks(client, capsys, monkeypatch, code):
    session, cut = client.create(), 64_000
    told = {"scenario": "stream_breaks", "parameters": {"bytes": cut, "code": code}}
    told |= {"on": {"session": session["session_id"]}}
    assert client.http.post("/_mock/v1/scenarios", json=told).status_code == 200
    monkeypatch.chdir(ROOT)
    exec(compile(RESUMED, "streams.md", "exec"), {"session": session})
    assert capsys.readouterr().out.strip() == f"{len(PCM)} bytes are safe, 0 are not"
    assert [line["kind"] for line in client.journal(session)].count("stream_closed") == 2
    client.end(session)
    assert client.settled(session)["transcript"] == SAID


def test_the_example_with_acknowledgements_gives_up_on_a_session_that_is_over(client, monkeypatch):
    session = client.create()
    client.end(session)
    monkeypatch.chdir(ROOT)
    with pytest.raises(ConnectionClosed, match="4409"):
        exec(compile(RESUMED, "streams.md", "exec"), {"session": session})


def test_the_page_has_every_code_and_the_size_of_a_step():
    codes = set(map(int, re.findall(r"\b[14]\d{3}\b", re.search(r"\| code \|.*?\n\n", PAGE, re.DOTALL)[0])))
    assert codes == {1000, 1003, 1007, 1009, 1011, 1012, 1013, 4000, 4400, 4408, 4409, 4410, 4413, 4416, 4429}
    assert (reception.STEP_S, reception.STEP_BYTES) == (1.0, 128 * 1024)
