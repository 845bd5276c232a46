"""`verify`: an honest report follows from its evidence, and whatever was done to it is told in one line each."""

from __future__ import annotations

import asyncio
import hashlib
import json
import re
import shutil
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from typer.testing import CliRunner

from conformance.certification import certify
from conformance.cli import app
from conformance.evidence.har import digest, sealed
from conformance.report import files
from conformance.runner import Options
from scribe_data import recordings
from tests.conformance.miniature import HOST, KEY, OTHER_KEY, Miniature

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from click.testing import Result

SECRET = b"a key that two parties share"


@pytest.fixture(scope="module")
def honest(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a whole run, signed."""
    service = Miniature({each.sha256: each.text for each in recordings.load().values()}, processing=0.05)
    options = Options(
        target=HOST,
        api_key=KEY,
        second_api_key=OTHER_KEY,
        transport=httpx.ASGITransport(service),
        processing_timeout=10,
        examples=1,
    )
    folder = tmp_path_factory.mktemp("honest")
    files.write(asyncio.run(certify(options)), folder, key=SECRET)
    return folder


@pytest.fixture
def folder(honest: Path, tmp_path: Path) -> Path:
    for name in ("report.json", "evidence.har"):
        shutil.copy(honest / name, tmp_path)
    return tmp_path


@pytest.fixture
def key(tmp_path: Path) -> Path:
    path = tmp_path / "key"
    path.write_bytes(SECRET + b"\n")
    return path


def verified(folder: Path, *words: str) -> Result:
    return CliRunner().invoke(app, ["verify", str(folder / "report.json"), *words])


def edit(path: Path, change: Callable[[Any], None]) -> None:
    document = json.loads(path.read_text())
    change(document)
    path.write_text(json.dumps(document, indent=1))


def edit_evidence(folder: Path, change: Callable[[Any], None], *, hide: bool = False) -> None:
    """Edit the archive; `hide` makes all digests right again, as a forger without a key would."""
    edit(folder / "evidence.har", change)
    if hide:
        archive = json.loads((folder / "evidence.har").read_text())
        archive["log"]["entries"] = [sealed(entry) for entry in archive["log"]["entries"]]
        (folder / "evidence.har").write_text(json.dumps(archive, indent=1))
        told = hashlib.sha256((folder / "evidence.har").read_bytes()).hexdigest()
        settings = digest(archive["log"]["_scribe"]["run"])
        edit(folder / "report.json", lambda report: report.update(evidence_sha256=told, options_sha256=settings))


def test_an_honest_run_verifies(folder: Path, key: Path) -> None:
    for words in ((), ("--verify-key", str(key))):
        done = verified(folder, *words)
        assert (done.exit_code, done.stderr) == (0, ""), done.stderr
        assert "follows from its evidence" in done.stdout


def test_nothing_in_the_report_or_its_evidence_holds_a_key(folder: Path) -> None:
    for path in folder.iterdir():
        for secret in (KEY, OTHER_KEY, SECRET.decode()):
            assert secret not in path.read_text()


@pytest.mark.parametrize("verdict", ["pass", "fail", "inconclusive"])
def test_a_flipped_verdict_is_told_with_its_requirement(folder: Path, verdict: str) -> None:
    def flip(report: Any) -> None:
        at = next(at for at, each in enumerate(report["requirements"]) if each["verdict"] != verdict)
        report["requirements"][at]["verdict"] = verdict

    edit(folder / "report.json", flip)
    done = verified(folder)
    assert done.exit_code == 1
    (line,) = done.stderr.splitlines()
    assert "report.json: /requirements/" in line
    assert re.search(r"/verdict \([A-Z-]+-[0-9]{3}\): ", line)
    assert f'says "{verdict}", the evidence gives' in line


@pytest.mark.parametrize(
    ("place", "value"),
    [
        ("overall", "conformant"),
        ("requests", 3),
        ("notes", []),
        ("dialect", [{"dimension": "end", "text": "made up", "exchange": None}]),
        ("duration_s", 0.5),
    ],
)
def test_whatever_is_edited_in_the_report_is_told(folder: Path, place: str, value: Any) -> None:
    edit(folder / "report.json", lambda report: report.update({place: value}))
    done = verified(folder)
    assert done.exit_code == 1
    assert f"report.json: /{place}" in done.stderr


def _refused(archive: Any) -> None:
    """A create that was right is not any more."""
    entry = next(
        entry
        for entry in archive["log"]["entries"]
        if entry["response"]["status"] == 201 and entry["_label"]["graded"] and "probe" not in entry["_label"]
    )
    entry["response"]["status"] = 418


def test_an_edited_answer_is_told_with_its_entry(folder: Path) -> None:
    edit_evidence(folder, _refused)
    done = verified(folder)
    assert done.exit_code == 1
    lines = done.stderr.splitlines()
    assert "evidence.har: /: was edited, cut or replaced" in lines[0]
    assert any("evidence.har: /log/entries/" in line and "was edited" in line for line in lines)
    assert any("report.json: /requirements/" in line for line in lines)


def test_an_edit_with_its_digests_made_right_is_told_by_what_it_changes(folder: Path, key: Path) -> None:
    edit_evidence(folder, _refused, hide=True)
    done = verified(folder)
    assert done.exit_code == 1
    assert "was edited" not in done.stderr
    assert "report.json: /requirements/" in done.stderr
    signed = verified(folder, "--verify-key", str(key))
    assert "report.json: /signature: is not that of this key and report" in signed.stderr


def test_another_reading_than_the_evidence_has_is_told(folder: Path) -> None:
    edit(folder / "report.json", lambda report: report.update(reading="strict"))
    assert "report.json: /reading: says 'strict', evidence.har 'lenient'" in verified(folder).stderr


def test_another_spec_is_told(folder: Path) -> None:
    edit(folder / "report.json", lambda report: report.update(spec_sha256="0" * 64))
    done = verified(folder)
    assert done.exit_code == 1
    assert "report.json: /spec_sha256: another text judged" in done.stderr


def test_another_suite_is_told(folder: Path) -> None:
    edit(folder / "report.json", lambda report: report.update(suite_sha256="0" * 64))
    done = verified(folder)
    assert done.exit_code == 1
    assert "report.json: /suite_sha256: another kit" in done.stderr


@pytest.mark.parametrize("kept", [0.0, 0.3, 0.999])
def test_a_truncated_archive_is_told_with_the_line(folder: Path, kept: float) -> None:
    content = (folder / "evidence.har").read_bytes()
    (folder / "evidence.har").write_bytes(content[: int(len(content) * kept)])
    done = verified(folder)
    assert done.exit_code == 1
    edited, cut = done.stderr.splitlines()
    assert "was edited, cut or replaced" in edited
    assert "evidence.har: /: line " in cut
    assert "no JSON" in cut


def test_an_entry_left_out_is_told(folder: Path) -> None:
    edit_evidence(folder, lambda archive: archive["log"]["entries"].pop(40), hide=True)
    done = verified(folder)
    assert done.exit_code == 1
    assert "report.json: /requests: says" in done.stderr


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda told: told["run"].update(selection={"asked": ["6"], "quick": False}), "is that of a selection"),
        (
            lambda told: told["notes"].append(
                {"journey": "run", "reason": "interrupted", "text": "Broken off.", "requirements": [], "rows": []}
            ),
            "broken off",
        ),
    ],
)
def test_a_part_that_is_passed_off_as_the_whole_is_told(folder: Path, change: Any, why: str) -> None:
    edit_evidence(folder, lambda archive: change(archive["log"]["_scribe"]), hide=True)
    done = verified(folder)
    assert done.exit_code == 1
    assert why in done.stderr


def test_an_archive_that_cannot_be_graded_is_one_line(folder: Path) -> None:
    def spoil(archive: Any) -> None:
        archive["log"]["_scribe"]["facts"]["base_url"] = 5

    edit_evidence(folder, spoil, hide=True)
    done = verified(folder)
    assert done.exit_code == 1
    assert "Traceback" not in done.stderr


def test_missing_evidence_is_told(folder: Path) -> None:
    (folder / "evidence.har").unlink()
    done = verified(folder)
    assert done.exit_code == 1
    (line,) = done.stderr.splitlines()
    assert "evidence.har: /: cannot be read (No such file" in line


def _selection(report: Any) -> None:
    part = {"asked": ["6"], "quick": False, "chosen": 1, "of": 2, "holds": True, "left_out": []}
    report.update(overall="selection", selection=part)


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (_selection, "selection"),
        (lambda report: report.update(overall="interrupted"), "broken off"),
        (lambda report: report.pop("evidence_sha256"), "/evidence_sha256: is missing"),
        (lambda report: report.pop("requirements"), "is not a report of this kit"),
        (lambda report: report["requirements"][0].update(verdict="fine"), "/requirements/0/verdict: is not a report"),
    ],
)
def test_what_cannot_be_verified_is_refused_in_one_line(folder: Path, change: Any, why: str) -> None:
    edit(folder / "report.json", change)
    done = verified(folder)
    assert done.exit_code == 2
    (line,) = done.stderr.splitlines()
    assert "report.json: " in line
    assert why in line


@pytest.mark.parametrize("content", [b"", b"[]", b"{" * 200_000, b"\xff\xfe", b'{"a": 1, "a": 2}', b"[" * 200_000])
def test_a_file_that_is_no_report_is_refused_in_one_line(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "report.json").write_bytes(content)
    done = verified(tmp_path)
    assert done.exit_code == 2
    assert len(done.stderr.splitlines()) == 1
    assert "report.json" in done.stderr


def test_a_report_that_another_key_or_nobody_signed_does_not_hold(folder: Path, key: Path) -> None:
    key.write_bytes(b"quite another key, as long")
    assert "/signature: is not that of this key" in verified(folder, "--verify-key", str(key)).stderr
    edit(folder / "report.json", lambda report: report.pop("signature"))
    assert "/signature: is missing" in verified(folder, "--verify-key", str(key)).stderr
    assert verified(folder).exit_code == 0


@pytest.mark.parametrize("value", ["ü" * 64, "", "A" * 64])
def test_a_signature_that_is_none_is_no_report(folder: Path, key: Path, value: str) -> None:
    edit(folder / "report.json", lambda report: report["signature"].update(value=value))
    assert verified(folder, "--verify-key", str(key)).exit_code == 2


def test_a_key_that_can_be_guessed_is_refused_without_telling_it(folder: Path, key: Path) -> None:
    key.write_bytes(b"short1")
    done = verified(folder, "--verify-key", str(key))
    assert done.exit_code == 2
    assert "at least 16 bytes" in done.stderr
    assert "short1" not in done.stderr
