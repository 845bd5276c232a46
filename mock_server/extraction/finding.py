"""Findings of the patient, each present or absent, with the sentence that says so."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Literal

from mock_server.extraction.answer import Answer, answer, reply_to
from mock_server.extraction.lexicon import Match, Sign, findings
from mock_server.extraction.phrase import phrases
from mock_server.extraction.polarity import hypothetical, negated, of_family

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from mock_server.extraction.sentence import Dialogue, Sentence

Polarity = Literal["present", "absent"]


@dataclass(frozen=True, slots=True)
class Finding:
    """A symptom, sign or condition of the patient; `sentence` is the index of its evidence."""

    sign: Sign
    polarity: Polarity
    sentence: int
    weight: int


#: How much a statement counts against others about the same thing: an answer or a statement of the patient's more than
#: what the doctor says in passing.
_ANSWERED, _STATED, _MENTIONED = 3, 2, 1


@lru_cache(maxsize=8)
def statements(dialogue: Dialogue) -> tuple[Finding, ...]:
    """Everything said about findings, in order, contradictions included."""
    return tuple(_statements(dialogue.sentences))


def patient_findings(dialogue: Dialogue) -> list[Finding]:
    """Each finding once, with the polarity the weightiest and latest statement gives it, in order of mention."""
    chosen: dict[str, Finding] = {}
    for said in statements(dialogue):
        known = chosen.get(said.sign.name)
        if known is None or said.weight > known.weight or (said.weight == known.weight and _overrules(said, known)):
            chosen[said.sign.name] = said
    return list(chosen.values())


def _overrules(said: Finding, known: Finding) -> bool:
    return said.polarity == "present" and known.polarity == "absent"


def as_data(dialogue: Dialogue, found: list[Finding]) -> list[dict[str, Any]]:
    """Findings as the templates show them."""
    return [
        {
            "finding": finding.sign.name,
            "polarity": finding.polarity,
            "source": dialogue.sentences[finding.sentence].source,
        }
        for finding in found
    ]


def _statements(sentences: Sequence[Sentence]) -> Iterator[Finding]:
    for index, sentence in enumerate(sentences):
        matches = list(findings().find(sentence.words))
        if not matches or of_family(sentence):
            continue
        matches = [match for match in matches if not hypothetical(sentence, match)]
        asked_from = _asked_from(sentence, matches)
        yield from _stated(
            sentence, index, [match for match in matches if asked_from is None or match.start < asked_from]
        )
        if asked_from is not None:
            yield from _answered(sentences, index, [match for match in matches if match.start >= asked_from])


#: A doctor's unfinished line of a few words, findings among them, is a question: "okay, coughing, headache".
_FEW = 7


def _asked_from(sentence: Sentence, matches: Sequence[Match[Sign]]) -> int | None:
    if sentence.asks_from is None and sentence.role == "doctor" and matches:
        fragment = len(sentence.words) <= _FEW and not sentence.text.endswith((".", "!", "?"))
        return 0 if fragment else None
    return sentence.asks_from


def _stated(sentence: Sentence, index: int, matches: Sequence[Match[Sign]]) -> Iterator[Finding]:
    weight = _MENTIONED if sentence.role == "doctor" else _STATED
    for match in matches:
        yield Finding(match.entry, _polarity(sentence, match), index, weight)


def _polarity(sentence: Sentence, match: Match[Sign]) -> Polarity:
    return "absent" if negated(sentence, match) else "present"


_PRESUMED = re.compile(
    r"^(?:\S+ ){0,4}?(?:how|when|where|what|why|which|can you|could you|tell me)\b(?! about| else| other)"
)
#: What usually or formerly was, or was not, says little about today.
_HABITUAL = phrases("normally|usually|generally|in the past|previously|before this|ever had|history of")
_DEFINITE = frozenset(["the", "this", "that", "these", "those", "your", "his", "her", "its", "their"])
_PARTLY = re.compile(r"\b(?:but|except|just|only|some|although|though|however)\b")


def _presumed(asked: Sentence, match: Match[Sign]) -> bool:
    """Whether a question takes the finding for granted: "does the pain wake you", "how bad is the cough"."""
    before = [word.text for word in asked.words[max(0, match.start - 3) : match.start]]
    return bool(_DEFINITE.intersection(before[-2:])) or _PRESUMED.search(asked.plain) is not None


def _answered(sentences: Sequence[Sentence], index: int, matches: Sequence[Match[Sign]]) -> Iterator[Finding]:
    asked = sentences[index]
    for match in matches:
        if _presumed(asked, match) and not negated(asked, match):
            yield Finding(match.entry, "present", index, _MENTIONED)
    matches = [match for match in matches if not _presumed(asked, match)]
    at = reply_to(sentences, index)
    if at is None or not matches:
        return
    reply = sentences[at]
    named = {match.entry.name: match for match in findings().find(reply.words)}
    for match in matches:
        if match.entry.name in named:
            yield Finding(match.entry, _polarity(reply, named[match.entry.name]), at, _ANSWERED)
    rest = [match for match in matches if match.entry.name not in named]
    weight = _MENTIONED if _HABITUAL.search(asked.plain) else _ANSWERED
    said = answer(reply.plain)
    if said is Answer.NO and not (named and _PARTLY.search(reply.plain)):
        yield from (Finding(match.entry, "absent", index, weight) for match in rest)
    elif said is Answer.YES and not named and not any(later.asks for later in sentences[index + 1 : at]):
        yield from (Finding(match.entry, _polarity(asked, match), index, weight) for match in rest)
