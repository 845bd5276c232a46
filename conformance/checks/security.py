"""Chapter 12, as far as it shows on the wire: rate-limit headers, a contact, and secrets that stay secret."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from conformance.checks.declared import declares_webhooks, documents, is_absolute, webhook_declaration
from conformance.checks.registry import check
from conformance.evidence.redaction import KEY, SECOND_KEY
from conformance.finding import holds, inconclusive, not_applicable, recorded, warns
from conformance.vocabulary.addresses import member
from conformance.vocabulary.operation import Operation
from conformance.vocabulary.probe import Probe

if TYPE_CHECKING:
    from collections.abc import Iterable

    from conformance.evidence import Evidence, Exchange
    from conformance.finding import Finding

_LIMIT, _REMAINING, _RESET = "x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset"
#: Bounded, because a header of thousands of digits is not a number anybody counts with.
_WHOLE = re.compile(r"[0-9]{1,18}")
#: What the recorder leaves where a key stood in an answer.
_REDACTED = (KEY, SECOND_KEY)


@check("SEC-012")
def webhook_sources_are_recorded(evidence: Evidence) -> Iterable[Finding]:
    """(12.4) webhook_source_ips, where webhooks are declared."""
    if not declares_webhooks(evidence):
        yield not_applicable("Discovery declares no webhooks.", webhook_declaration(evidence))
        return
    yield recorded(None, "webhook_source_ips", evidence.discovery.get("webhook_source_ips"))


@check("SEC-014")
def rate_limit_headers_are_sound(evidence: Evidence) -> Iterable[Finding]:
    """(12.7) Limit and Remaining integers, Remaining at most Limit, Reset an integer."""
    seen = False
    for x in evidence.select():
        if x.label.operation == Operation.UPLOAD and evidence.at_storage(x.label.session):
            continue  # The storage provider's own (rule 8).
        headers = {name: x.response.header(name) for name in (_LIMIT, _REMAINING, _RESET)} if x.response else {}
        given = {name: value for name, value in headers.items() if value is not None}
        if not given:
            continue
        seen = True
        whole = all(_WHOLE.fullmatch(value.strip()) for value in given.values())
        ordered = not (whole and _LIMIT in given and _REMAINING in given) or int(given[_REMAINING]) <= int(
            given[_LIMIT]
        )
        yield holds(x) if whole and ordered else warns(x, "Rate-limit headers are not what §12.7 says.", actual=given)
    if not seen:
        yield not_applicable("No answer carries a rate-limit header.")


@check("SEC-017")
def a_security_contact_is_given(evidence: Evidence) -> Iterable[Finding]:
    """(12.10) service.security_contact or service.security_policy_url, or a security.txt with a contact."""
    texts = [
        x for x in evidence.select(Operation.OTHER, probe=Probe.SECURITY_TXT) if x.status == 200 and _has_contact(x)
    ]
    for x in documents(evidence):
        contact = member(x.document, "service", "security_contact")
        policy = member(x.document, "service", "security_policy_url")
        given = (isinstance(contact, str) and contact.strip()) or is_absolute(policy)
        if given or texts:
            yield holds(x if given else texts[0])
        else:
            told = "Neither discovery nor /.well-known/security.txt gives a security contact."
            yield warns(x, told, actual={"security_contact": contact, "security_policy_url": policy})


def _has_contact(x: Exchange) -> bool:
    """Whether a body has the one field RFC 9116 requires to be reachable by."""
    text = x.response.body.decode("utf-8", "replace") if x.response else ""
    return any(line.strip().lower().startswith("contact:") for line in text.splitlines())


@check("SEC-019")
def secrets_are_not_leaked_back(evidence: Evidence) -> Iterable[Finding]:
    """(12.9) No error body repeats the key it was sent."""
    errors = [x for x in evidence.select() if x.status >= 400]
    # A service may print the words "<key>" by itself: in answers to requests without a key these words are its own.
    own_words = {mark for x in errors for mark in _marks(x) if not _sent(x, mark)}
    for x in errors:
        leaked = [mark for mark in _marks(x) if mark not in own_words]
        told = "An error repeats the key it was sent."
        yield warns(x, told, expected="no credential in the body", actual=leaked) if leaked else holds(x)
    if not errors:
        yield inconclusive("not_observed", "The run met no error.")


def _marks(x: Exchange) -> list[str]:
    """Placeholders of secrets in a body."""
    body = x.response.body if x.response else b""
    return [mark for mark in _REDACTED if mark.encode() in body]


def _sent(x: Exchange, mark: str) -> bool:
    """Whether a request carried the secret behind a placeholder, in a header or in its URL."""
    return mark in x.request.url or any(mark in value for _, value in x.request.headers)
