"""`scribe-conformance run`: certify one service and leave the reports."""

from __future__ import annotations

import contextlib
import inspect
import tempfile
import traceback
from dataclasses import replace
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Optional

import typer
from rich.markup import escape

import scribe_data
from conformance.baseline import read_baseline
from conformance.certification import certified
from conformance.cli.progress import shown
from conformance.configuration import configured
from conformance.evidence.curl import VARIABLES
from conformance.evidence.redaction import KEY
from conformance.options import TABLE, Entry, options_of
from conformance.picking import settled
from conformance.report import document, files, summary, terminal
from conformance.report.scripts import scripts
from conformance.report.signature import read_key
from conformance.run import selects
from conformance.selection import asked_for, choose, nearest
from conformance.target import BadOption, TargetError
from conformance.verdict import Overall, Verdict

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from rich.console import Console

    from conformance.baseline import Baseline, Coverage
    from conformance.run import Run
    from conformance.runner import Options

#: Exit codes; 1 and 4 are verdicts, 2, 3 and 5 are trouble.
CONFORMANT, NON_CONFORMANT, USAGE, UNREACHABLE, NOT_FULLY_VERIFIED, KIT_FAILED = range(6)


def exit_code(run: Run) -> int:
    """The exit code a finished run deserves; a failure of the kit never passes for a verdict on the target."""
    if run.coverage is not None and run.overall is not Overall.INTERRUPTED:
        return _covered(run, run.coverage)
    return _usual(run)


def _covered(run: Run, coverage: Coverage) -> int:
    """The exit code by a baseline: a failure that is known does not count, and an entry that is out of date does."""
    if not coverage.holds:
        return NON_CONFORMANT
    if _kit_failed(run):
        return KIT_FAILED
    return CONFORMANT if run.count(Verdict.FAIL) else _usual(run)


def _kit_failed(run: Run) -> bool:
    return run.count(Verdict.ERROR) > 0 or any(note.reason == "kit_error" for note in run.evidence.notes)


def _usual(run: Run) -> int:
    part = run.overall is Overall.SELECTION
    if run.overall is Overall.NON_CONFORMANT or run.count(Verdict.FAIL):
        return NON_CONFORMANT
    if _kit_failed(run):
        return KIT_FAILED
    if part:
        return CONFORMANT if run.selection is not None and run.selection.holds else NON_CONFORMANT
    return CONFORMANT if run.overall is Overall.CONFORMANT else NOT_FULLY_VERIFIED


def refuse(console: Console, message: str, code: int) -> typer.Exit:
    """Print one line that says what to do, and the exit that goes with it."""
    line = " ".join(message.split())
    console.print(f"[bold red]scribe-conformance:[/] {escape(line)}", soft_wrap=True, highlight=False)
    return typer.Exit(code)


def failed(console: Console, error: BaseException, clean: Callable[[str], str], folder: Path | None) -> typer.Exit:
    """One line about a mistake of the kit, with the traceback in a file, and the exit that goes with it."""
    told = clean("".join(traceback.format_exception(error)))
    last = clean(f"{type(error).__name__}: {error}")
    for place in (folder, Path(tempfile.gettempdir())):
        if place is None:
            continue
        with contextlib.suppress(OSError):
            path = place / "scribe-conformance-error.txt"
            path.write_text(told, encoding="utf-8", errors="backslashreplace")
            return refuse(console, f"The kit failed ({last}); where, stands in {path}.", KIT_FAILED)
    return refuse(console, f"The kit failed ({last}).", KIT_FAILED)


def check_selection(only: Sequence[str], profile: str, revision: str) -> None:
    """Refuse an --only that selects nothing: zero checks are never a success."""
    try:
        text = scribe_data.load(profile, revision)
    except scribe_data.SpecError as error:
        raise BadOption(str(error)) from error
    for wanted in only:
        if not any(selects([wanted], each) for each in text.requirements.values() if each.subject == "service"):
            raise BadOption(
                f"--only {wanted!r} is not a requirement id, id prefix or chapter of {profile} {revision} that binds a"
                f" service.{nearest(text, wanted)}"
            )


def certify_and_report(
    console: Console,
    options: Options,
    report_dir: Path | None,
    *,
    only: Sequence[str] = (),
    quick: bool = False,
    fail_fast: bool = False,
    force: bool = False,
    to: Path | None = None,
    as_json: bool = False,
    detail: terminal.Detail = terminal.Detail.USUAL,
    baseline: Baseline | None = None,
    sign_key: bytes | None = None,
) -> int:
    """Drive, judge, print, leave the reports; returns the exit code, raises typer.Exit for trouble.

    The summary goes to `console`, and as Markdown `to` a file; `as_json` has report.json on stdout.
    Progress goes to stderr.
    """
    trouble = terminal.printer(stderr=True)
    try:
        if report_dir is not None:
            part = choose(options.text, only, quick=quick).selection is not None
            files.prepare(report_dir, part=part or fail_fast, force=force, prefix=options.prefix)
        if to is not None:
            summary.prepare(to)
        quiet, verbose = detail is terminal.Detail.QUIET, detail is terminal.Detail.VERBOSE
        with shown(trouble, quiet=quiet, verbose=verbose) as progress:
            result, broken_off = certified(
                options,
                reading=options.reading,
                only=only,
                quick=quick,
                fail_fast=fail_fast,
                known=baseline.known_on(datetime.now(UTC).date()) if baseline is not None else (),
                progress=progress,
            )
        result = replace(result, baseline=baseline)
        written = files.write(result, report_dir, key=sign_key) if report_dir is not None else ()
        if to is not None:
            summary.add(result, to, written)
        terminal.summary(console, result, detail)
        if written and not quiet:
            console.print("Reports: " + "  ".join(str(path) for path in written), soft_wrap=True, highlight=False)
            _tell_again(console, result, written[0].parent)
        if as_json:
            typer.echo(document.render(result, sign_key), nl=False)
    except files.NotWritten as error:
        raise refuse(trouble, str(error), USAGE) from error
    except TargetError as error:
        raise refuse(trouble, str(error), error.exit_code) from error
    except Exception as error:
        raise failed(trouble, error, options.redactor.text, report_dir) from error
    return exit_code(result) if broken_off is None else broken_off


def _tell_again(console: Console, result: Run, folder: Path) -> None:
    """Say how a failure is seen again, where there is a script of one."""
    found = scripts(result)
    if found:
        # what to mend first, and not what only sums it up
        wanted = [cause.requirement for cause in result.causes]
        first = min(
            found, key=lambda each: wanted.index(each.requirement) if each.requirement in wanted else len(wanted)
        )
        how = "python3" if first.name.endswith(".py") else "sh"
        console.print(
            f"Each failure again: {VARIABLES[KEY]}=… {how} {folder / first.name}, or scribe-conformance replay "
            f"{first.requirement} --report-dir {folder} --api-key …",
            soft_wrap=True,
            highlight=False,
            markup=False,
        )


def _run(context: typer.Context, **given: Any) -> None:
    """Certify a service. Exit code: 0 conformant, 1 not, 2 usage, 3 unreachable, 4 not fully verified, 5 kit failed.

    A part (--only, --quick) is not a certificate: 0 when all of it holds, 1 when not. 130 and 143: broken off.
    --fail-fast ends with 1 at the first failure, and with what it would without where there is none.
    With --baseline 0 also where nothing fails but what is known, 1 also where the baseline is out of date.

    Example: scribe-conformance run --target http://127.0.0.1:8080 --api-key sk_test_development --report-dir report
    Example: scribe-conformance run --target http://127.0.0.1:8080 --api-key sk_test_development --fail-fast
    """
    given = {name: str(value) if isinstance(value, StrEnum) else value for name, value in given.items()}
    try:
        given |= configured(given["config"], Path(), unsaid=_unsaid(context, given))
        as_json = given["output"] == "json"
        given = settled(given)
        only = _asked(given)
        check_selection(only, given["profile"], given["revision"])
        options = options_of(given)
        known, key = given["baseline"], given["sign_key"]
        baseline = read_baseline(known, given["profile"], options.revision, options.redactor.text) if known else None
        sign_key = read_key(key) if key else None
    except ValueError as error:
        raise refuse(terminal.printer(stderr=True), str(error), USAGE) from error
    except TargetError as error:
        raise refuse(terminal.printer(stderr=True), str(error), error.exit_code) from error
    code = certify_and_report(
        terminal.printer(stderr=as_json),
        options,
        given["report_dir"],
        only=only,
        quick=given["quick"],
        fail_fast=given["fail_fast"],
        force=given["force"],
        to=given["summary"],
        as_json=as_json,
        detail=terminal.Detail.of(quiet=given["quiet"], verbose=given["verbose"]),
        baseline=baseline,
        sign_key=sign_key,
    )
    raise typer.Exit(code)


def _asked(given: Mapping[str, Any]) -> tuple[str, ...]:
    """What --only and --stage select together."""
    if not given["stage"]:
        return tuple(given["only"] or ())
    try:
        return asked_for(scribe_data.load(given["profile"], given["revision"]), given["only"] or (), given["stage"])
    except scribe_data.SpecError as error:
        raise BadOption(str(error)) from error
    except BadOption as error:
        raise BadOption(f"--{error}") from error


def _unsaid(context: typer.Context, given: Iterable[str]) -> set[str]:
    """The options that neither the command line nor the environment gave."""
    sources = {name: context.get_parameter_source(name) for name in given}
    return {name for name, source in sources.items() if source is not None and source.name == "DEFAULT"}


def _words(entry: Entry) -> Any:
    """The words an option may be, as the enumeration that Typer wants."""
    members = {word.upper(): word for word in entry.among}
    return StrEnum(entry.key.title(), members)


def _parameter(entry: Entry) -> inspect.Parameter:
    """An entry of the table as Typer reads it."""
    kind: Any = entry.kind
    default = entry.default
    if entry.among:
        kind = _words(entry)
        default = kind(default)
    if entry.repeated:
        kind = list[kind]
    if default is None:
        kind = Optional[kind]  # noqa: UP045 - made while the program runs
    names = (f"--{entry.name}", *((f"-{entry.short}",) if entry.short else ()))
    option = typer.Option(*names, help=entry.help, envvar=entry.variable, metavar=entry.metavar)
    return inspect.Parameter(
        entry.key, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=Annotated[kind, option]
    )


def offered(command: Callable[..., None]) -> Callable[..., None]:
    """The command with the options of the table."""
    context = inspect.Parameter("context", inspect.Parameter.POSITIONAL_OR_KEYWORD, annotation=typer.Context)
    parameters = [context, *(_parameter(entry) for entry in TABLE)]
    command.__annotations__ = {each.name: each.annotation for each in parameters}
    command.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    return command


run = offered(_run)
