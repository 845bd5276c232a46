"""The command `scribe-mock`: parse, call, print."""

from __future__ import annotations

import sys

from mock_server.cli import garbage
from mock_server.extra import install

_OURS = ("mock_server", "scribe_data")
#: What was asked for cannot be done here.
_USAGE = 2


def main() -> None:
    """Entry point of the distribution; the kit alone is installed without what the server needs."""
    garbage.rarely()
    try:
        from mock_server.cli.commands import app
    except ModuleNotFoundError as missing:
        if missing.name is None or missing.name.split(".")[0] in _OURS:
            raise
        sys.stderr.write(
            f"scribe-mock: the server needs {missing.name}, which is not installed: run"
            f" {install('mock')}; [whisper] has real transcription besides.\n"
        )
        sys.exit(_USAGE)
    app()
