"""The exchange of docs/control.md works as it is written, over a socket, and its answers are those it shows."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest

from mock_server.api.control.models import ClockOrder, Expected, TrafficFilter, VerifyOrder
from mock_server.testclock import MOST_FACTOR
from mock_server.traffic.recorder import Bounds
from tests.mock_server.cli.exchange import works
from tests.mock_server.cli.test_cli_socket import Server

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs/control.md").read_text("utf-8")


@pytest.mark.skipif(not shutil.which("curl"), reason="curl is not installed")
def test_the_exchange_of_the_page_works_as_written(tmp_path):
    (block,) = re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL)
    (tmp_path / "fixtures").symlink_to(ROOT / "fixtures")
    server = Server(tmp_path / "data", "--transcriber", "scripted")
    try:
        assert works(block, server.url, tmp_path) == 13
    finally:
        server.stop()
    archive = json.loads((tmp_path / "client.har").read_text("utf-8"))
    assert [entry["_operation"] for entry in archive["log"]["entries"]] == ["create", "upload", "end", "end"]


def test_the_page_names_every_member_and_the_bounds_that_there_are():
    members = {name for model in (ClockOrder, Expected, TrafficFilter, VerifyOrder) for name in model.model_fields}
    assert [name for name in members if f"`{name}`" not in PAGE and f'"{name}"' not in PAGE] == []
    assert f"at most {MOST_FACTOR:.0f}" in PAGE
    assert (Bounds().exchanges, Bounds().namespace_size, Bounds().every_s) == (1000, 8 * 1024 * 1024, 1.0)
