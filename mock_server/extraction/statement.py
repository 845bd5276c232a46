"""What a note says, one short sentence after the other, each with the sentences it was made of."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mock_server.extraction.answer import Answer, answer, reply_to
from mock_server.extraction.clause import clauses
from mock_server.extraction.dosage import dose
from mock_server.extraction.lexicon import findings as lexicon
from mock_server.extraction.part import Part, Told, part, small_talk
from mock_server.extraction.wording import worded

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from mock_server.extraction.clause import Clause
    from mock_server.extraction.drug import Mention
    from mock_server.extraction.finding import Finding
    from mock_server.extraction.sentence import Dialogue, Sentence


@dataclass(frozen=True, slots=True)
class Statement:
    """One sentence of a note; `sources` are the indices of the sentences it was made of."""

    part: Part
    text: str
    sources: tuple[int, ...]


def statements(
    dialogue: Dialogue, found: Sequence[Finding], drugs: Sequence[Mention], unallergic: int | None
) -> tuple[Statement, ...]:
    """Everything worth keeping, in the order it was said, nothing twice; `unallergic` says that there is no allergy."""
    told = _Telling(dialogue.sentences, found, drugs, unallergic)
    once: dict[tuple[Part, str], Statement] = {}
    for statement in told.run():
        once.setdefault((statement.part, statement.text), statement)
    return tuple(once.values())


_OWN = frozenset(["your", "his", "her", "their", "my"])
#: A question of time is answered by a few words that say nothing alone.
_HOW_LONG = re.compile(r"\b(?:how long|since when|for how many)\b")
_TIME = re.compile(
    r"^(?:for |about |around |maybe |since |the (?:past|last) |\w+ (?:or|to) )*\w+ (?:days?|weeks?"
    r"|months?|years?|hours?)\b"
)
_TAKING = re.compile(r"\b(?:tak(?:e|ing)|medications?|medicines?|tablets|prescribed|on any)\b")
#: A medicine that is named in an answer stands near its beginning.
_NEAR = 4
_FRAGMENT, _CHOSEN = 6, 3
#: "Do you smoke": what is asked of habits, to be told with yes or no.
_HABIT = re.compile(
    r"^(?:(?:and|so|okay|,|now|well|alright) )*(?P<helper>do|are|have) you (?:(?:currently|still|ever|also|been) )*"
    r"(?P<asked>(?:smok|drink|us(?:e|ing) (?:any )?(?:drug|tobacco|recreational)|exercis|work|sleep|eat"
    r"|liv(?:e|ing) alone|check)\w*(?: [\w']+){0,5}) \?$"
)


class _Telling:
    """One way through the sentences."""

    def __init__(
        self,
        sentences: Sequence[Sentence],
        found: Sequence[Finding],
        drugs: Sequence[Mention],
        unallergic: int | None,
    ) -> None:
        self._sentences = sentences
        self._unallergic = unallergic
        self._found: dict[int, list[Finding]] = {}
        for finding in found:
            self._found.setdefault(finding.sentence, []).append(finding)
        self._drugs: dict[int, list[Mention]] = {}
        for mention in drugs:
            self._drugs.setdefault(mention.sentence, []).append(mention)
        self._replies: set[int] = set()
        self._spent: set[int] = set()
        self._takings: set[int] = set()

    def run(self) -> Iterator[Statement]:
        """Look at every sentence once; an answer is told with its question."""
        for index, sentence in enumerate(self._sentences):
            if index == self._unallergic:
                yield Statement("subjective", "No known allergies.", (index,))
            if sentence.asks:
                yield from self._answered(index, sentence)
            elif sentence.asks_from is not None:
                yield from self._told(index, sentence, sentence.asks_from)
                yield from self._answered(index, sentence)
            else:
                yield from self._told(index, sentence, len(sentence.words))

    def _told(self, index: int, sentence: Sentence, end: int) -> Iterator[Statement]:
        if index in self._spent:
            return
        places = list(lexicon().find(sentence.words)) if index in self._found else []
        drugs = self._drugs.get(index, ())
        reply = index in self._replies and sentence.role != "doctor"
        for clause in clauses(sentence):
            if clause.start >= end:
                return
            named = any(clause.start <= match.start < clause.end for match in places)
            taken = [mention for mention in drugs if clause.start <= mention.start < clause.end]
            dosed = bool(taken) and dose(sentence.words, clause.start, clause.end) is not None
            condition = any(
                clause.start <= match.start < clause.end and match.entry.kind == "condition" for match in places
            )
            belongs = part(clause, sentence.role, Told(named or bool(taken), condition, dosed))
            if belongs is None and reply and not small_talk(clause.plain):
                belongs = "subjective"
            if belongs is not None:
                yield from self._worded(belongs, index, sentence, clause, taken)

    def _worded(
        self, belongs: Part, index: int, sentence: Sentence, clause: Clause, taken: Sequence[Mention]
    ) -> Iterator[Statement]:
        text = worded(clause.text, sentence.role, belongs)
        if text and index in self._takings and taken and taken[0].start - clause.start <= _NEAR:
            text = f"Taking {text[:1].lower()}{text[1:]}" if text.split()[0].lower() == taken[0].drug.name else text
        if text:
            yield Statement(belongs, text, (index,))

    def _answered(self, index: int, asked: Sentence) -> Iterator[Statement]:
        if asked.role == "patient":
            return
        at = reply_to(self._sentences, index)
        if at is None:
            return
        reply = self._sentences[at]
        found = self._found.get(index, ())
        about = [finding for finding in found if finding.relative is None and finding.answered]
        drugs = self._drugs.get(index, ())
        said = answer(reply.plain)
        if about or drugs or any(lexicon().find(asked.words)):
            self._replies.add(at)
        if _TAKING.search(asked.plain):
            self._takings.add(at)
        yield from _findings(asked, about, (index, at))
        yield from _family(
            asked, [one for one in found if one.relative and one.polarity == "absent"], said, (index, at)
        )
        if not about and said is not None:
            yield from _drugs(drugs, said, (index, at))
            yield from _habit(asked, said, (index, at))
        for chosen in _chosen(asked, reply, (index, at)):
            self._spent.add(at)
            yield chosen
        if _HOW_LONG.search(asked.plain) and len(reply.words) <= _FRAGMENT and _TIME.search(reply.plain):
            text = worded(reply.text, "patient", "subjective")
            text = text if text.startswith(("For", "Since")) else f"For {text[:1].lower()}{text[1:]}"
            self._spent.add(at)
            yield Statement("subjective", text, (index, at))


def _findings(asked: Sentence, about: Sequence[Finding], sources: tuple[int, ...]) -> Iterator[Statement]:
    """ "No fever, no vomiting.", in the words of the question."""
    names = _names(asked)
    absent = [f"no {names.get(one.sign.name, one.sign.name)}" for one in about if one.polarity == "absent"]
    present = [names.get(one.sign.name, one.sign.name) for one in about if one.polarity == "present"]
    for told in (absent, present):
        if told:
            yield _listed(told, sources)


def _family(
    asked: Sentence, absent: Sequence[Finding], said: Answer | None, sources: tuple[int, ...]
) -> Iterator[Statement]:
    names = _names(asked)
    if absent:
        yield _listed([f"no family history of {names.get(one.sign.name, one.sign.name)}" for one in absent], sources)
    elif said is Answer.NO and not names and "family" in asked.plain.split():
        yield Statement("subjective", "No family history.", sources)


def _names(asked: Sentence) -> dict[str, str]:
    """The words a question has for each finding it names."""
    return {
        match.entry.name: " ".join(word.text for word in asked.words[match.start : match.end] if word.text not in _OWN)
        for match in lexicon().find(asked.words)
    }


def _listed(told: Sequence[str], sources: tuple[int, ...]) -> Statement:
    text = ", ".join(dict.fromkeys(told))
    return Statement("subjective", f"{text[:1].upper()}{text[1:]}.", sources)


def _chosen(asked: Sentence, reply: Sentence, sources: tuple[int, ...]) -> Iterator[Statement]:
    """ "Pain: sharp.", of "is the pain sharp or dull"."""
    words = [word.text for word in reply.words if word.text.isalpha()]
    choices = {word.text for word in asked.words}
    signs = list(lexicon().find(asked.words))
    if signs and "or" in choices and 0 < len(words) <= _CHOSEN and set(words) <= choices - {"no", "yes", "or"}:
        sign = signs[0].entry.name
        yield Statement("subjective", f"{sign[:1].upper()}{sign[1:]}: {' '.join(words)}.", sources)


def _drugs(drugs: Sequence[Mention], said: Answer, sources: tuple[int, ...]) -> Iterator[Statement]:
    if drugs:
        names = " or ".join(dict.fromkeys(mention.drug.name for mention in drugs))
        yield Statement("subjective", f"{'Taking' if said is Answer.YES else 'Not taking'} {names}.", sources)


def _habit(asked: Sentence, said: Answer, sources: tuple[int, ...]) -> Iterator[Statement]:
    match = _HABIT.search(asked.plain)
    if match is None:
        return
    helper = {"do": "", "are": "am ", "have": "have "}[match["helper"]]
    been = "been " if " been " in match[0] else ""
    told = (
        f"i {helper or 'do '}not {been}{match['asked']}" if said is Answer.NO else f"i {helper}{been}{match['asked']}"
    )
    told = worded(told, "patient", "subjective")
    yield Statement("subjective", told, sources)
