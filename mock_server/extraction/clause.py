"""Clauses of a sentence: each says one thing, and may belong to another part of a note than its neighbour."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from mock_server.extraction.phrase import alternatives, vocabulary

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mock_server.extraction.sentence import Sentence


@dataclass(frozen=True, slots=True)
class Clause:
    """words[start:end] of a sentence."""

    start: int
    end: int
    #: Its words, lower case, one space between them.
    plain: str
    #: The piece of the sentence, as it stands there.
    text: str


_SUBJECT = (
    r"(?:(?!you know|you see|i mean|i guess|what ,|what's it called|what's that one)"
    r"(?:i|we|you|he|she|they|it|that|this|there|what)(?:'(?:m|ll|ve|d|re|s))?|let's|let me"
    r"|(?:your|the|my|his|her) (?:\w+ ){1,3}(?:is|are|was|were|has|have|looks?|feels?|sounds?|hurts?))"
)
_ORDER = alternatives(
    r"""take|stop|start|continue|rest|drink|avoid|keep|come back|go to|call|use|try|hold|increase|decrease|reduce|apply
    wear|return|follow up|repeat|carry on|please(?! ,)"""
)
_AHEAD = (
    r"(?:(?:i'm|we're|i am|we are) (?:gon na|gonna|going to)|i wan na|we'll|i'll|let's|i'd like(?: you)? to|i will"
    r"|we will|i(?: would)? want (?:you )?to|for your (?:first|second|third|next|last)"
    r"|for (?:the|your) \w+ (?:problem|issue))"
)
_STARTS = re.compile(
    rf"(?<!\S)(?:(?:, |; )?(?:and|but|so|because|then|although|though) (?:then |so |also |now |today "
    rf"|lately |in view of (?:that|this) |with that |um |uh |, )*(?={_SUBJECT}\b)"
    rf"|, (?={_SUBJECT}\b)|(?:, and |, then |, so |, but |, |; |and |then |so |but )(?:in the meantime |meanwhile )?"
    rf"(?={_ORDER}\b)|, (?:and )?(?=(?:the |my )?plan (?:is|would be|:))"
    rf"|, so (?=\w+ \S+ (?:mg|mcg|g|ml|milligrams?|micrograms?|grams?|units|puffs|tablets)\b)|, which is why "
    rf"|, so (?=no |not |nothing |just )|(?={_AHEAD}\b)"
    r"|(?=(?:okay|ok|alright|all right) so\b)|(?=you (?:don't|do n't|do not|won't|wo n't) need\b))"
)
#: What stands before "we'll" and the like and makes one thing with it.
_LEADS = vocabulary(
    """what that which how if when and so but where as think because then now , why who until while before after or
    thing things one medication test whatever"""
)
#: A condition and what depends on it are one thing.
_CONDITION = re.compile(r"(?:^| )(?:if|when|unless|once (?:you|we|i|it|the|your)|until|as soon as|in case)\b[^,]*$")
#: Fewer words say nothing of their own.
_FEWEST = 3


def clauses(sentence: Sentence) -> tuple[Clause, ...]:
    """The clauses of a sentence, from left to right, together the whole of it."""
    starts = [0, *_starts(sentence), len(sentence.words)]
    return tuple(_clause(sentence, first, last) for first, last in pairwise(starts) if last > first)


def _starts(sentence: Sentence) -> Iterator[int]:
    text = sentence.plain
    before = at = offset = 0
    for match in _STARTS.finditer(text):
        at += text.count(" ", offset, match.start())
        offset = match.start()
        if at - before < _FEWEST or len(sentence.words) - at < _FEWEST:
            continue
        if not match[0] and text[:offset].rstrip().rpartition(" ")[2] in _LEADS:
            continue
        if match[0].startswith("then") and text[:offset].rstrip().endswith(("until", "since", "by", "before")):
            continue
        if match[0].startswith(",") and _CONDITION.search(text[:offset].rstrip()) and "wonder" not in text:
            continue
        before = at
        yield at


def _clause(sentence: Sentence, first: int, last: int) -> Clause:
    said = sentence.words
    start = 0 if first == 0 else said[first].start
    end = said[last].start if last < len(said) else len(sentence.text)
    plain = " ".join(word.text for word in said[first:last])
    return Clause(first, last, plain, sentence.told(start, end))
