"""`scribe-mock faults` and `scribe-mock scenarios`: what can be switched on."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeAlias

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from mock_server.api.wording import wording
from mock_server.cli.arguments import profiles
from mock_server.cli.refusal import USAGE, refuse
from mock_server.faults.catalogue import CATALOGUE, DIRECT, catalogue, overlooked
from mock_server.served import revisions
from mock_server.session.dalston.table import MACHINES as LIVE_MACHINES
from mock_server.session.table import MACHINES
from mock_server.settings import Settings
from scribe_data import PROFILE, REVISION

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from mock_server.faults.fault import Fault
    from mock_server.served import Served

#: Whether a quick run finds a fault, in a word.
_QUICK: Mapping[bool | None, str] = {True: "finds it", False: "overlooks it", None: ""}
#: Wider than any table, in characters.
_ENDLESS = 100_000
AsJson: TypeAlias = Annotated[bool, typer.Option("--json", help="As JSON on stdout, for programs.")]
Revision: TypeAlias = Annotated[
    str, typer.Option(metavar="DATE", help=f"The revision they are of: {', '.join((*MACHINES, *LIVE_MACHINES))}.")
]


def faults(
    *,
    as_json: AsJson = False,
    revision: Revision = REVISION,
    profile: Annotated[str, typer.Option(metavar="NAME", help="The profile they are of, as in serve.")] = PROFILE,
) -> None:
    """List every fault that --fault can switch on, and the requirements it breaks. Example: scribe-mock faults

    The last column says which of them a quick run of the kit finds, as far as that was measured. Those of the store
    are known where serve has --direct-uploads.
    """
    asked = served(revision, profile)
    straight = DIRECT.values() if PROFILE in asked.profiles and not wording(asked.revision).numbered else ()
    listed = [*catalogue(*asked).values(), *straight]
    if as_json:
        told = [
            {
                "name": found.name,
                "vice": found.vice,
                "breaks": list(found.breaks),
                "reading": found.reading,
                "quick": _is_quick(found),
            }
            for found in listed
        ]
        typer.echo(json.dumps(told, indent=2))
        return
    print_table(
        ("fault", "vice", "breaks", "run --quick"),
        [(found.name, escape(found.vice), ", ".join(found.breaks), _QUICK[_is_quick(found)]) for found in listed],
    )


def _is_quick(found: Fault) -> bool | None:
    """Whether `scribe-conformance run --quick` finds a fault; None where nobody measured it."""
    return found.name not in overlooked() if CATALOGUE.get(found.name) is found else None


Profile: TypeAlias = Annotated[
    str, typer.Option(metavar="NAME", help="The profile they are of, or several with commas, as in serve.")
]


def served(revision: str, profile: str) -> Served:
    """What the options name; refuses, as a wrong use of a command, what is not served."""
    try:
        known = profiles(profile)
        own, live = revisions(revision, known)
        return Settings(Path(), revision=own, live_revision=live, profiles=known).served
    except ValueError as error:
        raise refuse(str(error), USAGE) from error


def scenarios(*, as_json: AsJson = False, revision: Revision = REVISION, profile: Profile = PROFILE) -> None:
    """List the states and troubles that can be asked for. Example: scribe-mock scenarios"""
    from mock_server.scenarios.catalogue import catalogue
    from mock_server.scenarios.control import described

    asked = served(revision, profile)
    if as_json:
        typer.echo(json.dumps(described(asked), indent=2, ensure_ascii=False))
        return
    rows = [
        (
            found.name,
            escape(found.sentence),
            escape(", ".join(f"{each.name}={json.dumps(each.default)}" for each in found.parameters)),
            " ".join(found.operations) or "(sessions)",
            escape(found.rehearses),
        )
        for found in catalogue(*asked).values()
    ]
    print_table(("scenario", "what happens", "parameters", "operations", "rehearses"), rows)


def print_table(heads: tuple[str, ...], rows: Collection[tuple[str, ...]]) -> None:
    """Print a table as wide as the terminal, or as the table where there is none."""
    table = Table(*heads, box=None, pad_edge=False, header_style="dim")
    for row in rows:
        table.add_row(*row)
    console = Console()
    if not console.is_terminal:  # a pipe has no width: nothing is cut for it
        console.width = _ENDLESS
    console.print(table)
