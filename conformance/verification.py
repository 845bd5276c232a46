"""Whether a report follows from its evidence: everything is graded again, offline, and compared."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import jsonschema_rs

import scribe_data
from conformance.baseline import baseline_of
from conformance.cost import whole
from conformance.evidence.har import digest
from conformance.evidence.har_in import NotEvidence, edits, har_in
from conformance.given import Unreadable, json_of, read_bytes
from conformance.interruption import BROKEN_OFF
from conformance.report import document
from conformance.report.signature import is_signed
from conformance.run import SETTINGS, Run, conclude, grade
from conformance.version import suite_sha256
from scribe_data import recordings

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from conformance.evidence.har_in import Archive
    from scribe_data import Spec

EVIDENCE = "evidence.har"
#: Differences that are told before it says how many more there are.
_TOLD = 20


@dataclass(frozen=True)
class Objection:
    """Something that does not hold: in which file, where in it (a JSON pointer), and why."""

    file: Path
    place: str
    why: str

    def __str__(self) -> str:
        return " ".join(f"{self.file}: {self.place}: {self.why}".split())


def read_report(path: Path) -> dict[str, Any]:
    """A report.json of this kit's schema; raises Unreadable."""
    report = json_of(path, read_bytes(path))
    wrong = next(jsonschema_rs.Draft202012Validator(document.schema()).iter_errors(report), None)
    if wrong is not None:
        place = "/".join(map(str, wrong.instance_path))
        raise Unreadable(path, f"/{place}: is not a report of this kit: {wrong.message[-300:]}")
    told: dict[str, Any] = report
    return told


def verify(path: Path, key: bytes | None = None) -> tuple[Objection, ...]:
    """Everything in a report that does not follow from the evidence beside it; nothing where all of it does.

    With a `key` the report has to be signed by it. Raises Unreadable for what is not a report, or that of a part,
    of a run that was broken off, or of a kit that left no hashes.
    """
    report = read_report(path)
    _refuse(path, report)
    found = list(_signed(path, report, key))
    evidence = path.with_name(EVIDENCE)
    try:
        content = read_bytes(evidence)
        told = hashlib.sha256(content).hexdigest()
        if told != report["evidence_sha256"]:
            why = f"was edited, cut or replaced: its SHA-256 is {told}, {path.name} says {report['evidence_sha256']}"
            found.append(Objection(evidence, "/", why))
        archive = json_of(evidence, content)
    except Unreadable as error:
        return (*found, Objection(evidence, "/", str(error).removeprefix(f"{evidence}: ")))
    return (*found, *_judged(path, report, evidence, archive))


def _refuse(path: Path, report: dict[str, Any]) -> None:
    if report["overall"] == "selection" or "selection" in report:
        raise Unreadable(path, "/overall: is the report of a selection: a part is not a certificate, nothing to verify")
    if report["overall"] == "interrupted":
        raise Unreadable(path, "/overall: is the report of a run that was broken off: there is nothing to verify")
    for name in ("evidence_sha256", "options_sha256", "suite_sha256"):
        if name not in report:
            raise Unreadable(path, f"/{name}: is missing: an older kit made the report, or it was edited")


def _signed(path: Path, report: dict[str, Any], key: bytes | None) -> Iterator[Objection]:
    if key is None:
        return
    if "signature" not in report:
        yield Objection(path, "/signature", "is missing: the report was not signed")
    elif not is_signed(report, key):
        yield Objection(path, "/signature", "is not that of this key and report: another key signed, or it was edited")


def _judged(path: Path, report: dict[str, Any], evidence: Path, content: Any) -> Iterator[Objection]:
    """What grading the evidence again shows."""
    text = _text_of(report)
    if isinstance(text, str):
        yield Objection(path, "/spec_sha256", text)
        return
    if report["suite_sha256"] != suite_sha256():
        why = f"another kit ({report['suite_version']}) judged; verify with that one: the files of this one differ"
        yield Objection(path, "/suite_sha256", why)
        return
    try:
        archive = har_in(content, text, recordings.load())
    except NotEvidence as error:
        yield Objection(evidence, error.place, str(error))
        return
    told = tuple(_beside(path, report, evidence, content, archive))
    yield from told
    if any(each.file == path for each in told):
        return  # judged by other settings, everything would differ
    try:
        again = json.loads(document.render(_again(archive, text)))
    except Exception as error:  # noqa: BLE001 - an edited archive may hold anything, and stumble anywhere
        yield Objection(evidence, "/log", f"cannot be graded: {type(error).__name__}: {error}")
        return
    yield from _compared(path, report, again)


def _beside(path: Path, report: dict[str, Any], evidence: Path, content: Any, archive: Archive) -> Iterator[Objection]:
    """Where an archive was edited, and where it is not that of the report."""
    for entry in edits(content):
        yield Objection(evidence, f"/log/entries/{entry}", "was edited: its digest is not that of what it says")
    told = dict(archive.run)
    if digest(told) != report["options_sha256"]:
        yield Objection(evidence, "/log/_scribe/run", f"its SHA-256 is not the options_sha256 of {path.name}")
    for name in SETTINGS:
        if told.get(name) != report[name]:
            yield Objection(path, f"/{name}", f"says {report[name]!r}, {evidence.name} {told.get(name)!r}")
            return
    if "selection" in told:
        yield Objection(evidence, "/log/_scribe/run", f"is that of a selection, which {path.name} does not say")
    if any(note.reason in BROKEN_OFF for note in archive.evidence.notes):
        yield Objection(evidence, "/log/_scribe/notes", f"tell of a run that was broken off, and {path.name} does not")


def _text_of(report: dict[str, Any]) -> Spec | str:
    """The text a report was made with, or why it is not here."""
    try:
        text = scribe_data.load(report["profile"], report["revision"])
    except scribe_data.SpecError as error:
        return f"the text it was judged by is not here: {error}"
    if text.sha256 != report["spec_sha256"]:
        return f"another text judged: here that of {report['revision']} has {text.sha256}, not {report['spec_sha256']}"
    return text


def _again(archive: Archive, text: Spec) -> Run:
    told, evidence = archive.run, archive.evidence
    graded = grade(evidence, text, told["reading"])
    started = datetime.fromisoformat(told["started"])
    return Run(
        overall=conclude(graded),
        **{name: told[name] for name in SETTINGS},
        started=started if started.tzinfo else started.replace(tzinfo=UTC),
        duration_s=told["duration_s"],
        requests=len(evidence.everything) + (evidence.explored.requests if evidence.explored else 0),
        graded=graded,
        evidence=evidence,
        spec=text,
        cost=whole(evidence),
        baseline=baseline_of(told["baseline"]) if "baseline" in told else None,
    )


def _compared(path: Path, report: dict[str, Any], again: dict[str, Any]) -> Iterator[Objection]:
    found = list(_differences(_comparable(report), _comparable(again), ""))
    found.sort(key=lambda each: not each[0].endswith("/verdict"))  # what is said of requirements stands first
    for place, told, right in found[:_TOLD]:
        yield Objection(path, _named(report, place), f"says {_short(told)}, the evidence gives {_short(right)}")
    if found[_TOLD:]:
        yield Objection(path, "/", f"{len(found) - _TOLD} more differences")


def _comparable(report: dict[str, Any]) -> dict[str, Any]:
    """A report without what tells of the files beside it, or of the report itself."""
    requirements = [{name: value for name, value in each.items() if name != "repro"} for each in report["requirements"]]
    left_out = ("signature", "evidence_sha256")
    return {name: value for name, value in report.items() if name not in left_out} | {"requirements": requirements}


#: Stands for what is not there.
_NOTHING = object()


def _differences(told: Any, right: Any, place: str) -> Iterator[tuple[str, Any, Any]]:
    if isinstance(told, dict) and isinstance(right, dict):
        for name in (*told, *(each for each in right if each not in told)):
            yield from _differences(told.get(name, _NOTHING), right.get(name, _NOTHING), f"{place}/{name}")
    elif isinstance(told, list) and isinstance(right, list) and len(told) == len(right):
        for number, (one, other) in enumerate(zip(told, right, strict=True)):
            yield from _differences(one, other, f"{place}/{number}")
    elif type(told) is not type(right) or (told != right and json.dumps(told) != json.dumps(right)):
        yield place or "/", told, right


def _named(report: dict[str, Any], place: str) -> str:
    """A place, with the id of the requirement it lies in."""
    parts = place.split("/")
    if parts[1:2] == ["requirements"] and len(parts) > 2:
        return f"{place} ({report['requirements'][int(parts[2])]['id']})"
    return place


def _short(value: Any) -> str:
    if value is _NOTHING:
        return "nothing"
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 120 else f"{text[:120]}…"
