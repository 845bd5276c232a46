"""Reads a file that somebody names: bounded, and whatever is wrong with it is one line that begins with its name."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import yaml

from scribe_data.nesting import DepthError, loads

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

#: Reports and archives of whole runs have a few dozen megabytes.
LARGEST = 256 * 1024 * 1024
#: What people write by hand is a few levels deep.
_LEVELS = 50


class Unreadable(ValueError):  # noqa: N818 - says what is wrong, as the message does
    """A file that cannot be used; the message is one line that begins with its name."""

    def __init__(self, path: Path, why: str) -> None:
        super().__init__(" ".join(f"{path}: {why}".split()))


def read_bytes(path: Path, largest: int = LARGEST) -> bytes:
    """What a file holds; raises Unreadable where there is none, or more than `largest` bytes."""
    try:
        if path.exists() and not path.is_file():
            raise Unreadable(path, "is not a file")
        with path.open("rb") as file:
            # a file that is too large is not read at all; one that grows is read no further
            content = b"" if path.stat().st_size > largest else file.read(largest + 1)
            size = max(path.stat().st_size, len(content))
    except OSError as error:
        raise Unreadable(path, f"cannot be read ({error.strerror or error})") from error
    if size > largest:
        raise Unreadable(path, f"has more than {largest} bytes")
    return content


def json_of(path: Path, content: bytes) -> Any:
    """The JSON value of a file's content; raises Unreadable, also where an object has a member twice."""
    try:
        return loads(content, object_pairs_hook=_once)
    except DepthError as error:
        raise Unreadable(path, "is nested too deeply") from error
    except json.JSONDecodeError as error:
        cut = ", as if it were cut off" if error.pos >= len(error.doc.rstrip()) else ""
        raise Unreadable(path, f"line {error.lineno}, column {error.colno}: no JSON ({error.msg}){cut}") from error
    except ValueError as error:
        raise Unreadable(path, f"no JSON ({error})") from error


def yaml_of(path: Path, content: bytes) -> Any:
    """The value of a file of JSON or YAML, scalars of YAML as they are spelled; raises Unreadable."""
    if content.lstrip().startswith(b"{"):
        return json_of(path, content)
    try:
        node = yaml.compose(content, Loader=_Plain)
        return _plain(node) if node is not None else {}
    except yaml.YAMLError as error:
        raise Unreadable(path, f"no YAML: {error}") from error
    except ValueError as error:
        raise Unreadable(path, str(error)) from error


class _Plain(yaml.SafeLoader):
    """YAML in which nothing stands for anything else: a few lines of aliases can be made to stand for gigabytes."""

    _depth = 0

    def compose_node(self, parent: Any, index: Any) -> Any:
        """A node that is written out; raises ValueError at an alias, and at what is nested too deeply."""
        if self.check_event(yaml.AliasEvent):
            raise ValueError(f"line {self.get_mark().line + 1}: an alias (*name): write out what it means")
        if self._depth >= _LEVELS:
            raise ValueError(f"line {self.get_mark().line + 1}: it is nested too deeply")
        self._depth += 1
        try:
            return super().compose_node(parent, index)
        finally:
            self._depth -= 1


def _plain(node: yaml.Node) -> Any:
    if isinstance(node, yaml.MappingNode):
        return _once((str(_plain(key)), _plain(value)) for key, value in node.value)
    if isinstance(node, yaml.SequenceNode):
        return [_plain(each) for each in node.value]
    return node.value


def _once(pairs: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    """An object; json.loads would drop all but the last of two members of one name."""
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            raise ValueError(f"{name!r} stands twice in one object")
        found[name] = value
    return found
