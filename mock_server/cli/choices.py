"""`scribe-mock choices`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import typer
from rich.markup import escape

from mock_server.cli.listing import AsJson, Revision, check_revision, print_table
from scribe_data import REVISION

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mock_server.choices.choice import Value


def choices(*, as_json: AsJson = False, revision: Revision = REVISION) -> None:
    """List what the text leaves open, and can be chosen otherwise. Example: scribe-mock choices"""
    from mock_server.choices.catalogue import catalogue
    from mock_server.choices.control import described

    check_revision(revision)
    if as_json:
        typer.echo(json.dumps(described(revision), indent=2, ensure_ascii=False))
        return
    rows = [
        (found.name, escape(found.sentence), _told(found.values), _told(found.lenient), escape(found.allowed_by))
        for found in catalogue(revision).values()
    ]
    print_table(("choice", "what is chosen", "values", "in the lenient reading", "allowed by"), rows)


def _told(values: Iterable[Value]) -> str:
    return escape(" | ".join(json.dumps(value) for value in values))
