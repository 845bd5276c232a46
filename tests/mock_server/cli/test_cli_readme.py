"""The exchange the README shows works as it is written, and its answers are those it shows."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.mock_server.cli.test_cli_socket import Server

ROOT = Path(__file__).parents[3]


def exchange() -> list[tuple[str, str]]:
    """Commands with the answer shown below each, '' where none is."""
    (block,) = [
        b for b in re.findall(r"```sh\n(.*?)```", (ROOT / "README.md").read_text("utf-8"), re.DOTALL) if "curl" in b
    ]
    pairs: list[tuple[str, str]] = []
    for line in block.strip().splitlines():
        if line.startswith("# "):
            pairs[-1] = (pairs[-1][0], line[2:])
        else:
            pairs.append((line, ""))
    return pairs


@pytest.mark.skipif(not shutil.which("curl"), reason="curl is not installed")
def test_the_exchange_of_the_readme_works_as_written(tmp_path):
    server = Server(tmp_path / "data", "--transcriber", "scripted", "-v")
    (tmp_path / "fixtures").symlink_to(ROOT / "fixtures")
    parts = [f"{command}; echo; echo ----" for command, _ in exchange()]
    script = "\n".join(parts).replace("http://127.0.0.1:8080", server.url)
    try:
        done = subprocess.run(
            ["bash", "-eu", "-c", script], cwd=tmp_path, capture_output=True, text=True, timeout=120, check=True
        )
    finally:
        server.stop()
    answers = [answer.strip() for answer in done.stdout.split("----")]
    shown = [(answer, told) for answer, (_, told) in zip(answers, exchange(), strict=False) if told]
    assert len(shown) == 6
    for answer, told in shown:
        json.loads(answer)
        pattern = ".*".join(re.escape(piece) for piece in told.replace("http://127.0.0.1:8080", server.url).split("…"))
        assert re.fullmatch(pattern, answer, re.DOTALL), (told, answer)


def test_the_limits_of_the_readme_are_those_of_the_server():
    from mock_server.settings import Limits, Settings

    limits, text = Limits(), (ROOT / "README.md").read_text("utf-8")
    mib = 1024 * 1024
    assert f"takes {limits.files} files of up to {limits.upload_bytes // mib} MiB" in text
    assert f"{limits.session_bytes // (1024 * mib)} GiB in all, and {limits.data_bytes // 1024} KiB of" in text
    assert f"{limits.queue} sessions may be in processing" in text
    lives = {offer.id: offer.limit_s for offer in Settings(Path()).models}
    assert f"lives {lives['lite']} s (`lite`) or {lives['pro']} s (`pro`)" in text
