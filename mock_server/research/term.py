"""Words of a text as they are searched: folded, with their endings taken off, with the places they stand at."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from mock_server.extraction.phrase import vocabulary

if TYPE_CHECKING:
    from collections.abc import Iterator

#: Marks belong to their letters: Python's \w parts Devanagari and Thai words at their vowels.
_MARKS = (
    "\u0300-\u036f\u0483-\u0487\u0591-\u05bd\u0610-\u061a\u064b-\u065f\u0670"
    "\u0900-\u0963\u0966-\u0dff\u0e00-\u0e7f\u0e80-\u10ff\u1780-\u17ff"
)
_WORD = re.compile(rf"(?:[^\W_]|[{_MARKS}])+")
#: The same where there are no others: most of most corpora.
_PLAIN = re.compile(r"[A-Za-z0-9]+")
#: Scripts that part no words: runs are searched by pairs of letters.
_UNPARTED = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]+")
#: A longer word is nobody's: it is data, and is searched by its beginning.
_LONGEST = 40

#: Words that say nothing of what is asked for: English first, then the commonest of other languages.
STOP = vocabulary(
    """
    a about above after again against all also am an and any are as at be because been before being below between both
    but by can could did do does doing done down during each either else ever every few for from further get gets give
    given go goes had has have having he her here hers him his how however i if in into is it its itself just let like
    made make makes many may me might mine more most much must my neither no nor not now of off on once one only or
    other others our ours out over own per please same shall she should since so some still such take takes than that
    the their theirs them then there these they this those though through thus to too under until up upon us very want
    was we well were what when where whether which while who whom whose why will with within without would yet you your
    der das und oder ist sind ein eine einer eines mit von zu auf wie wird werden nicht den dem des im
    le la les un une du et ou est sont que qui dans avec ne pas au aux ce cette
    el los las una y o es en por para con del al se su como
    है हैं का की के को में से और यह पर क्या कैसे
    """
)
#: Words that ask, and are not what is asked for.
_ASKING = vocabulary(
    """
    analyse analysis analyze answer ask compare comparing comparison consider describe detail detailed differ
    difference different discuss explain explore find finding findings generate happen happened happens
    identify information investigate know known list look mean means often overview provide question report
    research review said say says show study summarise summarize summary synthesis synthesise synthesize tell
    thing things trend trends versus vs way ways write
    """
)


@dataclass(frozen=True, slots=True)
class Term:
    """One word: its root, which is compared, and where it stands."""

    root: str
    start: int
    end: int


def terms(text: str) -> Iterator[Term]:
    """The words of a text in order; a run of a script that parts no words gives its pairs of letters."""
    for word in _WORD.finditer(text):
        last = word.start()
        for run in _UNPARTED.finditer(text, word.start(), word.end()):
            yield from _term(text, last, run.start())
            yield from _pairs(text, run.start(), run.end())
            last = run.end()
        yield from _term(text, last, word.end())


def roots(text: str) -> tuple[str, ...]:
    """The roots of a text's words in order."""
    if text.isascii():
        return tuple(root(word[:_LONGEST]) for word in _PLAIN.findall(text))
    return tuple(term.root for term in terms(text))


def tells(word: str) -> bool:
    """Whether a word, as it was written, says what is asked for."""
    plain = _folded(word)
    return plain not in STOP and plain not in _ASKING and (len(plain) > 1 or not plain.isascii())


def _term(text: str, start: int, end: int) -> Iterator[Term]:
    if start < end:
        yield Term(root(text[start : min(end, start + _LONGEST)]), start, end)


def _pairs(text: str, start: int, end: int) -> Iterator[Term]:
    if end - start == 1:
        yield Term(text[start], start, end)
    for at in range(start, end - 1):
        yield Term(text[at : at + 2], at, at + 2)


@lru_cache(maxsize=1 << 15)
def root(word: str) -> str:
    """A word without case and accents, and without the endings of English: paused, pauses and pausing are one."""
    plain = _folded(word)
    return _shortened(plain) if plain.isascii() and plain.isalpha() else plain


def _folded(word: str) -> str:
    plain = unicodedata.normalize("NFKD", word).casefold()
    # accents of Latin, Greek and Cyrillic go; the vowels of other scripts are letters
    kept = "".join(letter for letter in plain if not "\u0300" <= letter <= "\u036f")
    return unicodedata.normalize("NFC", kept) or plain


def _shortened(word: str) -> str:
    if len(word) < 4:
        return word
    if word.endswith("ies") and len(word) > 4:
        word = word[:-3] + "y"
    elif word.endswith("s") and word[-2] not in "sui":
        word = word[:-1]
    for ending in ("ing", "ed"):
        if word.endswith(ending) and len(word) - len(ending) >= 3 and re.search("[aeiouy]", word[: -len(ending)]):
            word = word[: -len(ending)]
            if word[-1] == word[-2] and word[-1] not in "lsz":
                word = word[:-1]
            break
    if word.endswith("ll") and len(word) > 4:
        word = word[:-1]
    return word[:-1] if word.endswith("e") and len(word) > 4 else word
