"""Whether a request without the right credential was let in, whatever the service answers those it turns away.

Status and code of such a refusal are judged once, by AUTH-006, AUTH-007 and ERR-001.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.checks.refusals import busy, put_off
from conformance.evidence.admission import alike, refuses, words
from conformance.finding import holds, inconclusive, violates

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from conformance.evidence import Evidence, Exchange
    from conformance.finding import Finding

#: Members of a session document that tell about the consultation or its progress.
CONTENT = frozenset({"audio_files", "audio_files_received", "additional_data", "templates", "transcript"})
#: The probe of a request that tries a spelling of the right key, and nothing else.
SPELLING = "credential: "


def as_the_run_asks(evidence: Evidence, tried: Iterable[Exchange]) -> list[Exchange]:
    """Requests with the right key in the spelling that the run goes by, where there are any; else all of them."""
    asked = list(tried)
    usual = f"{SPELLING}{evidence.facts.extra.get('spelling')}"
    return [x for x in asked if x.label.probe in (None, usual)] or asked


def names_in(value: object) -> set[str]:
    """The names of all members, however deep."""
    if isinstance(value, dict):
        return set(value).union(*map(names_in, value.values()))
    return set().union(*map(names_in, value)) if isinstance(value, list) else set()


def _with_the_right_key(evidence: Evidence, x: Exchange) -> Iterator[Exchange]:
    """Plain requests with the right key to the same operation, and about the same session where it is about one."""
    for y in evidence.select(x.label.operation, session=x.label.session, credential="right"):
        if not busy(y) and (y.label.probe or SPELLING).startswith(SPELLING):
            yield y


def tells_nothing(evidence: Evidence, x: Exchange) -> bool:
    """Whether the right key never gets anything but the same answer there: no route, or one that always breaks."""
    own = list(_with_the_right_key(evidence, x))
    return not refuses(x) and bool(own) and not any(y.accepted for y in own) and x.status in {y.status for y in own}


def _refused_for_something_else(evidence: Evidence, x: Exchange) -> bool:
    """Whether a refusal is word for word one that the right key got at the same operation, and at no other door."""
    same = [y for y in evidence.select() if y is not x and words(x) and alike(x, y)]
    own = any(y.label.credential == "right" and y.label.operation == x.label.operation for y in same)
    elsewhere = any(y.label.credential != "right" and y.label.operation != x.label.operation for y in same)
    return own and not elsewhere


def let_in(evidence: Evidence, x: Exchange) -> bool:
    """Whether an answer shows that somebody without the right credential got past the door."""
    if x.accepted or x.status == 304 or (x.label.operation == "get" and x.status == 410):
        return True
    if refuses(x) or not 400 <= x.status < 500:
        return False
    shown = bool(CONTENT & names_in(x.document))
    return shown or (not tells_nothing(evidence, x) and _refused_for_something_else(evidence, x))


def kept_out(evidence: Evidence, x: Exchange, what: str) -> Finding:
    """How an answer to a request without the right credential is judged; `what` names the request."""
    if (later := put_off(x)) is not None:
        return later
    if let_in(evidence, x):
        return violates(x, f"{what} lets in whoever asks.", expected=401, actual=x.status)
    if tells_nothing(evidence, x):
        told = f"{what} is answered {x.status}, as with the right key: that says nothing about credentials."
        return inconclusive("not_observed", told, x)
    if refuses(x) or 400 <= x.status < 500:
        return holds(x)
    return inconclusive("not_observed", f"{what} is answered {x.status}, which neither lets in nor turns away.", x)
