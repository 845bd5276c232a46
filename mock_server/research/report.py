"""What a session found as a report: sections, summary, citations, tables, chart and confidence."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from mock_server.research import table
from mock_server.research.chart import Chart
from mock_server.research.composition import SECTIONS, SUMMARIES
from mock_server.research.confidence import Confidence
from mock_server.research.statement import Matter, Section, Statement, listed

if TYPE_CHECKING:
    from mock_server.research.finding import Findings
    from mock_server.research.plan import Kind, Plan
    from mock_server.research.table import Table


@dataclass(frozen=True, slots=True)
class Citation:
    """A quote with the document and place it stands at, and why it was chosen."""

    number: int
    document: str
    title: str
    place: str
    quote: str
    reason: str
    score: float

    def as_json(self) -> dict[str, Any]:
        """As it stands in an answer."""
        told = asdict(self)
        return {"id": told.pop("number"), **told}


@dataclass(frozen=True, slots=True)
class Report:
    """All that is told of a session's findings; `plain` is what there is to say where nothing was found."""

    title: str
    kind: Kind
    sections: tuple[Section, ...]
    said: tuple[Statement, ...]
    plain: str
    citations: tuple[Citation, ...]
    confidence: Confidence
    tables: tuple[Table, ...]
    chart: Chart | None
    unanswered: tuple[str, ...]
    raw: dict[str, Any]

    @classmethod
    def of(cls, plan: Plan, state: Findings) -> Report:
        """Make the report of what was found; one about nothing says so."""
        matter = Matter(plan.question, state)
        counts, held = matter.state.counts, matter.found
        topics = enumerate(plan.question.topics)
        missing = tuple(topic.label for at, topic in topics if at not in counts or not counts[at].passages)
        found = bool(held)
        return cls(
            title=plan.question.title,
            kind=plan.kind,
            sections=tuple(SECTIONS[plan.kind](matter)) if found else (),
            said=tuple(SUMMARIES[plan.kind](matter)) if found else (),
            plain="" if found else _nothing(matter),
            citations=tuple(
                Citation(number, quote.document, quote.title, quote.place, quote.text, quote.reason, quote.score)
                for number, quote in enumerate(state.chosen, 1)
            ),
            confidence=Confidence.of(plan.question, state),
            tables=_tables(matter) if found else (),
            chart=Chart.of(matter) if found else None,
            unanswered=missing,
            raw={"queries": [query.text for query in plan.queries], "findings": state.to_json()},
        )

    @property
    def found(self) -> bool:
        """Whether there is anything to report."""
        return bool(self.citations)

    @property
    def summary(self) -> str:
        """The summary as one text; behind each sentence the numbers of its citations."""
        return " ".join(map(str, self.said)) if self.found else self.plain

    @property
    def results(self) -> dict[str, Any]:
        """The structured results: JSON values only."""
        chart = self.chart
        return {
            "question": self.title,
            "kind": self.kind.value,
            "found": self.found,
            "sections": [
                {"heading": section.heading, "statements": [each.as_json() for each in section.statements]}
                for section in self.sections
            ],
            "tables": [each.as_json() for each in self.tables],
            "chart": chart and {"title": chart.title, "media_type": "image/svg+xml", "svg": chart.svg()},
            "unanswered": list(self.unanswered),
            "confidence": asdict(self.confidence),
        }


def _tables(matter: Matter) -> tuple[Table, ...]:
    return table.counts(matter), table.by_document(matter), table.sources(matter)


def _nothing(matter: Matter) -> str:
    topics = matter.question.topics
    if not topics:
        return "Nothing was looked for: the prompt has no word that says what is asked for."
    state = matter.state
    if not state.passages:
        return "Nothing was found: the corpus is empty."
    labels = listed([matter.label(number) for number in range(min(len(topics), 6))])
    more = f" and {len(topics) - 6} more" if len(topics) > 6 else ""
    where = f"the {state.passages:,} passages of {state.documents:,} documents"
    verb = "stands" if len(topics) == 1 else "stand"
    return f"Nothing was found: {labels}{more} {verb} in none of {where}."
