"""What a revision says otherwise than the one it is based on: only the differences are written down."""

from __future__ import annotations

from typing import Any, Final

from .model import SpecError

#: What the records of a list are known by, where all of them have it.
_NAMES: Final = ("id", "name", "code")
#: A record of a list that has it, set to true, takes the record of that name away.
_GONE: Final = "gone"


def overlaid(base: Any, changes: Any, where: str) -> Any:
    """Return the base with the changes made; SpecError, naming where, for taking away what is not there.

    Mappings merge member by member, and null takes a member away. Lists of records merge by name. All else replaces.
    """
    if isinstance(base, dict) and isinstance(changes, dict):
        return _mapping(base, changes, where)
    if isinstance(base, list) and isinstance(changes, list):
        name = _name(base, changes)
        return changes if name is None else _records(base, changes, name, where)
    return changes


def _mapping(base: dict[Any, Any], changes: dict[Any, Any], where: str) -> dict[Any, Any]:
    made = dict(base)
    for key, value in changes.items():
        if value is not None:
            made[key] = overlaid(base[key], value, f"{where}: {key}") if key in base else value
        elif key in base:
            del made[key]
        else:
            raise SpecError(f"{where}: {key}: takes away what is not there")
    return made


def _name(base: list[Any], changes: list[Any]) -> str | None:
    """The member that names every record of both lists."""
    records = [*base, *changes]
    return next(
        (name for name in _NAMES if records and all(isinstance(each, dict) and name in each for each in records)), None
    )


def _records(base: list[Any], changes: list[Any], name: str, where: str) -> list[Any]:
    made = {record[name]: record for record in base}
    for change in changes:
        key, there = change[name], change[name] in made
        if change.get(_GONE) is True:
            if not there:
                raise SpecError(f"{where}: {key}: takes away what is not there")
            del made[key]
        else:
            made[key] = _mapping(made[key], change, f"{where}: {key}") if there else change
    return list(made.values())
