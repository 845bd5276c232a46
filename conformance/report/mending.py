"""What a person reads first in the terminal: the causes of all failures, and in what the target goes its own way."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich.markup import escape
from rich.padding import Padding

from conformance.grading.wording import PRESENT
from conformance.report.causes import causes, dialect
from conformance.report.citation import cited
from conformance.report.findings import telling
from conformance.verdict import Verdict

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import Console

    from conformance.run import Run

#: Ids listed in a line; the reports have all.
_MOST_LISTED = 12
#: Characters of a value, and of a command.
_LONGEST_VALUE, _LONGEST_COMMAND = 300, 400


def tell_dialect(console: Console, run: Run) -> None:
    """The departures that the run went along with, a line each."""
    found = dialect(run)
    if found:
        console.print("[bold]The target goes its own way, and the run went along:[/]")
    for each in found:
        where = f" [dim]#{each['exchange']['number']}[/]" if each["exchange"] else ""
        _line(console, f"• {escape(each['text'])}{where}", 3)
    if found:
        console.print()


def tell_causes(console: Console, run: Run) -> None:
    """The causes, what to mend first standing first, each with what it shows in and what it hides."""
    found = causes(run)
    failures = run.count(Verdict.FAIL)
    if not found:
        return
    told = f"{failures} failure{'' if failures == 1 else 's'} with {len(found)} cause{'' if len(found) == 1 else 's'}"
    console.print(f"[bold red]What to mend first[/] [dim]({told})[/]")
    for number, cause in enumerate(found, 1):
        _tell(console, number, cause, run)
    console.print()


def _tell(console: Console, number: int, cause: dict[str, Any], run: Run) -> None:
    name = cause["requirement"]
    requirement = run.spec.requirements[name]
    place = escape(cited(requirement.source, run.spec, run.revision))
    _line(console, f"[bold red]{number:>2} {name}[/] [dim]({requirement.level}, {place})[/]", 0)
    _line(console, f"[bold]{escape(cause['text'])}[/]", 3)
    _line(console, f"[dim]{escape(requirement.statement)}[/]", 3)
    for heading, value in _beside(cause, run):
        _line(console, f"[dim]{heading}:[/] {escape(value)}", 3)
    seen = cause["exchange"]
    if seen:
        _line(
            console, f"[dim]exchange:[/] #{seen['number']} {seen['method']} {escape(seen['url'])} → {seen['status']}", 3
        )
        console.print(f"   [dim]{escape(cause['curl'][:_LONGEST_COMMAND])}[/]", soft_wrap=True)
    for heading, names in (("fails with it:", cause["shows_in"]), ("hidden by it:", cause["hides"])):
        if names:
            _line(console, f"[dim]{heading}[/] {_listed(names)}", 3)


def _beside(cause: dict[str, Any], run: Run) -> Iterator[tuple[str, str]]:
    """What the finding that shows a cause has beside its sentence, as far as the cause does not say it."""
    graded = next((each for each in run.graded if each.requirement.id == cause["requirement"]), None)
    finding = next(iter(telling(graded, run)), None) if graded else None
    if finding is None or finding["exchange"] != cause["exchange"]:
        return
    for member, heading in (("pointer", "where"), ("expected", "expected"), ("actual", "seen")):
        value = str(finding.get(member, ""))
        if value and value not in cause["text"] and (member, value) != ("expected", PRESENT):
            yield heading, value[:_LONGEST_VALUE]


def _listed(names: list[str]) -> str:
    more = len(names) - _MOST_LISTED
    return ", ".join(names[:_MOST_LISTED]) + (f" and {more} more" if more > 0 else "")


def _line(console: Console, text: str, indent: int) -> None:
    console.print(Padding.indent(text, indent), highlight=False)
