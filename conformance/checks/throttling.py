"""Chapter 11, throttling and servers that fall: what 429, 503 and 5xx say, and when they have no place."""

from __future__ import annotations

from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

from conformance.checks.errors import is_storage
from conformance.checks.once import once
from conformance.checks.refusals import busy, put_off
from conformance.checks.registry import check
from conformance.finding import (
    Finding,
    holds,
    not_applicable,
    violates,
    warns,
)
from conformance.vocabulary.name import repeat_of
from conformance.vocabulary.operation import Operation
from conformance.vocabulary.probe import MALFORMED, Probe

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from conformance.evidence import Evidence, Exchange


def _throttled(evidence: Evidence) -> list[Exchange]:
    return [x for x in evidence.select() if x.status == 429 and not is_storage(evidence, x)]


@check("ERR-015", recorded=True)
def throttling_says_when_to_come_back(evidence: Evidence) -> Iterable[Finding]:
    """(11.5) Retry-After as seconds or a date."""
    for x in _throttled(evidence):
        told = x.response.header("retry-after") if x.response else None
        fine = told is not None and (told.strip().isdecimal() or _is_date(told))
        yield holds(x) if fine else warns(x, "A 429 has no usable Retry-After.", actual=told)
    if not _throttled(evidence):
        yield not_applicable("The run met no 429.")


def _is_date(text: str) -> bool:
    try:
        return parsedate_to_datetime(text) is not None
    except (TypeError, ValueError):
        return False


@check("ERR-018")
def unavailability_passes(evidence: Evidence) -> Iterable[Finding]:
    """(11.6) After a 503 the same request, repeated, succeeds."""
    seen = [x for x in evidence.select() if x.status == 503 and x.label.probe is None and not is_storage(evidence, x)]
    answered: dict[tuple[Operation, str | None], int] = {}
    for y in evidence.exchanges if seen else ():
        if y.response and not busy(y):
            answered[y.label.operation, y.label.session] = y.number
    for x in seen:
        better = answered.get((x.label.operation, x.label.session), 0) > x.number
        yield holds(x) if better else warns(x, "A 503 did not pass within the run.")
    if not seen:
        yield not_applicable("The run met no 503.")


@check("ERR-019", recorded=True)
def throttling_has_its_code(evidence: Evidence) -> Iterable[Finding]:
    """(11.5) 429 with rate_limit_exceeded."""
    for x in _throttled(evidence):
        code = x.response.error_code if x.response else None
        fine = code == "rate_limit_exceeded"
        yield holds(x) if fine else violates(x, "A 429 does not carry rate_limit_exceeded.", actual=code)
    if not _throttled(evidence):
        yield not_applicable("The run met no 429.")


#: Sporadic server errors a run may meet before they are a habit (rule 2).
_HABIT = 3
#: The text defines no answer to an end without audio (E36); malformed requests are counted where they are sent twice.
_UNDEFINED = MALFORMED | {Probe.END_WITHOUT_AUDIO}


@check("ERR-020")
def client_errors_are_4xx(evidence: Evidence) -> Iterable[Finding]:
    """(11.3) No malformed request is answered 5xx twice in a row; valid ones hardly ever."""
    yield from _nonsense(evidence)
    for kind, fallen in (("valid", _fallen(evidence, valid=True)), ("wrong", _fallen(evidence, valid=False))):
        if len(fallen) >= _HABIT:
            told = f"{len(fallen)} {kind} requests were answered with a server error."
            yield violates(fallen[-1], told, expected=f"fewer than {_HABIT} in a run", actual=fallen[-1].status)
        elif kind == "wrong":
            for x in fallen:
                yield warns(x, f"A wrong request is answered with a server error ({x.label.probe}).", actual=x.status)


@once
def _breaks_anyway(evidence: Evidence) -> frozenset[tuple[Operation, str | None]]:
    """Operation and media type of plain requests that only ever meet server errors: others judge these, and once.

    What the request carries counts as a part of it: an end that breaks without a body may work with one.
    """
    plain = [x for x in evidence.select(valid=True) if not busy(x)]
    broken = {_kind(x) for x in plain if x.status >= 500}
    return frozenset(broken - {_kind(x) for x in plain if x.status < 500})


def _kind(x: Exchange) -> tuple[Operation, str | None]:
    return x.label.operation, (x.request.header("content-type") or "").split(";")[0] or None


def _nonsense(evidence: Evidence) -> Iterator[Finding]:
    """Each malformed request that was sent twice."""
    sent = {x.label.probe or "": x for x in evidence.select() if Probe.meant(x.label.probe) in MALFORMED}
    for probe, first in sent.items():
        second = sent.get(repeat_of(probe))
        if second is None or is_storage(evidence, first) or _kind(second) in _breaks_anyway(evidence):
            continue
        if min(first.status, second.status) < 500:
            yield holds(second)
        elif (later := put_off(second) or put_off(first)) is not None:
            yield later
        else:
            told = f"A malformed request is answered with a server error, twice ({probe})."
            yield violates(second, told, expected="4xx", actual=f"{first.status}, {second.status}")


def _fallen(evidence: Evidence, *, valid: bool) -> list[Exchange]:
    """Server errors on valid requests, or on wrong ones that were sent once."""
    found = []
    for x in evidence.select():
        if x.status < 500 or busy(x) or is_storage(evidence, x) or (x.label.probe is None) is not valid:
            continue
        failure_told = valid and _tells_a_failure(evidence, x)
        undefined = Probe.meant(x.label.probe) in _UNDEFINED
        if not failure_told and not undefined and _kind(x) not in _breaks_anyway(evidence):
            found.append(x)
    return found


def _tells_a_failure(evidence: Evidence, x: Exchange) -> bool:
    """E21: a failed session may be shown as an error; one that a later read takes back was none."""
    if x.label.operation != Operation.GET or "error" not in x.document:
        return False
    story = evidence.stories.get(x.label.session or "")
    return story is None or story.last_shown < x.number
