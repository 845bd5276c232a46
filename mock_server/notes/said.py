"""What was said in a consultation, as the rules read it: what somebody else's notes are held against."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from mock_server.extraction.amount import amounts
from mock_server.extraction.lexicon import drugs, findings
from mock_server.extraction.number import in_texts
from mock_server.extraction.phrase import vocabulary
from mock_server.extraction.polarity import negated
from mock_server.extraction.sentence import Sentence, words

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mock_server.extraction.lexicon import Match, Sign
    from mock_server.extraction.reading import Reading
    from mock_server.extraction.sentence import Word

#: A dose is told in the sentence of its medicine or in one of the next.
_FOLLOWING = 3
#: A statement may be made of its sentence and of what was asked before or answered after it.
_AROUND = 2
#: Words that notes are written with and that tell nothing by themselves.
_PLAIN = vocabulary(
    """a an the of to in on at for from with by about into over after before under and or but if because as than that
    this these those there it its he she they his her their him them is are was were be been being has have had do
    does did will would can could should may might patient pt reports reported states stated denies denied complains
    complaining presents describes notes noted history past current currently also well advised advise recommended
    recommend instructed likely impression assessment plan daily day days week weeks per today since ago no not
    without never nor none once take takes taking taken continue start started known ongoing"""
)
#: Of these the sense turns on whether they were said.
_TURNING = vocabulary("no not without never nor none denies denied")
_WEIGHTY = vocabulary(
    "continue start started stop stopped day days week weeks month months year years daily hour hours"
)
#: Letters that two forms of a word share.
_SHARED = 4
#: A quote of one word could stand anywhere.
_LEAST_QUOTED = 2


class Said:
    """Names, numbers and doses of a transcript."""

    def __init__(self, read: Reading) -> None:
        self._read = read
        self._sentences = read.dialogue.sentences

    @cached_property
    def _places(self) -> dict[str, int]:
        return {sentence.verbatim: at for at, sentence in reversed(list(enumerate(self._sentences)))}

    @cached_property
    def _generics(self) -> set[str]:
        return {mention.drug.generic for mention in self._read.mentions}

    @cached_property
    def _signs(self) -> set[str]:
        return {match.entry.name for sentence in self._sentences for match in findings().find(sentence.words)}

    @cached_property
    def _polarities(self) -> dict[str, str]:
        return {finding.sign.name: finding.polarity for finding in self._read.findings}

    def place(self, quote: str) -> int | None:
        """The sentence that a quote is of, or that is part of it; None where nobody said it."""
        plain = " ".join(word.text for word in words(quote))
        if plain in self._places:
            return self._places[plain]
        if plain.count(" ") + 1 < _LEAST_QUOTED:
            return None
        inside = (at for at, sentence in enumerate(self._sentences) if f" {plain} " in f" {sentence.verbatim} ")
        around = (
            at
            for at, sentence in enumerate(self._sentences)
            if len(sentence.words) > _LEAST_QUOTED and f" {sentence.verbatim} " in f" {plain} "
        )
        return next(inside, next(around, None))

    def drug(self, name: str) -> str | None:
        """The generic name of a medicine that is all of a name; None for one that no list has."""
        said = words(name)
        return next((m.entry.generic for m in drugs().find(said) if (m.start, m.end) == (0, len(said))), None)

    def sign(self, name: str) -> str | None:
        """The name of a finding as the lists have it, None for one that none has."""
        return next((match.entry.name for match in findings().find(words(name))), None)

    def polarity(self, sign: str) -> str | None:
        """Whether the patient was said to have it or not; None where neither was said."""
        return self._polarities.get(sign)

    def doses(self, at: int) -> set[str]:
        """The doses said in a sentence and those after it."""
        near = self._sentences[at : at + 1 + _FOLLOWING]
        return {dose for sentence in near for dose in doses(sentence.words)}

    def unsaid(self, text: str, at: int, *, planned: bool = False) -> str | None:
        """What stands in a statement and was not said in or around its sentence, or was said to be otherwise.

        None if all was. What is planned may name findings that the patient does not have.
        """
        sentence = Sentence(0, None, text, words(text))
        near = self._near(at)
        covered: set[int] = set()
        for match in drugs().find(sentence.words):
            if not match.entry.needs_cue and match.entry.generic not in self._generics:
                return f"{match.entry.name} was not said"
            covered.update(range(match.start, match.end) if match.entry.generic in near.drugs else ())
        for found in findings().find(sentence.words):
            if (why := self._misjudged(sentence, found, planned=planned)) is not None:
                return why
            covered.update(range(found.start, found.end) if found.entry.name in near.signs else ())
        for number in in_texts(_texts(sentence)):
            if number.value not in near.numbers:
                return f"{number} was not said there"
            covered.update(range(number.start, number.end))
        return self._foreign(sentence, near, covered)

    def _near(self, at: int) -> _Near:
        around = self._sentences[max(0, at - _AROUND) : at + 1 + _AROUND]
        taken = [mention.drug.generic for mention in self._read.mentions if abs(mention.sentence - at) <= _AROUND]
        return _Near(around, self._sentences[at : at + 2], taken)

    def _misjudged(self, sentence: Sentence, found: Match[Sign], *, planned: bool) -> str | None:
        """Why a finding may not stand there as it does."""
        sign = found.entry
        if sign.name not in self._signs:
            return f"{sign.name} was not said"
        known = self.polarity(sign.name)
        if known is None:
            return None if planned else f"{sign.name} was not said of the patient"
        return None if (known == "absent") == negated(sentence, found) else f"{sign.name} was said to be {known}"

    @staticmethod
    def _foreign(sentence: Sentence, near: _Near, covered: set[int]) -> str | None:
        """A word that was not said there, or that turns what was."""
        for place, word in enumerate(sentence.words):
            if place in covered or not word.text[0].isalpha():
                continue
            if word.text in _TURNING and not near.denies:
                return "nothing is denied there"
            plain = word.text in _PLAIN and word.text not in _WEIGHTY
            if not plain and word.stem not in near.stems and word.text[:_SHARED] not in near.beginnings:
                return f"{word.text} was not said there"
        return None


class _Near:
    """What was said in a few sentences."""

    def __init__(self, sentences: Sequence[Sentence], own: Sequence[Sentence], generics: Sequence[str]) -> None:
        said = [word for sentence in sentences for word in sentence.words]
        self.drugs = set(generics)
        self.signs = {match.entry.name for sentence in sentences for match in findings().find(sentence.words)}
        self.numbers = {number.value for sentence in sentences for number in in_texts(_texts(sentence))}
        self.numbers |= {float(word.text) for word in said if word.text.isdecimal()}
        self.stems = {word.stem for word in said}
        self.beginnings = {word.text[:_SHARED] for word in said if len(word.text) >= _SHARED}
        #: Whether something is denied in the sentence itself or in an answer to it.
        self.denies = any(word.text in _DENIALS for sentence in own for word in sentence.words)


_DENIALS = _TURNING | vocabulary("n't nope nothing neither isn't don't doesn't didn't haven't hasn't can't won't")


def doses(said: Sequence[Word]) -> set[str]:
    """The amounts with a unit in some words, each as the templates show it."""
    texts = tuple(word.text for word in said)
    return {str(amount) for amount in amounts(texts) if amount.kind in {"strength", "count", "mixture"}}


def _texts(sentence: Sentence) -> tuple[str, ...]:
    return tuple(word.text for word in sentence.words)
