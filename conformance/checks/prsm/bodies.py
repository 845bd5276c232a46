"""Bodies with one thing about them wrong: what the table of refusals says of each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.checks.generated import refusals_of
from conformance.checks.refusals import turned_down
from conformance.checks.registry import check
from conformance.finding import tolerated
from conformance.vocabulary.operation import Operation
from conformance.vocabulary.probe import Probe
from scribe_data.fuzz import RefusalKind

if TYPE_CHECKING:
    from collections.abc import Iterable

    from conformance.evidence import Evidence, Exchange
    from conformance.finding import Finding

#: What a create, a share and a comment is called.
_CALLED = {Operation.CREATE: "A create", Operation.SHARE: "A share", Operation.COMMENT: "A comment"}


def _judged(evidence: Evidence, requirement: str, operation: Operation) -> Iterable[Finding]:
    """Each defective body of an operation that an entry for the requirement fits, where a valid one is taken."""
    if not any(x.accepted for x in evidence.select(operation, valid=True)):
        return
    table = refusals_of(evidence.text)
    for x in evidence.select(operation):
        entry = table.of(evidence, x) if Probe.DEFECT.covers(x.label.probe) else None
        if entry is None or entry.requirement != requirement:
            continue
        what = f"{_CALLED[operation]} with a defect ({Probe.DEFECT.detail(x.label.probe or '')})"
        if x.accepted and entry.kind is RefusalKind.TOLERATED:
            yield tolerated(x, entry.errata[0], f"{what} is accepted.", expected=400, actual=x.status)
        else:
            yield turned_down(x, what, "E39")


@check("PRSM-CREATE-002")
def every_session_needs_a_prompt(evidence: Evidence) -> Iterable[Finding]:
    """(Create Session) Without a prompt that is a text of some length a create is refused (E23, E39)."""
    yield from _judged(evidence, "PRSM-CREATE-002", Operation.CREATE)


@check("PRSM-CREATE-003")
def other_types_are_refused(evidence: Evidence) -> Iterable[Finding]:
    """(Create Session) A type that is none of the three is refused."""
    yield from _judged(evidence, "PRSM-CREATE-003", Operation.CREATE)


@check("PRSM-CREATE-004")
def optional_objects_are_objects(evidence: Evidence) -> Iterable[Finding]:
    """(Create Session) budget, preferences and metadata that are no objects are refused."""
    yield from _judged(evidence, "PRSM-CREATE-004", Operation.CREATE)


@check("PRSM-SHARE-002")
def a_share_needs_recipients_and_a_level(evidence: Evidence) -> Iterable[Finding]:
    """(Share Session) Without recipients, or with permissions that are none, a share is refused (E31)."""
    yield from _judged(evidence, "PRSM-SHARE-002", Operation.SHARE)


@check("PRSM-COM-002")
def a_comment_needs_content(evidence: Evidence) -> Iterable[Finding]:
    """(Add Session Comment) Without content that is a text of some length a comment is refused."""
    yield from _judged(evidence, "PRSM-COM-002", Operation.COMMENT)


@check("PRSM-COM-003")
def a_comment_has_one_of_three_types(evidence: Evidence) -> Iterable[Finding]:
    """(Add Session Comment) Another comment_type, or a reference_point that is no text, is refused."""
    yield from _judged(evidence, "PRSM-COM-003", Operation.COMMENT)


def accepted(evidence: Evidence, operation: Operation) -> list[Exchange]:
    """Valid requests of an operation by the caller that were taken."""
    return [x for x in evidence.select(operation, valid=True) if x.accepted]
