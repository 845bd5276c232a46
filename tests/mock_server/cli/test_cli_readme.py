"""The exchange the README shows works as it is written, and its answers are those it shows."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from tests.mock_server.cli.exchange import works
from tests.mock_server.cli.test_cli_socket import Server

ROOT = Path(__file__).parents[3]
README = (ROOT / "README.md").read_text("utf-8")


@pytest.mark.skipif(not shutil.which("curl"), reason="curl is not installed")
def test_the_exchange_of_the_readme_works_as_written(tmp_path):
    (block,) = [each for each in re.findall(r"```sh\n(.*?)```", README, re.DOTALL) if "curl" in each]
    (tmp_path / "fixtures").symlink_to(ROOT / "fixtures")
    server = Server(tmp_path / "data", "--transcriber", "scripted", "-v")
    try:
        assert works(block, server.url, tmp_path) == 6
    finally:
        server.stop()


def test_the_limits_of_the_readme_are_those_of_the_server():
    from mock_server.settings import Limits, Settings

    limits = Limits()
    mib = 1024 * 1024
    assert f"takes {limits.files} files of up to {limits.upload_bytes // mib} MiB" in README
    assert f"{limits.session_bytes // (1024 * mib)} GiB in all, and {limits.data_bytes // 1024} KiB of" in README
    assert f"{limits.queue} sessions may be in processing" in README
    lives = {offer.id: offer.limit_s for offer in Settings(Path()).models}
    assert f"lives {lives['lite']} s (`lite`) or {lives['pro']} s (`pro`)" in README
