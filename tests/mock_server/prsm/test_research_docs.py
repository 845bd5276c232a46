"""The exchange of docs/research-sessions.md works as it is written, and its figures are the server's."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from mock_server.api.prsm import query
from mock_server.prsm.bounds import LIMIT_S, QUOTA
from mock_server.prsm.ledger import OPENING_BALANCE
from mock_server.session.prsm.model import WITHOUT_PAUSE
from mock_server.settings import Settings
from tests.mock_server.cli.exchange import works
from tests.mock_server.cli.test_cli_socket import Server

PAGE = (Path(__file__).parents[3] / "docs/research-sessions.md").read_text("utf-8")


@pytest.mark.skipif(not shutil.which("curl"), reason="curl is not installed")
def test_the_exchange_of_the_page_works_as_written(tmp_path):
    (block,) = [each for each in re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL) if "curl" in each]
    server = Server(tmp_path / "data", "--profile", "prsm", "--research-seconds", "0.3")
    try:
        assert works(block, server.url, tmp_path) == 8
        assert (tmp_path / "report.pdf").read_bytes().startswith(b"%PDF-")
    finally:
        server.stop()


def test_the_figures_of_the_page_are_those_of_the_server():
    assert f"`--research-seconds` ({Settings(Path()).research_s})" in PAGE
    assert f"{OPENING_BALANCE // 100} credits" in PAGE
    assert f"at most {QUOTA} sessions" in PAGE
    assert LIMIT_S == 600, "the page says ten minutes"
    assert f"`limit` is {query.USUAL}, {query.MOST} at most" in PAGE
    assert {"synthesis"} == WITHOUT_PAUSE
