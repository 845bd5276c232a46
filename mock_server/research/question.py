"""What a prompt asks for: its topics, which are the words and quoted phrases that say something."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from itertools import pairwise

from mock_server.research.letters import cut, legible, line
from mock_server.research.term import tells, terms

#: Letters of a prompt that are read: some ten pages. What lies beyond says nothing new of what is asked.
_READ = 20_000
_MOST_TOPICS = 12
_MOST_PAIRS = 8
_MOST_PHRASES = 6
#: Possessive, and from the beginning of a word: a prompt may be one word of twenty thousand letters.
_NAME = re.compile(r"(?<![^\W_])[^\W_]++(?:[-_.][^\W_]++)++")
_QUOTED = re.compile(r"[\"“„«]([^\"“”„«»]{3,120})[\"”“»]")
_TITLE = 120


@dataclass(frozen=True, slots=True)
class Topic:
    """A word or a phrase that is asked for: as it was written, and by its roots."""

    label: str
    roots: tuple[str, ...]

    def within(self, roots: tuple[str, ...]) -> bool:
        """Whether it stands in a text, given by its roots."""
        if len(self.roots) == 1:
            return self.roots[0] in roots
        width = len(self.roots)
        return any(roots[at : at + width] == self.roots for at in range(len(roots) - width + 1))


@dataclass(frozen=True, slots=True)
class Question:
    """A prompt, analysed; `cut_short` tells that not all of it was read."""

    title: str
    topics: tuple[Topic, ...]
    pairs: tuple[Topic, ...]
    cut_short: bool

    @classmethod
    def of(cls, prompt: str) -> Question:
        """Analyse a prompt of any length and language; one that asks for nothing has no topics."""
        text = legible(prompt if len(prompt) <= _READ else _whole(prompt[:_READ]))
        phrases = _phrases(text)
        text = _NAME.sub(lambda name: name[0] if not _named(name[0]) else " " * len(name[0]), text)
        words = [(text[term.start : term.end], term.root) for term in terms(text)]
        told = [(word, root) for word, root in words if tells(word)]
        often = Counter(root for _, root in told)
        order = _in_order(told)
        kept = set(sorted((root for root, _ in order), key=lambda root: -often[root])[:_MOST_TOPICS])
        held = {topic.roots[0] for topic in phrases if len(topic.roots) == 1}
        single = [Topic(word, (root,)) for root, word in order if root in kept and root not in held]
        topics = (*phrases, *single)[:_MOST_TOPICS]
        return cls(_title(prompt), topics, _pairs(words, kept), len(prompt) > _READ)


def _in_order(told: list[tuple[str, str]]) -> list[tuple[str, str]]:
    seen: dict[str, str] = {}
    for word, root in told:
        seen.setdefault(root, word)
    return list(seen.items())


def _whole(text: str) -> str:
    """A text without its last word, which may be the half of one."""
    return text.rsplit(maxsplit=1)[0] if any(map(str.isspace, text.strip())) else text


def _phrases(text: str) -> tuple[Topic, ...]:
    """What is quoted, and names that are made of several words: "upload url", session_id, E-12."""
    found: dict[tuple[str, ...], Topic] = {}
    names = [name[0] for name in _NAME.finditer(text) if _named(name[0])]
    for said in [*(line(match[1]) for match in _QUOTED.finditer(text)), *names]:
        roots = tuple(term.root for term in terms(said))
        if roots and any(tells(said[term.start : term.end]) for term in terms(said)):
            found.setdefault(roots, Topic(cut(said, 60), roots))
    return tuple(found.values())[:_MOST_PHRASES]


def _named(word: str) -> bool:
    return "_" in word or any(map(str.isdecimal, word))


def _pairs(words: list[tuple[str, str]], kept: set[str]) -> tuple[Topic, ...]:
    found: dict[tuple[str, str], Topic] = {}
    for (one, first), (two, second) in pairwise(words):
        if first in kept and second in kept and first != second:
            found.setdefault((first, second), Topic(f"{one} {two}", (first, second)))
    return tuple(found.values())[:_MOST_PAIRS]


def _title(prompt: str) -> str:
    said = line(prompt[: 8 * _TITLE])
    short = cut(said, _TITLE)
    return short + "…" if len(short) < len(said) else short or "Untitled"
