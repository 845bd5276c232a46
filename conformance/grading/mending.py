"""Failures that are nothing but a missing or wrong error code: they would be gone if the refusals had the right one.

The refusals of a run are mended, each with one code after the other that goes with its status, and judged again.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from conformance.checks.errors import is_storage
from conformance.verdict import Verdict, weigh
from conformance.vocabulary.operation import Operation
from scribe_data.codes import Place

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from conformance.checks import Check
    from conformance.evidence import Evidence, Exchange, Response
    from conformance.finding import Finding
    from conformance.verdict import Reading
    from scribe_data import Requirement, Spec

_MESSAGE = "mended"


class Fault(StrEnum):
    """What is wrong with the body of a refusal."""

    FORM = "form"  # it has no object `error`
    CODE = "code"  # that has no code
    LIST = "list"  # the code is in no list
    OTHER = "other"  # the code is another than the right one


@dataclass(frozen=True)
class Mended:
    """What a requirement's failures lack: the faults of the bodies, and (status, code shown, code that is right)."""

    faults: frozenset[Fault]
    lacks: frozenset[tuple[int, str | None, str]]


def failing(findings: Iterable[Finding], requirement: Requirement, reading: Reading) -> list[Finding]:
    """The findings for which a requirement fails."""
    return [each for each in findings if weigh(each.kind, requirement.level, reading) is Verdict.FAIL]


def codeless(
    failures: Mapping[str, tuple[Requirement, Collection[Finding]]],
    checks: Mapping[str, tuple[Check, ...]],
    evidence: Evidence,
    reading: Reading,
) -> dict[str, Mended]:
    """The failures (id -> requirement and its failing findings) that the right codes would mend."""
    refusals = {x.number: x for x in evidence.everything if _refuses(x) and not is_storage(evidence, x)}
    asked = {
        name: requirement
        for name, (requirement, findings) in failures.items()
        if findings and all(finding.exchange in refusals for finding in findings)
        # What fails as it is has to fail when it is judged again, or its mending would show nothing.
        if still(checks.get(name, ()), requirement, evidence, reading) == {finding.exchange for finding in findings}
    }
    if not asked:
        return {}
    codes = {x.status: _codes(evidence.text, x.status) for x in refusals.values()}
    lacks: dict[str, dict[int, set[str]]] = {name: {} for name in asked}
    for turn in range(max(map(len, codes.values()))):
        given = {number: codes[x.status][turn % len(codes[x.status])] for number, x in refusals.items()}
        mend = _Mending(given)
        mended = replace(
            evidence, exchanges=tuple(map(mend, evidence.exchanges)), further=tuple(map(mend, evidence.further))
        )
        for name, requirement in asked.items():
            left = still(checks[name], requirement, mended, reading)
            for finding in failures[name][1] if left is not None else ():
                if finding.exchange is not None and finding.exchange not in left:  # type: ignore[operator]
                    lacks[name].setdefault(finding.exchange, set()).add(given[finding.exchange])
    return {
        name: _summed_up(found, refusals, evidence.text)
        for name, found in lacks.items()
        if all(finding.exchange in found for finding in failures[name][1])
    }


def _refuses(x: Exchange) -> bool:
    """Whether an answer is a refusal, and not a session told by a status code of an error (E21, E29)."""
    told = x.status == 410 or (x.status in (422, 500) and x.document.get("status") == "failed")
    return (
        x.status >= 400 and x.label.operation != Operation.OTHER and not (x.label.operation == Operation.GET and told)
    )


def still(
    checks: Iterable[Check], requirement: Requirement, evidence: Evidence, reading: Reading
) -> set[int | None] | None:
    """The exchanges for which a requirement still fails; None where a check cannot say."""
    try:
        found = [finding for check in checks for finding in check.findings(evidence)]
    except Exception:  # noqa: BLE001 - a check that breaks on mended answers says nothing about the real ones
        return None
    return {finding.exchange for finding in failing(found, requirement, reading)}


def _codes(text: Spec, status: int) -> tuple[str, ...]:
    """The codes that may stand with a status, those of the strict reading first."""
    known = [code for code in text.codes.values() if Place.ANSWER in code.places]
    strict = [code.name for code in known if status in code.statuses]
    lenient = [code.name for code in known if status in code.lenient]
    return (*strict, *lenient) or tuple(code.name for code in known[:1])


class _Mending:
    """Gives exchanges, by number, the code they are to have; equal answers become one, which is read once."""

    def __init__(self, given: Mapping[int, str]) -> None:
        self._given = given
        self._made: dict[tuple[Response, str], Response] = {}

    def __call__(self, x: Exchange) -> Exchange:
        """The exchange as it would be with its code; as it is where it is to have none."""
        code = self._given.get(x.number)
        if code is None or x.response is None:
            return x
        made = self._made.get((x.response, code))
        if made is None:
            made = self._made[x.response, code] = _mended(x.response, code)
        return replace(x, response=made)


def _mended(answer: Response, code: str) -> Response:
    error = answer.document.get("error")
    whole: dict[str, Any] = error if isinstance(error, dict) else {"message": _MESSAGE}
    kept = answer.headers
    if not isinstance(error, dict):
        others = ((name, value) for name, value in kept if name.lower() != "content-type")
        kept = (*others, ("content-type", "application/json"))
    body = json.dumps({**answer.document, "error": {**whole, "code": code}}).encode()
    return replace(answer, headers=kept, body=body)


def _summed_up(found: Mapping[int, Collection[str]], refusals: Mapping[int, Exchange], text: Spec) -> Mended:
    faults, lacks = set(), set()
    for number, codes in found.items():
        x = refusals[number]
        shown = x.response.error_code if x.response else None
        faults.add(_fault(x, shown, text))
        lacks |= {(x.status, shown, code) for code in codes}
    return Mended(frozenset(faults), frozenset(lacks))


def _fault(x: Exchange, shown: str | None, text: Spec) -> Fault:
    if not isinstance(x.document.get("error"), dict):
        return Fault.FORM
    if not shown:
        return Fault.CODE
    return Fault.OTHER if shown in text.codes else Fault.LIST
