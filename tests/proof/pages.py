"""The pages of `reports/` as Markdown: what breaks what and what shows it, the errata, the coverage, a statement."""

from __future__ import annotations

import io
import json
import re
from collections import defaultdict
from dataclasses import replace
from itertools import groupby
from typing import TYPE_CHECKING, Any

from rich.console import Console

from conformance.evidence import Layer
from conformance.report import summary, terminal
from conformance.verdict import Verdict
from mock_server.faults.catalogue import CATALOGUE
from scribe_data.model import Level, Subject, Testability
from tests.proof.unproven import REASONS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from conformance.grading import Square
    from conformance.run import Graded, Run
    from mock_server.faults import Fault
    from scribe_data import Requirement, Spec

_REMADE = "Remade by `make samples`; `make test` fails when it is stale."
#: Wider than any line of a summary.
_WIDTH = 2000
#: What differs from run to run in a line about what it took: polls are as many as there is time for.
_SPENT = re.compile(r"\b[\d.]+ (requests|sessions made)\b( in [\d.]+ s)?")


def _cell(text: str) -> str:
    """A text in a cell of a table: on one line, and outside of code without what a page would take for markup."""
    parts = re.split(r"(`[^`]*`)", " ".join(text.split()))
    shown = (part if part.startswith("`") else re.sub(r"([<>*_\[\]])", r"\\\1", part) for part in parts)
    return "".join(shown).replace("|", "\\|")


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    yield f"| {' | '.join(heads)} |"
    yield "|" + "---|" * len(heads)
    for row in rows:
        yield f"| {' | '.join(map(_cell, row))} |"
    yield ""


def _page(title: str, *lines: str) -> str:
    return "\n".join([f"# {title}", "", *lines]).rstrip("\n") + "\n"


def _chapters(spec: Spec, chosen: Iterable[Requirement]) -> Iterator[tuple[str, list[Requirement]]]:
    for number, members in groupby(chosen, key=lambda each: each.chapter):
        yield f"## {number} {spec.protocol.chapters[number].title}", list(members)


def _breaking() -> dict[str, list[Fault]]:
    """Requirement -> the faults that break it."""
    found: dict[str, list[Fault]] = defaultdict(list)
    for fault in sorted(CATALOGUE.values(), key=lambda each: each.name):
        for requirement in fault.breaks:
            found[requirement].append(fault)
    return dict(found)


def kills(spec: Spec, record: Mapping[str, Any]) -> str:
    """The kill matrix: requirement by fault by layer of a run."""
    breaking = _breaking()
    killed = [each for each in spec.requirements.values() if each.id in breaking]
    lines: list[str] = []
    for heading, members in _chapters(spec, killed):
        lines += [heading, ""]
        lines += _table(
            ("requirement", "fault", *Layer),
            (
                (each.id, f"`{fault.name}`", *(_shown(record.get(fault.name, {}), each.id, layer) for layer in Layer))
                for each in members
                for fault in breaking[each.id]
            ),
        )
    return _page(
        "Which fault breaks which requirement, and what of a run shows it",
        f"{len(CATALOGUE)} faults of the reference server break {len(killed)} requirements. Each is switched on alone"
        " (`scribe-mock serve --fault NAME`),",
        "and the proof holds that exactly the requirements named here go red. Columns are the layers of a run: journeys"
        " written by hand, the walk through",
        "every state, the state machine, cases drawn from the OpenAPI document, changed bodies, requests that meet.",
        "",
        "✓ that layer alone shows the requirement broken, · it was driven and does not, blank: not driven with this"
        f" fault. {_REMADE}",
        "",
        *lines,
        "## The faults",
        "",
        *_table(
            ("fault", "what the server does wrong", "reading", "breaks"),
            (
                (f"`{name}`", fault.vice, fault.reading, ", ".join(fault.breaks))
                for name, fault in sorted(CATALOGUE.items())
            ),
        ),
    )


def _shown(row: Mapping[str, Any], requirement: str, layer: Layer) -> str:
    if layer.value in row.get("shown", {}).get(requirement, ()):
        return "✓"
    return "·" if layer.value in row.get("drove", ()) else ""


def errata(spec: Spec) -> str:
    """The register of errata: both readings, where each stands, and whom it concerns."""
    citing: dict[str, list[str]] = defaultdict(list)
    for requirement in spec.requirements.values():
        for name in requirement.errata:
            citing[name].append(requirement.id)
    topics: dict[str, list[str]] = defaultdict(list)
    for name, each in spec.errata.items():
        topics[each.topic].append(name)
    lines: list[str] = []
    for topic, names in topics.items():
        lines += [f"## {topic}", ""]
        for name in names:
            each = spec.errata[name]
            lines += [f"### {name}: {_cell(each.title)}", "", _cell(each.note), ""]
            lines += _table(
                ("", ""),
                (
                    ("strict", each.strict),
                    ("lenient", each.lenient),
                    ("stands at", ", ".join(each.places)),
                    *((("see also", ", ".join(each.also)),) if each.also else ()),
                    ("requirements", ", ".join(citing[name]) or "none cites it"),
                    *((("weight", "a recommendation: at most a warning"),) if each.recommended else ()),
                ),
            )
    return _page(
        f"The register of errata: {spec.protocol.name}, revision {spec.revision}",
        f"{len(spec.errata)} places where the text contradicts itself or is silent, each with the reading that"
        " `--reading strict` allows and those that the",
        "default, lenient, passes as *disputed*. L12 is line 12 of chapter 6, s3:L12 of the revision 2026-01-19, §8.4 a"
        f" section, OAS the upstream OpenAPI file. {_REMADE}",
        "",
        *lines,
    )


def coverage(spec: Spec) -> str:
    """The coverage matrix: each requirement with its checks, the faults that break it, and why where there are none."""
    breaking = _breaking()
    bound = [each for each in spec.requirements.values() if each.subject == Subject.SERVICE]
    others = [each for each in spec.requirements.values() if each.subject != Subject.SERVICE]
    checked = [each for each in bound if each.checks]
    proven = [each for each in checked if each.id in breaking]
    lines: list[str] = []
    for heading, members in _chapters(spec, bound):
        lines += [heading, ""]
        lines += _table(
            ("requirement", "level", "testability", "checks", "faults", "why none"),
            (
                (
                    each.id,
                    each.level,
                    each.testability,
                    ", ".join(f"`{name}`" for name in each.checks),
                    ", ".join(f"`{fault.name}`" for fault in breaking.get(each.id, ())),
                    _why(each) if each.id not in breaking else "",
                )
                for each in members
            ),
        )
    return _page(
        "What is checked, and what proves the checks",
        f"{len(bound)} requirements bind a service: {len(checked)} have a check, and {len(proven)} of these a fault"
        " that turns them red. Every black-box MUST has one, or a",
        f"reason. {len(others)} more bind clients and are not graded. {_REMADE}",
        "",
        *lines,
        "## Requirements that bind clients",
        "",
        *_table(
            ("requirement", "level", "testability", "why not checked"),
            ((each.id, each.level, each.testability, each.untested or "") for each in others),
        ),
    )


def _why(requirement: Requirement) -> str:
    """Why no fault breaks a requirement."""
    if requirement.id in REASONS:
        return REASONS[requirement.id]
    if not requirement.checks:
        return f"no check: {requirement.untested or ''}"
    if requirement.level == Level.MUST and requirement.testability == Testability.BLACK_BOX:
        return "NO REASON GIVEN"
    if requirement.level in (Level.SHOULD, Level.MAY):
        return f"a {requirement.level} cannot fail: no fault turns it red"
    return "no fault yet; tests with hand-made evidence alone"


def statement(run: Run) -> str:
    """What a run against the honest server came to, without what differs from run to run."""
    run = replace(run, cost=None)
    out = io.StringIO()
    terminal.summary(Console(file=out, width=_WIDTH, color_system=None), run)
    told = "\n".join(line.rstrip() for line in _SPENT.sub(r"… \1", out.getvalue()).splitlines())
    return _page(
        "The reference server's own statement",
        "A run of the kit against `scribe-mock serve --transcriber scripted` with a test clock and a second key, and"
        " without what is random (`--examples 0`).",
        "How many requests it took and how long is left out: that differs from run to run. The same for programs:"
        f" [statement.json](statement.json). {_REMADE}",
        "",
        summary.render(run),
        "## On the terminal",
        "",
        "```text",
        told,
        "```",
    )


def statement_json(run: Run) -> str:
    """The same as data: every requirement with its verdict, and what was seen where it does not simply hold."""
    told = {
        "overall": run.overall.value,
        "profile": run.profile,
        "revision": run.revision,
        "reading": run.reading,
        "summary": {verdict.value: run.count(verdict) for verdict in Verdict},
    }
    lists = {"lifecycle": map(_square, run.matrix), "requirements": map(_graded, run.graded)}
    members = [f"{json.dumps(name)}: {json.dumps(each)}" for name, each in told.items()]
    for name, each in lists.items():
        rows = ",\n".join(json.dumps(row, ensure_ascii=False) for row in each)
        members.append(f"{json.dumps(name)}: [\n{rows}\n]")
    return "{\n" + ",\n".join(members) + "\n}\n"


def _square(square: Square) -> dict[str, Any]:
    told = {"row": square.cell.state, "operation": square.cell.operation, "outcome": square.outcome.value}
    return told | ({"verdict": square.verdict.value} if square.verdict is not None else {})


def _graded(each: Graded) -> dict[str, Any]:
    told = {"id": each.requirement.id, "level": each.requirement.level.value, "verdict": each.verdict.value}
    if each.reason:
        told["reason"] = each.reason
    if each.verdict is not Verdict.PASS:
        told["seen"] = sorted({" ".join(finding.message.split()) for finding in each.findings})
    return told
