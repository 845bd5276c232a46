"""The log as a whole: a folder with a mark of ours, and below it a folder a namespace."""

from __future__ import annotations

import json
import logging
import secrets
import shutil
import threading
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from mock_server.durable import synced
from mock_server.log import LogError
from mock_server.log.files import Kept, append, create, read, refused, set_aside
from mock_server.log.place import SUFFIX, file_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from mock_server.log.line import Line

log = logging.getLogger("scribe.mock")

_MARK: Final = "log.json"
_WRITTEN: Final = {"log": "session_manager", "version": 1}
#: Not a name of a namespace: what a reset is about to remove.
_GOING: Final = ".going"


def marked(root: Path) -> bool:
    """Whether a folder has the mark of a log of this version; False for one that holds nothing. Raises LogError."""
    mark = root / _MARK
    try:
        if not root.exists():
            return False
        if not root.is_dir():
            raise LogError(f"{root} is not a folder: the log of the session manager goes there.")
        content = mark.read_bytes()[:1024] if mark.is_file() else b""
        others = next((item.name for item in root.iterdir() if item.name != _MARK), None)
    except OSError as error:
        raise LogError(f"The log {root} cannot be used: {error.strerror}.") from error
    if not content:
        if others is not None:
            raise LogError(f"{root} holds {others!r} and no {_MARK}: it is not a log of the session manager.")
        return False
    try:
        written = json.loads(content)
    except ValueError:
        written = None
    if not isinstance(written, dict) or written.get("log") != _WRITTEN["log"]:
        raise LogError(f"{mark} does not say that {root} is a log of the session manager.")
    if written.get("version") != _WRITTEN["version"]:
        told = f"{root} is a log of version {written.get('version')!r}; this program reads {_WRITTEN['version']}."
        raise LogError(told)
    return True


def sessions_in(root: Path) -> Iterator[tuple[str, Path]]:
    """Yield every session's file with the name of its namespace's folder, in the order of their names."""
    for path in sorted(root.glob(f"*/users/*/sessions/*{SUFFIX}")):
        space = path.relative_to(root).parts[0]
        if not space.startswith("."):
            yield space, path


def checked(root: Path, space: str, path: Path) -> Kept:
    """What a file holds; raises LogError for one that is not of this log or lies in another's place."""
    kept = read(path)
    if kept.window is not None and file_of(root / space, kept.window.user_id, kept.window.session_id) != path:
        raise LogError(f"{path}, line 1, is of a user and a session whose file lies elsewhere.")
    return kept


def _outline(kept: Kept) -> Kept:
    """What a file holds but for its lines: of a large log they are much."""
    return replace(kept, lines=())


def _refuse_twins(found: Iterable[Kept]) -> None:
    owners: dict[str, Path] = {}
    for kept in found:
        if kept.window is not None and (other := owners.setdefault(kept.window.session_id, kept.path)) != kept.path:
            raise LogError(f"{kept.path} has the session_id of {other}: one of them is a copy.")


def _mend(kept: Kept) -> None:
    if kept.torn or kept.window is None:
        aside = set_aside(kept)
        told = "%s: its last line was never finished, and nobody was told of it; its %d bytes are set aside in %s"
        log.warning(told, kept.path, len(kept.torn), aside.name)


class LogFolder:
    """The log that a process writes to."""

    def __init__(self, root: Path) -> None:
        self.root = root
        #: Folders whose own names are known to be durable.
        self._durable: set[Path] = set()
        self._lock = threading.Lock()

    def open(self) -> list[tuple[str, Kept]]:
        """Make the log if there is none, and read all of it; raises LogError with everything left as it was.

        The one thing that is changed is a last line that was never finished: it is set aside, and told of.
        """
        ready = marked(self.root)
        try:
            if not ready:
                self._mark()
            found = [(space, _outline(checked(self.root, space, path))) for space, path in sessions_in(self.root)]
            _refuse_twins(kept for _, kept in found)
            for item in self.root.glob(f"{_GOING}*"):
                shutil.rmtree(item)
            for _, kept in found:
                _mend(kept)
            return [(space, kept) for space, kept in found if kept.window is not None]
        except OSError as error:
            raise LogError(f"The log {self.root} cannot be used: {error.strerror}.") from error

    def _mark(self) -> None:
        self.root.mkdir(mode=0o700, parents=True, exist_ok=True)
        (self.root / _MARK).unlink(missing_ok=True)  # one that a crash left empty
        create(self.root / _MARK, json.dumps(_WRITTEN).encode() + b"\n")
        synced(self.root.parent)

    def path(self, space: str, user_id: str, session_id: str) -> Path:
        """Where the file of a session is, by the name of its namespace's folder."""
        return file_of(self.root / space, user_id, session_id)

    def begin(self, path: Path, line: Line) -> int:
        """Write the first line of a session, durable when this returns; tells its size. Raises LogError."""
        content = line.encoded()
        try:
            self._make(path.parent)
            create(path, content)
        except OSError as error:
            raise refused(error) from error
        return len(content)

    def append(self, path: Path, line: Line, size: int) -> int:
        """Add a line to a file of `size` bytes, durable when this returns; tells its new size. Raises LogError."""
        content = line.encoded()
        try:
            append(path, content, size)
        except OSError as error:
            raise refused(error) from error
        return size + len(content)

    def forget(self, name: str) -> None:
        """Remove what a namespace has, all of it or nothing, whenever the process dies; raises LogError."""
        space = self.root / name
        going = self.root / f"{_GOING}-{secrets.token_hex(8)}"
        with self._lock:
            self._durable = {folder for folder in self._durable if space not in (folder, *folder.parents)}
        try:
            space.rename(going)
            synced(self.root)
        except FileNotFoundError:
            return
        except OSError as error:
            raise LogError(f"The log of the namespace could not be removed ({error.strerror}).") from error
        try:
            shutil.rmtree(going)
        except OSError as error:
            log.warning("%s is to be removed; the next start tries again (%s)", going, error.strerror)

    def _make(self, folder: Path) -> None:
        """A folder whose name, and those above it, survive a crash; two that make it at once both see to that."""
        if folder in self._durable or folder == self.root:
            return
        self._make(folder.parent)
        folder.mkdir(mode=0o700, exist_ok=True)
        synced(folder.parent)
        with self._lock:
            self._durable.add(folder)
