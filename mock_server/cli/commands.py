"""The commands of `scribe-mock`."""

from __future__ import annotations

import typer

from mock_server.cli.choices import choices
from mock_server.cli.listing import faults, scenarios
from mock_server.cli.log import log
from mock_server.cli.serve import serve

app = typer.Typer(
    name="scribe-mock",
    help="A reference scribe service of the MedScribeAlliance protocol, to develop EMR clients against.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("serve")(serve)
app.command("faults")(faults)
app.command("scenarios")(scenarios)
app.command("choices")(choices)
app.add_typer(log)
