"""The log for somebody who reads it: everything that is wrong in it, and its lines in order. Nothing is written."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from mock_server.log import LogError
from mock_server.log.files import TORN
from mock_server.log.folder import checked, marked, sessions_in
from mock_server.log.place import SUFFIX

if TYPE_CHECKING:
    from pathlib import Path

    from mock_server.log.files import Kept

#: Where a data directory has it.
FOLDER = "logs"


@dataclass
class Audit:
    """What was found: files that keep every rule, what breaks one, and what is worth a look and breaks none."""

    root: Path
    kept: list[tuple[str, Kept]] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def lines(self) -> int:
        """How many lines the good files have."""
        return sum(len(kept.lines) for _, kept in self.kept)


def root_of(directory: Path) -> Path:
    """The log below a data directory, or the directory itself; raises LogError for neither."""
    for root in (directory, directory / FOLDER):
        if (root / "log.json").is_file() and marked(root):
            return root
    raise LogError(f"{directory} is neither a log of the session manager nor a data directory with one in {FOLDER!r}.")


def audit(directory: Path) -> Audit:
    """Read every file of a log; raises LogError where there is none.

    A server may write meanwhile: a last line that has no end yet is a note.
    """
    found = Audit(root_of(directory))
    owners: dict[str, Path] = {}
    sessions = list(sessions_in(found.root))
    for space, path in sessions:
        try:
            kept = checked(found.root, space, path)
        except LogError as error:
            found.broken.append(str(error))
            continue
        if kept.torn or kept.window is None:
            found.notes.append(
                f"{path} ends in {len(kept.torn)} bytes that are no whole line: nobody was told of them."
            )
        if kept.window is None:
            continue
        found.kept.append((space, kept))
        other = owners.setdefault(kept.window.session_id, path)
        if other != path:
            found.broken.append(f"{path} has the session_id of {other}.")
    placed = {path for _, path in sessions}
    for path in sorted(found.root.rglob("*")):
        if path.name.endswith(SUFFIX) and path not in placed:
            found.notes.append(f"{path} lies where no session's file does, and was not read.")
        elif path.name.endswith(SUFFIX + TORN):
            found.notes.append(f"{path} holds what was set aside at a start.")
    return found
