"""The exchange of docs/sessions.md works as it is written, and its answers are those it shows."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from mock_server.settings import Settings
from tests.mock_server.cli.exchange import works
from tests.mock_server.cli.test_cli_socket import Server

PAGE = (Path(__file__).parents[3] / "docs/sessions.md").read_text("utf-8")


@pytest.mark.skipif(not shutil.which("curl"), reason="curl is not installed")
def test_the_exchange_of_the_page_works_as_written(tmp_path):
    (block,) = [each for each in re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL) if "curl" in each]
    server = Server(tmp_path / "data", "--profile", "session_manager")
    try:
        assert works(block, server.url, tmp_path) == 6
    finally:
        server.stop()


def test_the_limit_of_the_page_is_that_of_the_server():
    assert f"after its start ({Settings(Path()).session_limit_s})" in PAGE
