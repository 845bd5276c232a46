"""`check-har`: judge traffic that a browser or a proxy recorded."""

from __future__ import annotations

import json
from pathlib import Path  # noqa: TC003 - Typer reads the annotations
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape

import scribe_data
from conformance.cli.catalogue import AsJson, Profile, Revision, load
from conformance.evidence.address import split_origin
from conformance.evidence.har_in import NotEvidence
from conformance.evidence.recorded import recording_of
from conformance.given import Unreadable, json_of, read_bytes
from conformance.report.terminal import printer
from conformance.traffic import judge_recording
from conformance.verdict import Verdict

if TYPE_CHECKING:
    from conformance.evidence.recorded import Recording
    from scribe_data import Spec


def _read(file: Path, text: Spec, base_url: str | None) -> Recording:
    """The protocol's part of an archive; raises Unreadable."""
    try:
        recording = recording_of(json_of(file, read_bytes(file)), text, base_url)
    except NotEvidence as error:
        raise Unreadable(file, f"{error.place}: {error}") from error
    if not recording.evidence.exchanges:
        root = recording.evidence.facts.base_url
        raise Unreadable(file, f"none of its {recording.entries} entries is a request of the protocol below {root}")
    return recording


def check_har(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="HTTP Archive (HAR 1.2) of a client's traffic.")],
    base_url: Annotated[
        str | None,
        typer.Option(metavar="URL", help="Root of the operations, where the archive does not show it."),
    ] = None,
    profile: Profile = scribe_data.PROFILE,
    revision: Revision = None,
    *,
    strict: Annotated[bool, typer.Option("--strict", help="Read contradictions in the text strictly.")] = False,
    as_json: AsJson = False,
) -> None:
    """What recorded traffic shows of a service, sending nothing. Example: check-har browser.har

    Ends with 0 when nothing in it is violated, 1 when something is, 2 for a file that shows nothing of the protocol.
    """
    if base_url is not None and split_origin(base_url) is None:
        raise typer.BadParameter(f"{base_url!r} is not an http or https URL.", param_hint="--base-url")
    text = load(profile, revision)
    try:
        recording = _read(file, text, base_url)
    except Unreadable as error:
        trouble = printer(stderr=True)
        trouble.print(f"[bold red]scribe-conformance:[/] {escape(str(error))}", soft_wrap=True, highlight=False)
        raise typer.Exit(2) from error
    judged = judge_recording(recording, "strict" if strict else "lenient")
    if as_json:
        typer.echo(json.dumps(judged.document(), indent=2))
    else:
        for line in judged.lines():
            printer().print(escape(" ".join(line.split())), soft_wrap=True, highlight=False)
    if judged.of(Verdict.ERROR):
        raise typer.Exit(5)
    raise typer.Exit(1 if judged.of(Verdict.FAIL) else 0)
