"""What generated requests are judged by, and which wrong requests the text wants refused."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from .record import Record
from .table import table
from .waiver import matched, refuse_unmatched

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from .layers import Layers
    from .model import Matched

_PATH = "fuzz.yaml"


class RefusalKind(StrEnum):
    """How much it counts that a wrong request is taken."""

    VIOLATES = "violates"  # a breach in both readings
    TOLERATED = "tolerated"  # strictly a breach, leniently a warning
    OPEN = "open"  # some part of the text allows it, or none speaks of it: taking and refusing are equally right


@dataclass(frozen=True, slots=True)
class Judgement:
    """One judgement that generated requests may get: the requirements it counts for, or the reason why for none.

    `observed`: what it finds without a requirement is told in the report, and never a failure.
    """

    name: str
    requirements: tuple[str, ...]
    reason: str | None
    observed: bool


@dataclass(frozen=True, slots=True)
class Refusal:
    """One way a request breaks its schema, and what it counts as that the request is taken; the first that fits holds.

    accepts: only for a value that this schema takes. listed: not for a value that stands at this pointer of the
    target's discovery document.
    """

    name: str
    matches: Matched
    kind: RefusalKind
    requirement: str | None
    errata: tuple[str, ...]
    reason: str | None
    accepts: Mapping[str, Any] | None = None
    listed: str | None = None


@dataclass(frozen=True, slots=True)
class Syntax:
    """One oddity of a body as a text, and the requirement that wants it refused, or the reason why none does.

    `json`: it is JSON all the same, so that taking it is nothing to tell.
    """

    name: str
    requirement: str | None
    reason: str | None
    json: bool = False


@dataclass(frozen=True, slots=True)
class Fuzz:
    """The tables of a revision; all are empty where it has none."""

    judgements: Mapping[str, Judgement] = field(default_factory=dict)
    refusals: tuple[Refusal, ...] = ()
    syntax: Mapping[str, Syntax] = field(default_factory=dict)

    @property
    def binding(self) -> frozenset[str]:
        """The requirements for which it counts that a wrong request is taken."""
        named = {each.requirement for each in self.refusals} | {each.requirement for each in self.syntax.values()}
        return frozenset(name for name in named if name is not None)


def read_fuzz(
    layers: Layers,
    *,
    schemas: Mapping[str, Any],
    errata: Collection[str],
    requirements: Collection[str],
) -> Fuzz:
    """Return the tables of a revision; SpecError for unknown keys, names and pointers."""
    if not layers.has(_PATH):
        return Fuzz()
    file = layers.named(_PATH)
    whole = Record(file, layers.yaml(_PATH), "name")

    def judgement(record: Record) -> Judgement:
        found = Judgement(
            record.text("name"),
            record.texts("requirements"),
            record.text_or_none("reason"),
            record.flag("observed", default=False),
        )
        record.known("requirements", found.requirements, requirements)
        _refuse_untold(record, found.requirements, found.reason)
        return found

    def refusal(record: Record) -> Refusal:
        found = _refusal(record)
        refuse_unmatched(record, found.matches, schemas)
        record.known("errata", found.errata, errata)
        record.known("requirement", [found.requirement] if found.requirement else [], requirements)
        return found

    def syntax(record: Record) -> Syntax:
        found = Syntax(
            record.text("name"),
            record.text_or_none("requirement"),
            record.text_or_none("reason"),
            record.flag("json", default=False),
        )
        record.known("requirement", [found.requirement] if found.requirement else [], requirements)
        _refuse_untold(record, found.requirement, found.reason)
        return found

    read = Fuzz(
        MappingProxyType(table(file, whole.items("judgements"), judgement, lambda each: each.name, "name")),
        tuple(table(file, whole.items("refusals"), refusal, lambda each: each.name, "name").values()),
        MappingProxyType(table(file, whole.items("syntax"), syntax, lambda each: each.name, "name")),
    )
    whole.done()
    return read


def _refusal(record: Record) -> Refusal:
    found = Refusal(
        name=record.text("name"),
        matches=matched(record),
        kind=record.choice("kind", RefusalKind),
        requirement=record.text_or_none("requirement"),
        errata=record.texts("errata"),
        reason=record.text_or_none("reason"),
        accepts=record.mapping("accepts") if record.has("accepts") else None,
        listed=record.text_or_none("listed"),
    )
    if (found.kind is RefusalKind.OPEN) != (found.requirement is None):
        record.refuse("names a requirement exactly when it is not open")
    if found.kind is RefusalKind.TOLERATED and not found.errata:
        record.refuse("is tolerated and names no erratum")
    _refuse_untold(record, found.requirement, found.reason)
    return found


def _refuse_untold(record: Record, requirement: object, reason: str | None) -> None:
    if not requirement and reason is None:
        record.refuse("names neither a requirement nor the reason why there is none")
