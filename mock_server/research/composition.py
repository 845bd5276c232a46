"""How each kind of session puts its sentences together."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from mock_server.research.comparison import ALIKE
from mock_server.research.plan import Kind
from mock_server.research.statement import Section
from mock_server.research.table import by_source

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from mock_server.research.statement import Matter, Statement

#: Quotes below a topic, pairs of quotes, and sentences of a summary.
_QUOTES, _PAIRS, _SUMMARY = 6, 8, 3


def _gathered(matter: Matter) -> Iterator[Section]:
    """Research: the quotes by theme, which is the topic that tells most of each, then by source."""
    themes: dict[int, list[int]] = {topic: [] for topic in matter.found}
    for number, quote in enumerate(matter.state.chosen, 1):
        themes[_theme(matter, quote.topics)].append(number)
    for topic, citations in themes.items():
        if citations:
            yield Section(f"On {matter.label(topic)}", tuple(map(matter.says, citations)))
    yield Section("By source", tuple(map(matter.source, by_source(matter).values())))


def _gathered_summary(matter: Matter) -> Iterator[Statement]:
    yield matter.lead()
    yield from map(matter.says, range(1, min(_SUMMARY, len(matter.state.chosen)) + 1))


def _theme(matter: Matter, topics: tuple[int, ...]) -> int:
    """Of the topics that a quote holds the one that stands in fewest passages."""
    return min(topics, key=lambda topic: (matter.state.counts[topic].passages, topic))


def _counted(matter: Matter) -> Iterator[Section]:
    """Analysis: where each topic stands, how they compare, what is said of each."""
    yield Section("Counts", tuple(map(matter.stands, matter.found)))
    ranked = _ranked(matter)
    if len(ranked) > 1:
        steps = [matter.ratio(ranked[0], topic) for topic in ranked[1:]]
        yield Section("Comparison", tuple(steps))
    yield from _pairs(matter)
    shown: set[int] = set()
    for topic in matter.found:
        citations = [number for number in matter.holding(topic) if number not in shown][:_SUMMARY]
        shown.update(citations)
        if citations:
            yield Section(f"What is said of {matter.label(topic)}", tuple(map(matter.says, citations)))


def _counted_summary(matter: Matter) -> Iterator[Statement]:
    yield matter.lead()
    ranked = _ranked(matter)
    yield from map(matter.stands, ranked[:_SUMMARY])
    if len(ranked) > 1:
        yield matter.ratio(ranked[0], ranked[-1])


def _ranked(matter: Matter) -> list[int]:
    return sorted(matter.found, key=lambda topic: (-matter.state.counts[topic].passages, topic))


def _ordered(matter: Matter) -> Iterator[Section]:
    """Synthesis: what the sources say of each topic, first what several speak of; where they agree and differ."""
    shared = sorted(matter.found, key=lambda topic: (-len(matter.apart(matter.holding(topic))), topic))
    shown: set[int] = set()
    for topic in shared:
        citations = matter.holding(topic)
        first = dict.fromkeys([*matter.apart(citations), *citations])  # one of each source before a second of any
        said = [number for number in first if number not in shown][:_QUOTES]
        shown.update(said)
        yield Section(f"The sources on {matter.label(topic)}", (matter.spoken(topic), *map(matter.says, said)))
    yield from _pairs(matter)


def _ordered_summary(matter: Matter) -> Iterator[Statement]:
    yield matter.lead()
    shared = sorted(matter.found, key=lambda topic: (-len(matter.apart(matter.holding(topic))), topic))
    yield from map(matter.spoken, shared[:2])
    differing = [pair for pair in matter.state.pairs if pair.relation != ALIKE]
    alike = [pair for pair in matter.state.pairs if pair.relation == ALIKE]
    told = [*differing[:2], *alike[:1]]
    yield from map(matter.pair, told)
    if not any(1 in (pair.first + 1, pair.second + 1) for pair in told):
        yield matter.says(1)


def _pairs(matter: Matter) -> Iterator[Section]:
    alike = [pair for pair in matter.state.pairs if pair.relation == ALIKE]
    differing = [pair for pair in matter.state.pairs if pair.relation != ALIKE]
    for heading, pairs in (("Where the sources agree", alike), ("Where the sources differ", differing)):
        if pairs:
            yield Section(heading, tuple(map(matter.pair, pairs[:_PAIRS])))


SECTIONS: Mapping[Kind, Callable[[Matter], Iterator[Section]]] = MappingProxyType(
    {Kind.RESEARCH: _gathered, Kind.ANALYSIS: _counted, Kind.SYNTHESIS: _ordered}
)
SUMMARIES: Mapping[Kind, Callable[[Matter], Iterator[Statement]]] = MappingProxyType(
    {Kind.RESEARCH: _gathered_summary, Kind.ANALYSIS: _counted_summary, Kind.SYNTHESIS: _ordered_summary}
)
