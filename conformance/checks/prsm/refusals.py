"""Chapter 7: what refusals say, and that nobody gets in without a credential."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.checks.errors import errors_met
from conformance.checks.outsiders import let_in, tells_nothing
from conformance.checks.refusals import put_off
from conformance.checks.registry import check
from conformance.checks.table import met
from conformance.finding import holds, violates
from conformance.vocabulary.operation import BAD, Credential, Operation
from conformance.vocabulary.probe import UNCREDENTIALED

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from conformance.evidence import Evidence, Exchange
    from conformance.finding import Finding

#: What recommends the words that the document does not list (E25).
_FREE = "E25"


def _word(x: Exchange) -> str | None:
    found = x.document.get("error")
    return found if isinstance(found, str) else None


@check("PRSM-ERR-001", everywhere=True)
def the_code_is_the_status(evidence: Evidence) -> Iterable[Finding]:
    """(Error Responses) INV-12: code has the status of the answer."""
    for x in errors_met(evidence):
        code = x.document.get("code")
        if isinstance(code, int) and not isinstance(code, bool):
            told = "The code of an error is not the status of its answer."
            yield holds(x) if code == x.status else violates(x, told, pointer="/code", expected=x.status, actual=code)


@check("PRSM-ERR-002", everywhere=True)
def listed_words_have_their_status(evidence: Evidence) -> Iterable[Finding]:
    """(Common error codes) A word of the list stands with the status of its case."""
    for x in errors_met(evidence):
        known = evidence.text.codes.get(_word(x) or "")
        if known is None or _FREE in known.errata or (known.errata and x.status in known.lenient):
            continue
        told = f"The word {known.name} stands with status {x.status}."
        wanted = " or ".join(map(str, known.statuses))
        if x.status in known.statuses:
            yield holds(x)
        else:
            yield violates(x, told, pointer="/error", expected=wanted, actual=x.status)


@check("PRSM-ERR-002", everywhere=True, recorded=False)
def each_case_has_its_word(evidence: Evidence) -> Iterable[Finding]:
    """(Common error codes) An unknown session, and a cancel that comes too late, are refused in their words."""
    lifecycle = evidence.text.lifecycle
    for each in met(evidence):
        cells = [lifecycle.cell(row, each.operation) for row in each.rows]
        words = {cell.error for cell in cells}
        right = each.x.status >= 400 and all(cell.accepts(each.x.status, lenient=True) for cell in cells)
        shown = _word(each.x)
        if len(words) != 1 or None in words or not right or shown is None:
            continue
        wanted = words.pop()
        told = f"A {each.operation} ({' or '.join(each.rows)}) is refused as {shown}."
        yield (
            holds(each.x)
            if shown == wanted
            else violates(each.x, told, pointer="/error", expected=wanted, actual=shown)
        )


@check("PRSM-AUTH-001")
def creates_and_lists_take_a_credential(evidence: Evidence) -> Iterable[Finding]:
    """(Status Codes of every endpoint) Whoever has no credential is answered 401 there too."""
    for x in _knocks(evidence):
        what = f"A {x.label.operation} with {x.label.credential} credential"
        if (later := put_off(x)) is not None:
            yield later
        elif x.status == 401:
            yield holds(x)
        elif let_in(evidence, x):
            yield violates(x, f"{what} is let in.", expected=401, actual=x.status)
        elif not tells_nothing(evidence, x):
            yield violates(x, f"{what} is answered {x.status}.", expected=401, actual=x.status)


def _knocks(evidence: Evidence) -> Iterator[Exchange]:
    for operation in (Operation.CREATE, Operation.LIST):
        for credential in BAD:
            for x in evidence.select(operation, credential=Credential(credential)):
                if UNCREDENTIALED[credential].covers(x.label.probe):
                    yield x
