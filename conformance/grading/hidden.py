"""Why nothing was seen of a requirement: what hides it, else what the run says of itself."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from conformance.finding import inconclusive
from conformance.verdict import Verdict
from scribe_data.model import Level

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from conformance.evidence import Evidence
    from conformance.run import Graded
    from scribe_data import Spec
    from scribe_data.origin import Origin

#: What a check or the grading says where nothing was there to be judged; every other reason says why itself.
NOT_SEEN = frozenset({"not_observed", "no_occasion", "set_up_refused"})
#: Where a session never came so far that it could be late, lateness is not the reason.
_LATE = "deadline"
#: What the kit does not drive yet could not be driven where what it begins with is not there.
_NOT_DRIVEN = "not_in_this_release"
#: Notes that tell of the run as a whole.
_OVER = ("credential_ended", "unreachable", "put_off", "max_requests", "quota", "interrupted", "fail_fast")
#: Notes that tell why something valid was not to be had.
_REFUSED = ("set_up_refused", "no_template_known")


@dataclass(frozen=True)
class Hider:
    """An origin that the run has met, and the requirement at fault; None where nothing fails because of it."""

    origin: Origin
    at_fault: str | None


@dataclass(frozen=True)
class Hidden:
    """A requirement as it is told, and the requirement at fault where that keeps it out of sight."""

    graded: Graded
    at_fault: str | None = None


@dataclass(frozen=True)
class Elsewhere:
    """The text that a target speaks where that is another one, and the requirement at fault for it."""

    text: Spec
    at_fault: str


def hide(
    graded: tuple[Graded, ...], hiders: Sequence[Hider], evidence: Evidence, elsewhere: Elsewhere | None = None
) -> tuple[Hidden, ...]:
    """The same requirements, where those of which nothing was seen say why."""
    by_id = {each.requirement.id: each for each in graded}
    return tuple(
        _not_spoken(each, elsewhere)
        if elsewhere is not None and _is_hidden(each) and each.requirement.id not in elsewhere.text.requirements
        else _explained(each, hiders, evidence, by_id)
        for each in graded
    )


def _is_hidden(graded: Graded) -> bool:
    """Whether nothing was seen of a requirement that something is asked for."""
    return graded.requirement.level is not Level.MAY and graded.reason in NOT_SEEN | {_LATE, _NOT_DRIVEN}


def _not_spoken(graded: Graded, elsewhere: Elsewhere) -> Hidden:
    told = (
        f"The target speaks revision {elsewhere.text.revision}, whose text does not have this. ({elsewhere.at_fault})"
    )
    return Hidden(_said(graded, "blocked", told), elsewhere.at_fault)


def _explained(graded: Graded, hiders: Sequence[Hider], evidence: Evidence, by_id: Mapping[str, Graded]) -> Hidden:
    if graded.verdict not in (Verdict.INCONCLUSIVE, Verdict.NOT_APPLICABLE):
        return Hidden(graded)
    hider = _hider(graded, hiders, evidence)
    text = f"Nothing could be seen of this. {hider.origin.text} ({hider.at_fault})" if hider else ""
    # Nothing is asked of a service that does not show what it may.
    if hider and hider.at_fault and _is_hidden(graded):
        return Hidden(_said(graded, "blocked", text), hider.at_fault)
    late = graded.reason == _LATE and hider is not None
    if graded.verdict is Verdict.NOT_APPLICABLE or not (graded.reason in NOT_SEEN or late):
        return Hidden(graded)
    if hider:
        known = ("not_observed", text) if hider.at_fault else _known(hider.origin, evidence, by_id)
        return Hidden(_said(graded, *known))
    over = next((note for note in evidence.notes if note.reason in _OVER), None)
    return Hidden(_said(graded, over.reason, over.text) if over else graded)


def _hider(graded: Graded, hiders: Sequence[Hider], evidence: Evidence) -> Hider | None:
    """The first origin met that hides a requirement, itself or by keeping from another that does."""
    entries = evidence.text.origins.entries
    behind = {origin.name: {origin.name} for origin in entries}
    for origin in reversed(entries):  # an entry stands behind those it comes after
        for earlier in origin.after:
            behind[earlier] |= behind[origin.name]
    covering = {origin.name for origin in entries if origin.covers(graded.requirement.id)}
    late = graded.reason == _LATE
    for hider in hiders:
        if behind[hider.origin.name] & covering and not (late and not _makes_late(hider)):
            return hider
    return None


def _makes_late(hider: Hider) -> bool:
    """Whether sessions come to no end because of an origin, so that it is the reason and not the time they had."""
    origin = hider.origin
    return bool(origin.refused) if hider.at_fault else origin.lacking is not None


def _known(origin: Origin, evidence: Evidence, by_id: Mapping[str, Graded]) -> tuple[str, str]:
    """Reason and text where an origin is met and nothing fails because of it."""
    stood = [by_id[name] for name in origin.at_fault if name in by_id]
    why = next((each for each in stood if each.reason and each.reason not in NOT_SEEN), None)
    usual = (_LATE,) if origin.lacking else _REFUSED
    note = next((note for note in evidence.notes if note.reason in ((why.reason,) if why else usual)), None)
    if note is not None:
        return note.reason, f"{origin.text} {note.text}"
    if why is not None and why.findings:
        return str(why.reason), f"{origin.text} {why.findings[0].message}"
    return "not_observed", origin.text


def _said(graded: Graded, reason: str, text: str) -> Graded:
    return replace(graded, verdict=Verdict.INCONCLUSIVE, findings=(inconclusive(reason, text),), reason=reason)
