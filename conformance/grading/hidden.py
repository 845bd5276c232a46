"""Why nothing was seen of a requirement: what hides it, else what the run says of itself."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from conformance.finding import inconclusive
from conformance.verdict import Verdict
from scribe_data.model import Level

if TYPE_CHECKING:
    from collections.abc import Sequence

    from conformance.evidence import Evidence, Note
    from conformance.run import Graded
    from scribe_data.origin import Origin

#: What a check or the grading says where nothing was there to be judged; every other reason says why itself.
NOT_SEEN = frozenset({"not_observed", "no_occasion", "set_up_refused"})
#: Where a session never came so far that it could be late, lateness is not the reason.
_LATE = "deadline"
#: Notes that tell of the run as a whole.
_OVER = ("credential_ended", "put_off")
_WAITED = ("set_up_refused", "no_template_known", _LATE)


@dataclass(frozen=True)
class Hider:
    """An origin that the run has met, and the requirement at fault; None where nothing fails because of it."""

    origin: Origin
    at_fault: str | None


def hide(graded: tuple[Graded, ...], hiders: Sequence[Hider], evidence: Evidence) -> tuple[Graded, ...]:
    """The same requirements, where those of which nothing was seen say why."""
    by_id = {each.requirement.id: each for each in graded}
    return tuple(_explained(each, hiders, evidence, by_id) for each in graded)


def _explained(graded: Graded, hiders: Sequence[Hider], evidence: Evidence, by_id: dict[str, Graded]) -> Graded:
    if graded.verdict not in (Verdict.INCONCLUSIVE, Verdict.NOT_APPLICABLE):
        return graded
    hider = _hider(graded, hiders, evidence)
    text = f"Nothing could be seen of this. {hider.origin.text}" if hider else ""
    # Nothing is asked of a service that does not show what it may.
    if hider and hider.at_fault and graded.requirement.level is not Level.MAY and graded.reason in NOT_SEEN | {_LATE}:
        return _said(graded, "blocked", f"{text} ({hider.at_fault})", cause=hider.at_fault)
    if graded.reason not in NOT_SEEN or graded.verdict is Verdict.NOT_APPLICABLE:
        return graded
    if hider:
        known = ("not_observed", f"{text} ({hider.at_fault})") if hider.at_fault else None
        return _said(graded, *(known or _known(hider.origin, evidence, by_id)))
    over = next((note for note in evidence.notes if note.reason in _OVER), None)
    if over is not None:
        return _said(graded, over.reason, over.text)
    return graded


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
        if late and hider.origin.lacking:
            continue
        if behind[hider.origin.name] & covering:
            return hider
    return None


def _known(origin: Origin, evidence: Evidence, by_id: dict[str, Graded]) -> tuple[str, str]:
    """Reason and text where an origin is met and nothing fails because of it."""
    stood = [by_id[name] for name in origin.at_fault if name in by_id]
    why = next((each for each in stood if each.reason and each.reason not in NOT_SEEN), None)
    note = _note(evidence, why.reason if why else None)
    if note is not None:
        return note.reason, f"{origin.text} {note.text}"
    if why is not None and why.findings:
        return str(why.reason), f"{origin.text} {why.findings[0].message}"
    return "not_observed", origin.text


def _note(evidence: Evidence, reason: str | None) -> Note | None:
    wanted = (reason,) if reason else _WAITED
    return next((note for note in evidence.notes if note.reason in wanted), None)


def _said(graded: Graded, reason: str, text: str, cause: str | None = None) -> Graded:
    said = (inconclusive(reason, text),)
    return replace(graded, verdict=Verdict.INCONCLUSIVE, findings=said, reason=reason, cause=cause)
