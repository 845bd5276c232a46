"""What an allergy does to the patient, told beside the substance, after it, or when the doctor asks."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from mock_server.extraction.lexicon import Match, Sign, findings
from mock_server.extraction.phrase import phrases

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mock_server.extraction.sentence import Sentence

#: Where something was said: the index of the sentence and of the word.
Place = tuple[int, int]
_DOES = phrases(
    r"""(?:gives?|gave|giving|makes?|made|causes?|caused|brings?|brought) (?:me|him|her|them|the patient)
    causes?|caused|breaks? out|broke out|breaking out|i (?:get|got|had|have|develop\w*|swell|swelled|come|came)
    (?:my|his|her|the) \w+ (?:swells?|swelled|closes?|closed|itch\w*|gets?|got)|he gets|she gets|with|from it
    react\w* with"""
)
#: "Shellfish, my face swells up."
_ITS = re.compile(r"^,? ?(?:and |because )?(?:(?:it|they|that) (?:makes?|made) )?(?:my|his|her) (?:\w+ )?\w+$")
_TODAY = phrases("now|today|currently|since|ago|this (?:morning|week)")
_ASKED = phrases(
    r"""what (?:happens|happened)|what (?:kind|sort|type) of (?:\w+ )?reaction|which reaction
        what(?:'s| is| was| does)
    reaction|how do you react"""
)
_GOES_ON = re.compile(r"^(?:yes |yeah |, |and |well )*(?:it|that|they|i (?:get|got|broke|break|had|came|come))\b")
_SWELLING = r"(?:throat|tongue|face|lips?|eyes?) (?:\w+ ){0,2}(?:swell\w*|swollen|clos(?:es?|ed))(?: up| shut)?"
_SEVERE = phrases(rf"anaphyla\w+|{_SWELLING}|(?:break|broke|breaks)(?: me)? out(?: in \w+)?|blisters?")
_ALLERGIC = phrases(
    r"""hives|rash\w*|itch\w*|swell\w*|swollen|anaphyla\w+|break(?:s|ing)? (?:me )?out|broke (?:me )?out|throat
    (?:mouth|lips?|tongue|gums) (?:\w+ )?(?:tingl|burn)\w*|(?:swell|swelled|swollen|blow|blew) up|stopped breathing
    wheez\w*|welts|ca n't breathe|can't breathe"""
)
#: A reaction is told within so many sentences.
_REACH = 3


def allergic(sentence: Sentence) -> bool:
    """Whether a sentence tells of what only an allergy does."""
    return _ALLERGIC.search(sentence.plain) is not None


def asks_what_happens(sentence: Sentence) -> bool:
    """Whether a question is for what a substance does."""
    return _ASKED.search(sentence.plain) is not None


def reaction(
    sentences: Sequence[Sentence], index: int, first: int, last: int, after: int = 0
) -> tuple[str | None, set[Place]]:
    """What the substances in words[first:last] of a sentence do, and the places of the findings that say so.

    What stands before the substances is told of others where `after` is the end of one.
    """
    sentence = sentences[index]
    ahead = [] if after else [match for match in _signs(sentence) if match.end <= first]
    told = ahead + [match for match in _signs(sentence) if _does(sentence, match, last)]
    if told or (not after and _SEVERE.search(sentence.plain)):
        return _named(index, sentence, told)
    for at in range(index + 1, min(index + 1 + _REACH, len(sentences))):
        later, before = sentences[at], sentences[at - 1]
        asked = before.asks and _ASKED.search(before.plain) is not None
        if later.asks and _ASKED.search(later.plain):
            continue
        if later.asks or _TODAY.search(later.plain) or not (asked or _GOES_ON.search(later.plain)):
            break
        told = _signs(later)
        if told or _SEVERE.search(later.plain):
            return _named(at, later, told)
    return None, set()


def _named(index: int, sentence: Sentence, told: Sequence[Match[Sign]]) -> tuple[str | None, set[Place]]:
    severe = _SEVERE.search(sentence.plain)
    names = [match.entry.name for match in told] or ([severe[0]] if severe else [])
    return ", ".join(dict.fromkeys(names)) or None, {(index, match.start) for match in told}


def _does(sentence: Sentence, match: Match[Sign], last: int) -> bool:
    if match.start < last or _TODAY.search(sentence.plain):
        return False
    between = " ".join(word.text for word in sentence.words[last : match.start])
    return between in {"", ","} or _ITS.search(between) is not None or _DOES.search(between) is not None


def _signs(sentence: Sentence) -> list[Match[Sign]]:
    return [match for match in findings().find(sentence.words) if match.entry.name != "allergies"]
