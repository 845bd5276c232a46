"""`scribe-mock choices`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import typer
from rich.markup import escape

from mock_server.cli.listing import AsJson, Profile, Revision, print_table, served
from scribe_data import PROFILE, REVISION

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mock_server.choices.choice import Value


def choices(*, as_json: AsJson = False, revision: Revision = REVISION, profile: Profile = PROFILE) -> None:
    """List what the text leaves open, and can be chosen otherwise. Example: scribe-mock choices"""
    from mock_server.choices.catalogue import catalogue
    from mock_server.choices.control import described

    asked = served(revision, profile)
    if as_json:
        typer.echo(json.dumps(described(asked), indent=2, ensure_ascii=False))
        return
    rows = [
        (found.name, escape(found.sentence), _told(found.values), _told(found.lenient), escape(found.allowed_by))
        for found in catalogue(*asked).values()
    ]
    print_table(("choice", "what is chosen", "values", "in the lenient reading", "allowed by"), rows)


def _told(values: Iterable[Value]) -> str:
    return escape(" | ".join(json.dumps(value) for value in values))
