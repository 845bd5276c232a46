"""The exchange of docs/sessions.md works as it is written, and its answers are those it shows."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from mock_server.settings import Settings
from tests.mock_server.cli.test_cli_socket import Server

PAGE = (Path(__file__).parents[3] / "docs/sessions.md").read_text("utf-8")


@pytest.mark.skipif(not shutil.which("curl"), reason="curl is not installed")
def test_the_exchange_of_the_page_works_as_written(tmp_path):
    (block,) = [each for each in re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL) if "curl" in each]
    lines = block.strip().splitlines()
    told = [line[2:] for line in lines if line.startswith("# ")]
    asked = [f"{line}; echo; echo ----" if line.startswith("curl") else line for line in lines if line[:2] != "# "]
    server = Server(tmp_path / "data", "--profile", "session_manager")
    try:
        script = "\n".join(asked).replace("http://127.0.0.1:8080", server.url)
        done = subprocess.run(
            ["bash", "-eu", "-c", script], cwd=tmp_path, capture_output=True, text=True, timeout=120, check=True
        )
    finally:
        server.stop()
    answers = [answer.strip() for answer in done.stdout.split("----")][:-1]
    assert len(answers) == len(told) == 6
    for answer, shown in zip(answers, told, strict=True):
        json.loads(answer)
        pattern = ".*".join(re.escape(piece) for piece in shown.split("…"))
        assert re.fullmatch(pattern, answer, re.DOTALL), (shown, answer)


def test_the_limit_of_the_page_is_that_of_the_server():
    assert f"after its start ({Settings(Path()).session_limit_s})" in PAGE
