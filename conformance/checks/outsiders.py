"""Whether a request without the right credential was let in, whatever the service answers those it turns away.

Status and code of such a refusal are judged once, by AUTH-006, AUTH-007 and ERR-001.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from conformance.checks.once import once
from conformance.checks.refusals import busy, put_off
from conformance.evidence import Layer
from conformance.evidence.admission import refuses, words
from conformance.finding import holds, inconclusive, violates
from conformance.vocabulary.operation import Credential, Operation
from conformance.vocabulary.probe import Probe

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from conformance.evidence import Evidence, Exchange
    from conformance.finding import Finding

#: Stands for requests out of turn, where a session has its name.
_ODD = "*"
#: Members of a session document that tell about the consultation or its progress.
CONTENT = frozenset({"audio_files", "audio_files_received", "additional_data", "templates", "transcript"})


def as_the_run_asks(evidence: Evidence, tried: Iterable[Exchange]) -> list[Exchange]:
    """Requests with the right key in the spelling that the run goes by, where there are any; else all of them."""
    asked = list(tried)
    usual = Probe.SPELLING.of(evidence.facts.extra.get("spelling"))
    return [x for x in asked if x.label.probe in (None, usual)] or asked


def names_in(value: object) -> set[str]:
    """The names of all members, however deep."""
    if isinstance(value, dict):
        return set(value).union(*map(names_in, value.values()))
    return set().union(*map(names_in, value)) if isinstance(value, list) else set()


@once
def _with_the_right_key(evidence: Evidence) -> Mapping[tuple[Operation, str | None], Mapping[int, bool]]:
    """Operation and session -> what plain requests with the right key got there, and whether any was let in.

    Under None stands what those about all sessions got, and those about none; under _ODD what others got with it that
    are valid only in another state.
    """
    found: dict[tuple[Operation, str | None], dict[int, bool]] = {}
    for y in evidence.select(credential=Credential.RIGHT):
        if busy(y) or not (y.label.plain or Probe.OUT_OF_TURN.covers(y.label.probe)):
            continue
        if not y.label.plain:
            found.setdefault((y.label.operation, _ODD), {})[y.status] = y.accepted
        else:
            for session in {y.label.session, None}:
                found.setdefault((y.label.operation, session), {})[y.status] = y.accepted
    return found


def tells_nothing(evidence: Evidence, x: Exchange) -> bool:
    """Whether the right key never gets anything but the same answer there: no route, or one that always breaks."""
    known = _with_the_right_key(evidence)
    names = (x.label.session, None, _ODD)
    own: Mapping[int, bool] = next((found for name in names if (found := known.get((x.label.operation, name)))), {})
    return not refuses(x) and x.status in own and not any(own.values())


def _refused_for_something_else(evidence: Evidence, x: Exchange) -> bool:
    """Whether a refusal is word for word one that the right key got at the same operation, and at no other door."""
    said = words(x)
    told = _worded_alike(evidence).get((x.status, said)) if said else None
    if told is None:
        return False
    asked = (True, x.label.operation)
    own = told[asked] > (_asked(x) == asked)  # besides itself
    return own and all(right or operation == x.label.operation for right, operation in told)


@once
def _worded_alike(evidence: Evidence) -> Mapping[tuple[int, str], Counter[tuple[bool, Operation]]]:
    """Status and words of an answer -> how often who got it where: by the right key or not, and at which operation.

    The journeys and the walk send what they mean to; what was drawn may be refused for anything.
    """
    found: dict[tuple[int, str], Counter[tuple[bool, Operation]]] = {}
    for y in (evidence.whole or evidence).everything:
        if y.label.graded and y.response is not None and y.label.layer in (Layer.JOURNEY, Layer.WALK):
            found.setdefault((y.status, words(y)), Counter())[_asked(y)] += 1
    return found


def _asked(x: Exchange) -> tuple[bool, Operation]:
    return x.label.credential == Credential.RIGHT, x.label.operation


def let_in(evidence: Evidence, x: Exchange) -> bool:
    """Whether an answer shows that somebody without the right credential got past the door."""
    if x.accepted or x.status == 304 or (x.label.operation == Operation.GET and x.status == 410):
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
