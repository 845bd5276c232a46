"""How far a report may be relied on, as a number that anybody can work out again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mock_server.research.comparison import ALIKE
from mock_server.research.weighing import weight

if TYPE_CHECKING:
    from mock_server.research.finding import Findings
    from mock_server.research.question import Question

#: Documents that say something independently of each other before more of them add nothing.
_ENOUGH = 3
#: Where no two quotes can be compared, nobody confirms and nobody contradicts.
_UNKNOWN = 0.5
_COVERAGE, _INDEPENDENCE, _AGREEMENT = 0.5, 0.3, 0.2


@dataclass(frozen=True, slots=True)
class Confidence:
    """0.5 × coverage + 0.3 × independence + 0.2 × agreement, each from 0 to 1; 0 where nothing was found.

    Coverage: the part of the question's topics that the quotes hold, each counted by its weight (a topic that stands
    nowhere in the corpus weighs as one that stands in one passage). Independence: documents quoted, of three.
    Agreement: pairs of quotes that are alike, of those that are alike or differ; 0.5 where no two can be compared.
    """

    score: float
    coverage: float
    independence: float
    agreement: float

    @classmethod
    def of(cls, question: Question, state: Findings) -> Confidence:
        """Work it out from what was found."""
        if not state.chosen:
            return cls(0.0, 0.0, 0.0, 0.0)
        held = {number for quote in state.chosen for number in quote.topics}
        told = [_told(state, number) for number in range(len(question.topics))]
        coverage = sum(told[number] for number in held) / sum(told)
        independence = min(1.0, len({quote.document for quote in state.chosen}) / _ENOUGH)
        alike = sum(1 for pair in state.pairs if pair.relation == ALIKE)
        agreement = alike / len(state.pairs) if state.pairs else _UNKNOWN
        score = _COVERAGE * coverage + _INDEPENDENCE * independence + _AGREEMENT * agreement
        return cls(*(round(value, 4) for value in (score, coverage, independence, agreement)))


def _told(state: Findings, number: int) -> float:
    from mock_server.research.finding import Count

    count = state.counts.get(number)
    return weight(count if count and count.passages else Count(1, 1), max(state.passages, 1))
