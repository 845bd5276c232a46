"""Every report begins with what to mend first."""

from __future__ import annotations

import io
import json
import re
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

import jsonschema
import pytest
from rich.console import Console

from conformance.report import document, files, terminal
from conformance.verdict import Verdict
from tests.peers.framework_defaults import FrameworkDefaults
from tests.peers.production import Production
from tests.peers.runs import judged

if TYPE_CHECKING:
    from pathlib import Path

    from conformance.run import Run


@pytest.fixture(scope="module", params=[FrameworkDefaults, Production], ids=["framework_defaults", "production"])
def run(request: pytest.FixtureRequest) -> Run:
    return judged(request.param())


@pytest.fixture(scope="module")
def written(run: Run, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    return {path.name: path for path in files.write(run, tmp_path_factory.mktemp("report"))}


@pytest.fixture(scope="module")
def report(written: dict[str, Path]) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(written["report.json"].read_text())
    return loaded


def test_report_json_has_causes_and_dialect_as_its_schema_says(report: dict[str, Any], run: Run) -> None:
    jsonschema.validate(report, document.schema())
    assert [cause["requirement"] for cause in report["causes"]] == [cause.requirement for cause in run.causes]
    assert len(report["dialect"]) == len(run.evidence.dialect)
    for cause in report["causes"]:
        assert cause["exchange"]["number"] > 0
        assert cause["curl"].startswith("curl ")


def test_every_failure_and_everything_hidden_names_a_cause_that_is_told(report: dict[str, Any]) -> None:
    causes = {cause["id"]: cause for cause in report["causes"]}
    for row in report["requirements"]:
        if row["verdict"] == "fail":
            cause = causes[row["cause"]]
            assert row["id"] in (cause["requirement"], *cause["shows_in"])
        elif row.get("reason") == "blocked":
            assert row["id"] in causes[row["cause"]]["hides"]
        else:
            assert "cause" not in row


def test_no_text_shows_the_same_as_expected_and_as_seen(report: dict[str, Any]) -> None:
    for row in report["requirements"]:
        for finding in row["findings"]:
            if "expected" in finding and "actual" in finding:
                assert str(finding["expected"])[:300] != str(finding["actual"])[:300], finding["message"]


def test_the_page_tells_the_causes_before_everything_else(written: dict[str, Path], report: dict[str, Any]) -> None:
    page = written["report.html"].read_text()
    first, chapters = page.index("What to mend first"), page.index("Requirements by chapter")
    told = [page.index(f'href="#{cause["requirement"]}"', first) for cause in report["causes"]]
    assert told
    assert max(told) < chapters
    dangling = set(re.findall(r'href="#([^"]+)"', page)) - set(re.findall(r'id="([^"]+)"', page))
    assert dangling == set()


def test_junit_begins_with_the_requirements_at_fault_and_has_each_once(written: dict[str, Path], run: Run) -> None:
    root = ET.fromstring(written["junit.xml"].read_bytes())
    cases = [case.get("name") for case in root.iter("testcase")]
    assert cases[: len(run.causes)] == [cause.requirement for cause in run.causes]
    assert sorted(map(str, cases)) == sorted(graded.requirement.id for graded in run.graded)
    assert len(root.findall(".//failure")) == run.count(Verdict.FAIL)
    messages = [failure.get("message") for failure in root[0].iter("failure")]
    assert messages == [cause.text for cause in run.causes]


def test_the_terminal_tells_the_causes_in_order_with_what_they_show_in_and_hide(run: Run) -> None:
    shown = io.StringIO()
    terminal.summary(Console(file=shown, width=400), run)
    text = shown.getvalue()
    start = text.index("What to mend first")
    places = [text.index(cause.text, start) for cause in run.causes]
    assert places == sorted(places)
    for cause in run.causes:
        for name in (*cause.shows_in[:12], *cause.hides[:12]):
            assert name in text[start:]
    for departure in run.evidence.dialect:
        assert departure.text in text
