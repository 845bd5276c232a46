"""The case a medicine is told for: "if the pain gets worse, take morphine"."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mock_server.extraction.phrase import alternatives, phrases, vocabulary

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from mock_server.extraction.sentence import Sentence


@dataclass(frozen=True, slots=True)
class Case:
    """What has to happen before a medicine is taken, in the words of the sentence.

    Nothing is ordered yet where the doctor only looks `ahead`.
    """

    said: str | None = None
    ahead: bool = False


ALWAYS = Case()

_OPENER = re.compile(
    r"(?<!\S)(?<!even )(?<!as )(?<!what )(?<!know )(?<!see )(?<!ask )(?<!asked )(?<!wonder )(?<!wondering )(?<!check )"
    r"(?<!sure )(?<!tell )(?:"
    r"(?:if|unless|in case)(?! (?:so|not|any|anything|needed|necessary|required|possible|in doubt)(?: |$))"
    r"|should (?=(?:you|it|the|this|that|he|she|things|your|his|her|they|symptoms)\b)"
    r"|when(?:ever)? (?="
    r"(?:you|i|he|she|they)(?:'re)? (?:get|gets|feel|feels|start|starts|notice|notices|have an?|has an?)(?! (?:up"
    r"|home|to|dressed|out|in)\b)"
    r"|(?:the|your|my|his|her|a|an|it|that|one)(?:'s)? (?:\S+ ){0,3}?"
    r"(?:gets?|comes?|starts?|is (?:bad|severe|worse|high|up|there)|are (?:bad|worse)|flares?|hurts?|acts?"
    r"|happens?|kicks?)\b))"
)
#: Good manners set no condition, and the bare need is told as "as needed".
_MANNERS = re.compile(
    r"^(?:if|unless|when|in case)(?: "
    + alternatives(
        r"""(?:that|this|it)(?:'s| is| would be)? (?:ok|okay|all right|alright|fine|possible|convenient|suits?|works?)
        you(?:'re| are)? (?:ok|okay|all right|alright|happy|agreeable|fine|content)
        you (?:like|want|wish|please|prefer|agree|could|would|can|will|think so|ask me|remember)
        you (?:don't|do n't|wouldn't|would n't) mind
        (?:i|we) (?:may|can|could|might)|(?:you|i|he|she|they) needs? (?:it|them|to|one|that)(?= |$)
        i (?:remember|recall|understand)|nothing else|anything"""
    )
    + r")(?= |$)"
)
#: What was once.
_OVER = re.compile(r"^when(?:ever)? \S+ (?:was|were|had|did|got|came|went|started|saw|told|said|first|felt)\b")
#: What makes the words after a condition begin, without a comma.
_ORDER = vocabulary("take use give put try apply call then please just")
_MODAL = vocabulary("can could should must may need we'll i'll i'd we'd we i")
_TELLING = vocabulary("i'll we'll i'd we'd you'd you'll")
_SUBJECTS = vocabulary("you i he she they it to not n't we don't do your the can't can will")
_LEADING = vocabulary("and so but then okay ok now well only just , or also because um uh right alright")
_ENDS = vocabulary(", ; but")
_FEWEST = 2
_LONGEST = 16
#: A condition and its medicine stand so near.
_NEAR = 12
#: The doctor looks ahead: nothing of it is taken yet.
_FIRST = r"(?:we|i)(?:'ll|'d| will| would| can| could| might| may| should|'re going to|'m going to|'m gonna|'re gonna)"
_AHEAD = phrases(rf"{_FIRST}|let's|next step|option|would be|have to|you'd|might|need to")
_AHEAD_BEHIND = phrases(
    rf"{_FIRST} (?:\w+ )?(?:start|add|put you|think|consider|try|move|switch|go|increase|look at)|have to|you'd"
)
_MAYBE = re.compile(
    r"\b(?:we|i|you)(?:'d| might| may| could| would)(?: \w+){0,3}? (?:think about|consider|look at)\b(?: \S+){0,4} $"
    r"|\b(?:next|other) (?:step|option|thing)s?(?: \w+){0,2}? (?:would|might|could|will|may) be\b(?: \S+){0,4} $"
)
_SOMEDAY = re.compile(r"^(?:\S+ ){0,3}?(?:further |later )?down the (?:line|road|track)\b")


def case(sentence: Sentence, at: int) -> Case:
    """The case for which the medicine at words[at] is told; ALWAYS where there is none."""
    texts = [word.text for word in sentence.words]
    doctor = sentence.role != "patient"
    before = " ".join(texts[:at]) + " "
    if doctor and (_MAYBE.search(before) or (_SOMEDAY.search(" ".join(texts[at + 1 :])) and "might" in texts[:at])):
        return Case(ahead=True)
    if sentence.asks:
        return ALWAYS
    for first, last in _conditions(sentence, texts):
        leads = _LEADING.issuperset(texts[_clause_from(texts, first) : first])
        if leads and last <= at < min(_clause_to(texts, last), last + _NEAR):
            main, looks = " ".join(texts[last:at]), _AHEAD
        elif not leads and max(_clause_from(texts, first), first - _NEAR) <= at < first:
            main, looks = " ".join(texts[_clause_from(texts, first) : at]), _AHEAD_BEHIND
        else:
            continue
        if doctor and looks.search(main) and not re.search(r"\byou (?:can|could|should|may)\b", main):
            return Case(ahead=True)
        said = sentence.text[sentence.words[first].start : sentence.words[last - 1].end]
        return Case(said[:1].lower() + said[1:])
    return ALWAYS


def _conditions(sentence: Sentence, texts: Sequence[str]) -> Iterator[tuple[int, int]]:
    """words[first:last] of every condition of a sentence."""
    for match in _OPENER.finditer(sentence.plain):
        first = sentence.plain.count(" ", 0, match.start())
        last = _end(texts, first)
        plain = " ".join(texts[first:last])
        if last and last - first > _FEWEST and not _MANNERS.search(plain) and not _OVER.search(plain):
            yield first, last


def _end(texts: Sequence[str], first: int) -> int | None:
    """Where a condition ends; None where nothing shows it, as in speech without marks."""
    stop = min(len(texts), first + _LONGEST)
    for at in range(first + 1, stop):
        if texts[at] in _ENDS:
            return at
        following = texts[at + 1] if at + 1 < len(texts) else ""
        ordered = texts[at] in _ORDER and texts[at - 1] not in _SUBJECTS
        told = texts[at] in {"you", "he", "she"} and following in _MODAL and at > first + 1
        if at > first + _FEWEST and (ordered or told or texts[at] in _TELLING):
            return at
    return len(texts) if stop == len(texts) else None


def _clause_from(texts: Sequence[str], at: int) -> int:
    """Where the clause begins that goes on at words[at]."""
    start = at
    while start and texts[start - 1] not in _ENDS:
        start -= 1
    return start


def _clause_to(texts: Sequence[str], at: int) -> int:
    """Where what is ordered from words[at] on ends: at "and" with another order, at "but"."""
    for place in range(at, len(texts) - 1):
        if texts[place] in {"but", ";"}:
            return place
        if texts[place] == "and" and texts[place + 1] in _CARRIES:
            return place
    return len(texts)


_CARRIES = vocabulary("carry keep continue stay stop start i'll we'll you should keep don't do")
