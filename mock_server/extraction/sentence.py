"""Sentences and words of a consultation, with the place each came from."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any

from mock_server.extraction.phrase import vocabulary
from mock_server.extraction.runon import pieces
from mock_server.extraction.turn import Turn, turns

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_NUMBER = r"\d{1,3}|zero|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|\w+teen|\w+ty"
#: ".5" is a number of its own; a hyphen counts between figures alone.
_WORD = re.compile(
    r"(?:(?<![\w.)])\.)?\d+(?:[.,]\d+)*|(?<=\d)[-\u2013](?=\d)|(?<=\s)\.(?=\s)|n't\b|[^\W\d_]+(?:'[^\W\d_]+)*"
    r"|[,;/%?]"
)
#: Marks that end a sentence when white space follows; a line break always ends one.
_END = re.compile(r"[.?!]+[\"')\]]*(?=\s|$)|\n+|\s-{1,2}(?=\s)|-(?=\s|$)")
#: Dots that end an abbreviation, not a sentence.
_ABBREVIATION = re.compile(
    r"(?i)(?:^|[\s(])(?:dr|mr|mrs|ms|st|vs|b\.?i?\.?d|t\.?i\.?d|t\.?d\.?s|q\.?i\.?d|q\.?d\.?s|p\.?r\.?n|e\.g|i\.e|a\.m|p\.m|[a-z])\s?$"
)
#: Unpunctuated speech is cut here, so that no window grows with the text.
_LONGEST = 70
_SEARCH = 25
_CLAUSE_OPENERS = vocabulary("okay so alright now but and")


@dataclass(frozen=True, slots=True)
class Word:
    """One word, lower case, with its plural taken off in `stem` and its offsets in the sentence."""

    text: str
    stem: str
    start: int
    end: int


@dataclass(frozen=True, eq=False)
class Sentence:
    """A verbatim piece of one turn."""

    turn: int
    role: str | None
    text: str
    words: tuple[Word, ...]
    #: Pieces of the text that were taken back as they were said, and are none of its words.
    silent: tuple[tuple[int, int], ...] = ()

    def told(self, start: int, end: int) -> str:
        """What was said between two offsets, without what was taken back."""
        pieces, at = [], start
        for first, last in self.silent:
            if start <= first < end:
                pieces.append(self.text[at:first])
                at = last
        return "".join([*pieces, self.text[at:end]]).strip()

    @cached_property
    def verbatim(self) -> str:
        """Its words as `plain` has them, with those that were taken back."""
        return " ".join(word.text for word in words(self.text)) if self.silent else self.plain

    @property
    def asks(self) -> bool:
        """Whether the whole of it is a question."""
        return self.asks_from == 0

    @cached_property
    def asks_from(self) -> int | None:
        """The word a question begins at; None where nothing is asked."""
        return _asks_from(self)

    @property
    def source(self) -> dict[str, Any]:
        """Where it was said: the index of the turn and the sentence itself."""
        return {"turn": self.turn, "sentence": self.text}

    @cached_property
    def plain(self) -> str:
        """Its words, lower case, one space between them."""
        return " ".join(word.text for word in self.words)


@dataclass(frozen=True, eq=False)
class Dialogue:
    """A whole consultation."""

    turns: tuple[Turn, ...]
    sentences: tuple[Sentence, ...]


#: "You are still on it, okay?" tells; it does not ask.
_TAG = re.compile(
    r"(?:^| )(?:,|(?:okay|ok|right|correct|yeah|all right|alright|huh|yes))"
    r"(?: ,(?: my)? (?:love|dear|darling|sweetheart|mate|pal|sir|madam))? \?$"
    r"|^(?:(?:mm|oh|ah|so|and|,) )*(?:you(?:'re| are) (?:dragging|limping|guarding|sweating|shaking|wheezing|holding)"
    r"|(?:it|that|this)(?:'s| is| looks)(?: \w+){0,2} (?:swollen|red|tender|bruised|inflamed|sore|stiff)) .* \?$"
)
#: "Your sugar is 9, that's after breakfast, is it?" asks of what it points at alone.
_POINTED = re.compile(
    r"^(?P<told>.+) , (?:so )?(?:that's|that is|that was|this is|it's) [^,]+"
    r" , (?:is|was|has|does) (?:n't )?(?:it|that) \?$"
)
#: "Come again in two weeks, will you?" asks for it to be done.
_PLEASE = re.compile(r"(?: ,)? (?:will|would|could|can|won't|wo n't) you \?$")
#: "Any trouble breathing, come straight back" tells what to do.
_WARNS = re.compile(r", (?:then |please |just |you )*(?:come|call|ring|go|phone|see|stop|let)\b")
#: "What we're going to do is" tells.
_CLEFT = re.compile(r"^what (?:i|we)(?:'re|'m|'ll|'d| are| am| will| would| want)\b")
_OPENERS = vocabulary(
    "any do does did have has had are is was were can could would will what how when where why which who whom"
)
_FILLERS = vocabulary("so and um uh okay ok now well all right but alright then , yeah also great good")
#: Unpunctuated transcripts show a question only by these words near the end of what the doctor says.
_UNMARKED = re.compile(
    r"(?<!\S)(?:(?:have|had|has|did|do|does|are|were|is|was) (?:you|he|she|they|there|your|it)(?! (?:have|do) n't)"
    r"|(?:and |or |with )?any|how about|what about|such as)(?!\S)"
)
_TAIL = 26
_CLEFT_WORDS = 4


def _asks_from(sentence: Sentence) -> int | None:
    words = [word.text for word in sentence.words]
    first = next((at for at, word in enumerate(words) if word not in _FILLERS), None)
    if first is None:
        return None
    if "?" in sentence.text[-4:]:
        opening = " ".join(words[first : first + _CLEFT_WORDS])
        pointed = _POINTED.search(sentence.plain)
        if pointed and words[first] not in _OPENERS:
            return len(pointed["told"].split()) + 1
        told = _TAG.search(sentence.plain) and (words[first] not in _OPENERS or _CLEFT.search(opening))
        return None if told or (_PLEASE.search(sentence.plain) and words[first] not in _OPENERS) else 0
    if (words[first] == "any" and not _WARNS.search(sentence.plain)) or (
        words[first] in {"do", "have", "are", "did"} and words[first + 1 : first + 2] == ["you"]
    ):
        return 0
    if sentence.role != "doctor" or sentence.text.endswith((".", "!")):
        return None
    tail = max(0, len(words) - _TAIL)
    text = " ".join(words[tail:])
    match = _UNMARKED.search(text)
    return None if match is None else tail + text[: match.start()].count(" ")


#: "My back has been hurting" and "my back aches" are said of what hurts.
_FORMS = dict.fromkeys(("hurting", "ache", "aches", "aching", "ached"), "hurt")


#: Words of so many letters are remembered with their stems: a longer one is no word that is said often.
_REMEMBERED = 24


def stem(word: str) -> str:
    """A word without the s of its plural or of "is": "the nausea's gone"."""
    return _stem(word) if len(word) <= _REMEMBERED else _stem.__wrapped__(word)


@lru_cache(maxsize=4096)
def _stem(word: str) -> str:
    word = _FORMS.get(word, word.removesuffix("'s"))
    if len(word) > 3 and word.endswith("s") and word[-2] not in "sui'":
        return word[:-1]
    return word


def words(text: str) -> tuple[Word, ...]:
    """The words, numbers and commas of a text; hyphens part words."""
    plain = text.lower().replace("’", "'")
    if len(plain) != len(text):  # a few letters grow when lowered, and offsets must hold
        plain = text.replace("’", "'")
    return tuple(Word(m[0], stem(m[0]), m.start(), m.end()) for m in _WORD.finditer(plain))


def read(transcript: str) -> Dialogue:
    """Parse a transcript."""
    said = turns(transcript)
    return Dialogue(said, tuple(_sentences(said)))


def _sentences(said: Sequence[Turn]) -> Iterator[Sentence]:
    roles = _roles(said)
    for index, turn in enumerate(said):
        role = turn.role or roles.get(turn.speaker)
        for text in _parted(turn.text, role):
            for piece, found in _short(text):
                if piece:
                    yield Sentence(index, role, piece, found)


def _roles(said: Sequence[Turn]) -> dict[str | None, str]:
    """Of two voices without names for their roles the one that asks more is the doctor's."""
    asks = Counter({turn.speaker: 0 for turn in said})
    asks.update(turn.speaker for turn in said for _ in range(turn.text.count("?")))
    if len(asks) != 2 or None in asks or any(turn.role for turn in said):
        return {}
    (one, most), (other, fewest) = asks.most_common()
    return {one: "doctor", other: "patient"} if most > fewest else {}


def _parted(said: str, role: str | None) -> Iterator[str]:
    for text in _split(said):
        yield from pieces(text) if role is None else (text,)


def _split(text: str) -> Iterator[str]:
    start = 0
    for mark in _END.finditer(text):
        if mark[0] == "." and (_abbreviated(text, start, mark) or _decimal(text, start, mark)):
            continue
        yield text[start : mark.end()].strip()
        start = mark.end()
    yield text[start:].strip()


def _abbreviated(text: str, start: int, mark: re.Match[str]) -> bool:
    return _ABBREVIATION.search(text[max(start, mark.start() - 8) : mark.start()]) is not None


_NUMBER_LAST = re.compile(rf"(?i)\b(?:{_NUMBER}) $")
_NUMBER_FIRST = re.compile(rf"(?i) (?:{_NUMBER})\b")


def _decimal(text: str, start: int, mark: re.Match[str]) -> bool:
    """Whether a full stop set apart is a decimal point: "two . five milligrams"."""
    before = text[max(start, mark.start() - 12) : mark.start()]
    return _NUMBER_LAST.search(before) is not None and _NUMBER_FIRST.match(text, mark.end()) is not None


def _short(text: str) -> Iterator[tuple[str, tuple[Word, ...]]]:
    found = words(text)
    if len(found) <= _LONGEST:
        yield text, found
        return
    first = 0
    while first < len(found):
        last = _cut(found, first)
        piece = text[found[first].start : found[last - 1].end if last < len(found) else None]
        yield piece, words(piece)
        first = last


def _cut(found: tuple[Word, ...], first: int) -> int:
    """Where to cut unpunctuated speech: before a word that opens a clause, if one is near the limit."""
    last = min(first + _LONGEST, len(found))
    if last == len(found):
        return last
    for at in range(last, last - _SEARCH, -1):
        before = found[at - 1].text
        if found[at].text in _CLAUSE_OPENERS and not before.isdecimal() and before != "hundred":
            return at
    return last
