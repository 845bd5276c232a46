"""The medicines of a consultation: what the patient takes and what the doctor changes."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from mock_server.extraction.action import action, acts, moved
from mock_server.extraction.answer import Answer, answer_to
from mock_server.extraction.condition import case
from mock_server.extraction.dosage import answered, extent, leading, moved_to, regimen, trailing
from mock_server.extraction.phrase import phrases, vocabulary
from mock_server.extraction.schedule import duration, frequency, route
from mock_server.extraction.subject import about
from mock_server.extraction.unlisted import nameable

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from mock_server.extraction.drug import Mention
    from mock_server.extraction.sentence import Dialogue, Sentence, Word
    from mock_server.extraction.subject import Spans

_NOT_TAKEN = re.compile(
    r"(?:\b(?:no|not|never|without|nor|neither|avoid\w*|refus\w+|other than|instead of(?! \S+ (?:mc?g|\w+grams?)\b))"
    r"|n't)(?! (?:\S+ )?(?:changes?\b|more than|go (?:above|over|past)|exceed))(?: \S+){0,5} $"
)
#: "No, 10 mg of amlodipine" answers something else.
_ANSWERED_NO = re.compile(r"^(?:(?:well|oh|um|uh|,) )*(?:no|nope|nah) , ")
#: Negation ends where somebody's own statement begins.
_OWN_CLAUSE = re.compile(
    r"\b(?:but|so) |(?:, |and |; )(?=(?:i|we|he|she|you|my|your|his|her|their)(?:'\w+)? |(?:take|use|have|try) )"
)
#: "She gave me her tramadol, but I didn't take it."
_UNTOUCHED = re.compile(
    r"\b(?:(?:did|have|do)(?:n't| n't| not)|haven't|never) (?:take|took|taken|taking|use|used) (?:it|them|any|that)\b"
    r"|\bbut (?:i|he|she) (?:refused|declined|turned (?:it|that|them) down)\b"
)
#: The unit of a dose, which a later number without one goes on with.
_UNIT = re.compile(r"^[\d.]+( (?:mg|mcg|g|mL|units))$")
#: Another medicine comes after these: what follows is not of the one before.
_TURNS = vocabulary("stop start begin switch add prescribe try use take give")
_LEAD = vocabulary("the your a some you him her to")
_SOMETHING = vocabulary("something another other new different")
#: A sentence about another medicine says so in its first words.
_OPENING = 4
#: How far a dose may stand from its drug, in words: beyond lies the next matter.
_AFTER = 16
_BEFORE = 7
#: A dose that is said before what the medicine looks like stands farther: "two puffs of the blue inhaler, the …".
_AHEAD = 9
#: A dose asked for comes within this many sentences.
_FOLLOWING = 3
#: How long it has been taken is something else than how long it is to be.
_SO_FAR = phrases("been|past|last|since|ago|already|was|had|i've|'ve")
#: "Take 20 mg in the morning. And 10 mg at night."
_GOES_ON = re.compile(
    r"^(?:and |so |, )?(?:and|then|after that|followed by|next|at night|in the evening)\b"
    r"|\b(?:after that|thereafter|from then on)\b"
)
_DOSE = phrases(
    r"""what (?:is the |is your |'s the |'s your )?(?:dose|dosage|strength)|how many (?:milligrams|micrograms|units)
    how much (?:\w+ ){0,3}?(?:are you|do you|is it|does (?:he|she))|what's the (?:dose|dosage|strength)"""
)
_IT = phrases("it|that|this|dose|dosage|milligrams?|mg|m g|micrograms?|mcg|daily|day")


@dataclass(slots=True)
class _Course:
    """What was said of one drug so far."""

    name: str
    generic: str
    source: dict[str, Any]
    sentence: int
    recognised: bool = True
    said: dict[str, Any] = field(default_factory=dict)

    def hear(self, facts: dict[str, Any], sentence: Sentence, condition: str | None = None) -> None:
        """Take in later facts: the last stated wins, and the source moves to where the dose was said.

        What is to be taken in a case that may come takes the place of nothing that is taken anyway.
        """
        taken = {"dosage", "frequency"} & self.said.keys()
        if condition and taken and "condition" not in self.said:
            return
        if condition:
            facts = {**facts, "condition": condition}
        elif "condition" in self.said and "dosage" in facts:
            self.said.pop("condition")
        if "dosage" in facts or ("dosage" not in self.said and facts.keys() - self.said.keys()):
            self.source = sentence.source
        self.said = _over(self.said, facts)

    def entry(self) -> dict[str, Any]:
        order = ("dosage", "doses", "steps", "frequency", "route", "duration", "condition", "action")
        generic = {"generic": self.generic} if self.generic.lower() != self.name.lower() else {}
        facts = {key: self.said[key] for key in order if key in self.said}
        unknown = {} if self.recognised else {"recognised": False}
        return {"name": self.name, **generic, **facts, **unknown, "source": self.source}


def _over(before: dict[str, Any], facts: dict[str, Any]) -> dict[str, Any]:
    """Facts with later ones over them: a dose takes the place of all that was said of doses."""
    gone = {"dosage", "doses", "steps"} if "dosage" in facts else set()
    if "steps" in facts:
        gone = gone | {"duration"}
    return {key: value for key, value in before.items() if key not in gone} | facts


def medications(dialogue: Dialogue, found: Sequence[Mention], spans: Sequence[Spans]) -> list[dict[str, Any]]:
    """Each medicine once, in the order they were first said."""
    courses: dict[str, _Course] = {}
    by_sentence: dict[int, list[Mention]] = {}
    for mention in found:
        by_sentence.setdefault(mention.sentence, []).append(mention)
    for index, here in by_sentence.items():
        for at, mention in enumerate(here):
            if about(spans[index], mention.start) or _denied(dialogue.sentences, mention):
                continue
            told_for = case(dialogue.sentences[index], mention.start)
            if told_for.ahead and not _owned(dialogue.sentences[index], mention.start):
                continue
            course = courses.setdefault(
                _key(courses, mention),
                _Course(
                    _title(mention.drug.name),
                    mention.drug.generic,
                    dialogue.sentences[index].source,
                    mention.sentence,
                    mention.drug.recognised,
                ),
            )
            for sentence, facts in _facts(dialogue.sentences, by_sentence, here, at, ahead=told_for.ahead):
                course.hear(facts, sentence, told_for.said)
    return [course.entry() for course in courses.values()]


def _key(courses: Mapping[str, _Course], mention: Mention) -> str:
    """One medicine is one course; two forms of it dosed in one sentence are two: "morphine 10 mg and Oramorph 5 mL"."""
    known = courses.get(mention.drug.generic)
    other = known is not None and known.name.lower() != mention.drug.name and known.sentence == mention.sentence
    return mention.drug.name if other and known and "dosage" in known.said else mention.drug.generic


_OWNERS = vocabulary("your his her the their my")


def _owned(sentence: Sentence, start: int) -> bool:
    """Whether a medicine is told as one that is taken already: "your amlodipine"."""
    return start > 0 and sentence.words[start - 1].text in _OWNERS


def _title(name: str) -> str:
    return name[:1].upper() + name[1:]


def _denied(sentences: Sequence[Sentence], mention: Mention) -> bool:
    """Whether the drug was asked for and denied, or said not to be taken."""
    sentence = sentences[mention.sentence]
    if sentence.asks:
        return answer_to(sentences, mention.sentence) is Answer.NO
    after = " ".join(word.text for word in sentence.words[mention.end :])
    if _UNTOUCHED.search(after) or _untouched_after(sentences, mention.sentence):
        return True
    before = " ".join(word.text for word in sentence.words[: mention.start]) + " "
    before = _OWN_CLAUSE.split(_ANSWERED_NO.sub("", before))[-1]
    return _NOT_TAKEN.search(before) is not None and not acts(before)


def _untouched_after(sentences: Sequence[Sentence], index: int) -> bool:
    """Whether the next sentence says that it was not taken: "She gave me her tramadol. I didn't take it."."""
    later = sentences[index + 1] if index + 1 < len(sentences) else None
    return later is not None and later.turn == sentences[index].turn and _UNTOUCHED.search(later.plain) is not None


def _facts(
    sentences: Sequence[Sentence], by_sentence: dict[int, list[Mention]], here: list[Mention], at: int, *, ahead: bool
) -> Iterator[tuple[Sentence, dict[str, Any]]]:
    sentence = sentences[here[at].sentence]
    around = {} if ahead else _around(sentence, here, at)
    yield sentence, around
    if at + 1 == len(here) and around.get("action") != "stop":
        yield from _later(sentences, by_sentence, here[at], _first(sentence, here, at), around.get("dosage", ""))


def _later(
    sentences: Sequence[Sentence], by_sentence: dict[int, list[Mention]], mention: Mention, first: int, known: str
) -> Iterator[tuple[Sentence, dict[str, Any]]]:
    """What the sentences after a medicine tell of its dose."""
    sentence = base = sentences[mention.sentence]
    said = sentence.words
    for index in range(mention.sentence + 1, min(mention.sentence + 1 + _FOLLOWING, len(sentences))):
        later = sentences[index]
        if index in by_sentence or (later.words and _next(later, 0, _OPENING) < _OPENING):
            return
        if later.turn == base.turn and _GOES_ON.search(later.plain):
            said = (*said, *later.words)
            facts = _said(said, first, len(said), bare=mention.end if base is sentence else None)
            if "doses" in facts or "steps" in facts:
                yield base, facts
                continue
        asked = sentences[index - 1]
        on_it = _IT.search(later.plain) or asked.asks or (known and moved_to(later.words))
        if on_it and not later.asks:
            bare = answered(later.words, asked=_DOSE.search(asked.plain) is not None) if asked.asks else None
            facts = _said(later.words, 0, len(later.words), bare=bare, sure=True)
            if known and "dosage" not in facts and (new := moved_to(later.words)):
                facts["dosage"] = new + "".join(_UNIT.findall(known)[:1])
            if "dosage" in facts:
                said, first, base = later.words, 0, later
                done = moved(later.plain)
                yield later, {**facts, "action": done} if done else facts


def _first(sentence: Sentence, here: list[Mention], at: int) -> int:
    """The word where what is told of a drug begins: the dose that leads up to its name, else what follows the name."""
    start = _border(sentence, here[at - 1], here[at]) if at else max(0, here[at].start - _BEFORE)
    ahead = leading(sentence.words, start, here[at].start)
    return ahead.start if ahead else here[at].end


def _border(sentence: Sentence, one: Mention, other: Mention) -> int:
    """The word where what belongs to the second of two neighbours begins."""
    ahead = leading(sentence.words, one.end, other.start)
    if ahead is None:
        return other.start
    of = any(word.text == "of" for word in sentence.words[ahead.start : other.start])
    free = ahead.start > one.end and not trailing(sentence.words, other.end)
    return ahead.start if of or free else other.start


def _around(sentence: Sentence, here: list[Mention], at: int) -> dict[str, Any]:
    mention = here[at]
    first, leads = max(0, mention.start - _BEFORE), max(0, mention.start - _AHEAD)
    last = min(len(sentence.words), mention.end + _AFTER)
    if at:
        border = _border(sentence, here[at - 1], mention)
        first, leads = max(first, border), max(leads, border)
    if at + 1 < len(here):
        last = min(last, _border(sentence, mention, here[at + 1]))
    else:
        last = extent(sentence.words, mention.end, last)
    last = min(last, _next(sentence, mention.end, last))
    ahead = leading(sentence.words, leads, mention.start)
    facts = _said(sentence.words, ahead.start if ahead else mention.end, last, bare=mention.end)
    before = _said(sentence.words, first, mention.start)
    if ahead is not None and "dosage" not in facts:
        before = _over(before, {"dosage": ahead.text})
    facts = _over(before if at == 0 or ahead else {}, facts)
    done = action(sentence, mention.start, mention.end, last)
    if done == "stop":  # "stop the naproxen 500 mg" names what is over, not what is to be taken
        return {"action": done}
    return {**facts, "action": done} if done else facts


def _next(sentence: Sentence, first: int, last: int) -> int:
    """The word where the talk turns to another medicine, between first and last."""
    said = sentence.words
    for at in range(first, min(last, len(said))):
        if said[at].text not in _TURNS:
            continue
        name = next((word.text for word in said[at + 1 : at + 4] if word.text not in _LEAD), "")
        if nameable(name) or name in _SOMETHING:
            return at
    return last


def _said(
    said: Sequence[Word], first: int, last: int, *, bare: int | None = None, sure: bool = False
) -> dict[str, Any]:
    taken = regimen(said, first, last, bare=bare, sure=sure)
    so_far = _SO_FAR.search(" ".join(word.text for word in said))
    facts = {
        "dosage": taken.dosage,
        "doses": [part.shown() for part in taken.day],
        "steps": [step.shown() for step in taken.steps],
        "frequency": ", ".join(part.when or "" for part in taken.day) or frequency(taken.rest),
        "route": route(taken.rest),
        "duration": None if taken.steps or so_far else duration(taken.rest),
    }
    return {key: value for key, value in facts.items() if value}
