"""`lifecycle`, `openapi` and `machine`: the protocol in forms that other tools take, without a target."""

from __future__ import annotations

import json
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from conformance.cli.catalogue import Profile, Revision, load
from scribe_data.diagram import lifecycle_svg
from scribe_data.export import lifecycle_document, lifecycle_mermaid, lifecycle_schema

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from scribe_data import Spec

Output = Annotated[Path | None, typer.Option(metavar="FILE", help="Write it there instead of on stdout.")]


def _give(text: str, output: Path | None) -> None:
    """Text on stdout, byte for byte, or in a file."""
    if output is None:
        typer.echo(text, nl=False)
        return
    try:
        output.write_text(text, "utf-8")
    except OSError as error:
        raise typer.BadParameter(f"{output} cannot be written: {error.strerror}.", param_hint="--output") from error


def _json(value: object) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"


class Form(StrEnum):
    """What the lifecycle can be printed as."""

    MERMAID = "mermaid"
    SVG = "svg"
    JSON = "json"
    SCHEMA = "schema"


_FORMS: Mapping[Form, Callable[[Spec], str]] = {
    Form.MERMAID: lambda text: lifecycle_mermaid(text.lifecycle),
    Form.SVG: lambda text: lifecycle_svg(text.lifecycle) + "\n",
    Form.JSON: lambda text: _json(lifecycle_document(text)),
    Form.SCHEMA: lambda _: _json(lifecycle_schema()),
}


def lifecycle(
    form: Annotated[
        Form, typer.Option("--format", help="mermaid, svg, json with all its tables, or the JSON Schema of that.")
    ] = Form.MERMAID,
    output: Output = None,
    profile: Profile = "medscribe",
    revision: Revision = "2026-01-27",
) -> None:
    """The states of a session and what leads from one to another, as a drawing or as data.

    Example: lifecycle --format svg --output lifecycle.svg
    """
    _give(_FORMS[form](load(profile, revision)), output)
