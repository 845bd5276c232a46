"""A file with the options of a run, scribe.toml or pyproject.toml: command line and environment overrule it."""

from __future__ import annotations

import difflib
import os
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from conformance.options import TABLE
from conformance.target import BadOption

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from conformance.options import Entry

FILE = "scribe.toml"
PROJECT = "pyproject.toml"
#: The table of pyproject.toml that is the same as a whole scribe.toml.
TABLE_NAME = "tool.scribe-conformance"
#: Bytes of a file of options; any that a person wrote is far shorter.
_LONGEST = 256 * 1024
_KINDS: dict[type, str] = {
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    str: "a text",
    Path: "a path",
}


def configured(named: Path | None, folder: Path, *, unsaid: Collection[str]) -> dict[str, Any]:
    """What a file says of the `unsaid` options, by `Entry.key`: the one that is named, else one in the folder.

    All of the file is looked at; a variable that holds a secret only where nobody else gave that secret. Raises
    BadOption with one line that names the file, the key and the reason.
    """
    path = named or next((folder / name for name in (FILE, PROJECT) if _is_ours(folder / name)), None)
    if path is None:
        return {}
    return _checked(path, _table(path) if path.name == PROJECT else _read(path), unsaid)


def _is_ours(path: Path) -> bool:
    """Whether a file is there and holds options; what else is wrong with a project file is another tool's affair."""
    return path.is_file() and (path.name != PROJECT or TABLE_NAME.encode() in _bytes(path))


def _bytes(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            content = file.read(_LONGEST + 1)
    except OSError as error:
        raise BadOption(f"{path}: it cannot be read ({error.strerror or error})") from None
    if len(content) > _LONGEST:
        raise BadOption(f"{path}: it is longer than {_LONGEST} bytes, which no file of options is")
    return content


def _read(path: Path) -> dict[str, Any]:
    content = _bytes(path)
    try:
        return tomllib.loads(content.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise BadOption(f"{path}: it is not TOML: {error}") from None


def _table(path: Path) -> dict[str, Any]:
    found: Any = _read(path)
    for name in TABLE_NAME.split("."):
        found = found.get(name, {}) if isinstance(found, dict) else {}
    if not isinstance(found, dict):
        raise BadOption(f"{path}: {TABLE_NAME} must be a table")
    return found


def _checked(path: Path, told: Mapping[str, Any], unsaid: Collection[str]) -> dict[str, Any]:
    known = {entry.name: entry for entry in TABLE if not entry.chooses_file}
    found = {}
    for name, value in told.items():
        if name not in known:
            near = difflib.get_close_matches(name.replace("_", "-"), known, n=1)
            hint = f"; did you mean {near[0]}?" if near else "; run --help lists the options"
            raise BadOption(f"{path}: {name}: there is no such option{hint}")
        read = _value(known[name], value, path)
        if known[name].key in unsaid:
            found[known[name].key] = _told(known[name], read, path) if known[name].secret else read
    return found


def _value(entry: Entry, value: Any, path: Path) -> Any:
    """One option of a file as the command line would give it."""
    if not entry.repeated:
        return _one(entry, value, path)
    if not isinstance(value, list):
        raise _wrong(entry, path, f"must be a list, each {'of a variable' if entry.secret else _KINDS[entry.kind]}")
    return [_one(entry, each, path) for each in value]


def _one(entry: Entry, value: Any, path: Path) -> Any:
    if entry.secret:
        return _variable(entry, value, path)
    wanted = entry.kind if entry.kind is not Path else str
    # TOML tells whole numbers from others, and Python takes true for one
    fits = type(value) is wanted or (wanted is float and type(value) is int)
    if not fits:
        raise _wrong(entry, path, f"must be {_KINDS[entry.kind]}, not {_kind_of(value)}")
    if entry.among and value not in entry.among:
        near = difflib.get_close_matches(value, entry.among, n=1)
        hint = f"; did you mean {near[0]}?" if near else ""
        raise _wrong(entry, path, f"must be one of {', '.join(entry.among)}{hint}")
    if entry.least is not None and not value >= entry.least:
        raise _wrong(entry, path, f"must be a number of at least {entry.least:g}")
    if entry.kind is Path:
        return path.parent / value
    if entry.metavar == "URL" and _has_password(value):
        raise _wrong(entry, path, "must hold no password: a file is read by more people than a key is meant for")
    return wanted(value)


def _has_password(url: str) -> bool:
    try:
        return urlsplit(url).password is not None
    except ValueError:  # what is not an address is refused as such
        return False


def _variable(entry: Entry, value: Any, path: Path) -> str:
    """The name of the variable that holds a secret."""
    name = value.get("env") if isinstance(value, dict) and set(value) == {"env"} else None
    if not isinstance(name, str) or not name:
        example = f'{{ env = "{entry.variable or "NAME"}" }}'
        shown = f"{entry.name} = [{example}]" if entry.repeated else f"{entry.name} = {example}"
        raise _wrong(entry, path, f"must not stand here in clear: name a variable of the environment, {shown}")
    return name


def _told(entry: Entry, names: str | list[str], path: Path) -> str | list[str]:
    """The secrets that variables hold."""
    if isinstance(names, list):
        return [str(_told(entry, name, path)) for name in names]
    told = os.environ.get(names)
    if not told:
        raise _wrong(entry, path, f"the environment has no {names[:80]!r}")
    return told


def _kind_of(value: Any) -> str:
    kinds = {**_KINDS, list: "a list", dict: "a table"}
    return kinds.get(type(value), "a date or time")


def _wrong(entry: Entry, path: Path, reason: str) -> BadOption:
    return BadOption(f"{path}: {entry.name}: {reason}")
