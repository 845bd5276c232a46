"""The example of the page on realtime sessions does what the page says, and its codes are those there are."""

from __future__ import annotations

import re
from pathlib import Path

import scribe_data
from tests.mock_server.dalston.speaking import MINE, SHORT

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs" / "realtime-sessions.md").read_text("utf-8")


def test_the_example_speaks_reads_goes_on_and_deletes(memory, capsys, monkeypatch):
    (code,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    code = code.replace("127.0.0.1:8080", memory.url.removeprefix("http://")).replace("sk_test_development", MINE)
    monkeypatch.chdir(ROOT)
    exec(compile(code, "realtime-sessions.md", "exec"), {})
    assert capsys.readouterr().out.splitlines() == [SHORT.text, "WEBVTT", "True"]


def test_the_page_has_every_code_that_there_is():
    table = re.search(r"\| code \|.*?\n\n", PAGE, re.DOTALL)[0]
    told = set(map(int, re.findall(r"\b[14]\d{3}\b", table)))
    source = (ROOT / "mock_server" / "dalston" / "parting.py").read_text("utf-8")
    own = set(map(int, re.findall(r"\b[14]\d{3}\b", source))) - {1000, 1002, 1005, 1006, 4000}
    known = set(scribe_data.load("dalston").wire.closes.values()) - {4003}
    assert told == known | own | {1009}
