"""Requests that nobody wrote by hand: generated from the OpenAPI document, mutated, or no JSON at all.

Every judgement stands in `fuzz.yaml` of the revision, with the requirement it counts for. Many cases of one kind are
one finding, with the smallest of them as its evidence.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import scribe_data
from conformance.checks.breaches import Part, Schemas
from conformance.checks.errors import is_storage
from conformance.checks.once import once
from conformance.checks.refusals import busy
from conformance.checks.registry import check
from conformance.evidence import NOT_JSON, Layer
from conformance.finding import Finding, holds, tolerated, violates
from conformance.vocabulary.operation import Credential, Operation
from conformance.vocabulary.probe import Probe
from scribe_data.fuzz import RefusalKind
from scribe_data.pointer import fits, tokens, values_at

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Iterator, Mapping

    from conformance.checks.breaches import Breach
    from conformance.evidence import Evidence, Exchange
    from scribe_data import Spec
    from scribe_data.fuzz import Refusal

#: The name all requirements have in `checks:` that want a wrong request refused.
NAME = "what_breaks_its_schema_is_refused"
GENERATED = frozenset({Layer.FUZZ, Layer.MUTATION})
#: What a server says of a method, a condition or a version of HTTP that it does not have: no accident of the service.
_NOT_OFFERED = (501, 505)
#: Probes of heads and methods, which a proxy may answer as well as the service.
_OF_PROXIES = frozenset({Probe.ODD_TRANSPORT, Probe.ODD_METHOD, Probe.ODD_TYPE})
#: Answers that only what stands in front of a service gives.
_IN_FRONT = (502, 504)


def generated(evidence: Evidence) -> Iterator[Exchange]:
    """Exchanges of the generated requests with the right key, answered or not."""
    for x in evidence.exchanges:
        if x.label.layer in GENERATED and x.label.graded and x.label.credential == Credential.RIGHT:
            yield x


def smallest(cases: Iterable[Exchange]) -> Exchange:
    """The case that is easiest to read: the shortest body, then the fewest headers, then the first."""
    return min(cases, key=lambda x: (x.request.size, len(x.request.headers), len(x.request.url), x.number))


def _request(x: Exchange) -> Hashable:
    """What makes two requests the same: all but what differs in every one."""
    headers = tuple(pair for pair in x.request.headers if pair[0].lower() != "traceparent")
    return x.request.method, x.request.url, x.request.sha256 or x.request.body, headers


@dataclass(frozen=True)
class Fallen:
    """Generated requests by what came of them: twice in a row a server error or no answer, or something else."""

    errors: tuple[Exchange, ...]
    silent: tuple[Exchange, ...]
    answered: tuple[Exchange, ...]


@once
def fallen(evidence: Evidence) -> Fallen:
    """Each generated request once; one that fell and was answered when it was sent again is answered."""
    sent: dict[Hashable, list[Exchange]] = {}
    for x in generated(evidence):
        if not is_storage(evidence, x):
            sent.setdefault(_request(x), []).append(x)
    errors, silent, answered = [], [], []
    for same in sent.values():
        if len(same) > 1 and all(map(_fell, same)):
            errors.append(same[0])
        elif len(same) > 1 and all(x.response is None for x in same):
            silent.append(same[0])
        elif any(x.response is not None and not busy(x) for x in same):
            answered.append(same[-1])
    return Fallen(tuple(errors), tuple(silent), tuple(answered))


def of_proxies(x: Exchange) -> bool:
    """Whether what stands in front of a service may answer a request as well as the service."""
    return Probe.meant(x.label.probe) in _OF_PROXIES


def _fell(x: Exchange) -> bool:
    if x.status < 500 or busy(x) or x.status in _NOT_OFFERED:
        return False
    return not (of_proxies(x) and x.status in _IN_FRONT)


@once
def _plainly_broken(evidence: Evidence) -> frozenset[str]:
    """Operations whose valid requests never get anything but server errors, in the whole run: others judge these."""
    plain = [x for x in (evidence.whole or evidence).everything if x.label.probe is None and x.label.graded]
    errors = {x.label.operation for x in plain if x.status >= 500 and not busy(x)}
    return frozenset(errors - {x.label.operation for x in plain if 0 < x.status < 500})


@check("ERR-020", everywhere=True, recorded=False)
def generated_requests_get_no_server_error(evidence: Evidence) -> Iterable[Finding]:
    """(11.3) Sent twice in a row, no generated request is answered 5xx, or not at all, both times."""
    found = fallen(evidence)
    lost = [x for x in found.silent if not of_proxies(x)]
    by_operation: dict[tuple[str, str], list[Exchange]] = {}
    for told, cases in (("are answered with a server error", found.errors), ("get no answer", lost)):
        for x in cases:
            if x.label.operation not in _plainly_broken(evidence):
                by_operation.setdefault((x.label.operation, told), []).append(x)
    everything = (*found.answered, *found.errors, *found.silent)
    for (operation, told), cases in by_operation.items():
        x, of = smallest(cases), sum(y.label.operation == operation for y in everything)
        named = x.label.probe or "a valid request"
        message = (
            f"{len(cases)} of {of} different generated requests ({operation}) {told}, twice in a row;"
            f" the smallest: {named}."
        )
        wanted = "4xx" if x.label.probe else "2xx or 4xx"
        yield violates(x, message, expected=wanted, actual=x.status or x.trouble)
    if found.answered and not by_operation:
        yield holds(found.answered[0])


class Refusals:
    """The table of one text, compiled: what a wrong body counts as."""

    def __init__(self, text: Spec) -> None:
        self._text = text
        self._schemas = Schemas(text)
        self._parts = {each.name: Part(each.accepts) for each in text.fuzz.refusals if each.accepts is not None}

    def of(self, evidence: Evidence, x: Exchange) -> Refusal | None:
        """The worst entry that a request's body stands under; None where nothing is said of it."""
        endpoint = self._text.protocol.endpoints.get(x.label.operation)
        if endpoint is None or endpoint.takes is None or x.request.json is NOT_JSON or not x.request.whole:
            return None
        breaches = self._schemas.breaches(endpoint.takes, x.request.json)
        found = [entry for breach in breaches if (entry := self._entry(evidence, endpoint.takes, breach))]
        order = list(RefusalKind)
        return min(found, key=lambda entry: order.index(entry.kind), default=None)

    def _entry(self, evidence: Evidence, schema: str, breach: Breach) -> Refusal | None:
        for entry in self._text.fuzz.refusals:
            matches = entry.matches
            if schema not in matches.schemas or (matches.keywords and breach.keyword not in matches.keywords):
                continue
            if not any(fits(tokens(pointer), breach.path) for pointer in matches.pointers):
                continue
            if entry.accepts is not None and not self._parts[entry.name].takes(breach.value):
                continue
            if entry.listed is not None and breach.value in list(values_at(evidence.discovery, tokens(entry.listed))):
                return None
            return entry
        return None


_REFUSALS: dict[str, Refusals] = {}


def refusals_of(text: Spec) -> Refusals:
    """The table of a text, compiled once."""
    if text.sha256 not in _REFUSALS:
        _REFUSALS[text.sha256] = Refusals(text)
    return _REFUSALS[text.sha256]


@once
def refusals_wanted(evidence: Evidence) -> Mapping[str, tuple[Finding, ...]]:
    """Requirement -> one finding for each entry of the tables under which wrong requests were taken."""
    table = refusals_of(evidence.text)
    taken: dict[tuple[str, str, RefusalKind, str | None], list[Exchange]] = {}
    refused: dict[str, Exchange] = {}
    for x in generated(evidence):
        endpoint = evidence.text.protocol.endpoints.get(x.label.operation)
        if endpoint is None or endpoint.takes is None or x.response is None or x.label.probe is None:
            continue
        wanted = _wanted(table, evidence, x)
        if wanted is None or busy(x) or x.status >= 500:
            continue
        if x.accepted:
            taken.setdefault(wanted, []).append(x)
        else:
            refused.setdefault(wanted[0], x)
    found: dict[str, list[Finding]] = {}
    for (requirement, name, kind, erratum), cases in taken.items():
        x = smallest(cases)
        what = "creates" if x.label.operation == Operation.CREATE else f"requests ({x.label.operation})"
        told = f"{len(cases)} generated {what} with this defect are accepted ({name}); the smallest: {x.label.probe}."
        if kind is RefusalKind.TOLERATED and erratum:
            finding = tolerated(x, erratum, told, expected=400, actual=x.status)
        else:
            finding = violates(x, told, expected=400, actual=x.status)
        found.setdefault(requirement, []).append(finding)
    for requirement, x in refused.items():
        found.setdefault(requirement, []).append(holds(x))
    return {requirement: tuple(findings) for requirement, findings in found.items()}


def _wanted(table: Refusals, evidence: Evidence, x: Exchange) -> tuple[str, str, RefusalKind, str | None] | None:
    """The requirement that wants a request refused, the defect by name, how much it counts, and the erratum."""
    probe = x.label.probe
    if probe is not None and Probe.ODD_SYNTAX.covers(probe) and x.label.operation == Operation.CREATE:
        told = Probe.ODD_SYNTAX.detail(probe)
        syntax = evidence.text.fuzz.syntax.get(told)
        named = syntax.requirement if syntax else None
        return (named, told, RefusalKind.VIOLATES, None) if named else None
    entry = table.of(evidence, x)
    if entry is None or entry.requirement is None:
        return None
    return entry.requirement, entry.name, entry.kind, entry.errata[0] if entry.errata else None


@check("SES-GET-001", everywhere=True, recorded=False)
def what_was_made_is_there(evidence: Evidence) -> Iterable[Finding]:
    """(6.3) A session of a generated create can be read right after it."""
    made = {x.label.session for x in generated(evidence) if x.label.operation == Operation.CREATE and x.accepted}
    missing = [
        x
        for x in generated(evidence)
        if x.label.operation == Operation.GET and x.label.probe is None and x.label.session in made
        if x.status in (404, 405, 501)
    ]
    if missing:
        x = smallest(missing)
        told = f"{len(missing)} sessions of generated creates cannot be read right after they were made."
        yield violates(x, told, expected="2xx", actual=x.status)


def _register(requirement: str, source: str, statement: str) -> None:
    def judge(evidence: Evidence) -> Iterable[Finding]:
        return refusals_wanted(evidence).get(requirement, ())

    judge.__name__, judge.__doc__ = NAME, f"({source}) {statement}"
    judge.__module__ = __name__
    check(requirement, everywhere=True, recorded=False)(judge)


for _profile in scribe_data.profiles():
    for _each in scribe_data.catalogue(_profile).values():
        if f"generated.{NAME}" in _each.checks:
            _register(_each.id, _each.source, _each.statement)
