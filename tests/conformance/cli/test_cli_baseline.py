"""`--baseline`: what is known fails no run, and whatever else fails, is mended or has expired is told in one line."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

import jsonschema
import pytest
from typer.testing import CliRunner

import scribe_data
from conformance.baseline import LARGEST, read_baseline, schema
from conformance.cli import app
from conformance.given import Unreadable
from conformance.report import document
from tests.conformance.miniature import KEY
from tests.conformance.stage import miniature
from tests.conformance.standing import standing

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date
    from pathlib import Path

    from click.testing import Result

    from tests.conformance.miniature import Answer, Asked

REVISION = scribe_data.REVISION


def today() -> date:
    return datetime.now(UTC).date()


#: Far enough from today that it does not matter when the night falls between reading the file and running its tests.
SOON, PAST = (today() + timedelta(days=30)).isoformat(), (today() - timedelta(days=1)).isoformat()


def less(operation: str, _asked: Asked, answer: Answer) -> Answer:
    """A twist of the miniature: discovery leaves out two members that it has to have."""
    if operation == "discovery":
        left_out = ("models", "supported_versions")
        answer.document = {name: value for name, value in answer.document.items() if name not in left_out}
    return answer


@pytest.fixture(scope="module")
def target() -> Iterator[str]:
    with standing(lambda origin: miniature(host=origin, twist=less)) as origin:
        yield origin


def entry(requirement: str, expires: str = SOON, reason: str = "Ticket 12") -> dict[str, str]:
    return {"requirement": requirement, "reason": reason, "expires": expires}


def ran(target: str, folder: Path, *entries: dict[str, str], words: tuple[str, ...] = ()) -> Result:
    (folder / "known.json").write_text(json.dumps({REVISION: list(entries)}))
    said = ["--target", target, "--api-key", KEY, "--only", "4", "--baseline", str(folder / "known.json")]
    return CliRunner().invoke(app, ["run", *said, "--report-dir", str(folder / "report"), *words])


def report(folder: Path) -> Any:
    return json.loads((folder / "report" / "report.json").read_text())


@pytest.fixture(scope="module")
def failing(target: str, tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """The requirements of the chapter that the service fails."""
    folder = tmp_path_factory.mktemp("first")
    assert ran(target, folder).exit_code == 1
    found = [each["id"] for each in report(folder)["requirements"] if each["verdict"] == "fail"]
    assert len(found) > 1
    return found


def test_a_run_that_fails_in_what_is_known_alone_exits_0_and_stays_what_it_is(
    target: str, tmp_path: Path, failing: list[str]
) -> None:
    done = ran(target, tmp_path, *map(entry, failing))
    assert done.exit_code == 0, done.output
    assert "failures are known" in done.output
    told = report(tmp_path)
    jsonschema.validate(told, document.schema())
    assert told["selection"]["holds"] is False
    assert {each["id"] for each in told["requirements"] if each["verdict"] == "fail"} == set(failing)
    assert told["baseline"]["holds"] is True
    assert [each["requirement"] for each in told["baseline"]["known"]] == failing
    page = (tmp_path / "report" / "report.html").read_text()
    assert "Baseline known.json" in page
    junit = ET.fromstring((tmp_path / "report" / "junit.xml").read_bytes())
    assert len(junit.findall(".//failure")) == len(failing)
    assert "In the baseline until" in (junit.findall(".//failure")[0].text or "")


def test_a_failure_that_is_not_in_it_exits_1_and_is_told(target: str, tmp_path: Path, failing: list[str]) -> None:
    done = ran(target, tmp_path, *map(entry, failing[1:]), words=("-q",))
    assert done.exit_code == 1
    lines = [line for line in done.output.splitlines() if line.startswith("baseline ")]
    assert lines == [f"baseline {failing[0]}: fails, and is not in the baseline"]


def test_an_entry_that_fails_no_more_exits_1_and_is_told(target: str, tmp_path: Path, failing: list[str]) -> None:
    done = ran(target, tmp_path, *map(entry, (*failing, "DISC-001")))
    assert done.exit_code == 1
    (line,) = [line for line in done.output.splitlines() if line.startswith("baseline ")]
    assert line == "baseline DISC-001: fails no more, take its entry out of the baseline (Ticket 12)"
    assert report(tmp_path)["baseline"]["mended"] == [entry("DISC-001")]


def test_an_expired_entry_exits_1_and_is_told_once(target: str, tmp_path: Path, failing: list[str]) -> None:
    done = ran(target, tmp_path, entry(failing[0], PAST), *map(entry, failing[1:]))
    assert done.exit_code == 1
    (line,) = [line for line in done.output.splitlines() if line.startswith("baseline ")]
    assert line == f"baseline {failing[0]}: its entry expired on {PAST} and it still fails (Ticket 12)"


def test_the_last_day_still_counts(target: str, tmp_path: Path, failing: list[str]) -> None:
    day, done = None, None
    while day != today():  # once more where the day ended meanwhile
        day = today()
        done = ran(target, tmp_path, *(entry(name, day.isoformat()) for name in failing))
    assert done is not None
    assert done.exit_code == 0, done.output


def test_an_entry_of_what_was_not_asked_for_changes_nothing(target: str, tmp_path: Path, failing: list[str]) -> None:
    assert ran(target, tmp_path, *map(entry, (*failing, "SES-END-008"))).exit_code == 0
    assert report(tmp_path)["baseline"]["unseen"] == [entry("SES-END-008")]


def test_a_reason_that_holds_the_key_is_told_without_it(target: str, tmp_path: Path, failing: list[str]) -> None:
    done = ran(target, tmp_path, *(entry(name, reason=f"see {KEY}") for name in failing))
    assert KEY not in done.output
    for path in (tmp_path / "report").glob("*.*"):
        assert KEY not in path.read_text()


YAML = """
# what we know
2026-01-27:
  - requirement: SES-END-008
    reason: "Ticket 12: mended in May"
    expires: 2027-03-01
2025-01-01: []
"""


def test_it_may_be_written_in_yaml(tmp_path: Path) -> None:
    (tmp_path / "known.yaml").write_text(YAML)
    (known,) = read_baseline(tmp_path / "known.yaml", "medscribe", "2026-01-27").entries
    assert known.document() == entry("SES-END-008", "2027-03-01", "Ticket 12: mended in May")
    jsonschema.Draft202012Validator.check_schema(schema())


def test_revisions_of_every_profile_may_stand_in_it(tmp_path: Path) -> None:
    path = tmp_path / "known.yaml"
    told = "  - {requirement: PRSM-MET-001, reason: x, expires: 2027-01-01}\n"
    path.write_text(f"2026-01-27: []\nv1:\n{told}1.1: []\n")
    (known,) = read_baseline(path, "prsm", "v1").entries
    assert known.requirement == "PRSM-MET-001"
    path.write_text(f"failures:\n{told}")
    with pytest.raises(Unreadable, match=r"'failures' is no revision; of prsm there is v1 \("):
        read_baseline(path, "prsm", "v1")


_BOMB = "a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]\n"


@pytest.mark.parametrize(
    ("content", "why"),
    [
        ("2026-01-27:\n  - requirement: SES-END-008\n", "reason"),
        ("2026-01-27:\n  - {requirement: SES-END-008, reason: x, expires: soon}\n", "/2026-01-27/0/expires"),
        ("2026-01-27:\n  - {requirement: SES-END-008, reason: ' ', expires: 2027-01-01}\n", "/2026-01-27/0/reason"),
        ("2026-01-27:\n  - {requirement: SES-END-8, reason: x, expires: 2027-01-01}\n", "/2026-01-27/0/requirement"),
        ("2026-01-27:\n  - {requirement: SES-END-088, reason: x, expires: 2027-01-01}\n", "did you mean SES-END-0"),
        ("2026-01-27:\n" + 2 * "  - {requirement: SES-END-008, reason: x, expires: 2027-01-01}\n", "stands twice"),
        ("2026-01-27: []\n2026-01-27: []\n", "stands twice"),
        ('{"2026-01-27": [], "2026-01-27": []}', "stands twice"),
        ("latest: []\n", "latest"),
        ("- SES-END-008\n", "/: "),
        ("SES-END-008", "/: "),
        ("a: [", "no YAML"),
        ("{", "no JSON"),
        (_BOMB, "alias"),
        ("[" * 20_000, "line 1: it is nested too deeply"),
        ("a:\n  " + "[" * 50 + "]" * 50, "line 2: it is nested too deeply"),
        ('{"2026-01-27": ' + "[" * 200 + "]" * 200 + "}", "nested too deeply"),
        ("[" * 50 + "]" * 50, "/: "),
        ("x" * (LARGEST + 1), "more than"),
        ("\x00", "no YAML"),
    ],
)
def test_a_file_that_is_none_is_refused_with_the_place(tmp_path: Path, content: str, why: str) -> None:
    path = tmp_path / "known.yaml"
    path.write_text(content)
    with pytest.raises(Unreadable) as refused:
        read_baseline(path, "medscribe", "2026-01-27")
    assert str(refused.value).startswith(f"{path}: ")
    assert why in str(refused.value)
    assert len(str(refused.value)) < 700
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("option", ["--baseline", "--sign-key"])
def test_a_file_that_is_not_there_is_2_before_anything_is_sent(tmp_path: Path, option: str) -> None:
    words = ["run", "--target", "http://127.0.0.1:9", "--api-key", KEY, option, str(tmp_path / "none")]
    done = CliRunner().invoke(app, words)
    assert done.exit_code == 2
    assert len(done.stderr.splitlines()) == 1
    assert "none: cannot be read (No such file" in done.stderr
