"""Which quotes of different places say alike, and which differ: in numbers, in a denial, or in how binding they are."""

from __future__ import annotations

import re
from itertools import combinations
from typing import TYPE_CHECKING

from mock_server.extraction.phrase import phrases, vocabulary
from mock_server.research.finding import Pair
from mock_server.research.term import STOP, root, roots

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mock_server.research.finding import Quote

ALIKE, NUMBER, DENIAL, BINDING = "alike", "number", "denial", "binding"
#: Words that two sentences have to share, of all their words, to be alike or to tell a number of the same.
_ALIKE, _NUMBERED = 0.5, 0.3
#: Of the words of the shorter one, and how many at least, to be about the same.
_SAME_MATTER, _SHARED = 0.4, 2
_MOST = 24
#: A number that stands by itself: names and versions hold digits too.
_NUMBER = re.compile(r"(?<![\w.-])\d+(?:[.,]\d+)*(?![\w-]|\.\d)")
_DENIES = phrases(r"not|no|never|none|neither|nor|without|cannot|can't|won't|\w+n't")
_STRENGTHS = (
    ("binding", phrases("must|shall|required|has to|have to|always|mandatory")),
    ("advice", phrases("should|recommended|advised")),
    ("permission", phrases("may|might|optional|optionally|can")),
)
#: Words that say nothing of what a sentence is about.
_FORM = frozenset(map(root, STOP | vocabulary("not no never none must shall should may can always required")))


def compared(quotes: Sequence[Quote]) -> tuple[Pair, ...]:
    """All that can be said of the quotes two by two, those that are nearest to each other first."""
    found = []
    matter = [_matter(quote.text) for quote in quotes]
    for first, second in combinations(range(len(quotes)), 2):
        one, two = quotes[first], quotes[second]
        apart = (one.document, one.place) != (two.document, two.place)
        if apart and set(one.topics) & set(two.topics):
            near = _near(matter[first], matter[second])
            if told := _relation(one, two, near, same=_same(matter[first], matter[second])):
                found.append((-near, Pair(first, second, *told)))
    found.sort(key=lambda item: (item[0], item[1].first, item[1].second))
    return tuple(pair for _, pair in found[:_MOST])


def _relation(one: Quote, two: Quote, near: float, *, same: bool) -> tuple[str, str] | None:
    numbers = _numbers(one.text), _numbers(two.text)
    if near >= _NUMBERED and all(numbers) and not set(numbers[0]) & set(numbers[1]):
        return NUMBER, f"{', '.join(numbers[0])} | {', '.join(numbers[1])}"
    if same:
        denies = bool(_DENIES.search(one.text.lower())), bool(_DENIES.search(two.text.lower()))
        if denies[0] != denies[1]:
            return DENIAL, "first" if denies[0] else "second"
        strengths = _strength(one.text), _strength(two.text)
        if all(strengths) and strengths[0] != strengths[1]:
            return BINDING, f"{strengths[0]} | {strengths[1]}"
    return (ALIKE, "") if near >= _ALIKE else None


def _numbers(text: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(_NUMBER.findall(text)))[:5]


def _strength(text: str) -> str | None:
    found = [name for name, words in _STRENGTHS if words.search(text.lower())]
    return found[0] if len(found) == 1 else None


def _matter(text: str) -> frozenset[str]:
    return frozenset(word for word in roots(text) if word not in _FORM and not word.isdecimal())


def _same(one: frozenset[str], two: frozenset[str]) -> bool:
    """Whether the shorter of two sentences is about what the other is about."""
    shared = len(one & two)
    return shared >= _SHARED and shared / min(len(one), len(two)) >= _SAME_MATTER


def _near(one: frozenset[str], two: frozenset[str]) -> float:
    return len(one & two) / len(one | two) if one and two else 0.0
