"""The error codes of a protocol: what status each goes with, and where it may stand."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from .table import table

if TYPE_CHECKING:
    from collections.abc import Collection

    from .files import Files
    from .record import Record


class Place(StrEnum):
    """Where an error code stands."""

    ANSWER = "answer"
    FAILURE = "failure"
    TEMPLATE = "template"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True)
class ErrorCode:
    """One code; the lenient reading adds statuses to the strict ones."""

    name: str
    statuses: tuple[int, ...]
    lenient: tuple[int, ...]
    places: tuple[Place, ...]
    errata: tuple[str, ...]


def read_codes(files: Files, errata: Collection[str]) -> dict[str, ErrorCode]:
    """Return the codes by name; SpecError for unknown keys, places and errata, and for codes that stand twice."""
    path = "codes.yaml"

    def decode(record: Record) -> ErrorCode:
        places = record.texts("places", empty=False)
        record.known("places", places, set(Place))
        found = ErrorCode(
            name=record.text("code"),
            statuses=record.codes("statuses").codes,
            lenient=record.codes("lenient").codes,
            places=tuple(Place(place) for place in places),
            errata=record.texts("errata"),
        )
        record.known("errata", found.errata, errata)
        if (Place.ANSWER in found.places) != bool(found.statuses):
            record.refuse("has statuses exactly when it stands in answers")
        return found

    return table(f"{files.name}/{path}", files.yaml(path), decode, lambda code: code.name, "code")
