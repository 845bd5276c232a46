"""`scribe-mock log verify` and `scribe-mock log replay`: the session manager's log, for whoever audits it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.markup import escape

from mock_server.cli.refusal import UNUSABLE, refuse

if TYPE_CHECKING:
    from mock_server.log.audit import Audit
    from mock_server.log.line import Line

#: Exit code: something in the log is wrong.
_BROKEN = 1
#: Characters of a name or id in a line.
_SHOWN = 128

log = typer.Typer(
    name="log",
    help="The log of the session manager: check it, or read it. Example: scribe-mock log verify scribe-mock-data",
    no_args_is_help=True,
)

Directory = Annotated[Path, typer.Argument(metavar="DIR", help="A data directory, or the folder of its log.")]


def _audited(directory: Path) -> Audit:
    from mock_server.log import LogError
    from mock_server.log.audit import audit

    try:
        return audit(directory)
    except LogError as error:
        raise refuse(str(error), UNUSABLE) from error
    except OSError as error:
        raise refuse(f"{directory} cannot be read: {error.strerror}.", UNUSABLE) from error


def _say(text: str) -> None:
    Console(stderr=True).print(text, soft_wrap=True, highlight=False)


@log.command("verify")
def verify(directory: Directory) -> None:
    """Check every line: its form, its place, its order, one start and at most one end. Writes nothing.

    Ends with 0 when all of it holds, 1 when something does not, 3 where there is no log.
    Example: scribe-mock log verify scribe-mock-data
    """
    from mock_server.api.redaction import shown

    found = _audited(directory)
    for told in found.notes:
        typer.echo(f"note: {shown(told, (), 4 * _SHOWN)}")
    for told in found.broken:
        typer.echo(f"broken: {shown(told, (), 4 * _SHOWN)}")
    ended = sum(1 for _, kept in found.kept if kept.window is not None and kept.window.ended)
    whole = f"{len(found.kept)} sessions hold ({ended} ended, {found.lines} lines)"
    typer.echo(f"{found.root}: {whole}, {len(found.broken)} broken")
    if found.broken:
        raise typer.Exit(_BROKEN)


@log.command("replay")
def replay(
    directory: Directory,
    *,
    session: Annotated[str | None, typer.Option(metavar="ID", help="Of this session only.")] = None,
    user: Annotated[str | None, typer.Option(metavar="ID", help="Of this user only.")] = None,
    as_jsonl: Annotated[bool, typer.Option("--jsonl", help="The lines as they were written, for programs.")] = False,
) -> None:
    """Tell what happened, oldest first, of all sessions or of some.

    Ends with 0, with 1 when a file cannot be told because it is broken or nothing fits, with 3 where there is no log.
    Example: scribe-mock log replay scribe-mock-data --user user-17
    """
    found = _audited(directory)
    lines = [
        line
        for _, kept in found.kept
        if kept.window is not None and session in (None, kept.window.session_id) and user in (None, kept.window.user_id)
        for line in kept.lines
    ]
    for line in sorted(lines, key=lambda line: line.recorded_at):
        typer.echo(line.encoded(), nl=False) if as_jsonl else typer.echo(_told(line))
    for told in found.broken:
        _say(f"[bold yellow]left out:[/] {escape(told)}")
    if not lines and (session or user):
        _say("[bold yellow]scribe-mock:[/] The log has nothing of that session or user.")
    if found.broken or (not lines and (session or user)):
        raise typer.Exit(_BROKEN)


def _told(line: Line) -> str:
    """A line for people; text of strangers does nothing to their terminal."""
    from mock_server.api.redaction import shown

    event = line.event
    words = [line.recorded_at, line.kind, *(shown(event[name], (), _SHOWN) for name in ("session_id", "user_id"))]
    if "end_reason" in event:
        words.append(shown(event["end_reason"], (), _SHOWN))
    if isinstance(event.get("performer_id"), str):
        words.append(f"by {shown(event['performer_id'], (), _SHOWN)}")
    return "  ".join(words)
