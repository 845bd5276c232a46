"""`scribe-conformance run`: certify one service and leave the reports."""

from __future__ import annotations

import asyncio
from enum import StrEnum
from pathlib import Path  # noqa: TC003 - Typer reads the annotations at run time
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

import scribe_data
from conformance.certification import certify
from conformance.evidence.redaction import SHORTEST_UNMISTAKABLE
from conformance.report import files, terminal
from conformance.run import selects
from conformance.runner import CredentialsRefused, Options, TargetUnreachable
from conformance.target import BadOption
from conformance.verdict import Overall, Verdict

if TYPE_CHECKING:
    from collections.abc import Sequence

    from conformance.run import Run
    from conformance.runner import Progress as Step

#: Exit codes (HOUSE §6); 1 and 4 are verdicts, 2, 3 and 5 are trouble.
CONFORMANT, NON_CONFORMANT, USAGE, UNREACHABLE, NOT_FULLY_VERIFIED, KIT_FAILED = range(6)
#: Said where a key is asked for.
_LENGTH = f"With {SHORTEST_UNMISTAKABLE} characters or more it is kept out of the reports wherever it stands."
#: Journeys the progress line names.
_SHOWN = 3


class Reading(StrEnum):
    """How the text's contradictions are read."""

    LENIENT = "lenient"
    STRICT = "strict"


def exit_code(run: Run) -> int:
    """The exit code a finished run deserves; a failure of the kit never passes for a verdict on the target."""
    if run.overall is Overall.NON_CONFORMANT:
        return NON_CONFORMANT
    kit_failed = run.count(Verdict.ERROR) or any(note.reason == "kit_error" for note in run.evidence.notes)
    if kit_failed:
        return KIT_FAILED
    return CONFORMANT if run.overall is Overall.CONFORMANT else NOT_FULLY_VERIFIED


def refuse(console: Console, message: str, code: int) -> typer.Exit:
    """Print one line that says what to do, and the exit that goes with it."""
    console.print(f"[bold red]scribe-conformance:[/] {escape(message)}", soft_wrap=True, highlight=False)
    return typer.Exit(code)


def check_selection(only: list[str], profile: str, revision: str) -> None:
    """Refuse an --only that selects nothing: zero checks are never a success."""
    try:
        known = scribe_data.load(profile, revision).requirements
    except scribe_data.SpecError as error:
        raise typer.BadParameter(str(error)) from error
    for wanted in only:
        if not any(selects([wanted], requirement) for requirement in known.values()):
            raise typer.BadParameter(f"{wanted!r} is no requirement id, id prefix or chapter of {profile} {revision}.")


def headers_of(given: Sequence[str]) -> tuple[tuple[str, str], ...]:
    """Names and values of `--header`; raises BadOption for what has no colon."""
    pairs = [line.partition(":") for line in given]
    if any(not colon for _, colon, _ in pairs):
        raise BadOption("--header takes 'Name: value'")
    return tuple((name.strip(), value.strip()) for name, _, value in pairs)


async def _certify(options: Options, profile: str, reading: Reading, only: list[str], console: Console) -> Run:
    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[told]}"))
    with Progress(*columns, TimeElapsedColumn(), console=console, transient=True) as bar:
        task = bar.add_task("asking for discovery", total=None, told="")

        def show(step: Step) -> None:
            told = f"{step.requests} requests{_waiting(step.running)}"
            bar.update(task, description="driving", total=step.total, completed=step.done, told=told)

        return await certify(options, profile=profile, reading=reading.value, only=only, progress=show)


def _waiting(journeys: Sequence[str]) -> str:
    """The first of what runs, and how many more do: all of it would not fit on a line."""
    if not journeys:
        return ""
    more = f" and {len(journeys) - _SHOWN} more" if len(journeys) > _SHOWN else ""
    return f" · waiting for {', '.join(journeys[:_SHOWN])}{more}"


def certify_and_report(
    console: Console,
    options: Options,
    report_dir: Path | None,
    *,
    profile: str = "medscribe",
    reading: Reading = Reading.LENIENT,
    only: list[str] | None = None,
) -> int:
    """Drive, judge, print, leave the reports; returns the exit code, raises typer.Exit for trouble."""
    trouble = Console(stderr=True)
    try:
        result = asyncio.run(_certify(options, profile, reading, only or [], console))
    except (TargetUnreachable, CredentialsRefused) as error:
        raise refuse(trouble, str(error), UNREACHABLE) from error
    terminal.summary(console, result)
    if report_dir is not None:
        try:
            written = files.write(result, report_dir)
        except OSError as error:
            raise refuse(trouble, f"The reports cannot be written to {report_dir}: {error.strerror}.", USAGE) from error
        console.print("Reports: " + "  ".join(str(path) for path in written), soft_wrap=True, highlight=False)
    return exit_code(result)


def run(  # noqa: PLR0917 - each parameter is an option of the command
    target: Annotated[str, typer.Option(help="URL of the service, e.g. http://127.0.0.1:8080")],
    api_key: Annotated[str, typer.Option(envvar="SCRIBE_API_KEY", help=f"API key of the tester. {_LENGTH}")],
    second_api_key: Annotated[
        str | None,
        typer.Option(envvar="SCRIBE_SECOND_API_KEY", help="Key of another client, to see that clients are kept apart."),
    ] = None,
    report_dir: Annotated[
        Path | None, typer.Option(help="Folder for report.json, .html, junit.xml, evidence.har.")
    ] = None,
    profile: Annotated[str, typer.Option(help="Which protocol.")] = "medscribe",
    revision: Annotated[str, typer.Option(help="Which revision of it.")] = "2026-01-27",
    reading: Annotated[Reading, typer.Option(help="How contradictions in the text are read.")] = Reading.LENIENT,
    only: Annotated[
        list[str] | None, typer.Option(help="Requirement id, id prefix or chapter; may be repeated.")
    ] = None,
    test_clock: Annotated[
        str | None, typer.Option(help="URL of a clock the kit may move, for the expiry tests.")
    ] = None,
    upload_origin: Annotated[
        list[str] | None,
        typer.Option(help="URL whose origin is the service's own too, so that uploads there get the key; repeatable."),
    ] = None,
    base_url: Annotated[
        str | None, typer.Option(help="Root of the operations, where discovery is missing or wrong about it.")
    ] = None,
    template: Annotated[str | None, typer.Option(help="A template id of the service, where its list has none.")] = None,
    header: Annotated[
        list[str] | None, typer.Option(help="'Name: value' that goes with every request; may be repeated.")
    ] = None,
    ca_file: Annotated[
        Path | None, typer.Option(help="PEM file of the CA that signed the service's certificate.")
    ] = None,
    cert: Annotated[Path | None, typer.Option(help="PEM file with a client certificate and its key.")] = None,
    insecure: Annotated[bool, typer.Option("--insecure", help="Take any certificate; the report says so.")] = False,
    processing_timeout: Annotated[float, typer.Option(min=1, help="Seconds to wait for the next result.")] = 180.0,
    first_timeout: Annotated[
        float, typer.Option(min=1, help="Seconds to wait for the first answer: longer for a service that sleeps.")
    ] = 15.0,
    max_time: Annotated[float, typer.Option(min=1, help="Seconds the whole run may take.")] = 900.0,
    seed: Annotated[int, typer.Option(help="Seed of every random choice of the kit.")] = 0,
) -> None:
    """Certify a service. Exit code: 0 conformant, 1 not, 2 usage, 3 unreachable, 4 not fully verified, 5 kit failed.

    Example: scribe-conformance run --target http://127.0.0.1:8080 --api-key sk_test_development --report-dir report
    """
    console, trouble = terminal.printer(), Console(stderr=True)
    check_selection(only or [], profile, revision)
    try:
        options = Options(
            target=target,
            api_key=api_key,
            second_api_key=second_api_key,
            reading=reading.value,
            revision=revision,
            test_clock=test_clock,
            extra_origins=tuple(upload_origin or ()),
            base_url=base_url,
            template=template,
            headers=headers_of(header or []),
            ca_file=ca_file,
            cert_file=cert,
            insecure=insecure,
            first_timeout=first_timeout,
            budget=max_time,
            processing_timeout=processing_timeout,
            seed=seed,
        )
    except ValueError as error:
        raise refuse(trouble, str(error), USAGE) from error
    raise typer.Exit(certify_and_report(console, options, report_dir, profile=profile, reading=reading, only=only))
