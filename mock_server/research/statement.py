"""Sentences of a report: each is made by a rule from quotes and counts, and names the quotes it rests on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mock_server.research.comparison import BINDING, DENIAL, NUMBER

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from mock_server.research.finding import Findings, Pair
    from mock_server.research.question import Question


@dataclass(frozen=True, slots=True)
class Statement:
    """One sentence, and the numbers of the citations it rests on, which count from 1."""

    text: str
    citations: tuple[int, ...]

    def __str__(self) -> str:
        return f"{self.text} {''.join(f'[{number}]' for number in self.citations)}".rstrip()

    def as_json(self) -> dict[str, Any]:
        """As it stands in results."""
        return {"text": self.text, "citations": list(self.citations)}


@dataclass(frozen=True, slots=True)
class Section:
    """Sentences below a heading."""

    heading: str
    statements: tuple[Statement, ...]


#: Citations a sentence about many quotes names: the best of them.
_NAMED = 5


@dataclass(frozen=True, slots=True)
class Matter:
    """What sentences are made from: the question and what was found."""

    question: Question
    state: Findings

    def label(self, topic: int) -> str:
        """A topic in quotation marks."""
        return f"“{self.question.topics[topic].label}”"

    @property
    def found(self) -> tuple[int, ...]:
        """The topics that a quote holds, in the order of the question."""
        held = {topic for quote in self.state.chosen for topic in quote.topics}
        return tuple(topic for topic in range(len(self.question.topics)) if topic in held)

    def holding(self, topic: int) -> tuple[int, ...]:
        """The citations that hold a topic, best first."""
        return tuple(number for number, quote in enumerate(self.state.chosen, 1) if topic in quote.topics)

    def apart(self, citations: Iterable[int]) -> tuple[int, ...]:
        """Of citations the first of each document."""
        first: dict[str, int] = {}
        for number in citations:
            first.setdefault(self.state.chosen[number - 1].document, number)
        return tuple(first.values())

    def says(self, citation: int) -> Statement:
        """What a source says, in its own words."""
        quote = self.state.chosen[citation - 1]
        return Statement(f"{_at(quote.title, quote.place)}: “{quote.text}”", (citation,))

    def lead(self) -> Statement:
        """How much was found, and of what."""
        documents = self.apart(range(1, len(self.state.chosen) + 1))
        quotes = _many(len(self.state.chosen), "quote")
        hold = "holds" if len(self.state.chosen) == 1 else "hold"
        told = (
            f"{quotes} from {_many(len(documents), 'document')}, out of {_many(self.state.passages, 'passage')} of "
            f"{_many(self.state.documents, 'document')}, {hold} {listed([self.label(topic) for topic in self.found])}."
        )
        return Statement(told, documents[:_NAMED])

    def stands(self, topic: int) -> Statement:
        """Where a topic stands, and how often."""
        count = self.state.counts[topic]
        title, most = count.most[0]
        told = (
            f"{self.label(topic)} stands in {_many(count.passages, 'passage')} of {_many(count.documents, 'document')}"
            f", {share(count.passages, self.state.passages)} of all passages"
        )
        if count.documents == 1:
            often = f", all of them in {title}."
        else:
            often = f", most often in {title} ({most:,})." if most > count.most[1][1] else f", {most:,} at most in one."
        return Statement(told + often, self.holding(topic)[:_NAMED])

    def ratio(self, more: int, less: int) -> Statement:
        """How many times as often one topic stands as another."""
        one, two = self.state.counts[more].passages, self.state.counts[less].passages
        told = f"{self.label(more)} stands in {one:,} and {self.label(less)} in {_many(two, 'passage')}: "
        told += "as many." if one == two else f"{one / two:.1f} times as many."
        return Statement(told, tuple(dict.fromkeys((self.holding(more)[0], self.holding(less)[0]))))

    def spoken(self, topic: int) -> Statement:
        """Who speaks of a topic."""
        documents = self.apart(self.holding(topic))
        titles = [self.state.chosen[number - 1].title for number in documents[:_NAMED]]
        if len(documents) > _NAMED:
            titles.append(_many(len(documents) - _NAMED, "other"))
        speak = "speaks" if len(documents) == 1 else "speak"
        return Statement(f"Of {self.label(topic)} {speak} {listed(titles)}.", documents[:_NAMED])

    def source(self, citations: Sequence[int]) -> Statement:
        """What a source speaks of, by the citations of it."""
        quotes = [self.state.chosen[number - 1] for number in citations]
        held = [topic for topic in self.found if any(topic in quote.topics for quote in quotes)]
        labels = listed([self.label(topic) for topic in held])
        often = "once" if len(quotes) == 1 else f"{len(quotes)} times"
        told = f"{quotes[0].title} is quoted {often} and speaks of {labels}."
        return Statement(told, tuple(citations[:_NAMED]))

    def pair(self, pair: Pair) -> Statement:
        """What two quotes are to each other."""
        one, two = self.state.chosen[pair.first], self.state.chosen[pair.second]
        told = f"{_at(one.title, one.place)}: “{one.text}” {_at(two.title, two.place)}: “{two.text}”"
        return Statement(f"{_difference(pair)}: {told}", (pair.first + 1, pair.second + 1))


def _difference(pair: Pair) -> str:
    first, _, second = pair.detail.partition(" | ")
    if pair.relation == NUMBER:
        return f"One names {first} where the other names {second}"
    if pair.relation == DENIAL:
        return f"The {pair.detail} holds a denial, the other none"
    if pair.relation == BINDING:
        return f"One words it as {first}, the other as {second}"
    return "They share most of their words"


def listed(names: Sequence[str]) -> str:
    """Names as a sentence has them: a, b and c."""
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}" if names else ""


def share(part: int, whole: int) -> str:
    """A part of a whole in per cent, with one digit behind the point."""
    return f"{100 * part / whole:.1f} %" if whole else "0.0 %"


def _at(title: str, place: str) -> str:
    return f"{title}, {place}"


def _many(count: int, what: str) -> str:
    return f"{count:,} {what}{'' if count == 1 else 's'}"
