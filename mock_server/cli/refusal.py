"""What a command says when it cannot do what was asked: one line, and an exit code."""

from __future__ import annotations

from typing import Final

import typer
from rich.console import Console
from rich.markup import escape

from mock_server.cli.logs import in_json, serving

#: Exit codes: what was asked for is wrong, or what is there cannot be used.
USAGE: Final = 2
UNUSABLE: Final = 3


def refuse(message: str, code: int) -> typer.Exit:
    """Say why on stderr; the caller raises what it gets."""
    if in_json() is not None:
        serving.error("%s", message, extra={"fields": {"exit_code": code}})
        return typer.Exit(code)
    Console(stderr=True).print(f"[bold red]scribe-mock:[/] {escape(message)}", soft_wrap=True, highlight=False)
    return typer.Exit(code)
