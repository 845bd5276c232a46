"""What a session has found so far: a frozen value that is kept between two steps as JSON."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

#: Quotes that are kept while more are looked for, and documents that are named by a count.
KEPT = 40
NAMED = 8
_DECISIONS = 40


@dataclass(frozen=True, slots=True)
class Quote:
    """A sentence of a document to the letter, with the topics of the question that it holds, by their numbers."""

    document: str
    title: str
    place: str
    text: str
    topics: tuple[int, ...]
    score: float
    reason: str

    @property
    def order(self) -> tuple[float, str, str, str]:
        """Better ones come first; names decide between equals."""
        return -self.score, self.document, self.place, self.text


@dataclass(frozen=True, slots=True)
class Count:
    """Where a topic stands: passages, documents, and the documents with most of them by title."""

    passages: int = 0
    documents: int = 0
    most: tuple[tuple[str, int], ...] = ()

    def plus(self, found: Iterable[tuple[str, int]]) -> Count:
        """This and what was counted in other documents."""
        more = list(found)
        most = sorted([*self.most, *more], key=lambda item: (-item[1], item[0]))[:NAMED]
        return Count(self.passages + sum(count for _, count in more), self.documents + len(more), tuple(most))


@dataclass(frozen=True, slots=True)
class Pair:
    """Two of the chosen quotes, by their numbers, and what they are to each other: alike, or differing in something."""

    first: int
    second: int
    relation: str
    detail: str


@dataclass(frozen=True, slots=True)
class Usage:
    """What the work has cost: searches, passages and bytes that were read, sentences that were weighed."""

    queries: int = 0
    passages_read: int = 0
    bytes_read: int = 0
    sentences_weighed: int = 0


@dataclass(frozen=True, slots=True)
class Decision:
    """What the work decided on the way, and why."""

    stage: str
    choice: str
    reason: str


@dataclass(frozen=True, slots=True)
class Findings:
    """All that was found; `documents` and `passages` are the size of the corpus."""

    documents: int = 0
    passages: int = 0
    counts: Mapping[int, Count] = field(default_factory=dict)
    quotes: tuple[Quote, ...] = ()
    chosen: tuple[Quote, ...] = ()
    pairs: tuple[Pair, ...] = ()
    usage: Usage = Usage()
    decisions: tuple[Decision, ...] = ()

    @classmethod
    def empty(cls) -> Self:
        """Nothing yet."""
        return cls()

    def decided(self, stage: str, choice: str, reason: str) -> Findings:
        """With one more decision; those beyond the bound are not kept."""
        return replace(self, decisions=(*self.decisions, Decision(stage, choice, reason))[:_DECISIONS])

    def to_json(self) -> dict[str, Any]:
        """As JSON values, some tens of kilobytes at most."""
        return {
            "documents": self.documents,
            "passages": self.passages,
            "counts": [[number, asdict(count)] for number, count in sorted(self.counts.items())],
            "quotes": [asdict(quote) for quote in self.quotes],
            "chosen": [asdict(quote) for quote in self.chosen],
            "pairs": [asdict(pair) for pair in self.pairs],
            "usage": asdict(self.usage),
            "decisions": [asdict(decision) for decision in self.decisions],
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        """What `to_json` made; ValueError for anything else."""
        try:
            return cls(
                documents=value["documents"],
                passages=value["passages"],
                counts={number: _count(count) for number, count in value["counts"]},
                quotes=tuple(map(_quote, value["quotes"])),
                chosen=tuple(map(_quote, value["chosen"])),
                pairs=tuple(Pair(**pair) for pair in value["pairs"]),
                usage=Usage(**value["usage"]),
                decisions=tuple(Decision(**decision) for decision in value["decisions"]),
            )
        except (KeyError, TypeError, AttributeError) as error:
            raise ValueError(f"These are no findings of a session: {error}") from error


def _quote(value: Mapping[str, Any]) -> Quote:
    return Quote(**{**value, "topics": tuple(value["topics"])})


def _count(value: Mapping[str, Any]) -> Count:
    return Count(**{**value, "most": tuple((title, count) for title, count in value["most"])})
