"""Reading of spec files, from the package or from any folder, with a hash over all that was read."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

import yaml

from .model import SpecError

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable

# libyaml parses the catalogue in a tenth of the time; the pure loader reads the same language.
_Base: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _Loader(_Base):  # type: ignore[misc]  # the base is chosen at run time
    """YAML in which a key written twice is an error, not a silent loss."""


def _mapping(loader: Any, node: yaml.MappingNode) -> dict[Any, Any]:
    keys = [key.value for key, _ in node.value]
    if len(set(keys)) != len(keys):
        twice = next(key for key in keys if keys.count(key) > 1)
        raise yaml.constructor.ConstructorError(None, None, f"key {twice!r} stands twice", node.start_mark)
    values: dict[Any, Any] = loader.construct_mapping(node, deep=True)
    return values


_Loader.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, _mapping)


class Files:
    """The folder of one profile."""

    def __init__(self, root: Traversable, name: str) -> None:
        self.root = root
        self.name = name
        self._read: dict[str, bytes] = {}

    def bytes(self, path: str) -> bytes:
        """Return a file by its path below the folder; SpecError when it cannot be read."""
        if path not in self._read:
            try:
                self._read[path] = self.root.joinpath(*path.split("/")).read_bytes()
            except OSError as error:
                raise SpecError(f"{self.name}/{path}: cannot be read: {error}") from error
        return self._read[path]

    def yaml(self, path: str) -> Any:
        """Return a YAML file; SpecError with line and column when it does not parse."""
        try:
            # A subclass of the safe loader: it builds plain values only.
            return yaml.load(self.bytes(path), Loader=_Loader)  # noqa: S506
        except yaml.YAMLError as error:
            raise SpecError(f"{self.name}/{path}: {error}") from error

    def json(self, path: str) -> Any:
        """Return a JSON file; SpecError when it does not parse."""
        try:
            return json.loads(self.bytes(path))
        except ValueError as error:
            raise SpecError(f"{self.name}/{path}: {error}") from error

    def has(self, path: str) -> bool:
        """Whether there is a file or a folder of that path."""
        where = self.root.joinpath(*path.split("/"))
        return where.is_file() or where.is_dir()

    def list(self, folder: str, suffix: str) -> list[str]:
        """Return the paths of the files in a folder that end in suffix, sorted by name."""
        where = self.root.joinpath(*folder.split("/"))
        if not where.is_dir():
            raise SpecError(f"{self.name}/{folder}: no such folder")
        return sorted(f"{folder}/{item.name}" for item in where.iterdir() if item.name.endswith(suffix))

    @property
    def sha256(self) -> str:
        """The hash over names and bytes of all files read so far."""
        total = hashlib.sha256()
        for path in sorted(self._read):
            total.update(f"{path}\0{len(self._read[path])}\0".encode())
            total.update(self._read[path])
        return total.hexdigest()
