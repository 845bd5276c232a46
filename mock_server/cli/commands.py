"""The commands of `scribe-mock`."""

from __future__ import annotations

from typing import Annotated

import typer

from mock_server.cli.choices import choices
from mock_server.cli.listing import faults, scenarios
from mock_server.cli.log import log
from mock_server.cli.serve import serve
from mock_server.version import version

app = typer.Typer(
    name="scribe-mock",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(asked: bool) -> None:
    if asked:
        typer.echo(f"scribe-mock {version()}")
        raise typer.Exit


@app.callback()
def _whole(
    *,
    show: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version, and no more.")
    ] = False,
) -> None:
    """A reference scribe service of the MedScribeAlliance protocol, to develop EMR clients against."""


app.command("serve")(serve)
app.command("faults")(faults)
app.command("scenarios")(scenarios)
app.command("choices")(choices)
app.add_typer(log)
