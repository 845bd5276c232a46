"""The medicines of a consultation: what the patient takes and what the doctor changes."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from mock_server.extraction.answer import Answer, answer_to
from mock_server.extraction.dosage import dose, dose_of, duration, frequency, route
from mock_server.extraction.drug import Mention, mentions
from mock_server.extraction.phrase import alternatives, phrases

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from mock_server.extraction.sentence import Dialogue, Sentence

_ACTIONS = {
    "hold": "hold off(?: on)?|hold|pause|skip",
    "stop": """stop(?:ped|ping)?|discontinu(?:e|ed|ing)|come off|came off|get off|take you off|took me off|off of|quit
        wean""",
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
    first = here[at - 1].end if at else 0
    last = here[at + 1].start if at + 1 < len(here) else len(sentence.words)
    yield sentence, _around(sentence, mention, max(first, mention.start - _BEFORE), min(last, mention.end + _AFTER))
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


def _around(sentence: Sentence, mention: Mention, first: int, last: int) -> dict[str, str]:
    facts = _said(sentence, mention.end, last, bare=True)
    if "dosage" not in facts:
        ahead = dose(sentence.words, first, mention.start) or dose_of(sentence.words, first, mention.start)
        if ahead:
            facts["dosage"] = ahead
    for key, value in _said(sentence, first, mention.start, bare=False).items():
        if key != "dosage" and first == 0:
            facts.setdefault(key, value)
    action = _action(sentence, mention)
    if action:
        facts["action"] = action
    return facts


def _said(sentence: Sentence, first: int, last: int, *, bare: bool) -> dict[str, str]:
    text = " ".join(word.text for word in sentence.words[first:last])
    facts = {
        "dosage": dose(sentence.words, first, last, bare=bare),
        "frequency": frequency(text),
        "route": route(text),
        "duration": duration(text),
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
