"""What `scribe-mock serve` tells programs once it is ready: one line of JSON, on stdout and in a file."""

from __future__ import annotations

import contextlib
import json
import os
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mock_server.cli.refusal import USAGE, refuse

if TYPE_CHECKING:
    from pathlib import Path

    from mock_server.api.face import Face


@dataclass(frozen=True)
class Readiness:
    """Tells that a server is ready, or why it will not be; keys are never told."""

    url: str
    host: str
    port: int
    file: Path | None

    def tell(self, face: Face) -> None:
        """Write the line where somebody may wait for it."""
        line = json.dumps(self.facts(face), ensure_ascii=False)
        if not sys.stdout.isatty():
            with contextlib.suppress(OSError, ValueError):  # nobody reads: the server serves on
                sys.stdout.write(line + "\n")
                sys.stdout.flush()
        if self.file is not None:
            with contextlib.suppress(OSError):  # the disk may be full, and the line on stdout is there all the same
                _replace(self.file, line + "\n")

    def take_back(self) -> None:
        """Nobody is served any more."""
        if self.file is not None:
            with contextlib.suppress(OSError):
                self.file.unlink()

    def facts(self, face: Face) -> dict[str, Any]:
        """What the line has."""
        settings = face.settings
        return {
            "ready": face.ready,
            **({} if face.ready else {"because": face.unready_because}),
            "url": self.url,
            "host": self.host,
            "port": self.port,
            "pid": os.getpid(),
            "profiles": list(settings.profiles),
            "revision": settings.revision,
            "revisions": settings.served.revisions,
            "engine": face.transcriber.engine,
            **({"role": face.around.role, **face.around.told()} if face.around else {}),
            "open_namespaces": settings.open_namespaces,
            "control_plane": None if settings.faithful else f"{self.url}/_mock/v1",
        }


def emptied(file: Path | None) -> Path | None:
    """The file, without what an earlier server told in it; refuses one that cannot be written, in one line."""
    if file is None:
        return None
    try:
        _replace(file, "")
        file.unlink()
    except OSError as error:
        raise refuse(f"--ready-file {file} cannot be written: {error.strerror}.", USAGE) from error
    return file.absolute()


def _replace(file: Path, text: str) -> None:
    """Write a file as a whole: whoever waits for it never reads half of it."""
    beside = file.with_name(f".{file.name}.{os.getpid()}")
    try:
        beside.write_text(text, encoding="utf-8")
        beside.replace(file)
    except OSError:
        beside.unlink(missing_ok=True)
        raise
