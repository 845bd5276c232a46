"""Medicines that no list has, as they were said: a word that is dosed and taken like one, or sounds like one.

What is told of a listed medicine ends where another begins to be dosed, whether a list has that or not.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from mock_server.extraction.number import number_at
from mock_server.extraction.occasion import clause_start, occasions
from mock_server.extraction.phrase import vocabulary

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence, Set

    from mock_server.extraction.sentence import Word

_STRENGTHS = vocabulary(
    "mg mgs milligram milligrams mcg microgram micrograms gram grams ml milliliter milliliters unit units iu meq"
)
_TAKING = vocabulary(
    """take takes taking took prescribe prescribed prescribing start started starting stop stopped stopping continue
    continued continuing increase increased decrease decreased reduce reduced switch switched add added try tried give
    given gave use uses using used order ordered begin called hold resume restart raise lower"""
)
#: "I'm on …" is said of medicines too.
_BEING = vocabulary("i'm am you're are he's she's is was were been stay remain")
_CUES = _TAKING | _BEING | _STRENGTHS
#: What may stand between the verb and the name.
_BETWEEN = vocabulary("the your my his her some a an on to with of him them me you taking using called named new drug")
_SWALLOWED = vocabulary("take takes taking took prescribe prescribed")
_OFTEN = vocabulary("once twice daily nightly")
#: What stands between the name and its dose.
_AFTER = vocabulary(", at of the and")
#: Words that stand before a dose and name no medicine.
_NO_NAMES = vocabulary(
    """about around another exactly maybe only just like than with from your that this dose doses dosage dosing drug
    drugs medication medications medicine medicines meds tablet tablets pill pills capsule capsules daily twice once
    total maximum extra additional same usual normal still least most more less over under between minus plus
    minimum average nearly almost again today then first second them both half full whole standard regular initial
    low high higher lower small large strength extended release generic brand name blood sugar pressure weight water
    salt food drops cream ointment inhaler spray shot shots injection infusion patch pump steroid steroids
    antibiotic antibiotics painkiller painkillers vitamin vitamins supplement supplements here there back into onto
    down some something anything it's what which where when have been will would could should were does they their
    itself yours mine going gonna okay yeah well right please also every each other either thing things stuff kind
    sort point hundred thousand million zero three four five seven eight nine eleven twelve twenty thirty forty
    fifty sixty seventy eighty ninety times time days week weeks month months morning night evening bedtime
    breakfast lunch dinner meals needed mouth walk walks naps showers breaks bath baths care notes readings
    measurements steps breaths exercise coffee juice milk until while because after before increase decrease start
    started taking take takes prescribe insulin taken nights afternoon noon midnight hours hour puffs milligram
    milligrams micrograms units think third version supper those these instead rather always sorry meal exceed above
    below reach original"""
)
_NO_ENDINGS = ("ly", "ing", "teen")
#: Endings that the names of medicines have and other words hardly.
_SOUNDS = re.compile(
    r"\w{2,}(?:pril|sartan|olol|statin|azole|cillin|mycin|micin|gliptin|gliflozin|glutide|prazole|zepam|zolam|oxetine"
    r"|tinib|ciclib|parib|vir|xaban|gatran|floxacin|setron|triptan|lukast|mab|cept|dipine|thiazide|pamide|glitazone"
    r"|tidine|profen|triptyline|azepine|barbital|caine|phylline|terol|sone|solone|cycline|sulfan|platin|rubicin)"
)
#: Ordinary words that end so.
_SOUND_ALIKE = vocabulary("april cocaine concept accept intercept precept")
_SHORTEST = 4
_REACH = 4


def unlisted(said: Sequence[Word], taken: Set[int]) -> Iterator[tuple[int, int]]:
    """Where such names stand in the words, where words of `taken` belong to medicines already."""
    if _CUES.isdisjoint(word.text for word in said):
        return
    for at, word in enumerate(said):
        if at in taken or not nameable(word.text):
            continue
        told = _dosed(said, at) or _sounds(word.text) or _scheduled(said, at)
        if (told and _taken(said, at)) or _of_dose(said, at):
            yield at, at + 1


def nameable(text: str) -> bool:
    """Whether a word may be the name of a medicine for all that is known of it."""
    if len(text) < _SHORTEST or not text.isalpha() or text.endswith(_NO_ENDINGS):
        return False
    return text not in _NO_NAMES and text not in _TAKING


def _sounds(text: str) -> bool:
    return _SOUNDS.fullmatch(text) is not None and text not in _SOUND_ALIKE


def _taken(said: Sequence[Word], at: int) -> bool:
    """Whether a verb of taking leads up to the name."""
    before = at - 1
    while before > max(-1, at - _REACH) and said[before].text in _BETWEEN:
        before -= 1
    if before < 0:
        return False
    on = said[before].text in _BEING and said[before + 1].text == "on"
    return on or said[before].text in _TAKING


def _dosed(said: Sequence[Word], at: int) -> bool:
    """Whether a strength follows the name: "20 mg", ", at 20 mg"."""
    first = at + 1
    while first < min(len(said), at + _REACH) and said[first].text in _AFTER:
        first += 1
    number = number_at(said, first) if first < len(said) else None
    return number is not None and number.end < len(said) and said[number.end].text in _STRENGTHS


def _scheduled(said: Sequence[Word], at: int) -> bool:
    """Whether "twice a day" or the like follows a name that comes right after the verb."""
    return said[at - 1].text in _SWALLOWED and said[min(at + 1, len(said) - 1)].text in _OFTEN


def _of_dose(said: Sequence[Word], at: int) -> bool:
    """Whether a strength leads up to the name: "20 mg of …"."""
    return at > 2 and said[at - 1].text == "of" and said[at - 2].text in _STRENGTHS and said[at - 3].text[-1:].isalnum()


_STARTING = vocabulary("start starting started add adding added prescribe prescribing begin beginning try trying")
_JOINING = frozenset({"and", ",", "plus", "with"})
_OWNERS = vocabulary("your my his her this that")
#: Shorter words before a dose are seldom another medicine's name.
_SHORTEST_OTHER = 5


def own_end(texts: tuple[str, ...], start: int, end: int) -> int:
    """Where the words end that are about the medicine before words[start]: before "and NovoRapid six units"."""
    first = True
    for one in occasions(texts):
        if not start <= one.amount.start < end:
            continue
        after = max(start, one.after)
        between = texts[after : one.amount.start]
        # "with your kidneys 50 mg" names no medicine
        named = bool(between) and len(between[-1]) >= _SHORTEST_OTHER and nameable(between[-1])
        named = named and _OWNERS.isdisjoint(between[-2:-1])
        if named and not (_STARTING if first else _STARTING | _JOINING).isdisjoint(between):
            return clause_start(texts, one.amount, after)
        first = False
    return end
