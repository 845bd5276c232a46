"""The files of one revision: its own, laid over those of the revision it is based on and of the whole profile."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any, Final

from .model import SpecError
from .overlay import overlaid

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .files import Files
    from .model import Revision

#: A JSON schema that has it stands for itself; one that does not says what is otherwise than below it.
_WHOLE: Final = "$schema"


class Layers:
    """Reads a file of a revision by its path below the folder of the revision, or of the profile."""

    def __init__(self, files: Files, revisions: Mapping[str, Revision], revision: str) -> None:
        self._files = files
        self.revision = revision
        self._without = frozenset(revisions[revision].without)
        #: Folders, those that others are laid over first; the profile's own is the lowest.
        self._folders = ("", *(f"{name}/" for name in reversed(_line(files, revisions, revision))))

    def named(self, path: str) -> str:
        """The file in messages: that of the revision itself where it has one."""
        return f"{self._files.name}/{(self._there(path) or [path])[-1]}"

    def _there(self, path: str) -> list[str]:
        """Where a file lies, the lowest first."""
        return [f"{folder}{path}" for folder in self._folders if self._files.has(f"{folder}{path}")]

    def has(self, path: str) -> bool:
        """Whether the revision has such a file, of its own or from below."""
        return bool(self._there(path)) and path not in self._without

    def yaml(self, path: str) -> Any:
        """Return a YAML file with what the revision says otherwise; SpecError when there is none."""
        there = self._there(path) or [f"{self.revision}/{path}"]
        made = self._files.yaml(there[0])
        for above in there[1:]:
            made = overlaid(made, self._files.yaml(above), f"{self._files.name}/{above}")
        return made

    def json(self, path: str) -> Any:
        """Return a JSON file: the one of the revision, or with what it says otherwise where it is no whole schema."""
        there = self._there(path) or [f"{self.revision}/{path}"]
        made = self._files.json(there[0])
        for above in there[1:]:
            found = self._files.json(above)
            partly = path.startswith("schemas/") and isinstance(found, dict) and _WHOLE not in found
            made = overlaid(made, found, f"{self._files.name}/{above}") if partly else found
        return made

    def list(self, folder: str, suffix: str) -> list[str]:
        """Return the paths of the files in a folder that end in suffix, sorted; SpecError when no layer has it."""
        below = [f"{place}{folder}" for place in self._folders[1:] if self._files.has(f"{place}{folder}")]
        if not below:
            raise SpecError(f"{self._files.name}/{self.revision}/{folder}: no such folder")
        names = {PurePosixPath(path).name for place in below for path in self._files.list(place, suffix)}
        return [path for name in sorted(names) if (path := f"{folder}/{name}") not in self._without]

    def nearest(self, folder: str) -> str:
        """Return the path of a folder that is not laid over another: that of the nearest revision that has one."""
        there = [f"{place}{folder}" for place in self._folders if self._files.has(f"{place}{folder}")]
        if not there:
            raise SpecError(f"{self._files.name}/{self.revision}/{folder}: no such folder")
        return there[-1]


def _line(files: Files, revisions: Mapping[str, Revision], revision: str) -> list[str]:
    """A revision, the one it is based on, and so on; SpecError for a revision that is based on itself."""
    line = [revision]
    while (base := revisions[line[-1]].based_on) is not None:
        if base in line:
            raise SpecError(f"{files.name}/revisions.yaml: {revision}: is based on itself")
        line.append(base)
    return line
