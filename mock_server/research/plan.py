"""A session's work: a prompt, analysed, and the steps that answer it, each short enough to stop after."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from mock_server.research.index import PARTS
from mock_server.research.question import Question, Topic
from mock_server.research.step import Compare, Count, Search, Weigh

if TYPE_CHECKING:
    from mock_server.research.step import Step


class Kind(StrEnum):
    """What is made of what was found."""

    RESEARCH = "research"
    ANALYSIS = "analysis"
    SYNTHESIS = "synthesis"


@dataclass(frozen=True, slots=True)
class Query:
    """A search: its words for people, and the topics any of which has to be there."""

    text: str
    topics: tuple[Topic, ...]


@dataclass(frozen=True, slots=True)
class Plan:
    """The work on one prompt: the same prompt and kind always give the same."""

    kind: Kind
    question: Question
    queries: tuple[Query, ...]
    steps: tuple[Step, ...]

    @classmethod
    def of(cls, prompt: str, kind: Kind) -> Plan:
        """Plan the work on a prompt of any length and language; what asks for nothing is looked for nowhere."""
        question = Question.of(prompt)
        queries = _queries(question)
        counts = (Count(question, number, part) for number in range(len(question.topics)) for part in range(PARTS))
        searches = (Search(question, query.text, query.topics, part) for query in queries for part in range(PARTS))
        return cls(kind, question, queries, (*counts, *searches, Weigh(question), Compare(question)))


def _queries(question: Question) -> tuple[Query, ...]:
    """All topics at once, words side by side, and each topic by itself."""
    if not question.topics:
        return ()
    together = [Query(" OR ".join(topic.label for topic in question.topics), question.topics)]
    if question.pairs:
        together.append(Query(" OR ".join(f"“{pair.label}”" for pair in question.pairs), question.pairs))
    alone = [Query(topic.label, (topic,)) for topic in question.topics] if len(question.topics) > 1 else []
    return (*together, *alone)
