"""What a sentence names that somebody may not bear, by the words around it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from mock_server.extraction import intolerance
from mock_server.extraction.substance import LONGEST, Substance, listed, substances

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from mock_server.extraction.drug import Mention
    from mock_server.extraction.sentence import Sentence

_BUT = re.compile(r"\b(?:but|however|although)\b")


def _by_clause(text: str, named: Sequence[Substance]) -> Iterator[tuple[str, list[Substance]]]:
    """The substances of each clause that a "but" begins: "no allergies, but I came up in hives after amoxicillin"."""
    at = 0
    for clause in _BUT.split(text):
        end = at + len(clause.split())
        yield clause, [item for item in named if at <= item.start < end]
        at = end + 1


class Named:
    """The substances of the sentences of a dialogue; places are words of a sentence."""

    def __init__(self, sentences: Sequence[Sentence], mentions: Mapping[int, Sequence[Mention]]) -> None:
        self._sentences = sentences
        self._mentions = mentions

    def substances(self, index: int, start: int = 0) -> list[Substance]:
        """Everything that is named from a word on."""
        return substances(self._sentences[index].words, self._mentions.get(index, ()), start)

    def listed(self, index: int, start: int) -> list[Substance]:
        """The list of what is named that begins at a word."""
        return listed(self._sentences[index].words, self._mentions.get(index, ()), start)

    def after(self, index: int) -> list[Substance]:
        """What is named behind the words that announce it."""
        sentence = self._sentences[index]
        match = intolerance.TO.search(sentence.plain)
        return [] if match is None else self.listed(index, sentence.plain[: match.end()].count(" ") + 1)

    def before(self, index: int) -> list[Substance]:
        """What is named before the word for an allergy."""
        sentence = self._sentences[index]
        match = intolerance.BEFORE.search(sentence.plain)
        if match is None:
            return []
        end = sentence.plain[: match.start()].count(" ")
        return [item for item in self.substances(index, max(0, end - LONGEST)) if item.end == end]

    def apart(self, index: int) -> list[Substance]:
        """What a question takes for granted: "apart from aspirin, are you allergic to anything"."""
        text = self._sentences[index].plain
        match = intolerance.APART.search(text)
        return self.listed(index, text[: match.end()].count(" ")) if match else []

    def inverted(self, index: int) -> list[Substance]:
        """ "Only prawns I am allergic": the name stands before."""
        text = self._sentences[index].plain
        match = intolerance.INVERTED.search(text)
        if match is None:
            return []
        end = text[: match.start()].count(" ")
        if match[0].startswith(","):  # "never to have suxamethonium, I'm allergic"
            return [item for item in self.substances(index) if item.end == end]
        starts = (at for at in range(max(0, end - LONGEST), end))
        return next((items for at in starts if (items := self.listed(index, at)) and items[-1].end == end), [])

    def pointed(self, index: int) -> tuple[int, list[Substance]]:
        """ "I'm allergic to that": the substance named last, in the sentence or the one before it."""
        text = self._sentences[index].plain
        match = intolerance.POINTED.search(text)
        if match is None:
            return index, []
        turn, end = self._sentences[index].turn, text[: match.start()].count(" ")
        for at, stop in ((index, end), (index - 1, None)):
            if at < 0 or self._sentences[at].turn != turn:
                break
            named = [item for item in self.substances(at) if stop is None or item.end <= stop]
            if named:
                return at, named[-1:]
        return index, []

    def lists(self, index: int) -> Iterator[tuple[str, list[Substance]]]:
        """Every list of substances of a sentence, with the words that lead up to it from its own clause."""
        text = self._sentences[index].plain
        told = list(intolerance.TO.finditer(text))
        for match in told:
            items = self.listed(index, text[: match.end()].count(" ") + 1)
            yield _BUT.split(text[: match.end()])[-1], items
        if not told:
            named = [item for item in self.substances(index) if not self.taken(index, item)]
            told_before = self.before(index) or self.inverted(index)
            yield from [(text, told_before)] if told_before else _by_clause(text, named)

    def instead(self, index: int, start: int) -> list[Substance]:
        """ "I'm not allergic to cats, it's dogs": what is named in place of what is denied."""
        for item in self.substances(index, start):
            before = " ".join(word.text for word in self._sentences[index].words[start : item.start]) + " "
            if intolerance.INSTEAD.search(before):
                return [item]
        return []

    def taken(self, index: int, item: Substance) -> bool:
        """Whether a substance in an answer is taken or denied rather than not borne."""
        before = " ".join(word.text for word in self._sentences[index].words[max(0, item.start - 5) : item.start])
        after = " ".join(word.text for word in self._sentences[index].words[item.end : item.end + 3])
        if intolerance.BORNE.search(after):
            return True
        because = intolerance.BECAUSE.search(self._sentences[index].plain)
        return intolerance.TAKEN.search(before) is not None and because is None
