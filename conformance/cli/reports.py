"""`diff` and `verify`: what two reports differ in, and whether one follows from its evidence; both without a target."""

from __future__ import annotations

import json
from pathlib import Path  # noqa: TC003 - Typer reads the annotations
from typing import Annotated

import typer
from rich.markup import escape

from conformance.cli.catalogue import AsJson  # noqa: TC001 - as above
from conformance.given import Unreadable
from conformance.report.difference import difference
from conformance.report.signature import read_key
from conformance.report.terminal import printer
from conformance.verification import read_report, verify

#: Exit codes of both commands.
_HOLDS, _HOLDS_NOT, _BAD_FILE = range(3)


def _refuse(error: Unreadable) -> typer.Exit:
    printer(stderr=True).print(
        f"[bold red]scribe-conformance:[/] {escape(str(error))}", soft_wrap=True, highlight=False
    )
    return typer.Exit(_BAD_FILE)


def diff(
    old: Annotated[Path, typer.Argument(metavar="OLD", help="report.json of the earlier run.")],
    new: Annotated[Path, typer.Argument(metavar="NEW", help="report.json of the later one.")],
    *,
    as_json: AsJson = False,
) -> None:
    """What changed from one report to the next, and why it may have. Example: diff main/report.json report/report.json

    Ends with 0 when nothing fails that did not fail before, 1 when something does, 2 for files that are no reports.
    """
    try:
        found = difference(read_report(old), read_report(new))
    except Unreadable as error:
        raise _refuse(error) from error
    if as_json:
        typer.echo(json.dumps(found.document(), indent=2))
    else:
        for line in found.lines():
            printer().print(escape(line), soft_wrap=True, highlight=False)
    raise typer.Exit(_HOLDS_NOT if found.failing else _HOLDS)


def verify_report(
    report: Annotated[Path, typer.Argument(metavar="FILE", help="report.json, with its evidence.har beside it.")],
    verify_key: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="File with the key that the report was signed with (run --sign-key)."),
    ] = None,
) -> None:
    """Grade the evidence of a report again, offline, and compare. Example: verify report/report.json

    Ends with 0 when the report follows from its evidence, 1 with a line for whatever does not hold, 2 for a file that
    cannot be verified: no report, that of a part, or of a run that was broken off.
    """
    try:
        key = read_key(verify_key) if verify_key is not None else None
        told = read_report(report)
        objections = verify(report, key)
    except Unreadable as error:
        raise _refuse(error) from error
    for objection in objections:
        printer(stderr=True).print(escape(str(objection)), soft_wrap=True, highlight=False)
    if objections:
        raise typer.Exit(_HOLDS_NOT)
    signed = (
        ", signed by this key" if key is not None else ", its signature not looked at" if "signature" in told else ""
    )
    printer().print(
        f"Verified: {escape(str(report))} follows from its evidence: {told['overall']}, {len(told['requirements'])} "
        f"requirements{signed}",
        soft_wrap=True,
        highlight=False,
    )
