"""What a check says about what it saw; the verdict is made of it elsewhere (`conformance.verdict`)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from conformance.evidence import Exchange


class Kind(StrEnum):
    """How an observation stands to its requirement, before level and reading are applied."""

    #: Observed, and as the requirement says.
    HOLDS = "holds"
    #: Observed, and against the requirement in both readings.
    VIOLATES = "violates"
    #: A reading some part of the text supports: strict as VIOLATES, lenient `disputed`. Names its erratum.
    DEPARTS = "departs"
    #: Strict as VIOLATES, lenient a warning. Names its erratum.
    TOLERATED = "tolerated"
    #: `disputed` in both readings. Names its erratum.
    DISPUTED = "disputed"
    #: A warning in both readings.
    WARNS = "warns"
    #: Worth knowing, never judged; counts as observed.
    RECORDED = "recorded"
    #: An optional capability that discovery does not declare; quotes the declaration.
    NOT_APPLICABLE = "not_applicable"
    #: Could not be observed here; carries a reason code.
    INCONCLUSIVE = "inconclusive"


@dataclass(frozen=True)
class Finding:
    """One observation of one check; `exchange` is the number of the exchange that shows it."""

    kind: Kind
    message: str = ""
    exchange: int | None = None
    pointer: str | None = None
    expected: Any = None
    actual: Any = None
    erratum: str | None = None
    reason: str | None = None


def holds(x: Exchange | None = None, message: str = "") -> Finding:
    """Observed and right."""
    return Finding(Kind.HOLDS, message, x.number if x else None)


def violates(
    x: Exchange, message: str, *, expected: Any = None, actual: Any = None, pointer: str | None = None
) -> Finding:
    """Observed and wrong in every reading of the text."""
    return Finding(Kind.VIOLATES, message, x.number, pointer, expected, actual)


def departs(
    x: Exchange,
    erratum: str,
    message: str,
    *,
    expected: Any = None,
    actual: Any = None,
    pointer: str | None = None,
) -> Finding:
    """Strictly wrong, but another part of the text supports it."""
    return Finding(Kind.DEPARTS, message, x.number, pointer, expected, actual, erratum)


def tolerated(
    x: Exchange,
    erratum: str,
    message: str,
    *,
    expected: Any = None,
    actual: Any = None,
    pointer: str | None = None,
) -> Finding:
    """Strictly wrong, a warning in the lenient reading."""
    return Finding(Kind.TOLERATED, message, x.number, pointer, expected, actual, erratum)


def disputed(x: Exchange, erratum: str, message: str, *, expected: Any = None, actual: Any = None) -> Finding:
    """Right by one part of the text and wrong by another, in both readings."""
    return Finding(Kind.DISPUTED, message, x.number, None, expected, actual, erratum)


def warns(
    x: Exchange,
    message: str,
    *,
    expected: Any = None,
    actual: Any = None,
    pointer: str | None = None,
    erratum: str | None = None,
) -> Finding:
    """Not forbidden, but the text recommends otherwise or leaves it undefined."""
    return Finding(Kind.WARNS, message, x.number, pointer, expected, actual, erratum)


def recorded(x: Exchange | None, message: str, actual: Any = None) -> Finding:
    """Worth knowing; never judged."""
    return Finding(Kind.RECORDED, message, x.number if x else None, actual=actual)


def not_applicable(reason: str, declaration: Any = None) -> Finding:
    """The target does not declare the optional capability; `declaration` quotes what it does declare."""
    return Finding(Kind.NOT_APPLICABLE, reason, actual=declaration, reason="not_declared")


def no_occasion(message: str) -> Finding:
    """What the requirement speaks of never came up, and need not have."""
    return Finding(Kind.NOT_APPLICABLE, message, reason="no_occasion")


def inconclusive(reason: str, message: str, x: Exchange | None = None) -> Finding:
    """Could not be observed; `reason` is a code such as deadline, no_second_key, no_clock, too_fast, set_up_refused."""
    return Finding(Kind.INCONCLUSIVE, message, x.number if x else None, reason=reason)
