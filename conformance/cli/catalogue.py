"""`list`, `explain` and `plan`: what the kit knows, without a target."""

from __future__ import annotations

import asyncio
import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.markup import escape
from rich.table import Table

import scribe_data
from conformance.checks import all_checks
from conformance.report.citation import cited
from conformance.report.terminal import printer
from conformance.run import WITHIN_REACH, selects
from conformance.runner import offer_of
from conformance.selection import EXAMPLES, STEPS, asked_for, choose, forecast, nearest
from conformance.target import BadOption, Options, TargetError
from conformance.vocabulary.operation import Operation

if TYPE_CHECKING:
    from rich.console import Console

    from scribe_data import Requirement, Spec

Profile = Annotated[str, typer.Option(help="Which protocol.")]
Revision = Annotated[str | None, typer.Option(help="Which revision of it; without, the one its profile names.")]
Only = Annotated[list[str] | None, typer.Option(help="Requirement id, id prefix or chapter; may be repeated.")]


AsJson = Annotated[bool, typer.Option("--json", help="As JSON on stdout, for programs.")]


def _print(value: object) -> None:
    typer.echo(json.dumps(value, indent=2))


def _requirement(requirement: Requirement) -> dict[str, Any]:
    """A requirement as a program gets it: all its members, those without a value left out."""
    return {name: value for name, value in asdict(requirement).items() if value not in (None, ())}


def load(profile: str, revision: str | None) -> Spec:
    """The spec of a revision, None for the one its profile names, or a usage error that says which there are."""
    try:
        return scribe_data.load(profile, revision)
    except scribe_data.SpecError as error:
        raise typer.BadParameter(str(error)) from error


def _chosen(text: Spec, only: list[str] | None) -> list[Requirement]:
    chosen = [r for r in text.requirements.values() if selects(only or [], r)]
    if not chosen:
        hint = nearest(text, (only or [""])[0])
        raise typer.BadParameter(f"--only {' '.join(only or [])} selects no requirement.{hint}")
    return chosen


def list_requirements(
    only: Only = None,
    profile: Profile = scribe_data.PROFILE,
    revision: Revision = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Every requirement: id, level, whether the kit checks it, and what it says. Example: list --only 6"""
    if as_json:
        _print([_requirement(r) for r in _chosen(load(profile, revision), only)])
        return
    table = Table("id", "level", "subject", "checked", "statement", box=None, pad_edge=False, header_style="dim")
    for r in _chosen(load(profile, revision), only):
        table.add_row(r.id, r.level, r.subject, "yes" if r.checks else "no", escape(r.statement))
    printer().print(table)


def plan(
    only: Only = None,
    profile: Profile = scribe_data.PROFILE,
    revision: Revision = None,
    *,
    quick: Annotated[bool, typer.Option("--quick", help="As in run: leave out what takes long.")] = False,
    stage: Annotated[
        list[str] | None, typer.Option(metavar="STAGE[,STAGE]", help="As in run: stages, e.g. auth,create.")
    ] = None,
    examples: Annotated[int, typer.Option(metavar="N", min=0, help="As in run: how many random examples.")] = EXAMPLES,
    steps: Annotated[int, typer.Option(metavar="N", min=1, help="As in run: steps of a sequence.")] = STEPS,
    test_clock: Annotated[
        str | None, typer.Option(metavar="URL", help="As in run: without it nothing is asked that needs a clock.")
    ] = None,
    target: Annotated[str | None, typer.Option(metavar="URL", help="Also ask this service what it offers.")] = None,
    as_json: AsJson = False,
) -> None:
    """What a run with these options will check and leave open, why, and what it costs the service.

    Example: plan --stage create,upload --examples 0
    """
    text = load(profile, revision)
    try:
        only = list(asked_for(text, only or (), stage or ()))
    except BadOption as error:
        raise typer.BadParameter(str(error)) from error
    chosen = [r for r in _chosen(text, only) if r.subject == "service"]
    checked, left = [r for r in chosen if r.checks], [r for r in chosen if not r.checks]
    part = choose(text, only, quick=quick)
    price = forecast(part, examples=examples, steps=steps, clock=test_clock is not None)
    if target and Operation.DISCOVERY not in text.protocol.endpoints:
        raise typer.BadParameter(f"A service of {text.profile} tells nothing of what it offers.", param_hint="--target")
    offer = _offer(target, text.revision) if target else None
    if as_json:
        told = {"checked": [_requirement(r) for r in checked], "left_open": [_requirement(r) for r in left]}
        _print(
            told
            | {
                "cost": asdict(price) if price else None,
                "journeys": [each.name for each in part.journeys],
                "offer": offer,
            }
        )
        return
    console = printer()
    console.print(f"{len(checked)} of {len(chosen)} service requirements have a check:")
    for r in checked:
        needs = "" if r.testability == "black-box" else f" [dim]({r.testability})[/]"
        console.print(f"  [green]✓[/] {r.id} {r.level}{needs}")
    if left:
        console.print("Left open, with the reason:")
    for r in left:
        mark = "[yellow]·[/]" if r.testability in WITHIN_REACH else "[dim]·[/]"
        console.print(f"  {mark} {r.id} {r.level}: {escape(r.untested or '')}")
    if part.skipped:
        console.print(f"Journeys that --quick leaves out: {', '.join(sorted(part.skipped))}")
    for name, value in (offer or {}).items():
        console.print(f"The service's {name}: {escape(json.dumps(value))}", highlight=False)
    if price is None:
        console.print(
            f"What a run costs a service of {text.profile} is not recorded; {len(part.journeys)} journeys are driven."
        )
        return
    console.print(
        f"Cost to the service: about {price.requests} requests, {price.bad_requests} of them bad on purpose, "
        f"{price.sessions} sessions made, {price.bytes_sent / 1e6:.1f} MB sent; what can be ended is ended"
    )


def _offer(target: str, revision: str) -> dict[str, Any]:
    """What a service says of itself, for one request or a few without a key of anybody's."""
    trouble = printer(stderr=True)
    try:
        return asyncio.run(offer_of(Options(target=target, api_key="nobodys-key", revision=revision)))
    except TargetError as error:
        trouble.print(f"[bold red]scribe-conformance:[/] {escape(str(error))}", soft_wrap=True, highlight=False)
        raise typer.Exit(error.exit_code) from error


def explain(
    requirement: Annotated[str, typer.Argument(help="Requirement id, e.g. SES-CREATE-010, or erratum, e.g. E27.")],
    profile: Profile = scribe_data.PROFILE,
    revision: Revision = None,
    *,
    as_json: AsJson = False,
) -> None:
    """All there is about one requirement or erratum. Example: explain SES-CREATE-010"""
    text, console, wanted = load(profile, revision), printer(), requirement.upper()
    if wanted in text.errata:
        if as_json:
            _print(asdict(text.errata[wanted]))
        else:
            _tell_erratum(console, text, wanted)
        return
    found = text.requirements.get(wanted)
    if found is None:
        near = [name for name in text.requirements if name.startswith(wanted.rsplit("-", 1)[0])]
        hint = f" Did you mean one of {', '.join(near[:8])}?" if near else nearest(text, wanted)
        other = scribe_data.catalogue(profile).get(wanted)
        if other is not None:
            hint = f" It is one of {' and '.join(other.revisions)}: add --revision {other.revisions[-1]}."
        raise typer.BadParameter(f"There is no requirement {wanted} in {profile} {text.revision}.{hint}")
    if as_json:
        _print(_requirement(found) | {"errata": [asdict(text.errata[name]) for name in found.errata]})
        return
    place = escape(cited(found.source, text, text.revision))
    console.print(f"[bold]{found.id}[/] · {found.level} ({found.basis}) · binds the {found.subject} · {place}")
    console.print(escape(found.statement))
    console.print(f"[dim]What is looked at:[/] {escape(found.observable)}")
    console.print(f"[dim]Feature:[/] {found.feature}   [dim]Testability:[/] {found.testability}")
    for check in all_checks(text.profile).get(found.id, ()):
        console.print(f"[dim]Check:[/] {check.name}: {escape(check.doc.splitlines()[0])}")
    if found.untested:
        console.print(f"[yellow]Not checked:[/] {escape(found.untested)}")
    for erratum in found.errata:
        _tell_erratum(console, text, erratum)


def _tell_erratum(console: Console, text: Spec, name: str) -> None:
    erratum = text.errata[name]
    console.print(f"[magenta]{name}[/] [bold]{escape(erratum.title)}[/] {escape(erratum.note)}")
    console.print(f"   [dim]strict:[/] {escape(erratum.strict)}")
    console.print(f"   [dim]lenient:[/] {escape(erratum.lenient)}")
