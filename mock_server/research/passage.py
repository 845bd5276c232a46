"""Documents and the passages they are made of: what is searched, and what quotes are taken from."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from mock_server.research.letters import cut, line

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

#: Letters a passage may have: about a long paragraph. A longer one is parted at the ends of its sentences.
LONGEST = 1_200
#: Passages of all documents: some forty thousand pages, and what keeps a search of a part below its time (measured).
MOST = 100_000
#: Letters a quote may have.
QUOTED = 400
#: Each alternative begins where its run does, so that a million dots are looked at once.
_END = re.compile(r"(?<![.!?…])[.!?…]++[\"'”’)\]]*+(?=\s[^\sa-z])|(?<![。！？])[。！？]++|[।॥]")
#: Dots that end an abbreviation, not a sentence.
_ABBREVIATION = re.compile(r"(?i)(?:^|[\s(])(?:e\.g|i\.e|cf|vs|dr|mr|mrs|ms|prof|fig|no|st|al|approx|[a-z])$")


@dataclass(frozen=True, slots=True)
class Passage:
    """A piece of a document on one line, and the place it stands at, in words."""

    place: str
    text: str


@dataclass(frozen=True, slots=True)
class Document:
    """A document by its name in the corpus."""

    name: str
    title: str
    passages: tuple[Passage, ...]


def bounded(found: Iterable[Passage]) -> tuple[Passage, ...]:
    """The passages of one document; what has more than all may have is read no further than tells so."""
    return tuple(islice(found, MOST + 1))


def sentences(text: str) -> Iterator[str]:
    """The sentences of a line of text, each a piece of it to the letter and no longer than a quote may be."""
    start = 0
    for mark in _END.finditer(text):
        if mark[0] == "." and _ABBREVIATION.search(text[max(start, mark.start() - 8) : mark.start()]):
            continue
        yield from _quotable(text[start : mark.end()].strip())
        start = mark.end()
    yield from _quotable(text[start:].strip())


def passages(place: str, text: str) -> Iterator[Passage]:
    """A paragraph as passages of bounded length."""
    held = ""
    for sentence in sentences(line(text)):
        if held and len(held) + len(sentence) >= LONGEST:
            yield Passage(place, held)
            held = ""
        held = f"{held} {sentence}" if held else sentence
    if held:
        yield Passage(place, held)


def _quotable(sentence: str) -> Iterator[str]:
    start = 0
    while len(sentence) - start > QUOTED:
        piece = cut(sentence[start : start + QUOTED + 1], QUOTED)
        start += len(piece)
        if piece := piece.strip():
            yield piece
    if rest := sentence[start:].strip():
        yield rest
