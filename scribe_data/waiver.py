"""Where an answer may differ from its schema, by which errata, and what that counts as."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from .model import Matched, SpecError
from .pointer import resolve
from .record import Record

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from .layers import Layers


class WaiverKind(StrEnum):
    """How much a difference counts; a reading is strict or lenient."""

    ALLOWED = "allowed"  # in neither reading anything: another part of the text overrules the schema
    DEPARTS = "departs"  # strictly a breach, leniently disputed
    TOLERATED = "tolerated"  # strictly a breach, leniently a warning
    DISPUTED = "disputed"  # disputed in both
    WARNS = "warns"  # a warning in both
    ELSEWHERE = "elsewhere"  # a check of the requirement named judges it, by more than the schema knows


@dataclass(frozen=True, slots=True)
class Waiver:
    """One difference from a schema; it holds where all that is given fits.

    states: only for a session in one of these states. accepts: only for a value this schema takes. listed: only for a
    value that stands at this pointer of the target's discovery document.
    """

    name: str
    matches: Matched
    kind: WaiverKind
    errata: tuple[str, ...]
    reason: str
    states: tuple[str, ...] = ()
    accepts: Mapping[str, Any] | None = None
    listed: str | None = None
    requirement: str | None = None


def read_waivers(
    layers: Layers,
    *,
    schemas: Mapping[str, Any],
    states: Collection[str],
    errata: Collection[str],
    requirements: Collection[str],
) -> tuple[Waiver, ...]:
    """Return the waivers of a revision in their order; SpecError for unknown keys, names and pointers."""
    path = "waivers.yaml"
    file = layers.named(path)
    found: list[Waiver] = []
    values = layers.yaml(path)
    if not isinstance(values, list):
        raise SpecError(f"{file}: is not a list of entries")
    for value in values:
        record = Record(file, value, "name")
        waiver = _waiver(record)
        record.known("states", waiver.states, states)
        record.known("errata", waiver.errata, errata)
        record.known("requirement", [waiver.requirement] if waiver.requirement else [], requirements)
        refuse_unmatched(record, waiver.matches, schemas)
        if any(other.name == waiver.name for other in found):
            record.refuse("stands twice")
        record.done()
        found.append(waiver)
    return tuple(found)


def _waiver(record: Record) -> Waiver:
    waiver = Waiver(
        name=record.text("name"),
        matches=matched(record),
        kind=record.choice("kind", WaiverKind),
        errata=record.texts("errata"),
        reason=record.text("reason"),
        states=record.texts("states"),
        accepts=record.mapping("accepts") if record.has("accepts") else None,
        listed=record.text_or_none("listed"),
        requirement=record.text_or_none("requirement"),
    )
    if not waiver.matches.keywords:
        record.refuse("names no keyword")
    if (waiver.kind is WaiverKind.ELSEWHERE) != (waiver.requirement is not None):
        record.refuse("names a requirement exactly when that is judged elsewhere")
    if waiver.kind in (WaiverKind.DEPARTS, WaiverKind.DISPUTED) and not waiver.errata:
        record.refuse(f"is {waiver.kind} and names no erratum")
    return waiver


def matched(record: Record) -> Matched:
    """Take the schemas, pointers and keywords that an entry is about; no keywords are all of them."""
    return Matched(
        record.texts("schemas", empty=False), record.texts("pointers", empty=False), record.texts("keywords")
    )


def refuse_unmatched(record: Record, matches: Matched, schemas: Mapping[str, Any]) -> None:
    """Refuse schemas that do not exist, and pointers that none of the schemas named has."""
    record.known("schemas", matches.schemas, schemas)
    for pointer in matches.pointers:
        if all(resolve(schemas[name], pointer) is None for name in matches.schemas):
            record.refuse(f"pointer {pointer} leads nowhere in {', '.join(matches.schemas)}")
