"""Chapter 4, discovery: that it is served, to whom, and what it says of the service."""

from __future__ import annotations

import re
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

from conformance.checks.declared import documents, is_absolute, methods, missing
from conformance.checks.refusals import put_off
from conformance.checks.registry import check
from conformance.finding import holds, not_applicable, recorded, violates, warns
from conformance.vocabulary.addresses import member
from conformance.vocabulary.operation import Operation
from conformance.vocabulary.probe import Probe

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from conformance.evidence import Evidence, Exchange
    from conformance.finding import Finding


_MAX_AGE = re.compile(r"\b(?:s-maxage|max-age)\s*=\s*\"?(\d+)", re.IGNORECASE)


def _answers(evidence: Evidence) -> Iterator[Exchange]:
    return iter(evidence.discoveries)


def _last(evidence: Evidence) -> Exchange | None:
    """The answer that ended the redirects, if any."""
    return next(reversed(list(_answers(evidence))), None)


def judge_each(
    evidence: Evidence, path: tuple[str, ...], good: Callable[[Any], bool], told: str, expected: str
) -> Iterator[Finding]:
    """One member of the document; nothing is judged where there is no document (DISC-001 says so)."""
    for x in documents(evidence):
        value = member(x.document, *path)
        pointer = "/" + "/".join(path)
        yield holds(x) if good(value) else violates(x, told, pointer=pointer, expected=expected, actual=value)


def is_integer(value: object, least: int) -> bool:
    """Whether JSON reads it as an integer of at least `least`; 5.0 is one."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return (isinstance(value, int) or value.is_integer()) and value >= least


def are_strings(value: object) -> bool:
    """Whether it is an array of strings."""
    return isinstance(value, list) and all(isinstance(item, str) for item in value)


@check("DISC-001")
def discovery_is_served(evidence: Evidence) -> Iterable[Finding]:
    """(4.1) GET /.well-known/medscribealliance ends in 200."""
    x = _last(evidence)
    if x is not None:
        yield _served(x, "GET /.well-known/medscribealliance is not 200.")


def _served(x: Exchange, told: str) -> Finding:
    return holds(x) if x.status == 200 else put_off(x) or violates(x, told, expected=200, actual=x.status)


@check("DISC-002")
def discovery_needs_no_credential(evidence: Evidence) -> Iterable[Finding]:
    """(4.1) Without any credential 200."""
    x = _last(evidence)
    bare = x is not None and not any(x.request.header(name) for name in ("authorization", "x-api-key", "cookie"))
    if x is not None and bare:
        yield _served(x, "Discovery without a credential is not 200.")


@check("DISC-003", recorded=True)
def discovery_is_json(evidence: Evidence) -> Iterable[Finding]:
    """(4.1) application/json, and a JSON object."""
    for x in _answers(evidence):
        if x.status != 200 or x.response is None:
            continue
        if x.response.media_type == "application/json" and isinstance(x.response.json, dict):
            yield holds(x)
        else:
            told = "The discovery document is not a JSON object, or not labelled application/json."
            yield violates(x, told, expected="application/json", actual=x.response.media_type)


@check("DISC-004")
def discovery_is_cacheable(evidence: Evidence) -> Iterable[Finding]:
    """(4.1) A positive lifetime, or a validator."""
    for x in documents(evidence):
        assert x.response is not None, "a document is an answer"
        control = ", ".join(value for name, value in x.response.headers if name.lower() == "cache-control")
        lives = any(age.strip("0") for age in _MAX_AGE.findall(control))
        valid = any(x.response.header(name) for name in ("etag", "last-modified"))
        fresh = "no-store" not in control.lower() and (lives or valid or _expires_later(x))
        yield holds(x) if fresh else warns(x, "The discovery document cannot be cached.", actual=control, erratum="E58")


def _expires_later(x: Exchange) -> bool:
    told = x.response.header("expires") if x.response else None
    date = x.response.header("date") if x.response else None
    try:
        return bool(told and date and parsedate_to_datetime(told) > parsedate_to_datetime(date))
    except (TypeError, ValueError):
        return False


@check("DISC-008")
def base_url_is_the_root(evidence: Evidence) -> Iterable[Finding]:
    """(4.3) An absolute URL below which POST /sessions exists."""
    told = "endpoints.base_url is not an absolute http(s) URL."
    yield from judge_each(evidence, ("endpoints", "base_url"), is_absolute, told, "absolute URL")
    creates = list(evidence.select(Operation.CREATE, valid=True))
    there = [x for x in creates if x.status not in (404, 405, 501)]
    for x in there[:1] or creates[:1]:
        told = "POST /sessions does not exist below base_url."
        yield holds(x) if there else violates(x, told, expected="not 404, 405 or 501", actual=x.status)


@check("DISC-009")
def declared_webhooks_have_a_url(evidence: Evidence) -> Iterable[Finding]:
    """(4.3) webhook_delivery true needs endpoints.webhooks_url."""
    for x in documents(evidence):
        if member(x.document, "capabilities", "webhook_delivery") is not True:
            declared = member(x.document, "capabilities", "webhook_delivery")
            yield not_applicable("capabilities.webhook_delivery is not true.", declared)
            continue
        url = member(x.document, "endpoints", "webhooks_url")
        told = "Webhooks are declared without an absolute webhooks_url."
        yield holds(x) if is_absolute(url) else violates(x, told, pointer="/endpoints/webhooks_url", actual=url)


@check("DISC-025")
def oidc_endpoints_are_published(evidence: Evidence) -> Iterable[Finding]:
    """(4.4) With oidc: authorization_endpoint and token_endpoint, under either parent."""
    if "oidc" not in methods(evidence):
        yield not_applicable("authentication.supported_methods does not list oidc.", methods(evidence))
        return
    for x in documents(evidence):
        for name in ("authorization_endpoint", "token_endpoint"):
            if (gone := missing(evidence, name)) is not None:
                yield recorded(gone, f"{name} is declared, and there is nothing at it", gone.status)
            found = [member(x.document, "authentication", "oidc", name), member(x.document, "endpoints", name)]
            told = f"OIDC is declared without an absolute {name}."
            yield holds(x) if any(map(is_absolute, found)) else violates(x, told, actual=found)


@check("DISC-027")
def service_members_are_sound(evidence: Evidence) -> Iterable[Finding]:
    """(4.4) service.name a string, documentation_url a URL, support_email an address."""
    if (gone := missing(evidence, "documentation_url")) is not None:
        yield recorded(gone, "service.documentation_url is declared, and there is nothing at it", gone.status)
    for x in documents(evidence):
        name = member(x.document, "service", "name")
        url = member(x.document, "service", "documentation_url")
        mail = member(x.document, "service", "support_email")
        fine = {
            "name": (name, name is None or isinstance(name, str)),
            "documentation_url": (url, url is None or is_absolute(url)),
            "support_email": (mail, mail is None or (isinstance(mail, str) and "@" in mail.strip("@"))),
        }
        for label, (value, good) in fine.items():
            told, pointer = f"service.{label} is not what its name says.", f"/service/{label}"
            yield holds(x) if good else violates(x, told, pointer=pointer, actual=value)


@check("DISC-028")
def templates_url_lists_the_same_templates(evidence: Evidence) -> Iterable[Finding]:
    """(4.4) What endpoints.templates_url lists with the key is what GET {base_url}/templates lists."""
    told = member(evidence.discovery, "endpoints", "templates_url")
    if evidence.discovery and told is None:
        yield not_applicable("Discovery gives no templates_url.", member(evidence.discovery, "endpoints"))
    for x in evidence.select(Operation.OTHER, probe=Probe.DECLARED.of("templates_url")):
        listed = x.document.get("templates")
        ids = [each.get("id") for each in listed if isinstance(each, dict)] if isinstance(listed, list) else []
        if (later := put_off(x)) is not None:
            yield later
        elif x.accepted and sorted(map(str, ids)) == sorted(evidence.template_ids):
            yield holds(x)
        else:
            said = "templates_url does not list the templates that GET /templates lists."
            yield violates(
                x,
                said,
                pointer="/endpoints/templates_url",
                expected=list(evidence.template_ids),
                actual=ids or x.status,
            )
