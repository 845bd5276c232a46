"""Chapter 11, the codes: which there are, and which status each goes with."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.checks.errors import error_of, errors_met
from conformance.checks.expiry import if_observed
from conformance.checks.once import once
from conformance.checks.registry import check
from conformance.finding import (
    Finding,
    departs,
    holds,
    no_occasion,
    recorded,
    tolerated,
    violates,
    warns,
)

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    from conformance.evidence import Evidence, Exchange


#: Statuses the table of codes has no row for: any code may stand with them (E63), but for the one E64 names.
_PAIR_EXEMPT = (405, 406, 411, 413, 414, 415, 431)
#: E35: legal in the body of a 410, elsewhere unusual.
_ELSEWHERE = "processing_incomplete"


def _coded(evidence: Evidence, codes: Collection[str]) -> Iterator[tuple[Exchange, str]]:
    for x in errors_met(evidence):
        code = x.response.error_code if x.response else None
        known = evidence.text.codes.get(code or "")
        exempt = x.status in _PAIR_EXEMPT and not (known and x.status in known.lenient)
        if code in codes and not exempt:
            yield x, str(code)


@once
def _by_operation(evidence: Evidence) -> frozenset[tuple[str, str]]:
    """Operation and code, as the cells of the lifecycle name them: session_ended is in no table of the text (E63)."""
    cells = evidence.text.lifecycle.cells.values()
    return frozenset((cell.operation, cell.error) for cell in cells if cell.error)


@check("ERR-004", everywhere=True)
def codes_come_from_the_list(evidence: Evidence) -> Iterable[Finding]:
    """(11.2) The table, unsupported_version, and what the lifecycle names for the operation."""
    listed = evidence.text.codes_of("answer")
    for x in errors_met(evidence):
        code = x.response.error_code if x.response else None
        if code is None:
            continue
        told = "An error code is not in the list of §11.2."
        if code == _ELSEWHERE:
            yield warns(x, f"{code} stands outside the body of a 410.", pointer="/error/code", erratum="E35")
        elif code in listed or (x.label.operation, code) in _by_operation(evidence):
            yield holds(x)
        else:
            yield tolerated(x, "E63", told, pointer="/error/code", actual=code)


def _pairs(evidence: Evidence, *codes: str, provoked: bool = False) -> Iterator[Finding]:
    """Each code with its status. Codes that were `provoked`, or a run in which no answer has a code, leave it open."""
    seen = False
    for x, code in _coded(evidence, codes):
        seen = True
        told = f"The code {code} stands with status {x.status}."
        known, where = evidence.text.codes[code], "/error/code"
        wanted = " or ".join(map(str, known.statuses))
        if x.status in known.statuses:
            yield holds(x)
        elif x.status in known.lenient:
            yield departs(x, "E64", told, pointer=where, expected=wanted, actual=x.status)
        else:
            yield violates(x, told, pointer=where, expected=wanted, actual=x.status)
    if not seen and not provoked and any(True for _ in _coded(evidence, evidence.text.codes)):
        yield no_occasion(f"No answer of the run carried {' or '.join(codes)}.")


@check("ERR-005", everywhere=True)
def credential_codes_go_with_401(evidence: Evidence) -> Iterable[Finding]:
    """(11.2) authentication_failed, token_expired, invalid_api_key."""
    yield from _pairs(evidence, "authentication_failed", "token_expired", "invalid_api_key", provoked=True)


@check("ERR-006", recorded=True)
def forbidden_and_rate_limit_have_their_status(evidence: Evidence) -> Iterable[Finding]:
    """(11.2) forbidden 403, rate_limit_exceeded 429."""
    yield from _pairs(evidence, "forbidden", "rate_limit_exceeded")


@check("ERR-007", everywhere=True)
def not_found_codes_go_with_404(evidence: Evidence) -> Iterable[Finding]:
    """(11.2) session_not_found, template_not_found, webhook_not_found."""
    yield from _pairs(evidence, "session_not_found", "template_not_found", "webhook_not_found", provoked=True)


@check("ERR-008", everywhere=True)
def session_expired_goes_with_410(evidence: Evidence) -> Iterable[Finding]:
    """(11.2) On reads, uploads and ends after expiry."""
    yield from if_observed(evidence, list(_pairs(evidence, "session_expired", provoked=True)))


@check("ERR-009", everywhere=True)
def request_codes_go_with_400(evidence: Evidence) -> Iterable[Finding]:
    """(11.2) invalid_request and its kin."""
    yield from _pairs(
        evidence,
        "invalid_request",
        "invalid_audio_format",
        "chunk_too_large",
        "invalid_template",
        "missing_required_field",
        provoked=True,
    )


@check("ERR-010", recorded=True)
def processing_codes_have_their_status(evidence: Evidence) -> Iterable[Finding]:
    """(11.2) 422 for the audio's faults, 500 and 503 for the service's, in direct answers."""
    codes = (
        "audio_quality_poor",
        "audio_too_short",
        "language_unsupported",
        "processing_failed",
        "internal_error",
        "service_unavailable",
    )
    yield from _pairs(evidence, *codes)


@check("ERR-011")
def statuses_are_judged_elsewhere(evidence: Evidence) -> Iterable[Finding]:
    """(11.3) Merged into the entries of each operation."""
    yield recorded(None, "Statuses of errors met", sorted({x.status for x in errors_met(evidence)}))


@check("ERR-017", recorded=True)
def the_id_in_details_is_recorded(evidence: Evidence) -> Iterable[Finding]:
    """(11.4) details.session_id, where it is there, is the one asked for."""
    for x, _ in _coded(evidence, ("session_not_found",)):
        details = error_of(x).get("details")
        told = details.get("session_id") if isinstance(details, dict) else None
        same = told is None or str(told) in x.request.url
        yield (
            recorded(x, "details.session_id", told)
            if same
            else violates(x, "details names another session.", actual=told)
        )
