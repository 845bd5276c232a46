"""Chapter 3: version strings, and requests that name a version."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from conformance.checks.declared import documents, is_absolute, member
from conformance.checks.registry import check
from conformance.finding import holds, inconclusive, not_applicable, violates, warns

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from conformance.evidence import Evidence, Exchange
    from conformance.finding import Finding

_VERSION = re.compile(r"[0-9]+[.][0-9]+\Z")
_DATE = re.compile(r"\d{4}-\d\d-\d\d(?:T.*)?\Z")
_UNKNOWN = "version 99.0"


def _listed(x: Exchange) -> list[str]:
    found = x.document.get("supported_versions")
    return [v for v in found if isinstance(v, str)] if isinstance(found, list) else []


@check("VER-001")
def versions_are_major_minor(evidence: Evidence) -> Iterable[Finding]:
    """(3.1) protocol_version and every supported one."""
    for x in documents(evidence):
        for version in (x.document.get("protocol_version"), *_listed(x)):
            if isinstance(version, str):
                fine = _VERSION.match(version)
                yield (
                    holds(x)
                    if fine
                    else violates(
                        x,
                        "A version is not MAJOR.MINOR.",
                        pointer="/protocol_version",
                        expected="e.g. 0.1",
                        actual=version,
                    )
                )


@check("VER-002")
def the_primary_version_is_supported(evidence: Evidence) -> Iterable[Finding]:
    """(3.2) protocol_version is an element of supported_versions."""
    for x in documents(evidence):
        version = x.document.get("protocol_version")
        if isinstance(version, str) and _listed(x):
            told = "protocol_version is not among supported_versions."
            yield holds(x) if version in _listed(x) else violates(x, told, expected=_listed(x), actual=version)


def _refusals(evidence: Evidence) -> Iterator[Exchange]:
    for operation in ("templates", "get"):
        yield from evidence.select(operation, probe=_UNKNOWN)


@check("VER-003")
def an_unknown_version_is_refused(evidence: Evidence) -> Iterable[Finding]:
    """(3.3) 400 unsupported_version."""
    for x in _refusals(evidence):
        code = x.response.error_code if x.response else None
        told = "A request for version 99.0 is not refused as unsupported_version."
        fine = x.status == 400 and code == "unsupported_version"
        yield (
            holds(x) if fine else warns(x, told, expected="400 unsupported_version", actual=f"{x.status} {code or ''}")
        )


@check("VER-004")
def that_refusal_lists_the_versions(evidence: Evidence) -> Iterable[Finding]:
    """(3.3) details.requested_version and details.supported_versions."""
    listed = evidence.discovery.get("supported_versions")
    seen = False
    for x in _refusals(evidence):
        if x.response is None or x.response.error_code != "unsupported_version":
            continue
        seen = True
        details = x.document["error"].get("details")
        details = details if isinstance(details, dict) else {}
        told = details.get("supported_versions")
        same = (
            isinstance(told, list) and isinstance(listed, list) and sorted(map(str, told)) == sorted(map(str, listed))
        )
        good = details.get("requested_version") == "99.0" and same
        yield holds(x) if good else warns(x, "The refusal does not name the versions.", expected=listed, actual=details)
    if not seen:
        yield inconclusive("not_observed", "No request was refused as unsupported_version.")


@check("VER-005")
def a_supported_version_is_processed(evidence: Evidence) -> Iterable[Finding]:
    """(3.3) Never unsupported_version; the version under test answers as without the header."""
    plain = [x.status for x in evidence.select("templates", valid=True)]
    for version in evidence.discovery.get("supported_versions") or []:
        for x in evidence.select("templates", probe=f"supported version {version}"):
            refused = x.response is not None and x.response.error_code == "unsupported_version"
            other = version == evidence.discovery.get("protocol_version") and plain and x.status not in plain
            told = f"A request naming the supported version {version} is not processed as one without it."
            yield violates(x, told, expected=plain[:1], actual=x.status) if refused or other else holds(x)


@check("VER-006")
def requests_without_version_are_taken(evidence: Evidence) -> Iterable[Finding]:
    """(3.3) None is refused for lacking MSA-Version."""
    for operation in ("templates", "create", "get", "end"):
        for x in evidence.select(operation, valid=True):
            refused = x.response is not None and x.response.error_code == "unsupported_version"
            yield warns(x, "A request without MSA-Version is refused for its version.") if refused else holds(x)


@check("VER-008")
def the_current_major_is_supported(evidence: Evidence) -> Iterable[Finding]:
    """(3.4) The major part of protocol_version is that of some supported version."""
    for x in documents(evidence):
        version = x.document.get("protocol_version")
        if isinstance(version, str) and _listed(x):
            majors = {v.split(".")[0] for v in _listed(x)}
            fine = version.split(".")[0] in majors
            told = "The current major version is not supported."
            yield holds(x) if fine else violates(x, told, expected=sorted(majors), actual=version)


@check("VER-010")
def all_supported_versions_are_declared(evidence: Evidence) -> Iterable[Finding]:
    """(3.4) What a refusal calls supported stands in discovery."""
    listed = set(map(str, evidence.discovery.get("supported_versions") or []))
    seen = False
    for x in _refusals(evidence):
        error = x.document.get("error")
        told = member(error, "details", "supported_versions") if isinstance(error, dict) else None
        if isinstance(told, list) and listed:
            seen = True
            more = sorted(set(map(str, told)) - listed)
            message = "A version is called supported that discovery does not declare."
            yield violates(x, message, expected=sorted(listed), actual=more) if more else holds(x)
    if not seen:
        yield not_applicable("No answer names supported versions beside discovery.")


@check("VER-012")
def deprecations_are_announced(evidence: Evidence) -> Iterable[Finding]:
    """(3.5) version, sunset_date and migration_guide of each deprecated version."""
    for x in documents(evidence):
        found = x.document.get("deprecated_versions")
        if not found:
            yield not_applicable("Discovery has no deprecated_versions.", found)
            continue
        for item in found if isinstance(found, list) else [found]:
            sound = (
                isinstance(item, dict)
                and isinstance(item.get("version"), str)
                and is_absolute(item.get("migration_guide"))
            )
            dated = isinstance(item, dict) and bool(_DATE.match(str(item.get("sunset_date"))))
            yield holds(x) if sound and dated else warns(x, "A deprecation lacks what §3.5 lists.", actual=item)


@check("VER-013")
def deprecated_versions_are_marked(evidence: Evidence) -> Iterable[Finding]:
    """(3.5) X-MSA-Deprecated and X-MSA-Sunset-Date on answers to a deprecated version."""
    found = evidence.discovery.get("deprecated_versions")
    if not found:
        yield not_applicable("Discovery has no deprecated_versions.", found)
    for x in evidence.select("templates"):
        if (x.label.probe or "").startswith("deprecated version ") and x.accepted and x.response:
            marked = x.response.header("x-msa-deprecated") == "true" and x.response.header("x-msa-sunset-date")
            yield holds(x) if marked else warns(x, "An answer to a deprecated version does not say so.")


@check("VER-014")
def a_changelog_is_reachable(evidence: Evidence) -> Iterable[Finding]:
    """(3.6) service.changelog_url is an absolute URL."""
    for x in documents(evidence):
        url = member(x.document, "service", "changelog_url")
        told = "service.changelog_url is missing or no absolute URL."
        yield holds(x) if is_absolute(url) else warns(x, told, pointer="/service/changelog_url", actual=url)
