"""The steps of a session: each takes what was found so far and gives it back with its own share."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar, Protocol

from mock_server.research import comparison, weighing
from mock_server.research.finding import KEPT, Usage
from mock_server.research.finding import Count as Counted

if TYPE_CHECKING:
    from mock_server.research.corpus import Corpus
    from mock_server.research.finding import Findings
    from mock_server.research.question import Question, Topic

#: Entries of the index that ranking may look at: it goes through all of a word's, whatever part is searched.
_RANKED = 60_000
#: Passages a search reads of each part of the corpus.
_READ = 12


class Step(Protocol):
    """A piece of work of some milliseconds; `stage` names what it is a piece of, `name` the piece."""

    @property
    def stage(self) -> str:
        """What it is a piece of."""

    @property
    def name(self) -> str:
        """The piece."""

    def carry_out(self, corpus: Corpus, state: Findings) -> Findings:
        """Do it: the same corpus and findings always give the same."""


@dataclass(frozen=True, slots=True)
class Count:
    """Counts where a topic stands in a part of the corpus."""

    question: Question
    topic: int
    part: int
    stage: ClassVar[str] = "counting"

    @property
    def name(self) -> str:
        """The topic and the part."""
        return f"“{self.question.topics[self.topic].label}”, part {self.part + 1}"

    def carry_out(self, corpus: Corpus, state: Findings) -> Findings:
        """Add what this part has."""
        found = corpus.count(self.question.topics[self.topic].roots, self.part)
        counts = {**state.counts, self.topic: state.counts.get(self.topic, Counted()).plus(found)}
        usage = replace(state.usage, queries=state.usage.queries + 1)
        return replace(state, documents=corpus.documents, passages=corpus.passages, counts=counts, usage=usage)


@dataclass(frozen=True, slots=True)
class Search:
    """Reads the passages of a part of the corpus that fit a query best, and keeps their best sentences."""

    question: Question
    query: str
    any_of: tuple[Topic, ...]
    part: int
    stage: ClassVar[str] = "gathering"

    @property
    def name(self) -> str:
        """The query and the part."""
        return f"{self.query}, part {self.part + 1}"

    def carry_out(self, corpus: Corpus, state: Findings) -> Findings:
        """Add the best sentences of this part."""
        rows = corpus.search([topic.roots for topic in self._affordable(state)], self.part, _READ)
        told = weighing.weights(self.question, state)
        found = [quote for row in rows for quote in weighing.quotes(row, self.question, told)]
        usage = Usage(
            queries=state.usage.queries + 1,
            passages_read=state.usage.passages_read + len(rows),
            bytes_read=state.usage.bytes_read + sum(len(row.text.encode("utf-8")) for row in rows),
            sentences_weighed=state.usage.sentences_weighed + len(found),
        )
        return replace(state, quotes=weighing.merged(state.quotes, found, KEPT), usage=usage)

    def _affordable(self, state: Findings) -> list[Topic]:
        """What can be ranked in time: what stands in most passages takes longest and tells least."""
        common = {
            topic.roots[0]: state.counts[number].passages
            for number, topic in enumerate(self.question.topics)
            if len(topic.roots) == 1 and number in state.counts
        }
        costs = {topic: sum(common.get(root, 0) for root in topic.roots) for topic in self.any_of}
        first, *rest = sorted(self.any_of, key=lambda topic: costs[topic])
        taken, total = [first], costs[first]
        for topic in rest:
            total += costs[topic]
            if total <= _RANKED:
                taken.append(topic)
        return taken


@dataclass(frozen=True, slots=True)
class Weigh:
    """Chooses the quotes the report is made of."""

    question: Question
    stage: ClassVar[str] = "weighing"
    name: ClassVar[str] = "quotes"

    def carry_out(self, corpus: Corpus, state: Findings) -> Findings:
        """Choose, and say what was left out and why."""
        taken = weighing.chosen(state.quotes)
        missing = [
            topic.label
            for number, topic in enumerate(self.question.topics)
            if not state.counts.get(number, Counted()).passages
        ]
        found = replace(state, documents=corpus.documents, passages=corpus.passages, chosen=taken)
        if self.question.cut_short:
            found = found.decided("planning", "The prompt was not read to its end", "it is longer than is read")
        if missing:
            found = found.decided(self.stage, f"Not searched further: {', '.join(missing)}", "no passage holds them")
        choice = f"{len(taken)} of {len(state.quotes)} quotes are used"
        return found.decided(self.stage, choice, "the best of each topic, then the best of many places and documents")


@dataclass(frozen=True, slots=True)
class Compare:
    """Compares the chosen quotes two by two."""

    question: Question
    stage: ClassVar[str] = "comparing"
    name: ClassVar[str] = "quotes"

    def carry_out(self, corpus: Corpus, state: Findings) -> Findings:  # noqa: ARG002 - the one way to carry out a step
        """Find which say alike and which differ."""
        pairs = comparison.compared(state.chosen)
        alike = sum(1 for pair in pairs if pair.relation == comparison.ALIKE)
        choice = f"{alike} pairs of quotes are alike, {len(pairs) - alike} differ"
        return replace(state, pairs=pairs).decided(self.stage, choice, "by the words, numbers and denials they hold")
