"""`lifecycle`, `openapi`, `asyncapi` and `machine`: the protocol in forms that other tools take, without a target."""

from __future__ import annotations

import json
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

import scribe_data
from conformance.cli.catalogue import Profile, Revision, load
from conformance.exports.rendering import hooks, machine_of, openapi_of
from scribe_data.diagram import lifecycle_svg
from scribe_data.export import lifecycle_document, lifecycle_mermaid, lifecycle_schema

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from scribe_data import Spec

Output = Annotated[Path | None, typer.Option(metavar="FILE", help="Write it there instead of on stdout.")]


def _give(text: str, output: Path | None, option: str = "--output") -> None:
    """Text on stdout, byte for byte, or in a file."""
    if output is None:
        typer.echo(text, nl=False)
        return
    try:
        output.write_text(text, "utf-8")
    except OSError as error:
        raise typer.BadParameter(f"{output} cannot be written: {error.strerror}.", param_hint=option) from error


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
    profile: Profile = scribe_data.PROFILE,
    revision: Revision = None,
) -> None:
    """The states of a session and what leads from one to another, as a drawing or as data.

    Example: lifecycle --format svg --output lifecycle.svg
    """
    _give(_FORMS[form](load(profile, revision)), output)


def openapi(
    base_url: Annotated[
        str | None, typer.Option(metavar="URL", help="Root of the operations, e.g. http://127.0.0.1:8080/v1.")
    ] = None,
    output: Output = None,
    hooks_file: Annotated[
        Path | None,
        typer.Option("--hooks", metavar="FILE", help="Also write the hooks that let Schemathesis send real audio."),
    ] = None,
    profile: Profile = scribe_data.PROFILE,
    revision: Revision = None,
) -> None:
    """The protocol's OpenAPI document as one file, for Schemathesis, Postman, Bruno, mock servers and generators.

    Example: openapi --base-url http://127.0.0.1:8080/v1 --output scribe.json
    """
    if base_url is not None and not base_url.startswith(("http://", "https://")):
        raise typer.BadParameter(f"{base_url!r} is not an http or https URL.", param_hint="--base-url")
    text = load(profile, revision)
    if hooks_file is not None:
        _give(hooks(), hooks_file, "--hooks")
    _give(_json(openapi_of(text, base_url)), output)


def asyncapi(output: Output = None, profile: Profile = scribe_data.PROFILE, revision: Revision = None) -> None:
    """The AsyncAPI document of what a service says and takes over a WebSocket, for viewers and generators.

    Example: asyncapi --output stream.json
    """
    text = load(profile, revision)
    if text.asyncapi is None:
        sockets = [each for each in scribe_data.profiles() if scribe_data.load(each).asyncapi is not None]
        told = f"{text.profile} {text.revision} has no WebSocket; a profile with one: {', '.join(sockets)}."
        raise typer.BadParameter(told, param_hint="--profile")
    _give(_json(text.asyncapi), output)


def machine(
    export: Annotated[Path, typer.Option(metavar="FILE", help="Where the pytest module goes, e.g. test_lifecycle.py.")],
    profile: Profile = scribe_data.PROFILE,
    revision: Revision = None,
    *,
    force: Annotated[bool, typer.Option("--force", help="Overwrite a file that says something else.")] = False,
) -> None:
    """The lifecycle as a state machine over your own client: a pytest module that needs hypothesis and httpx.

    Example: machine --export test_lifecycle.py
    """
    text = load(profile, revision)
    made = machine_of(text)
    if not force and export.is_file() and export.read_text("utf-8", "replace") != made:
        told = f"{export} is there and says something else, a client of yours perhaps; --force overwrites it."
        raise typer.BadParameter(told, param_hint="--export")
    _give(made, export, "--export")
    typer.echo(f"Written: {export}. Run: SCRIBE_TARGET=URL SCRIBE_API_KEY=KEY pytest {export}", err=True)
