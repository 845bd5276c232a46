"""Under pytest a failure that is known is expected, and a baseline that is out of date fails the session."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest

import scribe_data
from tests.conformance.cli.test_cli_baseline import PAST, SOON, entry, less
from tests.conformance.miniature import KEY
from tests.conformance.plugin.test_plugin_trouble import suite
from tests.conformance.stage import miniature
from tests.conformance.standing import standing

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(scope="module")
def target() -> Iterator[str]:
    with standing(lambda origin: miniature(host=origin, twist=less)) as origin:
        yield origin


def session(target: str, folder: Path, *entries: dict[str, str]) -> subprocess.CompletedProcess[str]:
    (folder / "known.json").write_text(json.dumps({scribe_data.REVISION: list(entries)}))
    words = (
        "--scribe-target",
        target,
        "--scribe-api-key",
        KEY,
        "--scribe-only",
        "DISC",
        "-rxf",
        "--scribe-report-dir",
        ".",
    )
    return suite(folder, *words, "--scribe-baseline", "known.json", "-k", "requirement or overall")


@pytest.fixture(scope="module")
def failing(target: str, tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    folder = tmp_path_factory.mktemp("first")
    assert session(target, folder).returncode == 1
    found = json.loads((folder / "report.json").read_text())["requirements"]
    return [each["id"] for each in found if each["verdict"] == "fail"]


def test_what_is_known_is_expected_and_the_session_passes(target: str, tmp_path: Path, failing: list[str]) -> None:
    done = session(target, tmp_path, *map(entry, failing))
    assert done.returncode == 0, done.stdout
    assert f"{len(failing) + 1} xfailed" in done.stdout  # and the overall item
    assert not re.search(r"\d+ failed", done.stdout)


def test_what_is_not_known_fails(target: str, tmp_path: Path, failing: list[str]) -> None:
    done = session(target, tmp_path, *map(entry, failing[1:]))
    assert done.returncode == 1
    assert f"{failing[0]}: fails, and is not in the baseline" in done.stdout


@pytest.mark.parametrize(
    "late",
    [("DISC-001", SOON, "fails no more, take its entry out"), ("", PAST, "and it still fails")],
)
def test_an_entry_that_is_out_of_date_fails(
    target: str, tmp_path: Path, failing: list[str], late: tuple[str, str, str]
) -> None:
    name, expires, said = late
    out_of_date = entry(name or failing[0], expires)
    done = session(target, tmp_path, out_of_date, *map(entry, failing if name else failing[1:]))
    assert done.returncode == 1
    assert said in done.stdout


def test_a_file_that_is_none_is_refused_before_anything_is_driven(tmp_path: Path) -> None:
    (tmp_path / "known.json").write_text("[]")
    words = ("--scribe-target", "http://127.0.0.1:9", "--scribe-api-key", KEY, "--scribe-baseline", "known.json")
    done = suite(tmp_path, *words)
    assert done.returncode == 4
    assert "known.json: /" in done.stdout + done.stderr
