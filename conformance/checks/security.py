"""Chapter 12, as far as it shows on the wire: rate-limit headers, a contact, and secrets that stay secret."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.checks.declared import declares_webhooks, documents, is_absolute, member, webhook_declaration
from conformance.checks.registry import check
from conformance.finding import holds, inconclusive, not_applicable, recorded, warns

if TYPE_CHECKING:
    from collections.abc import Iterable

    from conformance.evidence import Evidence
    from conformance.finding import Finding

_LIMIT, _REMAINING, _RESET = "x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset"
#: What the recorder leaves where a key stood in an answer.
_REDACTED = ("<key>", "<second-key>")


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
    for x in evidence.exchanges:
        headers = {name: x.response.header(name) for name in (_LIMIT, _REMAINING, _RESET)} if x.response else {}
        given = {name: value for name, value in headers.items() if value is not None}
        if not given or not x.label.graded:
            continue
        seen = True
        whole = all(value.strip().isdecimal() for value in given.values())
        ordered = not (whole and _LIMIT in given and _REMAINING in given) or int(given[_REMAINING]) <= int(
            given[_LIMIT]
        )
        yield holds(x) if whole and ordered else warns(x, "Rate-limit headers are not what §12.7 says.", actual=given)
    if not seen:
        yield not_applicable("No answer carries a rate-limit header.")


@check("SEC-017")
def a_security_contact_is_given(evidence: Evidence) -> Iterable[Finding]:
    """(12.10) service.security_contact or service.security_policy_url."""
    for x in documents(evidence):
        contact = member(x.document, "service", "security_contact")
        policy = member(x.document, "service", "security_policy_url")
        given = (isinstance(contact, str) and contact.strip()) or is_absolute(policy)
        told = "Discovery gives no security contact."
        yield holds(x) if given else warns(x, told, actual={"security_contact": contact, "security_policy_url": policy})


@check("SEC-019")
def secrets_are_not_leaked_back(evidence: Evidence) -> Iterable[Finding]:
    """(12.9) No error body repeats the key it was sent."""
    errors = [x for x in evidence.exchanges if x.status >= 400 and x.response is not None]
    for x in errors:
        body = x.response.body.decode("utf-8", "replace") if x.response else ""
        leaked = any(mark in body for mark in _REDACTED)
        yield warns(x, "An error repeats the key it was sent.") if leaked else holds(x)
    if not errors:
        yield inconclusive("not_observed", "The run met no error.")
