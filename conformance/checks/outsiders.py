"""Whether a request without the right credential was let in, whatever the service answers those it turns away.

Status and code of such a refusal are judged once, by AUTH-006, AUTH-007 and ERR-001.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from conformance.checks.once import once
from conformance.checks.refusals import busy, put_off
from conformance.evidence.admission import refuses
from conformance.finding import holds, inconclusive, violates
from conformance.vocabulary.operation import Credential, Operation

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from conformance.evidence import Evidence, Exchange
    from conformance.finding import Finding

#: Members of a session document that tell about the consultation or its progress.
CONTENT = frozenset({"audio_files", "audio_files_received", "additional_data", "templates", "transcript"})


def names_in(value: object) -> set[str]:
    """The names of all members, however deep."""
    if isinstance(value, dict):
        return set(value).union(*map(names_in, value.values()))
    return set().union(*map(names_in, value)) if isinstance(value, list) else set()


@once
def _with_the_right_key(evidence: Evidence) -> Mapping[tuple[Operation, str | None], Mapping[int, bool]]:
    """Operation and session -> what plain requests with the right key got there, and whether any was let in.

    Under None stands what those about all sessions got, and those about none.
    """
    found: dict[tuple[Operation, str | None], dict[int, bool]] = {}
    for y in evidence.select(credential=Credential.RIGHT):
        if not busy(y) and y.label.plain:
            for session in {y.label.session, None}:
                found.setdefault((y.label.operation, session), {})[y.status] = y.accepted
    return found


def tells_nothing(evidence: Evidence, x: Exchange) -> bool:
    """Whether the right key never gets anything but the same answer there: no route, or one that always breaks."""
    own = _with_the_right_key(evidence).get((x.label.operation, x.label.session), {})
    return not refuses(x) and x.status in own and not any(own.values())


def _words(x: Exchange) -> str:
    """What an answer says, without status and white space around it."""
    error = x.document.get("error")
    told = error.get("message") if isinstance(error, dict) else error or x.document.get("detail")
    body = x.response.body.decode("utf-8", "replace") if x.response else ""
    return str(told or body).strip()


def _refused_for_something_else(evidence: Evidence, x: Exchange) -> bool:
    """Whether a refusal is word for word one that the right key got at the same operation, and at no other door."""
    same = _worded_alike(evidence).get((x.status, _words(x)), ()) if _words(x) else ()
    own = any(
        y.label.credential == Credential.RIGHT and y.label.operation == x.label.operation for y in same if y is not x
    )
    elsewhere = any(y.label.credential != Credential.RIGHT and y.label.operation != x.label.operation for y in same)
    return own and not elsewhere


@once
def _worded_alike(evidence: Evidence) -> Mapping[tuple[int, str], Sequence[Exchange]]:
    """Status and words of an answer -> answers that have them, at most two by each credential at each operation."""
    found: dict[tuple[int, str], list[Exchange]] = {}
    counted: Counter[tuple[int, str, Credential, Operation]] = Counter()
    for y in evidence.select():
        key = (y.status, _words(y))
        counted[(*key, y.label.credential, y.label.operation)] += 1
        # two of a kind are enough to find one that is not the answer in question
        if counted[(*key, y.label.credential, y.label.operation)] <= 2:
            found.setdefault(key, []).append(y)
    return found


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
