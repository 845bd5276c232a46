"""What a run had to go along with, each departure a finding of one requirement, said once.

The run itself goes on in the way the target takes, so that its exchanges show nothing of the departure any more.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from conformance.checks.registry import check
from conformance.evidence import Dimension
from conformance.finding import Finding, Kind

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from conformance.evidence import Departure, Evidence


@dataclass(frozen=True)
class Row:
    """What a departure in a dimension counts as; `member` narrows it to one member of the dimension.

    `told` narrows it to departures from something the target says: where it says nothing, that is judged elsewhere.
    """

    dimension: Dimension
    requirement: str
    kind: Kind
    erratum: str | None = None
    member: str | None = None
    pointer: str | None = None
    told: bool = False

    def fits(self, departure: Departure) -> bool:
        """Whether a departure is one of this row."""
        ours = departure.dimension is self.dimension and self.member in (None, departure.member)
        return ours and not (self.told and departure.expected is None)


TABLE = (
    Row(Dimension.DISCOVERY, "DISC-001", Kind.DEPARTS, "E90"),
    Row(Dimension.ADDRESS, "DISC-008", Kind.VIOLATES, member="base_url", pointer="/endpoints/base_url", told=True),
    # Where nothing but the scheme is another, SEC-001 judges it.
    Row(Dimension.ADDRESS, "DISC-008", Kind.RECORDED, member="scheme", pointer="/endpoints/base_url"),
    # The text has no redirects of operations and forbids none; one within the origin is followed at no loss.
    Row(Dimension.REDIRECT, "DISC-008", Kind.RECORDED),
    Row(Dimension.CREATE, "SES-CREATE-017", Kind.DEPARTS, "E6", "language_hint", "/language_hint"),
    # Every reading of the first text has one code (E6): where it is not taken the run leaves it out.
    Row(Dimension.CREATE, "SES-CREATE-018", Kind.VIOLATES, member="language_hint", pointer="/language_hint"),
    Row(Dimension.CREATE, "SES-CREATE-020", Kind.DEPARTS, "E5", "transcript_language", "/transcript_language"),
    Row(Dimension.FILE_NAME, "SES-GET-025", Kind.VIOLATES, pointer="/audio_files"),
    Row(Dimension.FILE_NAME, "SES-END-007", Kind.VIOLATES, pointer="/audio_files"),
)
#: Dimensions whose departures show in graded exchanges of the run, and the requirements judged by these.
SHOWN_IN_THE_RUN = {
    Dimension.CREDENTIAL: ("AUTH-002", "AUTH-003"),
    Dimension.TEMPLATES: ("TPL-001", "TPL-002"),
    Dimension.CREATE: ("SES-CREATE-012", "SES-CREATE-019", "SES-CREATE-022", "SES-CREATE-025", "SES-CREATE-035"),
    Dimension.UPLOAD_URL: ("SES-CREATE-003", "SES-CREATE-007", "AUD-002"),
    Dimension.UPLOAD: ("AUD-002", "AUD-003"),
    Dimension.END: ("SES-END-009",),
    # What is not there is failed by whatever asks for it.
    Dimension.OPERATION: (),
    # No bound is given to the time an answer takes: a read that is held back breaks nothing.
    Dimension.READ: (),
}


def departures(evidence: Evidence, dimension: Dimension, member: str | None = None) -> Iterator[Departure]:
    """Where the target departs in a dimension."""
    return (each for each in evidence.dialect if each.dimension is dimension and member in (None, each.member))


def _finding(row: Row, departure: Departure) -> Finding:
    told = (row.kind, departure.text, departure.exchange, row.pointer)
    return Finding(*told, departure.expected, departure.actual, row.erratum)


def _register(requirement: str) -> None:
    rows = [row for row in TABLE if row.requirement == requirement]

    def judge(evidence: Evidence) -> Iterable[Finding]:
        return [_finding(row, each) for row in rows for each in evidence.dialect if row.fits(each)]

    judge.__name__ = "what_the_run_went_along_with"
    judge.__doc__ = "(1.2) A departure the run went along with."
    check(requirement)(judge)


for _id in dict.fromkeys(row.requirement for row in TABLE):
    _register(_id)
