"""The summary a person reads in the terminal after a run."""

from __future__ import annotations

import os
from enum import Enum
from itertools import groupby
from typing import TYPE_CHECKING

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from conformance.checks.observed import observations
from conformance.report import headline, matrix
from conformance.report.citation import cited
from conformance.report.findings import telling
from conformance.report.mending import tell_causes, tell_dialect
from conformance.verdict import Overall, Verdict

if TYPE_CHECKING:
    from conformance.run import Graded, Run

COLOURS = {
    Verdict.PASS: "green",
    Verdict.FAIL: "bold red",
    Verdict.WARN: "yellow",
    Verdict.DISPUTED: "magenta",
    Verdict.NOT_APPLICABLE: "dim",
    Verdict.INCONCLUSIVE: "cyan",
    Verdict.ERROR: "bold magenta",
}
_OVERALL = {
    Overall.CONFORMANT: "bold green",
    Overall.NON_CONFORMANT: "bold red",
    Overall.NOT_FULLY_VERIFIED: "bold yellow",
    Overall.INTERRUPTED: "bold yellow",
}

#: Wider than any table or sentence, in characters.
_ENDLESS = 100_000


class Detail(Enum):
    """How much a summary tells."""

    QUIET = "what the run comes to"
    USUAL = "what is not simply right"
    VERBOSE = "every requirement"

    @classmethod
    def of(cls, *, quiet: bool, verbose: bool) -> Detail:
        """What two switches ask for; the loud one wins."""
        return cls.VERBOSE if verbose else cls.QUIET if quiet else cls.USUAL


class Printer(Console):
    """A console that a reader who leaves does not end."""

    def on_broken_pipe(self) -> None:
        """Print no more and let the run end: whoever read along has seen enough, and the exit code is a verdict."""
        self.quiet = True
        with open(os.devnull, "w", encoding="utf-8") as nowhere:  # noqa: PTH123 - no path, the system's own sink
            os.dup2(nowhere.fileno(), self.file.fileno())


def printer(*, stderr: bool = False) -> Console:
    """As wide as a terminal is, and as wide as it takes where nobody looks: a pipe has no width to cut for."""
    console = Printer(stderr=stderr)
    if not console.is_terminal:
        console.width = _ENDLESS
    return console


def _table(run: Run) -> Table:
    table = Table(box=None, pad_edge=False, header_style="dim")
    table.add_column("chapter")
    for verdict in Verdict:
        table.add_column(verdict.value.replace("_", " "), justify="right")
    for number, members in groupby(run.graded, key=lambda graded: graded.requirement.chapter):
        verdicts = [graded.verdict for graded in members]
        counts = [(verdict, verdicts.count(verdict)) for verdict in Verdict]
        cells = [f"[{COLOURS[verdict]}]{count}[/]" if count else "[dim]·[/]" for verdict, count in counts]
        table.add_row(f"{number:>2} {run.spec.protocol.chapters[number].title}", *cells)
    return table


def _tell(console: Console, graded: Graded, run: Run) -> None:
    requirement = graded.requirement
    colour = COLOURS[graded.verdict]
    console.print(
        f"[{colour}]{graded.verdict.value}[/] [bold]{requirement.id}[/] "
        f"({requirement.level}, {escape(cited(requirement.source, run.spec, run.revision))})"
    )
    console.print(f"     {escape(requirement.statement)}")
    for finding in telling(graded, run)[:3]:
        console.print(f"   • {escape(finding['message'])}")
        for name, heading in (("pointer", "where"), ("expected", "expected"), ("actual", "seen")):
            if name in finding:
                console.print(f"     [dim]{heading}:[/] {escape(str(finding[name])[:300])}")
        if finding["curl"]:
            console.print(f"     [dim]{escape(finding['curl'][:400])}[/]", soft_wrap=True)


def summary(console: Console, run: Run, detail: Detail = Detail.USUAL) -> None:
    """Chapters with their counts, every cause with what was seen, what is left open, and the overall verdict."""
    if detail is Detail.QUIET:
        _comes_to(console, run)
        return
    if detail is Detail.VERBOSE:
        _each(console, run)
    console.print(_table(run))
    console.print()
    tell_causes(console, run)
    for graded in run.graded:
        if graded.verdict is Verdict.ERROR:
            _tell(console, graded, run)
    tell_dialect(console, run)
    _aside(console, run)
    _observed(console, run)
    _notes(console, run)
    _machine(console, run)
    for line in (matrix.line(run), *headline.additions(run), headline.spent(run), headline.layers(run)):
        if line:
            console.print(escape(line), soft_wrap=True, highlight=False)
    console.print(escape(headline.explanation(run)), highlight=False)
    _comes_to(console, run)


def _each(console: Console, run: Run) -> None:
    """A line a requirement."""
    for graded in run.graded:
        why = f" [dim]({escape(graded.reason)})[/]" if graded.reason else ""
        console.print(
            f"[{COLOURS[graded.verdict]}]{graded.verdict.value}[/] [bold]{graded.requirement.id}[/]{why} "
            f"{escape(' '.join(graded.requirement.statement.split()))}",
            soft_wrap=True,
            highlight=False,
        )
    console.print()


def _comes_to(console: Console, run: Run) -> None:
    """The verdict on the whole, and the counts."""
    console.print(
        f"[{_style(run)}]{escape(_shout(run))}[/] · {run.reading} reading of {run.profile} {run.revision} · "
        f"{run.requests} requests in {run.duration_s:.1f} s"
    )
    console.print(escape(headline.counts(run)), highlight=False)
    if run.coverage is not None:
        console.print(escape(run.coverage.summary()), soft_wrap=True, highlight=False)
        for line in run.coverage.lines():
            console.print(f"[bold red]baseline[/] {escape(line)}", soft_wrap=True, highlight=False)


def _shout(run: Run) -> str:
    told = headline.headline(run)
    return told if run.overall is Overall.SELECTION else told.upper()


def _style(run: Run) -> str:
    if run.overall is Overall.SELECTION:
        return "bold cyan" if run.selection is not None and run.selection.holds else "bold red"
    return _OVERALL[run.overall]


def _aside(console: Console, run: Run) -> None:
    """What neither fails nor simply passes, a line each; and what binds and was not seen."""
    for verdict in (Verdict.DISPUTED, Verdict.WARN):
        for graded in run.graded:
            if graded.verdict is verdict:
                told = telling(graded, run)
                why = told[0]["message"] if told else graded.requirement.statement
                console.print(
                    f"[{COLOURS[verdict]}]{verdict.value}[/] [bold]{graded.requirement.id}[/]"
                    f"{f' ({graded.reason})' if graded.reason else ''} {escape(' '.join(why.split()))}",
                    soft_wrap=True,
                    highlight=False,
                )
    open_ = [
        graded
        for graded in run.graded
        if graded.verdict is Verdict.INCONCLUSIVE
        and graded.requirement.level == "MUST"
        and graded.requirement.testability == "black-box"
    ]
    if open_ and run.overall is not Overall.NON_CONFORMANT:
        console.print("[yellow]Not verified, though they bind:[/]")
        for graded in open_[:12]:
            console.print(
                f"   {graded.requirement.id} [dim]({graded.reason})[/] {escape(graded.requirement.statement)}"
            )
        if len(open_) > 12:
            console.print(f"   … and {len(open_) - 12} more in the report")


def _machine(console: Console, run: Run) -> None:
    """What the state machine found, with its steps."""
    if told := headline.explored(run):
        console.print(escape(told), soft_wrap=True, highlight=False)
    for shown in run.evidence.explored.violations if run.evidence.explored else ():
        again = f"{shown.seen} of {shown.of} replays"
        console.print(f"   {escape(shown.place)}, {again}: {escape('; '.join(shown.steps))}", soft_wrap=True)


def _observed(console: Console, run: Run) -> None:
    """One line for what generated requests showed that nothing asks for."""
    found = observations(run.evidence)
    if found:
        kinds = f"{len(found)} kind{'' if len(found) == 1 else 's'} of answer"
        told = f"{kinds} to generated requests that no requirement asks for, {sum(each.count for each in found)} in all"
        console.print(f"[dim]observed[/] {told}: see observations in the report", highlight=False)


def _notes(console: Console, run: Run) -> None:
    for note in run.evidence.notes:
        if note.reason in ("kit_error", "no_clock", "deadline", "short_key", "insecure", "quota", "lost", "not_driven"):
            console.print(f"[dim]note[/] {escape(note.journey)}: {escape(note.text)}")
    for text in headline.early(run):
        console.print(f"[bold yellow]{escape(text)}.[/]")
