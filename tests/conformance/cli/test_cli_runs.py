"""The command as a process: what it leaves behind when it is broken off, cannot print, or fails itself."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner

import conformance.cli.run
from conformance.cli import app
from conformance.report import files
from tests.conformance.miniature import KEY, OTHER_KEY
from tests.conformance.stage import miniature
from tests.conformance.standing import Counted, counted, standing
from tests.whole import some

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.conformance.miniature import Answer, Asked

REPORTS = {"report.json", "report.html", "junit.xml", "evidence.har"}


@pytest.fixture(scope="module")
def target() -> Iterator[str]:
    with standing(lambda origin: miniature(host=origin)) as origin:
        yield origin


def started(target: str, *words: str, **variables: str) -> subprocess.Popen[bytes]:
    call = [sys.executable, "-m", "conformance.cli", "run", "--target", target, "--api-key", KEY]
    call += ["--examples", "0", *words]  # what is random has tests of its own
    env = {name: value for name, value in os.environ.items() if not name.startswith("SCRIBE_")} | variables
    return subprocess.Popen(call, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=env)


def done(target: str, *words: str, **variables: str) -> tuple[int, str, str]:
    process = started(target, *words, **variables)
    out, err = process.communicate(timeout=120)
    return process.returncode, out.decode("utf-8", "replace"), err.decode("utf-8", "replace")


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_leaves_the_report_of_what_was_seen(tmp_path: Path, number: int, code: int) -> None:
    served: list[Counted] = []
    with standing(lambda origin: counted(served, miniature(host=origin, processing=600.0))) as origin:
        process = started(origin, "--second-api-key", OTHER_KEY, "--report-dir", str(tmp_path))
        served[0].wait_for(60, process)
        process.send_signal(number)
        _, err = process.communicate(timeout=60)
    assert process.returncode == code
    assert b"Traceback" not in err
    assert {path.name for path in tmp_path.iterdir()} == REPORTS
    told = json.loads((tmp_path / "report.json").read_text())
    assert told["overall"] == "interrupted"
    assert told["requests"] > 0


def test_a_second_signal_ends_it_at_once(tmp_path: Path) -> None:
    # a server that takes long to answer an end keeps the closing busy
    served: list[Counted] = []
    with standing(lambda origin: counted(served, miniature(host=origin, processing=600.0, delay=0.5))) as origin:
        process = started(origin, "--report-dir", str(tmp_path))
        served[0].wait_for(10, process)
        process.send_signal(signal.SIGINT)
        time.sleep(0.3)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert b"Traceback" not in err


@pytest.mark.parametrize("encoding", some(5, ["utf-8", "ascii", "cp1252", "cp932", "utf-16"], first=3))
def test_no_encoding_of_the_output_changes_the_exit_code(target: str, tmp_path: Path, encoding: str) -> None:
    code, out, err = done(target, "--only", "DISC", "--report-dir", str(tmp_path), PYTHONIOENCODING=encoding)
    assert code == 0, err
    assert {path.name for path in tmp_path.iterdir()} == REPORTS
    assert "UnicodeEncodeError" not in out + err


def test_json_is_all_there_is_on_stdout(target: str, tmp_path: Path) -> None:
    code, out, err = done(target, "--only", "DISC-001", "--output", "json", "--report-dir", str(tmp_path))
    assert code == 0
    assert json.loads(out) == json.loads((tmp_path / "report.json").read_text())
    assert "Selection: 1 of" in err


def test_a_run_that_ends_at_the_first_failure_says_so_and_exits_1(tmp_path: Path) -> None:
    def modelless(operation: str, _asked: Asked, answer: Answer) -> Answer:
        if operation == "discovery" and isinstance(answer.document, dict):
            answer.document.pop("models", None)
        return answer

    with standing(lambda origin: miniature(host=origin, twist=modelless)) as origin:
        code, out, err = done(origin, "--fail-fast", "--report-dir", str(tmp_path))
    told = json.loads((tmp_path / "report.json").read_text())
    assert (code, told["overall"]) == (1, "interrupted"), err
    assert "--fail-fast" in out + err
    assert "DISC-014" in [each["id"] for each in told["requirements"] if each["verdict"] == "fail"]


def test_a_reader_who_leaves_changes_no_verdict(target: str, tmp_path: Path) -> None:
    process = started(target, "--only", "DISC-001", "--report-dir", str(tmp_path))
    assert process.stdout is not None
    process.stdout.close()
    process.stdout = None
    _, err = process.communicate(timeout=60)
    assert (process.returncode, {path.name for path in tmp_path.iterdir()}) == (0, REPORTS), err


def test_a_mistake_of_the_kit_is_5_and_a_file(target: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> None:
        raise RuntimeError(f"no such thing as {KEY}\nand more")

    for name in ("certified", "terminal.summary", "document.render"):
        with monkeypatch.context() as patch:
            patch.setattr(f"conformance.cli.run.{name}", broken)
            words = ["--target", target, "--api-key", KEY, "--only", "DISC-001", "--output", "json"]
            result = CliRunner().invoke(app, ["run", *words, "--report-dir", str(tmp_path)])
        assert result.exit_code == 5
        told = (tmp_path / "scribe-conformance-error.txt").read_text()
        assert "RuntimeError: no such thing as <key>" in told
        assert "Traceback" in told
        assert "Traceback" not in result.stderr
        assert KEY not in told + result.stderr + result.stdout
        (line,) = [line for line in result.stderr.splitlines() if "The kit failed" in line]
        assert "scribe-conformance-error.txt" in line
    assert conformance.cli.run.certified is not broken


@pytest.mark.parametrize("command", ["list", "plan", "explain E27"])
def test_a_mistake_before_a_run_is_5_too(command: str, tmp_path: Path) -> None:
    script = (
        "import sys, conformance.cli.catalogue as c\n"
        "def broken(*a, **k): raise ValueError('oops ' + 'sk_live_unlikely_77')\n"
        "c.load = broken\n"
        "from conformance.cli import main\n"
        f"sys.argv = ['scribe-conformance', *{command.split()!r}]\n"
        "main()\n"
    )
    env = os.environ | {"SCRIBE_API_KEY": "sk_live_unlikely_77", "TMPDIR": str(tmp_path)}
    found = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False, env=env, timeout=60
    )
    assert found.returncode == 5
    assert "Traceback" not in found.stderr
    assert "unlikely" not in found.stderr + (tmp_path / "scribe-conformance-error.txt").read_text()


def _file(folder: Path) -> Path:
    (folder / "a file").write_text("")
    return folder / "a file"


def _below_a_file(folder: Path) -> Path:
    return _file(folder) / "reports"


def _taken(folder: Path) -> Path:
    (folder / "report.json").mkdir()
    return folder


@pytest.mark.parametrize("made", [_file, _below_a_file, _taken])
def test_a_folder_that_takes_no_reports_is_said_before_the_run(tmp_path: Path, made: object) -> None:
    folder = made(tmp_path)  # type: ignore[operator]
    code, _, err = done("http://127.0.0.1:9", "--report-dir", str(folder))
    assert code == 2
    (line,) = err.strip().splitlines()
    assert "--report-dir: the reports cannot be written to" in line


@pytest.mark.parametrize(
    ("older", "part", "force", "refused"),
    [
        ('{"overall": "conformant"}', True, False, True),
        ('{"overall": "non_conformant"}', True, False, True),
        ('{"overall": "conformant"}', True, True, False),
        ('{"overall": "conformant"}', False, False, False),
        ('{"overall": "selection"}', True, False, False),
        ('{"overall": "interrupted"}', True, False, False),
        ("[]", True, False, False),
        ("no JSON", True, False, False),
        (None, True, False, False),
    ],
)
def test_a_part_does_not_replace_the_whole(
    tmp_path: Path, older: str | None, part: bool, force: bool, refused: bool
) -> None:
    if older is not None:
        (tmp_path / "report.json").write_text(older)
    if refused:
        with pytest.raises(files.NotWritten, match="--force"):
            files.prepare(tmp_path, part=part, force=force)
        assert (tmp_path / "report.json").read_text() == older
    else:
        files.prepare(tmp_path, part=part, force=force)


@pytest.mark.parametrize("words", [("--only", "DISC-001"), ("--quick",)])
def test_the_command_asks_for_force(tmp_path: Path, words: tuple[str, ...]) -> None:
    (tmp_path / "report.json").write_text('{"overall": "conformant"}')
    code, _, err = done("http://127.0.0.1:9", *words, "--report-dir", str(tmp_path))
    assert code == 2
    assert "--force" in err
