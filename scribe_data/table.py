"""Lists of records, indexed by what names them."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from .model import SpecError
from .record import Record

if TYPE_CHECKING:
    from collections.abc import Callable

Entry = TypeVar("Entry")
Key = TypeVar("Key")


def table(
    file: str,
    values: object,
    decode: Callable[[Record], Entry],
    key: Callable[[Entry], Key],
    name: str = "id",
) -> dict[Key, Entry]:
    """Decode a list of records and index it; SpecError for a key that occurs twice."""
    if not isinstance(values, list):
        raise SpecError(f"{file}: is not a list of entries")
    found: dict[Key, Entry] = {}
    for value in values:
        record = Record(file, value, name)
        entry = decode(record)
        record.done()
        if key(entry) in found:
            record.refuse("stands twice")
        found[key(entry)] = entry
    return found
