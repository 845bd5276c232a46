"""What a speaker takes back and says anew: "seventy, no, seventeen kilos", "take 40 mg. Make that 20."."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from mock_server.extraction.amount import COUNTED, UNITS
from mock_server.extraction.lexicon import drugs
from mock_server.extraction.numeral import kind_of
from mock_server.extraction.phrase import alternatives, vocabulary
from mock_server.extraction.sentence import Dialogue, Sentence, Word

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

#: Beside what is taken back, these say so.
_WEAK = alternatives(
    r"""no|sorry|i'm sorry|i am sorry|excuse me|i mean|wait|hang on|hold on|or rather|my mistake|actually
    or i'm sorry|or sorry|or excuse me|or , i'm sorry|or , sorry"""
)
#: These take back what was said a few words before, too.
_STRONG = alternatives(
    r"""scratch that|strike that|make that|make it|correction|i meant(?: to say)?|i tell a lie|(?:i )?misread that
    i said that wrong|that's wrong|that's not right|let me correct that|no (?:, )?wait|that should(?: be|'ve been)
    it should be"""
)
_HESITATION = r"(?:well|oh|hmm|hm|um|uh|er|,)"
_LINK = r"(?:it's|it is|that's|that is|that should be|it should be|i meant|i mean|make that|make it|the|,)"
_MARK = re.compile(
    rf"(?<!\S)(?:{_HESITATION} )*(?:{_STRONG}|{_WEAK})(?!\S)(?: (?:{_STRONG}|{_WEAK}|{_HESITATION})(?!\S))*"
    rf"(?: {_LINK}(?!\S))*"
)
_PLAIN_MARK = re.compile(rf"(?<!\S){_STRONG}(?!\S)")
#: "1,000 is a mistake, it is 100".
_MISTAKE = re.compile(
    r"(?<!\S)(?:(?:actually|sorry|no|wait|,) )*(?P<old>\S+) (?:is|was)(?: a| the)? "
    r"(?:mistake|wrong|not right|incorrect|slip)(?: (?:,|and|no|i meant|it's|it is|it should be|should be"
    r"|it was meant to be))+"
)
#: Most sentences have no such word, and are not looked through for more.
_SLIP = re.compile(r"mistake|wrong|not right|incorrect|slip")
#: A sentence corrects the one before where it opens so.
_OPENS = re.compile(
    rf"^(?:{_HESITATION} )*(?:(?:{_STRONG}|{_WEAK})(?!\S)|\S+ (?:is|was) (?:a mistake|wrong|not right)\b)"
)
_WITHIN = vocabulary("point . and over / half - to")
#: What is plainly taken back stands so many words before the mark.
_FAR = 8
#: A few words between a medicine that is taken back and the mark tell of its dose.
_DOSED = 6
#: The name of a medicine has so many words at most.
_LONGEST = 4


def repaired(dialogue: Dialogue) -> Dialogue:
    """The dialogue without what was taken back; a sentence that corrects the one before is told with it."""
    return Dialogue(dialogue.turns, tuple(_without(one) for one in _joined(dialogue)))


def _joined(dialogue: Dialogue) -> Iterator[Sentence]:
    before: Sentence | None = None
    for sentence in dialogue.sentences:
        if before is not None and _corrects(dialogue, before, sentence):
            before = _together(before, sentence)
            continue
        if before is not None:
            yield before
        before = sentence
    if before is not None:
        yield before


def _corrects(dialogue: Dialogue, before: Sentence, sentence: Sentence) -> bool:
    if before.turn != sentence.turn or before.asks or sentence.asks or not _OPENS.search(sentence.plain):
        return False
    return f"{before.text} {sentence.text}" in dialogue.turns[before.turn].text and bool(
        _cuts(_together(before, sentence))
    )


def _together(one: Sentence, other: Sentence) -> Sentence:
    by = len(one.text) + 1
    moved = tuple(replace(word, start=word.start + by, end=word.end + by) for word in other.words)
    return Sentence(one.turn, one.role, f"{one.text} {other.text}", (*one.words, *moved))


@dataclass(frozen=True, slots=True)
class _Cut:
    """words[start:end] that do not count; `unit` is said after words[end - 1] all the same."""

    start: int
    end: int
    unit: str = ""


def _without(sentence: Sentence) -> Sentence:
    cuts = _cuts(sentence)
    if not cuts:
        return sentence
    kept: list[Word] = []
    units = {cut.end: cut.unit for cut in cuts if cut.unit}
    silent = {at for cut in cuts for at in range(cut.start, cut.end)}
    for at, word in enumerate(sentence.words):
        if at in units:
            place = sentence.words[at - 1].end
            kept.append(Word(units[at], units[at], place, place))
        if at not in silent:
            kept.append(word)
    if len(sentence.words) in units:
        place = sentence.words[-1].end
        kept.append(Word(units[len(sentence.words)], units[len(sentence.words)], place, place))
    ends = [(cut.start, cut.end) for cut in cuts if cut.end > cut.start]
    return replace(sentence, words=tuple(kept), silent=tuple(_places(sentence, ends)))


def _places(sentence: Sentence, cuts: Sequence[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    said = sentence.words
    for start, end in sorted(cuts):
        yield said[start].start, said[end].start if end < len(said) else said[end - 1].end


def _cuts(sentence: Sentence) -> list[_Cut]:
    text = sentence.plain
    texts = [word.text for word in sentence.words]
    cuts: list[_Cut] = []
    for match in _MISTAKE.finditer(text) if _SLIP.search(text) else ():
        start, new = _words(text, match)
        old = _same(texts, match["old"], start)
        told = old is not None and _numeral(texts, new) and _counts(texts, old, new)
        cuts += _amount(texts, old, start, new) if old is not None and told else []
    for match in () if cuts else _MARK.finditer(text):
        start, new = _words(text, match)
        plainly = _PLAIN_MARK.search(match[0]) is not None
        if _numeral(texts, new):
            old = _last(texts, start, _FAR if plainly else 1)
            if old is not None and _counts(texts, old, new) and (plainly or _alike(texts, old, start, new)):
                cuts += _amount(texts, old, start, new)
        elif "actually" not in match[0]:
            cuts += _name(sentence, start, new, plainly=plainly)
    return cuts


def _words(text: str, match: re.Match[str]) -> tuple[int, int]:
    """The first word of a match, and the word behind it."""
    start = text.count(" ", 0, match.start())
    return start, start + match[0].count(" ") + 1


def _numeral(texts: Sequence[str], at: int) -> bool:
    text = texts[at] if at < len(texts) else ""
    return text[:1].isdecimal() or bool(kind_of(text)) or text in {"half", "point"} or text.startswith(".")


def _behind(texts: Sequence[str], start: int) -> int:
    """Where the words of a number end that begins at words[start]."""
    end = start
    while end < len(texts) and (_numeral(texts, end) or (texts[end] in _WITHIN and _numeral(texts, end + 1))):
        end += 1
    return end


def _ahead(texts: Sequence[str], end: int) -> int:
    """Where the words of a number begin that ends at words[end - 1]."""
    start = end
    while start and (
        _numeral(texts, start - 1) or (texts[start - 1] in _WITHIN and start > 1 and _numeral(texts, start - 2))
    ):
        start -= 1
    return start


def _last(texts: Sequence[str], mark: int, reach: int) -> tuple[int, int] | None:
    """The words of the last number that ends within `reach` words before a mark."""
    for end in range(mark, max(0, mark - reach - 1), -1):
        if _numeral(texts, end - 1) or texts[end - 1] == "point":
            return _ahead(texts, end), end
    return None


def _same(texts: Sequence[str], said: str, mark: int) -> tuple[int, int] | None:
    """The number before a mark that is said again to be wrong; the last one where it is only pointed at."""
    places = [at for at in range(mark) if texts[at] == said and _numeral(texts, at)]
    if places:
        return places[-1], places[-1] + 1
    return _last(texts, mark, _FAR) if said in {"that", "it", "this"} else None


def _alike(texts: Sequence[str], old: tuple[int, int], mark: int, new: int) -> bool:
    """Whether two numbers count the same: "two weeks, no, three weeks", "seventy, no, seventeen kilos"."""
    between = texts[old[1] : mark]
    end = _behind(texts, new)
    return not between or between == texts[end : end + 1] or end == len(texts) or between[0] in UNITS


def _counts(texts: Sequence[str], old: tuple[int, int], new: int) -> bool:
    """Whether the new number counts nothing else than the old: "5 mg. Sorry about the 10 minutes" corrects nothing."""
    end = _behind(texts, new)
    following = texts[end : end + 1]
    return not following or following[0] not in COUNTED or following == texts[old[1] : old[1] + 1]


def _amount(texts: Sequence[str], old: tuple[int, int], mark: int, new: int) -> list[_Cut]:
    """The old number and the mark; its unit is kept for a new number without one."""
    start, end = old
    after = _behind(texts, new)
    unit = texts[end] if end < mark and texts[end] in UNITS else ""
    cuts = [_Cut(start, end + bool(unit)), _Cut(mark, new)]
    if unit and texts[after : after + 1] != [unit] and (after >= len(texts) or texts[after] not in UNITS):
        cuts.append(_Cut(after, after, unit))
    return cuts


def _name(sentence: Sentence, mark: int, new: int, *, plainly: bool) -> list[_Cut]:
    """A medicine that is taken back for another, with what was said of its dose."""
    texts = [word.text for word in sentence.words]
    opens = texts[new : new + 1] != ["not"] and next(drugs().find(sentence.words[new : new + _LONGEST]), None)
    if opens is None or (opens and opens.start):  # most marks stand before no medicine
        return []
    named = list(drugs().find(sentence.words))
    before = [one for one in named if one.end <= mark]
    if before and not opens:  # "naproxen, no, not the naproxen, the ibuprofen"
        again = next((one for one in named if new < one.start <= new + 2 and one.entry == before[-1].entry), None)
        new = again.end if again else new
        while again and texts[new : new + 1] and texts[new] in {",", "the", "but", "it's"}:
            new += 1
    meant = next((one for one in named if one.start == new), None)
    if not before or meant is None or meant.entry == before[-1].entry:
        return []
    old = before[-1]
    between = range(old.end, mark)
    told = all(texts[at] in UNITS or texts[at] == "," or _numeral(texts, at) for at in between)
    return [_Cut(old.start, new)] if told or (plainly and len(between) <= _DOSED) else []
