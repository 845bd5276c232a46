"""The command `scribe-conformance`: parse, call, print."""

from __future__ import annotations

import os
import signal
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from conformance.cli import catalogue, demo, exports, replay, reports, run, traffic
from conformance.evidence.redaction import Redactor, placeholder_of
from conformance.options import TABLE
from conformance.report.terminal import printer
from conformance.version import suite_version

if TYPE_CHECKING:
    from types import FrameType

app = typer.Typer(
    name="scribe-conformance",
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(asked: bool) -> None:
    if asked:
        typer.echo(f"scribe-conformance {suite_version()}")
        raise typer.Exit


@app.callback()
def _whole(
    *,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version, and no more.")
    ] = False,
) -> None:
    """Certify a scribe service against the MedScribeAlliance protocol: every requirement graded, with evidence."""


app.command("run")(run.run)
app.command("plan")(catalogue.plan)
app.command("list")(catalogue.list_requirements)
app.command("explain")(catalogue.explain)
app.command("replay")(replay.replay)
app.command("diff")(reports.diff)
app.command("verify")(reports.verify_report)
app.command("check-har")(traffic.check_har)
app.command("lifecycle")(exports.lifecycle)
app.command("openapi")(exports.openapi)
app.command("asyncapi")(exports.asyncapi)
app.command("machine")(exports.machine)
app.command("demo")(demo.demo)


def main() -> None:
    """Entry point of the distribution: its exit code is one of the command's own, whatever happens."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):  # what an encoding has no character for is escaped
            stream.reconfigure(errors="backslashreplace")
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _broken_off)
    try:
        app()
    except Exception as error:  # noqa: BLE001 - Python's own exit code 1 would pass for a verdict
        raise SystemExit(run.failed(printer(stderr=True), error, _redactor().text, None).exit_code) from None


def _broken_off(number: int, _frame: FrameType | None) -> None:
    raise SystemExit(128 + number)


def _redactor() -> Redactor:
    """Takes out what was given as a secret, wherever the options did not come so far as to know it."""
    secrets: dict[str, str] = {}
    for entry in TABLE:
        if entry.secret:
            words = [os.environ.get(entry.variable or "", "")]
            for place, word in enumerate(sys.argv):
                name, equals, value = word.partition("=")
                if name == f"--{entry.name}":
                    words.append(value if equals else "".join(sys.argv[place + 1 : place + 2]))
            secrets |= {placeholder_of(f"{entry.name} {nth}"): secret for nth, secret in enumerate(words) if secret}
    return Redactor(secrets)


__all__ = ["app", "main"]
