"""Chapter 11: the error envelope and its codes, on every error the run met."""

from __future__ import annotations

import json
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

from conformance.checks.refusals import busy, put_off
from conformance.checks.registry import check
from conformance.finding import (
    Finding,
    Kind,
    departs,
    holds,
    inconclusive,
    not_applicable,
    recorded,
    tolerated,
    violates,
    warns,
)

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    from conformance.evidence import Evidence, Exchange, Operation

#: The table of §11.2 with the statuses each code goes with, and the code §3.3 adds.
CODES: dict[str, tuple[int, ...]] = {
    "authentication_failed": (401,),
    "token_expired": (401,),
    "invalid_api_key": (401,),
    "forbidden": (403,),
    "rate_limit_exceeded": (429,),
    "session_not_found": (404,),
    "template_not_found": (404,),
    "webhook_not_found": (404,),
    "session_expired": (410,),
    "invalid_request": (400, 409),  # 409: too late or in the wrong state, which the tables have no code for (E37, E41)
    "invalid_audio_format": (400,),
    "chunk_too_large": (400,),
    "invalid_template": (400,),
    "missing_required_field": (400,),
    "audio_quality_poor": (422,),
    "audio_too_short": (422,),
    "language_unsupported": (422,),
    "processing_failed": (500,),
    "internal_error": (500,),
    "service_unavailable": (503,),
    "unsupported_version": (400,),
}
#: Leniently also these (E64): 422 for what is invalid, the proxy's code for what is too large or of a wrong type.
_LENIENT: dict[str, tuple[int, ...]] = {
    "invalid_request": (422,),
    "invalid_audio_format": (422, 415),
    "chunk_too_large": (422, 413),
    "invalid_template": (422,),
    "missing_required_field": (422,),
}
#: Answers a proxy may have made before the service saw the request.
_PROXY = (413, 414, 431, 502, 503, 504)
#: Statuses the table of codes has no row for: any code may stand with them (E63), but for the one E64 names.
_PAIR_EXEMPT = (405, 413)
#: E35: legal in the body of a 410, elsewhere unusual.
_ELSEWHERE = "processing_incomplete"
_PROTOCOL: tuple[Operation, ...] = ("discovery", "templates", "create", "upload", "end", "get")


def _is_json(x: Exchange) -> bool:
    return x.response is not None and isinstance(x.response.json, dict)


def _errors(evidence: Evidence) -> Iterator[Exchange]:
    """4xx and 5xx answers of the protocol's operations, but for what rule and erratum leave out."""
    for operation in _PROTOCOL:
        for x in evidence.select(operation):
            if x.status < 400:
                continue
            told_by_document = operation == "get" and (x.status == 410 or x.document.get("status") == "failed")
            proxy = x.status in _PROXY and not _is_json(x)
            # Wrong methods are ERR-012's, and so are routes nobody has.
            elsewhere = x.status == 405 or (x.status == 404 and _nowhere(evidence, x))
            if not (told_by_document or _at_storage(evidence, x) or proxy or elsewhere):
                yield x


def _at_storage(evidence: Evidence, x: Exchange) -> bool:
    """Whether an answer is the storage provider's (rule 8)."""
    return x.label.operation == "upload" and evidence.facts.api_target is False


def _nowhere(evidence: Evidence, x: Exchange) -> bool:
    """Whether an upload went to no route: the name is part of the URL, and is odd or left out (E44)."""
    named = evidence.facts.upload_form in ("named-post", "named-put")
    probe = x.label.probe or ""
    return named and x.label.operation == "upload" and probe.startswith(("nonsense: odd file name", "upload as "))


def _error(x: Exchange) -> dict[str, Any]:
    found = x.document.get("error")
    return found if isinstance(found, dict) else {}


def _enveloped(evidence: Evidence) -> Iterator[tuple[Exchange, dict[str, Any]]]:
    """Errors that have the object ERR-001 asks for, with it."""
    for x in _errors(evidence):
        if isinstance(x.document.get("error"), dict):
            yield x, _error(x)


def _coded(evidence: Evidence, codes: Collection[str]) -> Iterator[tuple[Exchange, str]]:
    for x in _errors(evidence):
        code = x.response.error_code if x.response else None
        exempt = x.status in _PAIR_EXEMPT and x.status not in _LENIENT.get(code or "", ())
        if code in codes and not exempt:
            yield x, str(code)


@check("ERR-001")
def every_error_is_the_envelope(evidence: Evidence) -> Iterable[Finding]:
    """(11.1) A JSON object with an object error."""
    for x in _errors(evidence):
        if isinstance(x.document.get("error"), dict):
            yield holds(x)
        else:
            told = f"A {x.status} answer is not the error envelope."
            seen = x.response.body[:200].decode("utf-8", "replace") if x.response else None
            yield violates(x, told, expected='{"error": {"code", "message"}}', actual=seen)


@check("ERR-002")
def code_and_message_are_strings(evidence: Evidence) -> Iterable[Finding]:
    """(11.1) Both required; an empty message is a warning."""
    for x, error in _enveloped(evidence):
        code, message = error.get("code"), error.get("message")
        if not (isinstance(code, str) and code and isinstance(message, str)):
            yield violates(x, "An error lacks a code or a message.", pointer="/error", actual=error)
        else:
            yield holds(x) if message.strip() else warns(x, "An error has an empty message.", pointer="/error/message")


@check("ERR-003")
def details_is_an_object(evidence: Evidence) -> Iterable[Finding]:
    """(11.1) Where it is there; null counts as absent."""
    for x, error in _enveloped(evidence):
        if "details" not in error:
            yield holds(x)
        elif error["details"] is None:
            yield warns(x, "details of an error is null.", pointer="/error/details")
        else:
            fine = isinstance(error["details"], dict)
            told = "details of an error is no object."
            yield holds(x) if fine else violates(x, told, pointer="/error/details", actual=error["details"])


@check("ERR-004")
def codes_come_from_the_list(evidence: Evidence) -> Iterable[Finding]:
    """(11.2) The table, and unsupported_version."""
    for x in _errors(evidence):
        code = x.response.error_code if x.response else None
        if code is None:
            continue
        told = "An error code is not in the list of §11.2."
        if code == _ELSEWHERE:
            yield warns(x, f"{code} stands outside the body of a 410.", pointer="/error/code", erratum="E35")
        else:
            yield holds(x) if code in CODES else tolerated(x, "E63", told, pointer="/error/code", actual=code)


def _pairs(evidence: Evidence, *codes: str) -> Iterator[Finding]:
    seen = False
    for x, code in _coded(evidence, codes):
        seen = True
        told = f"The code {code} stands with status {x.status}."
        wanted, where = " or ".join(map(str, CODES[code])), "/error/code"
        if x.status in CODES[code]:
            yield holds(x)
        elif x.status in _LENIENT.get(code, ()):
            yield departs(x, "E64", told, pointer=where, expected=wanted, actual=x.status)
        else:
            yield violates(x, told, pointer=where, expected=wanted, actual=x.status)
    if not seen:
        yield not_applicable(f"No answer of the run carried {' or '.join(codes)}.")


@check("ERR-005")
def credential_codes_go_with_401(evidence: Evidence) -> Iterable[Finding]:
    """(11.2) authentication_failed, token_expired, invalid_api_key."""
    yield from _pairs(evidence, "authentication_failed", "token_expired", "invalid_api_key")


@check("ERR-006")
def forbidden_and_rate_limit_have_their_status(evidence: Evidence) -> Iterable[Finding]:
    """(11.2) forbidden 403, rate_limit_exceeded 429."""
    yield from _pairs(evidence, "forbidden", "rate_limit_exceeded")


@check("ERR-007")
def not_found_codes_go_with_404(evidence: Evidence) -> Iterable[Finding]:
    """(11.2) session_not_found, template_not_found, webhook_not_found."""
    yield from _pairs(evidence, "session_not_found", "template_not_found", "webhook_not_found")


@check("ERR-008")
def session_expired_goes_with_410(evidence: Evidence) -> Iterable[Finding]:
    """(11.2) On upload and end after expiry."""
    if not any(True for _ in evidence.select("end", probe="end after expiry")):
        yield inconclusive("no_clock", "No session could be brought to its deadline.")
        return
    yield from _pairs(evidence, "session_expired")


@check("ERR-009")
def request_codes_go_with_400(evidence: Evidence) -> Iterable[Finding]:
    """(11.2) invalid_request and its kin."""
    yield from _pairs(
        evidence,
        "invalid_request",
        "invalid_audio_format",
        "chunk_too_large",
        "invalid_template",
        "missing_required_field",
    )


@check("ERR-010")
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
    yield recorded(None, "Statuses of errors met", sorted({x.status for x in _errors(evidence)}))


@check("ERR-012")
def the_envelope_is_everywhere(evidence: Evidence) -> Iterable[Finding]:
    """(11.1) Also on unknown routes and wrong methods."""
    for x in evidence.select("other", credential="right"):
        if not (x.label.probe or "").startswith(("unknown route", "wrong method")):
            continue
        if x.accepted:
            yield recorded(x, f"{x.label.probe} is served", x.status)
        elif x.status in (404, 405) and isinstance(x.document.get("error"), dict):
            yield holds(x)
        elif (later := put_off(x)) is not None:
            yield later
        else:
            told = f"The error envelope is not used ({x.label.probe})."
            yield warns(x, told, expected="404 or 405 with the envelope", actual=x.status)


@check("ERR-013")
def a_missing_field_is_named(evidence: Evidence) -> Iterable[Finding]:
    """(11.4) In the message or in details."""
    seen = False
    for x in evidence.select("create"):
        field, _, defect = (x.label.probe or "").partition(" ")
        if x.status < 400 or x.response is None or not defect.startswith("missing"):
            continue
        if x.response.error_code == "missing_required_field":
            seen = True
            named = field in json.dumps({key: _error(x).get(key) for key in ("message", "details")})
            told = f"missing_required_field does not name the field ({field})."
            yield holds(x) if named else warns(x, told, pointer="/error", expected=field, actual=_error(x))
    if not seen:
        yield not_applicable("No create that lacks a field was answered missing_required_field.")


def _throttled(evidence: Evidence) -> list[Exchange]:
    return [x for x in evidence.select() if x.status == 429 and not _at_storage(evidence, x)]


@check("ERR-015")
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


@check("ERR-016")
def errors_are_json(evidence: Evidence) -> Iterable[Finding]:
    """(11.1) application/json; leniently any type that ends in +json."""
    for x in _errors(evidence):
        media = x.response.media_type if x.response else ""
        if media == "application/json":
            yield holds(x)
        elif media.endswith("+json"):
            told = "An error is of a type of its own."
            # Built by hand: this leniency stands in the entry itself, and in no erratum.
            yield Finding(Kind.TOLERATED, told, x.number, expected="application/json", actual=media)
        else:
            yield violates(x, "An error is not labelled application/json.", expected="application/json", actual=media)


@check("ERR-017")
def the_id_in_details_is_recorded(evidence: Evidence) -> Iterable[Finding]:
    """(11.4) details.session_id, where it is there, is the one asked for."""
    for x, _ in _coded(evidence, ("session_not_found",)):
        details = _error(x).get("details")
        told = details.get("session_id") if isinstance(details, dict) else None
        same = told is None or str(told) in x.request.url
        yield (
            recorded(x, "details.session_id", told)
            if same
            else violates(x, "details names another session.", actual=told)
        )


@check("ERR-018")
def unavailability_passes(evidence: Evidence) -> Iterable[Finding]:
    """(11.6) After a 503 the same request, repeated, succeeds."""
    seen = [x for x in evidence.select() if x.status == 503 and x.label.probe is None and not _at_storage(evidence, x)]
    for x in seen:
        later = [y for y in evidence.exchanges if y.number > x.number and y.label.operation == x.label.operation]
        better = any(y.accepted and y.label.session == x.label.session for y in later)
        yield holds(x) if better else warns(x, "A 503 did not pass within the run.")
    if not seen:
        yield not_applicable("The run met no 503.")


@check("ERR-019")
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
_NONSENSE = "nonsense: "
#: Probes for which the text defines no answer, so that their own entries only warn of a 5xx (E36).
_UNDEFINED = ("end without audio",)


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


def _nonsense(evidence: Evidence) -> Iterator[Finding]:
    """Each malformed request that was sent twice."""
    sent = {x.label.probe: x for x in evidence.select() if (x.label.probe or "").startswith(_NONSENSE)}
    for probe, first in sent.items():
        second = sent.get(f"{probe} again")
        if second is None or _at_storage(evidence, first):
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
        if x.status < 500 or busy(x) or _at_storage(evidence, x) or (x.label.probe is None) is not valid:
            continue
        failure_told = x.label.operation == "get" and "error" in x.document  # E21: how a failed session may be shown
        undefined = (x.label.probe or "").startswith((_NONSENSE, *_UNDEFINED))
        if not (failure_told and valid) and not undefined:
            found.append(x)
    return found
