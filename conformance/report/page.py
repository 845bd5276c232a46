"""report.html: one self-contained file for people; every value of the target is escaped."""

from __future__ import annotations

import json
from itertools import groupby
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, PackageLoader
from markupsafe import Markup

from conformance.report import headline
from conformance.report.citation import cited, plain
from conformance.report.document import document
from conformance.report.lifecycle import diagram
from conformance.report.matrix import line, rows
from conformance.report.passage import MOST_TOLD, passage, step
from conformance.verdict import Overall, Verdict

if TYPE_CHECKING:
    from conformance.run import Run

#: Who can see a requirement, in words.
_SEEN_BY = {
    "black-box": "seen from outside, by requests alone",
    "needs-time-control": "seen with a clock that the kit may move",
    "needs-fault-injection": "seen only where the service fails on demand",
    "needs-tls": "seen where the target is https",
    "out-of-band": "for an auditor: no request shows it",
    "not testable": "nothing shows it",
}
#: What a verdict rests on.
_KINDS = {
    "violates": "Wrong",
    "departs": "Differs from one reading of the text",
    "tolerated": "Differs from the strict reading",
    "disputed": "The text contradicts itself here",
    "warns": "Allowed, but advised against or left open",
    "recorded": "Noted",
    "not_applicable": "Not applicable",
    "inconclusive": "Not seen",
}
#: Kinds that may make a requirement fail.
_COUNTED = ("violates", "departs", "tolerated")
#: Characters of a service's name in the headline.
_LONGEST_NAME = 80
#: The colour of the whole page.
_COLOURS = {
    Overall.CONFORMANT: "pass",
    Overall.NON_CONFORMANT: "fail",
    Overall.NOT_FULLY_VERIFIED: "warn",
    Overall.INTERRUPTED: "error",
}


def _colour(run: Run) -> str:
    holds = run.selection is not None and run.selection.holds
    return _COLOURS.get(run.overall, "inconclusive" if holds else "fail")


def _shown(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=repr)
    return text if len(text) <= 600 else text[:600] + " …"


def _tally(requirements: list[dict[str, Any]]) -> str:
    counts = {v.value: sum(r["verdict"] == v.value for r in requirements) for v in Verdict}
    return ", ".join(f"{count} {verdict.replace('_', ' ')}" for verdict, count in counts.items() if count)


def _unverified(requirements: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """What binds and was not seen, those of one reason and one sentence together."""
    open_ = {Verdict.INCONCLUSIVE.value, Verdict.ERROR.value}
    found: dict[tuple[str, str, str], list[str]] = {}
    for item in requirements:
        if item["verdict"] in open_ and item["level"] == "MUST" and item["testability"] == "black-box":
            why = item["findings"][0]["message"] if item["findings"] else ""
            found.setdefault((item["verdict"], item.get("reason", ""), why), []).append(item["id"])
    return [
        {"verdict": verdict, "reason": reason, "why": why, "ids": ids} for (verdict, reason, why), ids in found.items()
    ]


def service(run: Run) -> str:
    """What discovery calls the service; empty where it gives no name."""
    told = run.evidence.discovery.get("service")
    name = told.get("name") if isinstance(told, dict) else None
    return " ".join(name.split())[:_LONGEST_NAME] if isinstance(name, str) else ""


def _with_passages(run: Run, requirements: list[dict[str, Any]]) -> None:
    """Give the findings what was sent and answered; those that fail also what led to them."""
    graded = {each.requirement.id: each for each in run.graded}
    for item in requirements:
        for place, finding in enumerate(item["findings"]):
            number = finding["exchange"]["number"] if finding["exchange"] else None
            x = run.exchange(number)
            if x is None or number is None:
                finding["steps"] = []
            elif item["verdict"] == "fail" and finding["kind"] in _COUNTED and place < MOST_TOLD:
                finding["steps"] = passage(run, graded[item["id"]], number)
            else:
                finding["steps"] = [step(x)]


def render(run: Run) -> str:
    """report.html as text."""
    environment = Environment(loader=PackageLoader("conformance.report"), autoescape=True, trim_blocks=True)
    environment.filters["shown"] = _shown
    environment.filters["cited"] = lambda source: cited(source, run.spec, run.revision)
    environment.filters["plain"] = lambda text: plain(text, run.spec)
    whole = document(run)
    requirements: list[dict[str, Any]] = whole["requirements"]
    _with_passages(run, requirements)
    chapters = []
    for number, members in groupby(requirements, key=lambda r: int(r["chapter"])):
        found = list(members)
        chapters.append(
            {
                "number": number,
                "title": run.spec.protocol.chapters[number].title,
                "requirements": found,
                "tally": _tally(found),
            }
        )
    lines = (*headline.early(run), *headline.additions(run), headline.spent(run), headline.layers(run))
    return environment.get_template("report.html.j2").render(
        run=run,
        service=service(run),
        protocol=run.spec.protocol,
        seen_by=_SEEN_BY,
        kinds=_KINDS,
        reasons=headline.MISSING,
        headline=headline.headline(run),
        explanation=headline.explanation(run),
        counts=headline.counts(run),
        lines=[each for each in lines if each],
        colour=_colour(run),
        baseline=run.coverage,
        summary=whole["summary"],
        causes=whole["causes"],
        dialect=whole["dialect"],
        machine=whole.get("machine"),
        explored=headline.explored(run),
        observations=whole["observations"],
        by_id={r["id"]: r for r in requirements},
        catalogue=run.spec.requirements,
        broken=[r for r in requirements if r["verdict"] == "error"],
        unverified=_unverified(requirements),
        chapters=chapters,
        errata=run.spec.errata,
        rows=rows(run),
        operations=run.spec.lifecycle.operations,
        table_line=line(run),
        diagram=Markup(diagram(run)),  # noqa: S704 - built from the spec's own names only, each escaped
    )
