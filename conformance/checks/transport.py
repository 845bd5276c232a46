"""§12.1 and §12.3 as far as a connection shows them: https everywhere, versions, suites and certificates of TLS."""

from __future__ import annotations

import ipaddress
from datetime import timedelta
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from conformance.checks.declared import is_absolute
from conformance.checks.registry import check
from conformance.evidence.address import is_public, split_origin
from conformance.evidence.handshake import EXPIRED, PLAIN
from conformance.finding import Finding, Kind, holds, inconclusive, recorded, violates, warns
from conformance.vocabulary.addresses import member
from conformance.vocabulary.operation import Operation

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from conformance.evidence import Evidence, Exchange, Handshake, Offer

#: What SEC-005 asks of a certificate that is watched.
WATCHED = timedelta(days=14)
#: The suites of §12.1; those with ECDSA are the same with the other kind of key.
RECOMMENDED = frozenset(
    {
        "TLS_AES_256_GCM_SHA384",
        "TLS_CHACHA20_POLY1305_SHA256",
        "TLS_AES_128_GCM_SHA256",
        "ECDHE-RSA-AES256-GCM-SHA384",
        "ECDHE-RSA-AES128-GCM-SHA256",
    }
)
_OLD: tuple[Offer, ...] = ("TLSv1", "TLSv1.1")
_LOCAL = "local_address"


@check("SEC-001")
def endpoints_are_served_over_https(evidence: Evidence) -> Iterable[Finding]:
    """(12.1) The target, base_url and every other endpoint of discovery; the API in plain HTTP beside it is a warning.

    Not in spec: whether the service sends Strict-Transport-Security is recorded.
    """
    if _is_local_plain(evidence):
        yield inconclusive(_LOCAL, "The target is plain HTTP at a local address, where nobody asks TLS of it.")
        return
    yield from _decisive([*_endpoints(evidence), *_in_plain(evidence)])
    told = next((x for x in evidence.discoveries if x.request.url.startswith("https:")), None)
    if told is not None and told.response is not None:
        yield recorded(told, "Strict-Transport-Security", told.response.header("strict-transport-security"))


@check("SEC-002")
def tls_1_2_is_supported(evidence: Evidence) -> Iterable[Finding]:
    """(12.1) A handshake limited to TLS 1.2."""
    yield from _supported(evidence, "TLSv1.2")


@check("SEC-003")
def tls_1_3_is_supported(evidence: Evidence) -> Iterable[Finding]:
    """(12.1) A handshake limited to TLS 1.3."""
    yield from _supported(evidence, "TLSv1.3")


@check("SEC-004")
def certificates_are_trusted(evidence: Evidence) -> Iterable[Finding]:
    """(12.1) Whatever host of the service the run met: issued by a CA that is trusted, for this name, and in time."""
    found: list[Finding] = []
    for x, seen in _handshakes(evidence):
        if evidence.facts.insecure:
            said = f"it does not verify ({seen.fault})" if seen.fault else "it was not judged"
            found.append(inconclusive("insecure", f"Certificates were taken as they came (--insecure); {said}.", x))
        elif seen.fault:
            told = f"The certificate of {_place(x)} does not verify: {seen.fault}."
            found.append(violates(x, told, expected="a certificate that verifies", actual=seen.fault))
        elif seen.certificate and seen.certificate.self_signed:
            told = f"The certificate of {_place(x)} is self-signed: it was let pass because the operator named it."
            local = _is_local(evidence, x.request.url)
            found.append(inconclusive(_LOCAL, told, x) if local else violates(x, told, actual=seen.certificate.subject))
        elif seen.certificate:
            found.append(holds(x))
    yield from _decisive(found)


@check("SEC-005")
def certificates_are_renewed_in_time(evidence: Evidence) -> Iterable[Finding]:
    """(12.1) notAfter more than 14 days ahead."""
    found: list[Finding] = []
    for x, seen in _handshakes(evidence):
        if seen.fault == EXPIRED:
            found.append(warns(x, f"The certificate of {_place(x)} has expired."))
        elif seen.certificate is None:
            if seen.offered == "usual":
                told = f"Until when the certificate of {_place(x)} is valid was not to be seen: {seen.trouble}."
                found.append(inconclusive("not_verified", told, x))
        elif seen.certificate.expires - x.sent > WATCHED:
            found.append(holds(x))
        else:
            until = seen.certificate.expires.isoformat()
            told = f"The certificate of {_place(x)} has less than {WATCHED.days} days to go."
            found.append(warns(x, told, expected=f"more than {WATCHED.days} days", actual=until))
    yield from _decisive(found)


@check("SEC-006")
def suites_are_the_recommended_ones(evidence: Evidence) -> Iterable[Finding]:
    """(12.1) What is agreed on with a client that offers all of them, with either version of TLS."""
    for x, seen in _handshakes(evidence, "usual", "TLSv1.2"):
        if seen.outcome != "agreed" or seen.cipher is None:
            continue
        if seen.cipher.replace("ECDSA", "RSA") in RECOMMENDED:
            yield holds(x)
        else:
            told = f"{_place(x)} agrees on a suite that is not among the recommended ones."
            yield warns(x, told, expected=sorted(RECOMMENDED), actual=seen.cipher)


@check("SEC-008")
def audio_travels_over_tls(evidence: Evidence) -> Iterable[Finding]:
    """(12.3) upload_url as created sessions have it, and the addresses audio was sent to."""
    if _is_local_plain(evidence):
        yield inconclusive(_LOCAL, "The target is plain HTTP at a local address, where nobody asks TLS of it.")
        return
    found: dict[object, tuple[str, Exchange]] = {}
    for x in evidence.exchanges:
        for url in _audio_addresses(x):
            found.setdefault(split_origin(url), (url, x))
    yield from _decisive([_judged(evidence, "upload_url", url, x, "/upload_url") for url, x in found.values()])


@check("SEC-021")
def old_versions_are_not_offered(evidence: Evidence) -> Iterable[Finding]:
    """(12.1, 12.9) Handshakes limited to TLS 1.0 and 1.1 are refused."""
    found: list[Finding] = []
    for x, seen in _handshakes(evidence, *_OLD):
        if seen.outcome == "agreed":
            told = f"{_place(x)} takes {seen.offered}, which is older than TLS 1.2."
            found.append(warns(x, told, expected="refused", actual=seen.version, erratum="E89"))
        else:
            found.append(holds(x) if seen.outcome == "refused" else _untried(x, seen))
    yield from _decisive(found)


def _audio_addresses(x: Exchange) -> Iterator[str]:
    """Where an exchange says that audio goes, or where it went."""
    if x.label.operation == Operation.CREATE and x.accepted:
        given = x.document.get("upload_url")
        url = given.get("url") if isinstance(given, dict) else given
        if isinstance(url, str) and is_absolute(url):
            yield url
    elif x.label.operation == Operation.UPLOAD and x.response is not None:
        yield x.request.url


def _endpoints(evidence: Evidence) -> Iterator[Finding]:
    """The address of the operator, the root that was used, and the endpoints discovery names."""
    entered = evidence.discoveries
    if entered:
        # the last of them: an http address that leads to https is a door and no endpoint
        yield _judged(evidence, "The target", entered[-1].request.url, entered[-1])
    shown = next((x for x in evidence.exchanges if x.request.url.startswith(evidence.facts.base_url)), None)
    if shown is not None:
        yield _judged(evidence, "The root of the operations", evidence.facts.base_url, shown)
    named = member(evidence.discovery, "endpoints")
    for told in [x for x in entered if x.status == 200][:1]:
        for name, url in named.items() if isinstance(named, dict) else ():
            if isinstance(url, str) and is_absolute(url):
                yield _judged(evidence, f"endpoints.{name}", url, told, f"/endpoints/{name}")


def _judged(evidence: Evidence, name: str, url: str, x: Exchange, pointer: str | None = None) -> Finding:
    """An address of the service by its scheme: in plain HTTP it is wrong where it answers, or where anybody may be."""
    if not url.startswith("http:"):
        return holds(x)
    told = f"{name} is an address of plain HTTP."
    if _is_local(evidence, url) and not _answers(evidence, url):
        return inconclusive(_LOCAL, f"{told} It is a local one, and nothing answers there without TLS: {url}", x)
    return violates(x, told, expected="https://…", actual=url, pointer=pointer)


def _in_plain(evidence: Evidence) -> Iterator[Finding]:
    """What the hosts of the service say to those who come without TLS."""
    for x in evidence.exchanges:
        if x.label.probe != PLAIN or x.response is None or not _entry(evidence).startswith("https:"):
            continue
        if _serves(x):
            told = f"{x.request.url} serves the API in plain HTTP as well."
            yield warns(x, told, expected="refused, or a redirect to https", actual=x.status)
        else:
            yield holds(x)


def _serves(x: Exchange) -> bool:
    """Whether an answer is the API's: a discovery document, a list of templates, or a refusal for want of a key."""
    if x.status == 200:
        return "protocol" in x.document or "templates" in x.document
    return x.status == 401 and "error" in x.document


def _supported(evidence: Evidence, offer: Offer) -> Iterator[Finding]:
    """One version alone at each origin: one try that is agreed on is enough; a refusal counts where another is."""
    tries = list(_handshakes(evidence))
    alive = {_origin(x) for x, seen in tries if seen.outcome == "agreed"}
    agreed = {_origin(x) for x, seen in tries if seen.outcome == "agreed" and seen.offered == offer}
    found: list[Finding] = []
    for x, seen in tries:
        if seen.offered != offer or (seen.outcome != "agreed" and _origin(x) in agreed):
            continue
        if seen.outcome == "refused" and _origin(x) in alive:
            told = f"{_place(x)} refuses a client that offers {offer} alone."
            found.append(violates(x, told, expected=offer, actual=seen.trouble))
        else:
            found.append(holds(x) if seen.outcome == "agreed" else _untried(x, seen))
    yield from _decisive(found)


def _untried(x: Exchange, seen: Handshake) -> Finding:
    return inconclusive("no_handshake", f"No handshake with {seen.offered} could be tried: {seen.trouble}.", x)


def _handshakes(evidence: Evidence, *offers: Offer) -> Iterator[tuple[Exchange, Handshake]]:
    """The exchanges that tell of a handshake."""
    for x in evidence.exchanges:
        if x.handshake is not None and (not offers or x.handshake.offered in offers):
            yield x, x.handshake


def _decisive(found: Iterable[Finding]) -> list[Finding]:
    """What is wrong, else what was not to be seen, else all: that one origin is in order says nothing of another."""
    every = list(found)
    for kinds in ({Kind.VIOLATES, Kind.WARNS}, {Kind.INCONCLUSIVE}):
        some = [each for each in every if each.kind in kinds]
        if some:
            return some
    return every


def _entry(evidence: Evidence) -> str:
    """The address the run came in by."""
    entered = evidence.discoveries or evidence.exchanges
    return entered[-1].request.url if entered else evidence.facts.base_url


def _is_local_plain(evidence: Evidence) -> bool:
    """Whether the service is one on somebody's own machine or network, without TLS."""
    urls = (_entry(evidence), evidence.facts.base_url)
    return all(url.startswith("http:") and _is_local(evidence, url) for url in urls)


def _is_local(evidence: Evidence, url: str) -> bool:
    """Whether a host is local by its name, or was found at an address that is."""
    host = urlsplit(url).hostname
    met = (x.notes["connected"] for x in evidence.exchanges if "connected" in x.notes)
    return not is_public(url) or any(name == host and not _is_global(address) for name, address in met)


def _is_global(address: str) -> bool:
    try:
        return ipaddress.ip_address(address).is_global
    except ValueError:
        return False


def _answers(evidence: Evidence, url: str) -> bool:
    """Whether anything at an address of plain HTTP answered the run."""
    wanted = split_origin(url)
    return any(x.response is not None and split_origin(x.request.url) == wanted for x in evidence.exchanges)


def _origin(x: Exchange) -> object:
    return split_origin(x.request.url)


def _place(x: Exchange) -> str:
    return urlsplit(x.request.url).netloc
