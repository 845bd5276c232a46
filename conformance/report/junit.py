"""junit.xml: a test case per requirement, for the dashboards CI systems have.

The suites are the chapters; before them stands one of what to mend first: the requirements at fault.
"""

from __future__ import annotations

import re
from itertools import groupby
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from conformance.report.findings import telling
from conformance.report.headline import headline
from conformance.verdict import Overall, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from conformance.run import Graded, Run

#: XML 1.0 has no way to write these, and a target may send any of them.
_UNWRITABLE = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

#: Skipped says why and is never counted as passed.
_SKIPPED = frozenset({Verdict.NOT_APPLICABLE, Verdict.INCONCLUSIVE})


def _clean(text: str) -> str:
    return _UNWRITABLE.sub("\N{REPLACEMENT CHARACTER}", text)


def story(graded: Graded, run: Run) -> str:
    """The findings of a requirement as lines of text."""
    lines = [graded.requirement.statement, *_under(graded)]
    for finding in telling(graded, run):
        lines.append(f"- {finding['message']}")
        lines.extend(
            f"    {name}: {finding[name]}" for name in ("pointer", "expected", "actual", "erratum") if name in finding
        )
        if finding["exchange"]:
            seen = finding["exchange"]
            lines.append(f"    exchange #{seen['number']}: {seen['method']} {seen['url']} -> {seen['status']}")
        if finding["curl"]:
            lines.append(f"    {finding['curl']}")
    return "\n".join(lines)


def _under(graded: Graded) -> Iterator[str]:
    """What a requirement has to do with its cause."""
    cause = graded.cause
    if cause is None:
        return
    if cause.requirement != graded.requirement.id:
        yield f"Goes back to {cause.requirement}: {cause.text}"
        return
    yield cause.text
    for told, names in (("Fails with it", cause.shows_in), ("Hidden by it", cause.hides)):
        if names:
            yield f"{told}: {', '.join(names)}"


def _case(graded: Graded, run: Run) -> ET.Element:
    requirement = graded.requirement
    case = ET.Element("testcase", classname=f"chapter {requirement.chapter:02d}", name=requirement.id, time="0")
    text = _clean(story(graded, run))
    told = telling(graded, run)
    at_fault = graded.cause is not None and graded.cause.requirement == requirement.id
    said = graded.cause.text if at_fault and graded.cause else told[0]["message"] if told else requirement.statement
    headline = _clean(said)
    known = (
        next((each for each in run.coverage.known if each.requirement == requirement.id), None)
        if run.coverage
        else None
    )
    if known is not None:
        text = f"In the baseline until {known.expires}: {_clean(known.reason)}\n{text}"
    if graded.verdict is Verdict.FAIL:
        ET.SubElement(case, "failure", message=headline, type=requirement.level).text = text
    elif graded.verdict is Verdict.ERROR:
        ET.SubElement(case, "error", message=headline, type="kit").text = text
    elif graded.verdict in _SKIPPED:
        ET.SubElement(case, "skipped", message=_clean(f"{graded.verdict.value} ({graded.reason}): {headline}"))
    elif graded.verdict is not Verdict.PASS:
        ET.SubElement(case, "system-out").text = f"{graded.verdict.value}\n{text}"
    return case


def _suite(name: str, members: Iterable[Graded], run: Run) -> ET.Element:
    cases = [_case(graded, run) for graded in members]
    tally = {name: str(sum(case.find(name) is not None for case in cases)) for name in ("failure", "error", "skipped")}
    suite = ET.Element(
        "testsuite",
        name=name,
        tests=str(len(cases)),
        failures=tally["failure"],
        errors=tally["error"],
        skipped=tally["skipped"],
        timestamp=run.started.isoformat(),
    )
    told = ET.SubElement(suite, "properties")
    ET.SubElement(told, "property", name="overall", value=run.overall.value)
    ET.SubElement(told, "property", name="headline", value=headline(run))
    if run.coverage is not None:
        ET.SubElement(told, "property", name="baseline", value=_clean(run.coverage.summary()))
    suite.extend(cases)
    return suite


def render(run: Run) -> bytes:
    """junit.xml as UTF-8 bytes."""
    part = f" ({headline(run)})" if run.overall in (Overall.SELECTION, Overall.INTERRUPTED) else ""
    root = ET.Element("testsuites", name=f"scribe-conformance{part}", time=f"{run.duration_s:.3f}")
    by_id = {graded.requirement.id: graded for graded in run.graded}
    at_fault = [by_id[cause.requirement] for cause in run.causes if cause.requirement in by_id]
    if at_fault:
        root.append(_suite("what to mend first", at_fault, run))
    told = {graded.requirement.id for graded in at_fault}
    rest = [graded for graded in run.graded if graded.requirement.id not in told]
    for chapter, members in groupby(rest, key=lambda graded: graded.requirement.chapter):
        root.append(_suite(f"chapter {chapter:02d}", members, run))
    ET.indent(root)
    written: bytes = ET.tostring(root, encoding="utf-8", xml_declaration=True)
    return written
