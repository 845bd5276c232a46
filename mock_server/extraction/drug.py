"""Drugs where they are said, also when a transcriber misspelt them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mock_server.extraction.lexicon import Drug, drug_names, drugs
from mock_server.extraction.phrase import vocabulary
from mock_server.extraction.spelling import nearest
from mock_server.extraction.unlisted import unlisted

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from mock_server.extraction.sentence import Dialogue, Sentence, Word

UNITS = vocabulary(
    """mg milligram milligrams mgs mcg microgram micrograms gram grams g ml milliliter milliliters millilitres cc ccs
    unit units iu meq milliequivalents tablet tablets pill pills capsule capsules puff puffs"""
)
_TAKING = vocabulary(
    """take takes taking took taken prescribe prescribed prescribing prescription refill refills dose dosage pill pills
    tablet tablets supplement supplements using on start started starting continue increase decrease stop stopped
    stopping discontinue medication medications medicine mg milligram milligrams inhaler add"""
)
_CUES = _TAKING | UNITS
#: How far from a misspelling or an ambiguous word a cue may stand.
_NEAR = 4
#: A closer name stands this near: "my insulin, it's called Lantus".
_CLOSER = 3
_RESULT = re.compile(
    r"(?:is|was|were|came back|looks?|'s) (?:(?:a|bit|little|very|still|at|quite|too|also) ){0,2}"
    r"(?:low|high|normal|deficient|elevated|borderline|\d)"
)
#: A drug's name before one of these is a laboratory value or a condition, not a medicine.
_NOT_A_MEDICINE_BEFORE = vocabulary(
    "level levels deficiency deficient resistance resistant allergy panel test tests stone stones channel lab labs"
)


@dataclass(frozen=True, slots=True)
class Mention:
    """A drug said in words[start:end] of the sentence with this index."""

    drug: Drug
    sentence: int
    start: int
    end: int


def mentions(dialogue: Dialogue) -> tuple[Mention, ...]:
    """Every drug said, in order."""
    return tuple(found for index, sentence in enumerate(dialogue.sentences) for found in _in(sentence, index))


def _in(sentence: Sentence, index: int) -> tuple[Mention, ...]:
    said = sentence.words
    exact = [Mention(match.entry, index, match.start, match.end) for match in drugs().find(said)]
    kept = [mention for mention in exact if _is_medicine(mention, said) and not _called(mention, exact)]
    taken = {at for mention in kept for at in range(mention.start, mention.end)}
    kept.extend(_misspelt(said, index, taken))
    for start, end in unlisted(said, taken):
        name = _as_said(sentence, start, end)
        kept.append(Mention(Drug(name, name, needs_cue=False, recognised=False), index, start, end))
    return tuple(sorted(kept, key=lambda mention: mention.start))


def _as_said(sentence: Sentence, start: int, end: int) -> str:
    """A name as it stands in the sentence, with the brackets of "[inaudible]"."""
    first, last = sentence.words[start].start, sentence.words[end - 1].end
    bracketed = sentence.text[first - 1 : first] == "[" and sentence.text[last : last + 1] == "]"
    return sentence.text[first - bracketed : last + bracketed]


def _is_medicine(mention: Mention, said: tuple[Word, ...]) -> bool:
    following = said[mention.end].text if mention.end < len(said) else ""
    if following in _NOT_A_MEDICINE_BEFORE or _measured(said, mention.end):
        return False
    return not mention.drug.needs_cue or _cued(said, mention.start, mention.end)


def _called(mention: Mention, others: Sequence[Mention]) -> bool:
    """Whether the name of a closer kind follows at once: "my insulin, the Lantus"."""
    return any(
        other.drug.generic.startswith(f"{mention.drug.name} ") and 0 < other.start - mention.end <= _CLOSER
        for other in others
    )


def _measured(said: tuple[Word, ...], end: int) -> bool:
    """Whether a value of the laboratory follows: "your vitamin D is low"."""
    text = " ".join(word.text for word in said[end : end + 5])
    return _RESULT.match(text) is not None


def _cued(said: tuple[Word, ...], start: int, end: int) -> bool:
    before = {word.text for word in said[max(0, start - _NEAR) : start]}
    after = {word.text for word in said[end : end + _NEAR]}
    return bool(before & _TAKING or (before | after) & UNITS or after & {"pill", "pills", "tablet", "supplement"})


def _misspelt(said: tuple[Word, ...], index: int, taken: set[int]) -> Iterator[Mention]:
    if _CUES.isdisjoint(word.text for word in said):
        return
    for at in range(len(said)):
        if at in taken or not _cued(said, at, at + 1):
            continue
        for length in (2, 1):
            span = range(at, at + length)
            if span.stop > len(said) or not taken.isdisjoint(span):
                continue
            if length == 2 and not _dosed(said, at, span.stop):
                continue
            name = nearest("".join(said[i].text for i in span), parts=length)
            if name is not None:
                taken.update(span)
                yield Mention(drug_names()[name], index, at, span.stop)
                break


def _dosed(said: tuple[Word, ...], start: int, end: int) -> bool:
    near = [word.text for word in said[max(0, start - 3) : start] + said[end : end + _NEAR]]
    return any(text in UNITS for text in near)
