"""Chapter 11: the error envelope, on every error the run met."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from conformance.checks.once import once
from conformance.checks.refusals import put_off
from conformance.checks.registry import check
from conformance.finding import (
    Finding,
    Kind,
    holds,
    no_occasion,
    not_applicable,
    recorded,
    violates,
    warns,
)
from conformance.vocabulary.operation import PROTOCOL, Credential, Operation
from conformance.vocabulary.probe import LACKING, Probe

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from conformance.evidence import Evidence, Exchange


#: Answers a proxy may have made before the service saw the request.
_PROXY = (413, 414, 431, 502, 503, 504)


def _is_json(x: Exchange) -> bool:
    return x.response is not None and isinstance(x.response.json, dict)


@once
def errors_met(evidence: Evidence) -> Sequence[Exchange]:
    """4xx and 5xx answers of the protocol's operations, but for what rule and erratum leave out."""
    return tuple(_errors(evidence))


def _errors(evidence: Evidence) -> Iterator[Exchange]:
    for operation in PROTOCOL:
        for x in evidence.select(operation):
            if x.status < 400:
                continue
            told_by_document = operation == Operation.GET and (x.status == 410 or x.document.get("status") == "failed")
            proxy = (x.status in _PROXY or Probe.ODD_TRANSPORT.covers(x.label.probe)) and not _is_json(x)
            # Wrong methods are ERR-012's, and so are routes that the service does not have.
            elsewhere = x.status == 405 or (x.status == 404 and _nowhere(evidence, x))
            if not (told_by_document or is_storage(evidence, x) or proxy or elsewhere):
                yield x


def is_storage(evidence: Evidence, x: Exchange) -> bool:
    """Whether an answer is the storage provider's (rule 8)."""
    return x.label.operation == Operation.UPLOAD and evidence.at_storage(x.label.session)


def _nowhere(evidence: Evidence, x: Exchange) -> bool:
    """Whether a 404 is that of a route the service does not have, and not of anything a request named.

    Discovery and the list of templates name nothing. Where the file name is part of the URL (E44), an odd one leads
    elsewhere, and so does none.
    """
    if x.label.operation in (Operation.DISCOVERY, Operation.TEMPLATES):
        return True
    probe = Probe.meant(x.label.probe)
    upload = evidence.facts.named and x.label.operation == Operation.UPLOAD
    return upload and probe in (Probe.ODD_FILE_NAME, Probe.UPLOAD_FORM, Probe.UPLOAD_OTHER_PART)


def error_of(x: Exchange) -> dict[str, Any]:
    """The `error` of an answer; empty where it is not an object."""
    found = x.document.get("error")
    return found if isinstance(found, dict) else {}


def _enveloped(evidence: Evidence) -> Iterator[tuple[Exchange, dict[str, Any]]]:
    """Errors that have the object ERR-001 asks for, with it."""
    for x in errors_met(evidence):
        if isinstance(x.document.get("error"), dict):
            yield x, error_of(x)


@check("ERR-002", recorded=True)
def a_message_says_something(evidence: Evidence) -> Iterable[Finding]:
    """(11.1) An empty message is a warning."""
    for x, error in _enveloped(evidence):
        message = error.get("message")
        if isinstance(message, str) and not message.strip():
            yield warns(x, "An error has an empty message.", pointer="/error/message")


@check("ERR-003", recorded=True)
def details_are_optional(evidence: Evidence) -> Iterable[Finding]:
    """(11.1) Where no error carries details there is nothing to judge."""
    errors = [error for _, error in _enveloped(evidence)]
    if errors and not any("details" in error for error in errors):
        yield not_applicable("No error of the run carries details.")


@check("ERR-012")
def the_envelope_is_everywhere(evidence: Evidence) -> Iterable[Finding]:
    """(11.1) Also on unknown routes and wrong methods."""
    for x in evidence.select(Operation.OTHER, credential=Credential.RIGHT):
        if Probe.meant(x.label.probe) not in (Probe.ROUTE_UNKNOWN, Probe.METHOD_WRONG):
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
    seen = other = False
    for x in evidence.select(Operation.CREATE):
        field = LACKING.get(Probe.meant(x.label.probe))
        if x.status < 400 or x.response is None or field is None:
            continue
        if x.response.error_code == "missing_required_field":
            seen = True
            named = field in json.dumps({key: error_of(x).get(key) for key in ("message", "details")})
            told = f"missing_required_field does not name the field ({field})."
            yield holds(x) if named else warns(x, told, pointer="/error", expected=field, actual=error_of(x))
        other = other or x.response.error_code == "invalid_request"
    if other and not seen:
        yield no_occasion("A create that lacks a field is answered invalid_request, which need not name it.")


@check("ERR-016", everywhere=True)
def errors_are_json(evidence: Evidence) -> Iterable[Finding]:
    """(11.1) application/json; leniently any type that ends in +json."""
    for x in errors_met(evidence):
        media = x.response.media_type if x.response else ""
        if media == "application/json":
            yield holds(x)
        elif media.endswith("+json"):
            told = "An error is of a type of its own."
            # Built by hand: this leniency stands in the entry itself, and in no erratum.
            yield Finding(Kind.TOLERATED, told, x.number, expected="application/json", actual=media)
        else:
            yield violates(x, "An error is not labelled application/json.", expected="application/json", actual=media)
