"""Whom each word of a consultation is about: the patient, or somebody of the family."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mock_server.extraction.answer import Answer, answer
from mock_server.extraction.matter import matter_from, owned_from
from mock_server.extraction.person import (
    CHILD,
    DOCTOR,
    FAMILY,
    NAMING,
    OTHERS,
    PARENT,
    RELATIVES,
    Relative,
    anybody,
    other_patient,
    speaker,
    stranger,
)
from mock_server.extraction.phrase import vocabulary
from mock_server.extraction.stand import CHILDREN, OWN_CHILD, RUNS, SECOND, Stand, stand

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from mock_server.extraction.sentence import Dialogue, Sentence, Word


_ANYBODY = vocabulary("anyone anybody everyone everybody nobody someone somebody")
#: Others who speak on the patient's side speak for him.
_OWN_VOICE = re.compile(r"(?i)\b(?:patient|pt|client|caller)\b")
#: "With my mother", "like my father": the relative is only beside the matter there.
_BESIDE = vocabulary("with from like unlike for to by than after see visit visiting of about as at")
_ACTING = vocabulary(
    """who has had have is was were are takes took died dies passed gets got suffers suffered suffer uses used does did
    also both too never developed needed"""
)
#: What a relative says or does to the patient is about the patient.
_SPEAKING = vocabulary(
    "say says said saying think thinks thought tell tells told noticed notices made brought drove gave wants wanted"
)
#: "My family" is not the patient.
_OF_ALL = vocabulary("family household house relatives folks")
_FIRST = vocabulary("i i'm i've i'd i'll me myself mine")
_THIRD = vocabulary("he she he's she's him his her they")
_PRONOUNS = {
    "he": "he",
    "him": "he",
    "his": "he",
    "she": "she",
    "her": "she",
    "hers": "she",
    "they": "they",
    "them": "they",
}
_PRONOUNS |= {"their": "they", "theirs": "they"}
#: Other words tell nothing of whom a sentence is about: most of a dialogue.
_TELLING: frozenset[str] = frozenset().union(
    NAMING, _ANYBODY, OWN_CHILD, _FIRST, SECOND, _THIRD, _SPEAKING, _PRONOUNS, ("my", "your", "this", "mine's")
)
#: "People your age" are not the patient.
_OF_YOURS = vocabulary("age size height weight situation position")
_GOES_ON = re.compile(
    r"^(?:(?:and|yes|yeah|,|well|also|plus|both|too) )*(?:also|too|plus|both|died|had|has|passed)\b"
    r"|(?:too|also|as well)$"
)
#: A pronoun reaches back over so many sentences.
_REMEMBERED = 4


@dataclass(frozen=True, slots=True)
class Span:
    """From words[start] on the sentence is about this relative; None is the patient."""

    start: int
    relative: Relative | None


Spans = tuple[Span, ...]


def about(spans: Spans, at: int) -> Relative | None:
    """Whom the word at this place is about; None is the patient."""
    found: Relative | None = None
    for span in spans:
        if span.start > at:
            break
        found = span.relative
    return found


def subjects(dialogue: Dialogue) -> tuple[Spans, ...]:
    """The spans of every sentence, in the order of the dialogue."""
    proxies = (
        at
        for at, turn in enumerate(dialogue.turns)
        if turn.role == "patient" and not _OWN_VOICE.search(turn.speaker or "")
    )
    talk = _Talk(stand(dialogue), frozenset(proxies))
    return tuple(talk.hear(sentence) for sentence in dialogue.sentences)


class _Talk:
    """Who was spoken of last, as the sentences go by."""

    def __init__(self, patient: Stand, proxies: frozenset[int]) -> None:
        self._patient = patient
        self._proxies = proxies
        self._topic: Relative | None = None
        self._known: Relative | None = None
        self._age = 0
        self._before: Sentence | None = None
        self._replying: int | None = None

    def hear(self, sentence: Sentence) -> Spans:
        """Whom this sentence is about, given those before it."""
        self._age += 1
        if sentence.turn in self._proxies and (self._before is None or self._before.turn != sentence.turn):
            self._known = None  # whoever speaks for the patient calls the patient "he"
        opening = self._carried(sentence)
        found = [Span(0, opening), *self._marks(sentence)]
        if RUNS.search(sentence.plain):
            found = [
                Span(0, self._topic or FAMILY),
                *(span for span in found[1:] if span.relative or not sentence.asks),
            ]
        spans = tuple(sorted(found, key=lambda span: span.start))
        self._topic = spans[-1].relative
        if sentence.role != "doctor" and answer(sentence.plain) is Answer.NO and len(spans) == 1:
            self._topic = None
        if self._topic in {DOCTOR, PARENT}:
            self._topic = None
        if self._topic is not None:
            self._known, self._age = self._topic, 0
        self._before = sentence
        return spans

    def _carried(self, sentence: Sentence) -> Relative | None:
        before = self._before
        if before is None or self._topic is None:
            return None
        if before.turn != sentence.turn:
            if not before.asks or sentence.asks:
                return None
            self._replying = sentence.turn
            return self._topic
        goes_on = _GOES_ON.search(sentence.plain) or before.asks or sentence.turn == self._replying
        return self._topic if goes_on else None

    def _marks(self, sentence: Sentence) -> Iterator[Span]:
        said = sentence.words
        current: Relative | None = None
        for at, text in _telling(said):
            relative = self._relative(sentence, at)
            if relative is not None:
                owned = owned_from(said, at)
                beside = self._beside(said, owned, at)
                if beside or (owned < at and sentence.turn not in self._proxies):
                    self._known, self._age = relative, 0
                if beside:
                    continue
                current = relative
                yield Span(matter_from(said, owned, at), relative)
            elif text == "i" and (own := self._speaker(sentence, at)):
                current = own
                yield Span(at, own)
            elif current is DOCTOR and text in _FIRST:
                continue
            elif self._himself(said, at) or (current is PARENT and text in _THIRD):
                current = None
                yield Span(at, None)
            elif meant := self._pointed(said, at, text):
                current = meant
                yield Span(at, meant)
            elif self._is_patient(sentence, at) or (current not in {None, OTHERS} and text in _SPEAKING):
                current = None
                yield Span(at, None)

    def _pointed(self, said: Sequence[Word], at: int, text: str) -> Relative | None:
        """Who is meant by a pronoun, or by "mine's" of many."""
        if text == "mine" and _ours(said, at):
            self._known, self._age = CHILD, 0
            return CHILD
        return self._meant(_PRONOUNS[text]) if text in _PRONOUNS else None

    def _speaker(self, sentence: Sentence, at: int) -> Relative | None:
        said = sentence.plain.split(" ", at)[-1]
        return speaker(
            said, doctor=sentence.role == "doctor", child=sentence.turn in self._proxies and bool(self._patient.names)
        )

    def _himself(self, said: Sequence[Word], at: int) -> bool:
        """Whether "he himself" is the patient of whom a single voice tells."""
        following = said[at + 1].text if at + 1 < len(said) else ""
        if said[at].text == "this" and following == "one":  # "his brother had it, and now this one"
            return bool(self._patient.names)
        return self._patient.dictated and said[at].text in {"he", "she"} and following in {"himself", "herself"}

    def _relative(self, sentence: Sentence, at: int) -> Relative | None:
        word = sentence.words[at]
        name = word.text.removesuffix("'s")
        name = name if name in RELATIVES else word.stem
        if name in _ANYBODY:
            return OTHERS if not at or sentence.words[at - 1].text != "like" else None
        if name in self._patient.names or (name == "baby" and _text_at(sentence.words, at + 1) == "aspirin"):
            return None
        if _anybody(sentence.words, at):
            return OTHERS
        known = RELATIVES.get(name)
        return known or _met(sentence, at, name)

    def _meant(self, pronoun: str) -> Relative | None:
        known = self._known
        if known is None or self._age > _REMEMBERED or pronoun == self._patient.pronoun:
            return None
        if known.pronoun == pronoun or (known.pronoun == "they" and known is not OTHERS and pronoun != "they"):
            return known
        return None

    def _is_patient(self, sentence: Sentence, at: int) -> bool:
        said = sentence.words
        text = said[at].text
        following = said[at + 1].text if at + 1 < len(said) else ""
        if text in _FIRST:
            return following != "mean"
        if text in SECOND:
            return following not in {"know", "see"} and sentence.role != "patient"
        owns = text == "my" or (text == "your" and sentence.role != "patient")
        owns = owns and following not in _OF_ALL and not (text == "your" and following in _OF_YOURS)
        return owns and not any(self._relative(sentence, i) for i in range(at + 1, min(at + 3, len(said))))

    def _beside(self, said: Sequence[Word], owned: int, at: int) -> bool:
        before = said[owned - 1].text if owned else ""
        following = [word.text for word in said[at + 1 : at + 3]]
        if _anybody(said, at):
            return False
        if following[:2] == [",", "who"] or _ACTING.intersection(following[:1]):
            return False
        if before == "and":
            return owned > 1 and said[owned - 2].text in {"me", "i"}
        return before in _BESIDE


def _telling(said: Sequence[Word]) -> Iterator[tuple[int, str]]:
    """Where a word stands that may tell whom a sentence is about, and the word without what is behind an apostrophe."""
    for at, word in enumerate(said):
        text = word.text.split("'")[0] if "'" in word.text else word.text
        if text in _TELLING or word.stem in _TELLING or word.text in _TELLING:
            yield at, text


def _anybody(said: Sequence[Word], at: int) -> bool:
    """Whether a word is for people in general."""
    before, after = said[at - 1].text if at else "", said[at + 1].text if at + 1 < len(said) else ""
    return anybody(before, said[at].text, after)


def _text_at(said: Sequence[Word], at: int) -> str:
    return said[at].text if at < len(said) else ""


def _met(sentence: Sentence, at: int, name: str) -> Relative | None:
    """Somebody who is told by the words around: "my little girl", "a chap in this morning", "this lad at work"."""
    said = sentence.words
    before = said[at - 1].text if at else ""
    if name in OWN_CHILD and said[owned_from(said, at)].text in {"my", "our"}:
        return CHILD
    if sentence.role == "doctor":
        return other_patient(said[at - 2].text, before, name) if at > 1 else None
    return stranger(before, name, said[at + 1].text) if before and at + 1 < len(said) else None


def _ours(said: Sequence[Word], at: int) -> bool:
    """Whether "mine's" is a child of many that were named: "you know teenagers, mine's got acne"."""
    verb = said[at].text == "mine's" or (at + 1 < len(said) and said[at + 1].text in {"is", "has", "takes", "gets"})
    return verb and any(word.text in CHILDREN or word.text == "teenagers" for word in said[:at])
