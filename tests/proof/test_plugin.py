"""The suite as pytest items, in a process of its own, against the mock on a real socket."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import scribe_data
from mock_server.faults.catalogue import CATALOGUE
from tests.proof.process import serving
from tests.whole import WHOLE

if TYPE_CHECKING:
    from collections.abc import Iterator

#: Whole runs that many claims read: one worker makes them.
pytestmark = [pytest.mark.slow, pytest.mark.timeout(600), pytest.mark.xdist_group("plugin")]
ROOT = Path(__file__).parents[2]
FAULT = "sorts_by_letters"
KEYS = ("sk_test_a", "sk_test_b")


#: Of every random layer some; what journeys show needs none of it.
EXAMPLES = 25 if WHOLE else 2


def suite(target: str, folder: Path, *words: str, examples: int = 0) -> subprocess.CompletedProcess[str]:
    call = [sys.executable, "-m", "pytest", "-p", "conformance.plugin", "--pyargs", "conformance", "-v", "-ra"]
    call += ["--scribe-target", target, "--scribe-api-key", KEYS[0], "--scribe-second-api-key", KEYS[1]]
    call += ["--scribe-test-clock", f"{target}/_mock/v1/clock", "--showlocals"]
    call += ["--scribe-examples", str(examples), *words]
    env = os.environ | {"PYTHONPATH": str(ROOT), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "COLUMNS": "400"}
    return subprocess.run(call, cwd=folder, env=env, capture_output=True, text=True, check=False, timeout=280)


def outcomes(done: subprocess.CompletedProcess[str]) -> dict[str, str]:
    """Requirement to outcome, from the lines of -v; test_overall stands under its own name."""
    known = r"^\S+::test_(?:overall|\w+\[([A-Z-]+[0-9]+)\]) (PASSED|FAILED|SKIPPED|ERROR)"
    found = re.findall(known, done.stdout, re.MULTILINE)
    return {name or "overall": outcome for name, outcome in found}


def cells(done: subprocess.CompletedProcess[str]) -> dict[str, str]:
    """Cell of the lifecycle's table to outcome."""
    return dict(re.findall(r"^\S+::test_walk\[(\S+)\] (PASSED|FAILED|SKIPPED|ERROR)", done.stdout, re.MULTILINE))


@pytest.fixture(scope="module")
def right(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of an honest mock."""
    with serving(tmp_path_factory.mktemp("right")) as target:
        yield target


@pytest.fixture(scope="module")
def wrong(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a mock with the fault."""
    with serving(tmp_path_factory.mktemp("wrong"), FAULT) as target:
        yield target


@pytest.fixture(scope="module")
def honest(right: str, tmp_path_factory: pytest.TempPathFactory) -> subprocess.CompletedProcess[str]:
    return suite(right, tmp_path_factory.mktemp("honest"), examples=EXAMPLES)


@pytest.fixture(scope="module")
def faulty(wrong: str, tmp_path_factory: pytest.TempPathFactory) -> subprocess.CompletedProcess[str]:
    return suite(wrong, tmp_path_factory.mktemp("faulty"))


def test_there_is_an_item_for_each_service_requirement(honest: subprocess.CompletedProcess[str]) -> None:
    service = {r.id for r in scribe_data.load().requirements.values() if r.subject == "service"}
    assert set(outcomes(honest)) == service | {"overall"}


def test_the_honest_mock_ends_green(honest: subprocess.CompletedProcess[str]) -> None:
    assert honest.returncode == 0, honest.stdout[-3000:]
    assert set(outcomes(honest).values()) == {"PASSED", "SKIPPED"}
    assert outcomes(honest)["overall"] == "PASSED"


def test_there_is_an_item_for_each_cell_of_the_table(honest: subprocess.CompletedProcess[str]) -> None:
    found = cells(honest)
    assert set(found) == {"-".join(key) for key in scribe_data.load().lifecycle.cells}
    assert set(found.values()) == {"PASSED", "SKIPPED"}
    assert (found["recording-upload"], found["completed-end"]) == ("PASSED", "SKIPPED")


def test_a_red_cell_names_the_requests_that_lead_there(tmp_path: Path) -> None:
    with serving(tmp_path, "listens_after_the_end") as target:
        done = suite(target, tmp_path, "-m", "walk")
    found = cells(done)
    late = {f"{state}-upload" for state in scribe_data.load().lifecycle.after_end}
    assert {name for name, outcome in found.items() if outcome == "FAILED"} == late
    told = done.stdout.split("SES-END-008 completed-upload: ", 1)[1].split("____", 1)[0]
    assert re.findall(r"^  POST \S+/(sessions|audio|end) -> (\d+)$", told, re.MULTILINE) == [
        ("sessions", "201"),
        ("audio", "200"),
        ("end", "202"),
        ("audio", "200"),
    ]


def test_a_skip_tells_its_verdict_and_quotes_the_declaration(honest: subprocess.CompletedProcess[str]) -> None:
    skips = re.findall(r"^SKIPPED \[\d+\] \S+ (.+)$", honest.stdout, re.MULTILINE)
    assert skips
    assert [
        skip for skip in skips if not re.match(r"((not_applicable|inconclusive) \(\w+\)|unreachable): \w", skip)
    ] == []
    assert any("'capabilities.webhook_delivery': False" in skip for skip in skips)


def test_a_fault_turns_exactly_its_items_red(faulty: subprocess.CompletedProcess[str]) -> None:
    assert faulty.returncode == 1
    red = {name for name, outcome in outcomes(faulty).items() if outcome == "FAILED"}
    assert red == {*CATALOGUE[FAULT].breaks, "overall"}


def test_a_red_item_names_requirement_expected_seen_and_a_curl(faulty: subprocess.CompletedProcess[str]) -> None:
    (name,) = CATALOGUE[FAULT].breaks
    told = faulty.stdout.split(f"{name} fail: ", 1)[1].split("test_overall", 1)[0]
    assert scribe_data.load().requirements[name].statement in told
    for part in ("expected: ", "actual: ", "exchange #", "curl -sS"):
        assert part in told
    assert "Traceback" not in faulty.stdout


def test_neither_key_is_printed(
    honest: subprocess.CompletedProcess[str], faulty: subprocess.CompletedProcess[str]
) -> None:
    for done in (honest, faulty):
        for key in KEYS:
            assert not re.search(rf"\b{key}\b", done.stdout + done.stderr)


def test_a_suite_that_ends_at_the_first_failure_is_red_and_drives_no_further(
    faulty: subprocess.CompletedProcess[str], wrong: str, tmp_path: Path
) -> None:
    done = suite(wrong, tmp_path, "--scribe-fail-fast")
    assert done.returncode == 1
    short, whole = outcomes(done), outcomes(faulty)
    red = {name for name, outcome in short.items() if outcome == "FAILED"}
    assert red & set(CATALOGUE[FAULT].breaks)
    assert red <= {name for name, outcome in whole.items() if outcome == "FAILED"}
    assert short.keys() == whole.keys()


def test_a_part_is_judged_for_the_price_of_a_part_and_is_no_certificate(right: str, tmp_path: Path) -> None:
    chosen = suite(right, tmp_path, "-k", "DISC-001", "--scribe-report-dir", str(tmp_path / "one"))
    chapter = suite(right, tmp_path, "--scribe-only", "3", "--scribe-report-dir", str(tmp_path / "three"))
    one, three = (json.loads((tmp_path / name / "report.json").read_text()) for name in ("one", "three"))
    assert {one["overall"], three["overall"]} == {"selection"}
    assert (one["selection"]["asked"], three["selection"]["asked"]) == (["DISC-001"], ["3"])
    assert one["requests"] < 20
    assert (chosen.returncode, outcomes(chosen)) == (0, {"DISC-001": "PASSED"})
    judged = outcomes(chapter)
    assert (chapter.returncode, judged.pop("overall")) == (0, "PASSED")
    assert {scribe_data.load().requirements[name].chapter for name in judged} == {3}


#: Collects the suite once for each word it is called with, as `pytest -k WORD` does.
COLLECT = """
import sys
import pytest
for word in sys.argv[1:]:
    print("::", word, flush=True)
    pytest.main(["-p", "conformance.plugin", "--pyargs", "conformance", "--collect-only", "-q", "-k", word])
"""
TITLES = {"overview": 1, "versioning": 3, "discovery": 4, "authentication": 5, "sessions": 6, "audio": 7}
TITLES |= {"templates": 8, "extraction": 9, "webhooks": 10, "errors": 11, "security": 12}
IDS = ("DISC-001", "SES-END-008", "HOOK-003")


@pytest.fixture(scope="module")
def selected(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[str]]:
    """The requirements whose items each word keeps, from a process that collects for one word after another."""
    env = os.environ | {"PYTHONPATH": str(ROOT), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    call = [sys.executable, "-c", COLLECT, *TITLES, *IDS]
    folder = tmp_path_factory.mktemp("selected")
    done = subprocess.run(call, cwd=folder, env=env, capture_output=True, text=True, check=True, timeout=240)
    assert "Warning" not in done.stdout + done.stderr
    kept: dict[str, list[str]] = {}
    for told in re.split(r"^:: ", done.stdout, flags=re.MULTILINE)[1:]:
        word, _, items = told.partition("\n")
        kept[word] = re.findall(r"^\S+::test_requirement\[(\S+)\]$", items, re.MULTILINE)
    return kept


@pytest.mark.parametrize("word", TITLES)
def test_a_chapter_is_selected_by_a_word_of_its_title(selected: dict[str, list[str]], word: str) -> None:
    known = scribe_data.load().requirements.values()
    assert selected[word] == [r.id for r in known if r.subject == "service" and r.chapter == TITLES[word]]


@pytest.mark.parametrize("name", IDS)
def test_a_requirement_is_selected_by_its_id(selected: dict[str, list[str]], name: str) -> None:
    assert selected[name] == [name]
