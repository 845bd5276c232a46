"""`scribe-mock choices`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape

from mock_server.cli.listing import print_table

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mock_server.choices.choice import Value


def choices(
    *, as_json: Annotated[bool, typer.Option("--json", help="As JSON on stdout, for programs.")] = False
) -> None:
    """List what the text leaves open, and can be chosen otherwise. Example: scribe-mock choices"""
    from mock_server.choices.catalogue import CATALOGUE
    from mock_server.choices.control import described

    if as_json:
        typer.echo(json.dumps(described(), indent=2, ensure_ascii=False))
        return
    rows = [
        (found.name, escape(found.sentence), _told(found.values), _told(found.lenient), escape(found.allowed_by))
        for found in CATALOGUE.values()
    ]
    print_table(("choice", "what is chosen", "values", "in the lenient reading", "allowed by"), rows)


def _told(values: Iterable[Value]) -> str:
    return escape(" | ".join(json.dumps(value) for value in values))
