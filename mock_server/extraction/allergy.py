"""Allergies of the patient: to what, with which reaction, or none at all."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mock_server.extraction import intolerance
from mock_server.extraction.answer import Answer, answer, reply_to
from mock_server.extraction.named import Named
from mock_server.extraction.reaction import Place, allergic, asks_what_happens, reaction
from mock_server.extraction.subject import about
from mock_server.extraction.substance import Substance, together

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mock_server.extraction.drug import Mention
    from mock_server.extraction.sentence import Dialogue, Sentence
    from mock_server.extraction.subject import Spans


@dataclass(frozen=True, slots=True)
class Allergy:
    """Something the patient does not bear."""

    name: str
    kind: str
    sentence: int
    recognised: bool = True
    reaction: str | None = None


@dataclass(frozen=True, slots=True)
class Allergies:
    """What was said of allergies; `none` is the sentence that says there are none."""

    known: tuple[Allergy, ...]
    none: int | None
    #: Names said of an allergy, or asked for or denied as one: no medicines by these words.
    names: frozenset[Place]
    #: Findings that are what an allergy does, not what the patient has today.
    reactions: frozenset[Place]


#: A heading has so many words at most.
_HEADING = 3
#: An answer names substances in so many sentences at most.
_REACH = 3


def allergies(dialogue: Dialogue, mentions: Sequence[Mention], spans: Sequence[Spans]) -> Allergies:
    """Read the allergies of the patient off a dialogue."""
    return _Search(dialogue.sentences, mentions, spans).run()


def as_data(dialogue: Dialogue, found: Allergies) -> list[dict[str, Any]]:
    """Allergies as the templates show them."""
    shown = []
    for one in found.known:
        entry: dict[str, Any] = {"name": one.name[:1].upper() + one.name[1:], "kind": one.kind}
        if one.reaction:
            entry["reaction"] = one.reaction
        if not one.recognised:
            entry["recognised"] = False
        shown.append({**entry, "source": dialogue.sentences[one.sentence].source})
    return shown


class _Search:
    """One way through the sentences of a dialogue."""

    def __init__(self, sentences: Sequence[Sentence], mentions: Sequence[Mention], spans: Sequence[Spans]) -> None:
        self._sentences = sentences
        self._spans = spans
        by_sentence: dict[int, list[Mention]] = {}
        for mention in mentions:
            by_sentence.setdefault(mention.sentence, []).append(mention)
        self._said = Named(sentences, by_sentence)
        self._known: dict[str, Allergy] = {}
        self._none: int | None = None
        self._names: set[Place] = set()
        self._reactions: set[Place] = set()

    def run(self) -> Allergies:
        """Look at every sentence once."""
        for index, sentence in enumerate(self._sentences):
            asks = sentence.asks and intolerance.ASKS.search(sentence.plain)
            if asks or intolerance.WORD.search(sentence.plain):
                if sentence.asks or self._heads(index):
                    self._asked(index)
                else:
                    self._told(index)
            elif not self._excepted(index) and not self._refused(index):
                self._shown(index)
        none = None if self._known else self._none
        return Allergies(tuple(self._known.values()), none, frozenset(self._names), frozenset(self._reactions))

    def _excepted(self, index: int) -> bool:
        """Whether a reply takes something out of what was just said of allergies: "Except penicillin, yes"."""
        before = self._sentences[max(0, index - _REACH) : index]
        if intolerance.EXCEPT.search(self._sentences[index].plain) is None:
            return False
        if not any(intolerance.WORD.search(sentence.plain) for sentence in before):
            return False
        named = self._said.apart(index)
        self._claim(index, named)
        self._add(index, named)
        return bool(named)

    def _refused(self, index: int) -> bool:
        """Whether a reply takes one of those back that were just named: "Not the cefalexin, I had that in March"."""
        sentence = self._sentences[index]
        match = intolerance.NOT_THAT.search(sentence.plain)
        if match is None:
            return False
        named = [item for item in self._said.substances(index) if item.start == match[0].count(" ")]
        known = [item for item in named if item.name.lower() in self._known]
        for item in known:
            if index - self._known[item.name.lower()].sentence <= _REACH:
                self._claim(index, [item])
                del self._known[item.name.lower()]
        return bool(known)

    def _heads(self, index: int) -> bool:
        """Whether the doctor's few words ask for what comes: "Allergies"."""
        sentence = self._sentences[index]
        few = len(sentence.words) <= _HEADING and not intolerance.DENIED.search(sentence.plain)
        return sentence.role == "doctor" and few and not self._said.substances(index)

    def _asked(self, index: int) -> None:
        sentence = self._sentences[index]
        apart = self._said.apart(index)
        self._add(index, apart)
        named = self._said.after(index) or self._said.before(index)
        self._claim(index, [*named, *apart])
        at = reply_to(self._sentences, index)
        if at is None or about(self._spans[index], len(sentence.words) - 1):
            return
        said = answer(self._sentences[at].plain)
        if said is Answer.NO:
            if not named and not apart and intolerance.WORD.search(sentence.plain):
                self._none = at if self._none is None else self._none
        elif said is Answer.YES and named and not self._said.substances(at):
            self._add(index, named)
        self._reply(at)

    def _reply(self, at: int) -> None:
        """The substances named in an answer, to the end of the turn or until it talks of something else."""
        turn = self._sentences[at].turn
        for index in range(at, min(at + _REACH, len(self._sentences))):
            sentence = self._sentences[index]
            if sentence.turn != turn or sentence.asks or intolerance.WORD.search(sentence.plain):
                return
            found = [item for item in self._said.substances(index) if not self._said.taken(index, item)]
            self._claim(index, found)
            named = [item for item in found if not about(self._spans[index], item.start)]
            self._add(index, named)
            if not named and index > at:
                return

    def _told(self, index: int) -> None:
        sentence = self._sentences[index]
        if intolerance.PERHAPS.search(sentence.plain):
            self._claim(index, self._said.after(index))
            return
        if intolerance.RETRACTED.search(sentence.plain):
            self._retract(index)
            return
        apart = self._said.apart(index)
        self._claim(index, apart)
        self._add(index, apart)
        at, pointed = self._said.pointed(index)
        if pointed:
            theirs = about(self._spans[index], len(sentence.plain.split(" allergic")[0].split()))
            if (
                not theirs
                and not intolerance.DENIED.search(sentence.plain)
                and not about(self._spans[at], pointed[0].start)
            ):
                self._claim(at, pointed)
                self._add(at, pointed)
            return
        for clause, named in self._said.lists(index):
            self._claim(index, named)
            place = max([len(clause.split()) - 1, *(item.start for item in named[:1])])
            if about(self._spans[index], place):
                continue
            if not intolerance.DENIED.search(clause):
                self._add(index, named)
            elif named and (instead := self._said.instead(index, named[-1].end)):
                self._claim(index, instead)
                self._add(index, instead)
            elif not named or intolerance.NONE.search(sentence.plain):
                self._none = index if self._none is None else self._none

    def _retract(self, index: int) -> None:
        """What was thought to be an allergy and is none; without a name it is the one told last."""
        named = self._said.before(index) or self._said.after(index) or self._said.substances(index)
        self._claim(index, named)
        last = next(reversed(self._known.values()), None)
        if not named and last is not None and index - last.sentence <= _REACH:
            del self._known[last.name.lower()]
        for item in named:
            self._known.pop(item.name.lower(), None)

    def _shown(self, index: int) -> None:
        """ "Penicillin gives me hives", "I get hives when I take penicillin": told without the word."""
        sentence = self._sentences[index]
        if sentence.asks:
            self._what_happens(index)
        if sentence.asks or not (allergic(sentence) or self._swells(index)):
            return
        for item in self._said.substances(index):
            after = " ".join(word.text for word in sentence.words[item.end : item.end + 6])
            before = " ".join(word.text for word in sentence.words[: item.start]) + " "
            if not about(self._spans[index], item.start) and (
                intolerance.GIVES.search(after)
                or intolerance.MADE_BY.search(before)
                or intolerance.CANNOT.search(before)
                or intolerance.SAME.search(before)
                or intolerance.SAME_AFTER.search(after)
            ):
                self._claim(index, [item])
                self._add(index, [item])

    def _swells(self, index: int) -> bool:
        """Whether the next sentence tells of an allergy: "I can't have nuts. My throat closes up."."""
        later = self._sentences[index + 1] if index + 1 < len(self._sentences) else None
        sentence = self._sentences[index]
        if later is None or later.turn != sentence.turn or not allergic(later):
            return False
        return intolerance.CANNOT_ALL.search(sentence.plain) is not None and later.plain.startswith(
            ("my ", "i ", "it ")
        )

    def _what_happens(self, index: int) -> None:
        """ "What happens if you take it?", and something that only an allergy does."""
        at = reply_to(self._sentences, index)
        named = self._said.substances(index)
        if at is not None and named and asks_what_happens(self._sentences[index]) and allergic(self._sentences[at]):
            self._claim(index, named[:1])
            self._add(index, named[:1])

    def _claim(self, index: int, items: Sequence[Substance]) -> None:
        self._names.update((index, item.start) for item in items)

    def _add(self, index: int, items: Sequence[Substance]) -> None:
        said = self._sentences[index].words
        for at, item in enumerate(items):
            if item.name.lower() not in self._known:
                after, last = together(said, items, at)
                told, places = reaction(self._sentences, index, item.start, last, after)
                self._reactions.update(places)
                self._known[item.name.lower()] = Allergy(item.name, item.kind, index, item.recognised, told)
