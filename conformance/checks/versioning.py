"""Chapter 3: version strings, and requests that name a version."""

from __future__ import annotations

import re
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from conformance.checks.declared import documents, is_absolute, listed
from conformance.checks.outsiders import tells_nothing
from conformance.checks.refusals import put_off
from conformance.checks.registry import check
from conformance.finding import holds, inconclusive, not_applicable, violates, warns
from conformance.vocabulary.addresses import member
from conformance.vocabulary.operation import Operation
from conformance.vocabulary.probe import UNKNOWN_VERSION, Probe

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from conformance.evidence import Evidence, Exchange
    from conformance.finding import Finding

_VERSION = re.compile(r"[0-9]+[.][0-9]+\Z")
_DATE = re.compile(r"\d{4}-\d\d-\d\d(?:T.*)?\Z")


def _listed(x: Exchange) -> list[str]:
    return [v for v in listed(x.document, "supported_versions") if isinstance(v, str)]


@check("VER-001")
def versions_are_major_minor(evidence: Evidence) -> Iterable[Finding]:
    """(3.1) protocol_version and every supported one."""
    for x in documents(evidence):
        supported = listed(x.document, "supported_versions")
        named = {f"/supported_versions/{at}": version for at, version in enumerate(supported)}
        for pointer, version in ({"/protocol_version": x.document.get("protocol_version")} | named).items():
            if not isinstance(version, str):
                continue  # DISC-006 and DISC-007 say so.
            told = "A version is not MAJOR.MINOR."
            fine = _VERSION.match(version)
            yield holds(x) if fine else violates(x, told, pointer=pointer, expected="e.g. 0.1", actual=version)


@check("VER-002")
def the_primary_version_is_supported(evidence: Evidence) -> Iterable[Finding]:
    """(3.2) protocol_version is an element of supported_versions."""
    for x in documents(evidence):
        version = x.document.get("protocol_version")
        if isinstance(version, str) and _listed(x):
            told = "protocol_version is not among supported_versions."
            yield holds(x) if version in _listed(x) else violates(x, told, expected=_listed(x), actual=version)


def _refusals(evidence: Evidence) -> Iterator[Exchange]:
    for operation in (Operation.TEMPLATES, Operation.GET):
        yield from evidence.select(operation, probe=Probe.VERSION_UNKNOWN)


@check("VER-003")
def an_unknown_version_is_refused(evidence: Evidence) -> Iterable[Finding]:
    """(3.3) 400 unsupported_version."""
    for x in _refusals(evidence):
        if (later := put_off(x)) is not None:
            yield later
            continue
        if tells_nothing(evidence, x):
            continue
        code = x.response.error_code if x.response else None
        told = f"A request for version {UNKNOWN_VERSION} is not refused as unsupported_version."
        fine = x.status == 400 and code == "unsupported_version"
        yield (
            holds(x) if fine else warns(x, told, expected="400 unsupported_version", actual=f"{x.status} {code or ''}")
        )


@check("VER-004")
def that_refusal_lists_the_versions(evidence: Evidence) -> Iterable[Finding]:
    """(3.3) details.requested_version and details.supported_versions."""
    supported = set(map(str, listed(evidence.discovery, "supported_versions")))
    seen = False
    for x in _refusals(evidence):
        if x.response is None or x.response.error_code != "unsupported_version":
            continue
        seen = True
        details = x.document["error"].get("details")
        details = details if isinstance(details, dict) else {}
        same = set(map(str, listed(details, "supported_versions"))) == supported
        good = details.get("requested_version") == UNKNOWN_VERSION and same
        expected = {"requested_version": UNKNOWN_VERSION, "supported_versions": sorted(supported)}
        told = "The refusal does not name the versions."
        yield holds(x) if good else warns(x, told, pointer="/error/details", expected=expected, actual=details)
    if not seen:
        yield inconclusive("not_observed", "No request was refused as unsupported_version.")


@check("VER-005")
def a_supported_version_is_processed(evidence: Evidence) -> Iterable[Finding]:
    """(3.3) Never unsupported_version; the version under test answers as without the header."""
    plain = [x.status for x in evidence.select(Operation.TEMPLATES, valid=True)]
    for version in listed(evidence.discovery, "supported_versions"):
        for x in evidence.select(Operation.TEMPLATES, probe=Probe.VERSION_SUPPORTED.of(version)):
            if (later := put_off(x)) is not None:
                yield later
                continue
            refused = x.response is not None and x.response.error_code == "unsupported_version"
            other = version == evidence.discovery.get("protocol_version") and plain and x.status not in plain
            told = f"A request naming the supported version {version} is not processed as one without it."
            yield violates(x, told, expected=plain[:1], actual=x.status) if refused or other else holds(x)


@check("VER-006")
def requests_without_version_are_taken(evidence: Evidence) -> Iterable[Finding]:
    """(3.3) None is refused for lacking MSA-Version."""
    for operation in (Operation.TEMPLATES, Operation.CREATE, Operation.GET, Operation.END):
        for x in evidence.select(operation, valid=True):
            refused = x.response is not None and x.response.error_code == "unsupported_version"
            yield warns(x, "A request without MSA-Version is refused for its version.") if refused else holds(x)
    bare = list(evidence.select(Operation.TEMPLATES, valid=True))
    named = [x for x in evidence.select(Operation.TEMPLATES) if Probe.VERSION_SUPPORTED.covers(x.label.probe)]
    if bare and all(x.status == 400 for x in bare) and any(x.accepted for x in named):
        yield warns(bare[0], "A request is taken with MSA-Version and refused without it.", expected=200, actual=400)


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
    declared = set(map(str, listed(evidence.discovery, "supported_versions")))
    seen = False
    for x in _refusals(evidence):
        error = x.document.get("error")
        told = member(error, "details", "supported_versions") if isinstance(error, dict) else None
        if isinstance(told, list) and declared:
            seen = True
            more = sorted(set(map(str, told)) - declared)
            message = "A version is called supported that discovery does not declare."
            yield violates(x, message, expected=sorted(declared), actual=more) if more else holds(x)
    if not seen:
        yield not_applicable("No answer names supported versions beside discovery.")


def _sunset(item: Any) -> date | None:
    """The calendar date at the head of sunset_date, where there is one."""
    told = item.get("sunset_date") if isinstance(item, dict) else None
    if not isinstance(told, str) or not _DATE.match(told):
        return None
    try:
        return date.fromisoformat(told[:10])
    except ValueError:
        return None


@check("VER-012")
def deprecations_are_announced(evidence: Evidence) -> Iterable[Finding]:
    """(3.5) version, sunset_date and migration_guide of each; still supported while the sunset lies ahead."""
    for x in documents(evidence):
        found = x.document.get("deprecated_versions")
        if not found:
            yield not_applicable("Discovery has no deprecated_versions.", found)
            continue
        for at, item in enumerate(found if isinstance(found, list) else [found]):
            pointer, sunset = f"/deprecated_versions/{at}", _sunset(item)
            named = isinstance(item, dict) and isinstance(item.get("version"), str)
            if not named or sunset is None or not is_absolute(item.get("migration_guide")):
                yield warns(x, "A deprecation lacks what §3.5 lists.", pointer=pointer, actual=item)
            # A day apart: neither a time zone nor a clock that is off (rule 3) may decide this.
            elif sunset > x.received.date() + timedelta(days=1) and item["version"] not in _listed(x):
                told = "A deprecated version is gone from supported_versions before its sunset_date."
                yield warns(x, told, pointer=pointer, expected=item["version"], actual=_listed(x))
            else:
                yield holds(x)


@check("VER-013")
def deprecated_versions_are_marked(evidence: Evidence) -> Iterable[Finding]:
    """(3.5) X-MSA-Deprecated: true and X-MSA-Sunset-Date with the date announced."""
    found = listed(evidence.discovery, "deprecated_versions")
    if not found:
        yield not_applicable("Discovery has no deprecated_versions.", evidence.discovery.get("deprecated_versions"))
    for item in found:
        version = item.get("version") if isinstance(item, dict) else item
        for x in evidence.select(Operation.TEMPLATES, probe=Probe.VERSION_DEPRECATED.of(version)):
            if not x.accepted or x.response is None:
                continue
            flag, told = x.response.header("x-msa-deprecated"), x.response.header("x-msa-sunset-date")
            sunset = _sunset(item)
            dated = bool(told) and (sunset is None or sunset.isoformat() in str(told))
            marked = (flag or "").strip().lower() == "true" and dated
            expected = {"X-MSA-Deprecated": "true", "X-MSA-Sunset-Date": sunset.isoformat() if sunset else "a date"}
            actual = {"X-MSA-Deprecated": flag, "X-MSA-Sunset-Date": told}
            message = f"An answer to the deprecated version {version} does not say so."
            yield holds(x) if marked else warns(x, message, expected=expected, actual=actual)


@check("VER-014")
def a_changelog_is_reachable(evidence: Evidence) -> Iterable[Finding]:
    """(3.6) service.changelog_url is an absolute URL."""
    for x in documents(evidence):
        url = member(x.document, "service", "changelog_url")
        told = "service.changelog_url is missing or no absolute URL."
        yield holds(x) if is_absolute(url) else warns(x, told, pointer="/service/changelog_url", actual=url)
