"""Chapter 6, session ids: their form, their uniqueness, and that one id means one session everywhere."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from conformance.checks.registry import check
from conformance.finding import holds, violates
from conformance.vocabulary.operation import Credential, Operation

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from conformance.evidence import Evidence, Exchange
    from conformance.finding import Finding

_URL_SAFE = re.compile(r"[A-Za-z0-9_-]+\Z")


def _created(evidence: Evidence) -> Iterator[tuple[Exchange, str]]:
    """Every create that was accepted, probes included, with its id."""
    for x in evidence.select(Operation.CREATE, credential=Credential.RIGHT):
        found = x.document.get("session_id")
        if x.accepted and isinstance(found, str):
            yield x, found


@check("SES-ID-001", recorded=True)
def ids_start_with_ses(evidence: Evidence) -> Iterable[Finding]:
    """(6.2) The prefix ses_."""
    for x, found in _created(evidence):
        good = found.startswith("ses_")
        yield holds(x) if good else violates(x, "A session id does not start with ses_.", actual=found)


@check("SES-ID-002", recorded=True)
def ids_are_url_safe(evidence: Evidence) -> Iterable[Finding]:
    """(6.2) Letters, digits, hyphen, underscore."""
    for x, found in _created(evidence):
        good = _URL_SAFE.match(found)
        yield holds(x) if good else violates(x, "A session id is not URL-safe.", actual=found)


@check("SES-ID-003", everywhere=True)
def ids_are_unique(evidence: Evidence) -> Iterable[Finding]:
    """(6.2) No two sessions share an id."""
    seen: set[str] = set()
    for x, found in _created(evidence):
        good = found not in seen
        yield holds(x) if good else violates(x, "Two creates were given the same session id.", actual=found)
        seen.add(found)


@check("SES-ID-006", everywhere=True)
def one_id_means_one_session(evidence: Evidence) -> Iterable[Finding]:
    """(6.2) The id of the 201 stands in every answer about the session."""
    for story in evidence.stories.values():
        # A storage's answers are the provider's (rule 8).
        told_by = ("get", "end") if evidence.at_storage(story.key) else ("get", "end", "upload")
        for x in story.exchanges:
            if story.session_id is None or x.label.operation not in told_by or "session_id" not in x.document:
                continue
            found = x.document["session_id"]
            if found == story.session_id:
                yield holds(x)
            else:
                told = "An answer about a session carries another id."
                yield violates(x, told, pointer="/session_id", expected=story.session_id, actual=found)
