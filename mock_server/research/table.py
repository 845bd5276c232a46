"""Tables of a report, made from counts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mock_server.research.statement import share

if TYPE_CHECKING:
    from mock_server.research.statement import Matter

#: Documents that get a column of their own.
_COLUMNS = 4


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of cells below the names of their columns."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str | int, ...], ...]

    def as_json(self) -> dict[str, Any]:
        """As it stands in results."""
        return {"title": self.title, "columns": list(self.columns), "rows": [list(row) for row in self.rows]}


def counts(matter: Matter) -> Table:
    """Each topic with the passages and documents it stands in, what is asked for and stands nowhere included."""
    rows: list[tuple[str | int, ...]] = []
    for number, topic in enumerate(matter.question.topics):
        count = matter.state.counts.get(number)
        passages, documents = (count.passages, count.documents) if count else (0, 0)
        rows.append((topic.label, passages, documents, share(passages, matter.state.passages)))
    return Table("Where the topics stand", ("Topic", "Passages", "Documents", "Share of all passages"), tuple(rows))


def by_document(matter: Matter) -> Table:
    """Topics against the documents that hold most of them; the last column has all other documents."""
    sums: dict[str, int] = {}
    for count in matter.state.counts.values():
        for title, passages in count.most:
            sums[title] = sums.get(title, 0) + passages
    titles = tuple(sorted(sums, key=lambda title: (-sums[title], title))[:_COLUMNS])
    rows: list[tuple[str | int, ...]] = []
    for number in matter.found:
        count = matter.state.counts[number]
        most = dict(count.most)
        cells = [most.get(title, 0) for title in titles]
        rows.append((matter.question.topics[number].label, *cells, count.passages - sum(cells)))
    return Table("Passages by document", ("Topic", *titles, "Others"), tuple(rows))


def sources(matter: Matter) -> Table:
    """Each document that is quoted, with the number of its quotes and the topics they hold."""
    rows: list[tuple[str | int, ...]] = []
    for citations in by_source(matter).values():
        quotes = [matter.state.chosen[number - 1] for number in citations]
        held = [topic for topic in matter.found if any(topic in quote.topics for quote in quotes)]
        labels = ", ".join(matter.question.topics[topic].label for topic in held)
        rows.append((quotes[0].title, len(quotes), labels))
    return Table("Sources", ("Document", "Quotes", "Topics"), tuple(rows))


def by_source(matter: Matter) -> dict[str, list[int]]:
    """The citations of each document, in order."""
    found: dict[str, list[int]] = {}
    for number, quote in enumerate(matter.state.chosen, 1):
        found.setdefault(quote.document, []).append(number)
    return found
