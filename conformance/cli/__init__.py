"""The command `scribe-conformance`: parse, call, print."""

from __future__ import annotations

import typer

from conformance.cli import catalogue, demo, run

app = typer.Typer(
    name="scribe-conformance",
    help="Certify a scribe service against the MedScribeAlliance protocol: every requirement graded, with evidence.",
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("run")(run.run)
app.command("plan")(catalogue.plan)
app.command("list")(catalogue.list_requirements)
app.command("explain")(catalogue.explain)
app.command("demo")(demo.demo)


def main() -> None:
    """Entry point of the distribution."""
    app()


__all__ = ["app", "main"]
