"""The medicines of a consultation: what the patient takes and what the doctor changes."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from mock_server.extraction.answer import Answer, answer_to
from mock_server.extraction.dosage import dose, leading, trailing
from mock_server.extraction.drug import Mention, mentions
from mock_server.extraction.phrase import alternatives, phrases
from mock_server.extraction.schedule import duration, frequency, route

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from mock_server.extraction.sentence import Dialogue, Sentence

_ACTIONS = {
    "hold": "hold off(?: on)?|hold|pause|skip",
    "stop": """stop(?:ped|ping)?|discontinu(?:e|ed|ing)|come off|came off|get (?:you |him |her )?off|take you off
        took me off|off of|quit|wean""",
    "increase": """increas(?:e|ed|ing)|go up|going up|bump(?:ed)? (?:up|it|your|the)|up your|double|raise|uptitrate""",
    "decrease": """decreas(?:e|ed|ing)|reduc(?:e|ed|ing)|lower(?:ing)? (?:your|the|it)|cut (?:back|down)|taper
        go down""",
    "start": """start(?:ed|ing)?|prescri(?:be|bed|bing|ption for|ption of)|put(?:ting)? you (?:back )?on|place you on
        add(?:ing)?|begin|(?:give|gave|order|write|get|send) (?:you|him|her|in|out|over)(?: a| some| out| for)?
        initiate|call(?:ing)? in|try you on|switch you to""",
    "continue": "continu(?:e|ed|ing)|keep (?:taking|you|on|up|using|going)|stay on|refill(?:ed|s)?|remain on|maintain",
}
_ACTION = re.compile("|".join(rf"(?P<{name}>\b{alternatives(said)}(?!\w))" for name, said in _ACTIONS.items()))
_REVERSED = re.compile(r"(?:\bnot|n't|\bnever|\bno need to|\bwithout)(?: \w+){0,3} $")
_ALLERGY = phrases("allerg(?:y|ic|ies)|reactions? to|intoleran(?:t|ce)")
_RELATIVE = "mother|father|mom|mum|dad|brother|sister|aunt|uncle|cousin|grand\\w+|friend|coworker|neighbor|wife|husband"
_OTHERS = phrases(
    rf"(?:{_RELATIVE})(?:'s)?(?: \w+){{0,3}} (?:takes?|took|taking|on|uses?|used|got|gets|told|suggested|recommended)"
)
_NOT_TAKEN = re.compile(
    r"(?:\b(?:no|not|never|without|nor|neither|avoid\w*|refus\w+|instead of|other than)|n't)(?: \S+){0,5} $"
)
#: "Penicillin, or, I'm sorry, amoxicillin": the second is meant.
_CORRECTION = re.compile(r"^(?:, )?(?:or )?(?:, )?(?:no )?(?:, )?(?:i'm sorry|sorry|i mean|excuse me)\b")
#: How far a dose may stand from its drug, in words: beyond lies the next matter.
_AFTER = 16
_BEFORE = 7
#: A dose asked for comes within this many sentences.
_FOLLOWING = 3
#: How long it has been taken is something else than how long it is to be.
_SO_FAR = phrases("been|past|last|since|ago|already|was|had|i've|'ve")
_IT = phrases("it|that|this|dose|dosage|milligrams?|mg|m g|daily|day")


@dataclass(slots=True)
class _Course:
    """What was said of one drug so far."""

    name: str
    generic: str
    source: dict[str, Any]
    said: dict[str, str] = field(default_factory=dict)

    def hear(self, facts: dict[str, str], sentence: Sentence) -> None:
        """Take in later facts: the last stated wins, and the source moves to where the dose was said."""
        if "dosage" in facts or ("dosage" not in self.said and facts.keys() - self.said.keys()):
            self.source = sentence.source
        self.said.update(facts)

    def entry(self) -> dict[str, Any]:
        order = ("dosage", "frequency", "route", "duration", "action")
        generic = {"generic": self.generic} if self.generic.lower() != self.name.lower() else {}
        facts = {key: self.said[key] for key in order if key in self.said}
        return {"name": self.name, **generic, **facts, "source": self.source}


def medications(dialogue: Dialogue) -> list[dict[str, Any]]:
    """Each medicine once, in the order they were first said."""
    found = mentions(dialogue)
    courses: dict[str, _Course] = {}
    by_sentence: dict[int, list[Mention]] = {}
    for mention in found:
        by_sentence.setdefault(mention.sentence, []).append(mention)
    for index, here in by_sentence.items():
        for at, mention in enumerate(here):
            if _is_no_medicine(dialogue.sentences, mention) or _corrected(dialogue.sentences[index], here, at):
                continue
            course = courses.setdefault(
                mention.drug.generic,
                _Course(_title(mention.drug.name), mention.drug.generic, dialogue.sentences[index].source),
            )
            for sentence, facts in _facts(dialogue.sentences, by_sentence, here, at):
                course.hear(facts, sentence)
    return [course.entry() for course in courses.values()]


def allergies(dialogue: Dialogue) -> list[dict[str, Any]]:
    """Drugs said to cause an allergy or reaction."""
    found: dict[str, dict[str, Any]] = {}
    for mention in mentions(dialogue):
        sentence = dialogue.sentences[mention.sentence]
        if _allergic(dialogue.sentences, mention.sentence) and not _denied(dialogue.sentences, mention):
            found.setdefault(mention.drug.generic, {"name": _title(mention.drug.name), "source": sentence.source})
    return list(found.values())


def _title(name: str) -> str:
    return name[:1].upper() + name[1:]


def _is_no_medicine(sentences: Sequence[Sentence], mention: Mention) -> bool:
    text = sentences[mention.sentence].plain
    return bool(_allergic(sentences, mention.sentence) or _OTHERS.search(text) or _denied(sentences, mention))


def _corrected(sentence: Sentence, here: list[Mention], at: int) -> bool:
    if at + 1 == len(here):
        return False
    between = sentence.words[here[at].end : here[at + 1].start]
    return _CORRECTION.search(" ".join(word.text for word in between)) is not None


def _allergic(sentences: Sequence[Sentence], index: int) -> bool:
    if _ALLERGY.search(sentences[index].plain):
        return True
    before = sentences[max(0, index - 2) : index]
    return any(sentence.asks and _ALLERGY.search(sentence.plain) for sentence in before)


def _denied(sentences: Sequence[Sentence], mention: Mention) -> bool:
    """Whether the drug was asked for and denied, or said not to be taken."""
    sentence = sentences[mention.sentence]
    if sentence.asks:
        return answer_to(sentences, mention.sentence) is Answer.NO
    before = " ".join(word.text for word in sentence.words[: mention.start]) + " "
    return _NOT_TAKEN.search(before) is not None and not _ACTION.search(before)


def _facts(
    sentences: Sequence[Sentence], by_sentence: dict[int, list[Mention]], here: list[Mention], at: int
) -> Iterator[tuple[Sentence, dict[str, str]]]:
    mention = here[at]
    sentence = sentences[mention.sentence]
    yield sentence, _around(sentence, here, at)
    if at + 1 < len(here):
        return
    for index in range(mention.sentence + 1, min(mention.sentence + 1 + _FOLLOWING, len(sentences))):
        if index in by_sentence:
            return
        later = sentences[index]
        if _IT.search(later.plain) and not later.asks:
            facts = _said(later, 0, len(later.words), bare=False)
            if "dosage" in facts:
                yield later, facts


def _border(sentence: Sentence, one: Mention, other: Mention) -> int:
    """The word where what belongs to the second of two neighbours begins."""
    ahead = leading(sentence.words, one.end, other.start)
    if ahead is None:
        return other.start
    of = any(word.text == "of" for word in sentence.words[ahead.start : other.start])
    free = ahead.start > one.end and not trailing(sentence.words, other.end)
    return ahead.start if of or free else other.start


def _around(sentence: Sentence, here: list[Mention], at: int) -> dict[str, str]:
    mention = here[at]
    first = max(0, mention.start - _BEFORE)
    last = min(len(sentence.words), mention.end + _AFTER)
    if at:
        first = max(first, _border(sentence, here[at - 1], mention))
    if at + 1 < len(here):
        last = min(last, _border(sentence, mention, here[at + 1]))
    facts = _said(sentence, mention.end, last, bare=True)
    before = _said(sentence, first, mention.start, bare=False)
    ahead = leading(sentence.words, first, mention.start)
    if ahead is not None:
        before["dosage"] = ahead.text
    facts = {**(before if at == 0 or ahead else {}), **facts}
    action = _action(sentence, mention)
    return {**facts, "action": action} if action else facts


def _said(sentence: Sentence, first: int, last: int, *, bare: bool) -> dict[str, str]:
    text = " ".join(word.text for word in sentence.words[first:last])
    facts = {
        "dosage": dose(sentence.words, first, last, bare=bare),
        "frequency": frequency(text),
        "route": route(text),
        "duration": None if _SO_FAR.search(sentence.plain) else duration(text),
    }
    return {key: value for key, value in facts.items() if value}


def _action(sentence: Sentence, mention: Mention) -> str | None:
    if sentence.asks:
        return None
    before = " ".join(word.text for word in sentence.words[: mention.start])
    found: str | None = None
    for match in _ACTION.finditer(before):
        found = match.lastgroup if not _REVERSED.search(before[: match.start()]) else None
    return found
