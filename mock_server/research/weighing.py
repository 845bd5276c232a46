"""How well a sentence answers a question, and why."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from mock_server.research.finding import Quote
from mock_server.research.passage import sentences
from mock_server.research.term import roots

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from mock_server.research.finding import Count, Findings
    from mock_server.research.index import Row
    from mock_server.research.question import Question

#: What two words side by side, as in the question, add to a score.
_BESIDE = 0.25
#: What a quote of a few words loses, for it has hardly room for an answer, and how much of a score falls with length.
_SHORT, _FEW_WORDS = 0.5, 5
_BY_LENGTH, _USUAL_WORDS = 0.25, 20
#: Documents that are quoted with the same words.
_SAID = 2
#: Quotes of a report, of one place and of one document while there are others.
_CHOSEN, _OF_PLACE, _OF_DOCUMENT = 20, 1, 6
#: A quote that weighs less than this part of the best is noise, unless it is the best of its topic.
_NOISE = 0.3


def weight(count: Count | None, passages: int) -> float:
    """How much a topic tells: one that stands in few passages tells more (the inverse frequency of BM25)."""
    found = count.passages if count else 0
    others = max(0, passages - found)  # a corpus may have lost some since they were counted
    return math.log(1 + (others + 0.5) / (found + 0.5)) if found else 0.0


def weights(question: Question, state: Findings) -> tuple[float, ...]:
    """The weight of each topic of a question."""
    return tuple(weight(state.counts.get(number), state.passages) for number in range(len(question.topics)))


def quotes(row: Row, question: Question, told: Sequence[float]) -> Iterator[Quote]:
    """The sentences of a passage that hold a topic which was counted, weighed."""
    for sentence in sentences(row.text):
        words = roots(sentence)
        held = tuple(number for number, topic in enumerate(question.topics) if told[number] and topic.within(words))
        if held:
            beside = [pair.label for pair in question.pairs if pair.within(words)]
            score = sum(told[number] for number in held) * (1 + _BESIDE * len(beside))
            score *= _SHORT if len(words) < _FEW_WORDS else 1.0
            score /= 1 - _BY_LENGTH + _BY_LENGTH * len(words) / _USUAL_WORDS
            reason = _reason(question, held, beside)
            said = sentence.strip(" |")  # a cell of a table may begin or end it
            yield Quote(row.document, row.title, row.place, said, held, round(score, 4), reason)


def _reason(question: Question, held: Sequence[int], beside: Sequence[str]) -> str:
    labels = ", ".join(question.topics[number].label for number in held)
    told = f"holds {len(held)} of {len(question.topics)} topics of the question ({labels})"
    return f"{told}, side by side: {', '.join(beside)}" if beside else told


def merged(known: Sequence[Quote], found: Sequence[Quote], most: int) -> tuple[Quote, ...]:
    """The best quotes of two lists, and for each topic the best one that holds it.

    What several documents say in the same words is kept of two of them: the second confirms, a third adds nothing.
    """
    said: dict[str, dict[str, Quote]] = {}
    for quote in sorted([*known, *found], key=lambda quote: quote.order):
        documents = said.setdefault(quote.text.casefold(), {})
        if len(documents) < _SAID:
            documents.setdefault(quote.document, quote)
    ranked = sorted(
        (quote for documents in said.values() for quote in documents.values()), key=lambda quote: quote.order
    )
    first: Mapping[int, Quote] = {number: quote for quote in reversed(ranked) for number in quote.topics}
    needed = {id(quote) for quote in first.values()}
    rest = [quote for quote in ranked if id(quote) not in needed][: max(0, most - len(needed))]
    needed.update(map(id, rest))
    return tuple(quote for quote in ranked if id(quote) in needed)


def chosen(ranked: Sequence[Quote]) -> tuple[Quote, ...]:
    """The quotes a report is made of: the best of each topic, then the best of many places and documents."""
    if not ranked:
        return ()
    first: dict[int, Quote] = {}
    for quote in ranked:
        for number in quote.topics:
            first.setdefault(number, quote)
    taken = sorted({id(quote): quote for quote in first.values()}.values(), key=lambda quote: quote.order)
    places = [(quote.document, quote.place) for quote in taken]
    for quote in ranked:
        documents = [document for document, _ in places]
        full = len(taken) >= _CHOSEN or quote.score < _NOISE * ranked[0].score
        if full or quote in taken or places.count((quote.document, quote.place)) >= _OF_PLACE:
            continue
        if documents.count(quote.document) < _OF_DOCUMENT:
            taken.append(quote)
            places.append((quote.document, quote.place))
    return tuple(sorted(taken, key=lambda quote: quote.order))
