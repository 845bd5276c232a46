"""Findings of the patient, each present or absent, with the sentence that says so."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Literal

from mock_server.extraction.answer import Answer, answer, reply_to
from mock_server.extraction.lexicon import Match, Sign, findings
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
        if sentence.asks:
            yield from _answered(sentences, index, matches)
        else:
            yield from _stated(sentences, index, matches)


def _stated(sentences: Sequence[Sentence], index: int, matches: list[Match[Sign]]) -> Iterator[Finding]:
    sentence = sentences[index]
    weight = _MENTIONED if sentence.role == "doctor" else _STATED
    for match in matches:
        yield Finding(match.entry, "absent" if negated(sentence, match) else "present", index, weight)


_OPEN = re.compile(r"^(?:\S+ ){0,4}?(?:what|how|when|where|why|who|which|tell me)\b")
_PRESUMED = re.compile(r"^(?:\S+ ){0,4}?(?:how (?:long|bad|often|is|are|has|have|'s)|when did|where is|what (?:makes|kind|triggers)|on a scale)\b")


def _answered(sentences: Sequence[Sentence], index: int, matches: list[Match[Sign]]) -> Iterator[Finding]:
    asked = sentences[index]
    at = reply_to(sentences, index)
    if at is None:
        return
    reply = sentences[at]
    said = answer(reply.plain)
    if _PRESUMED.search(asked.plain) and said is None:
        return
    if said is Answer.NO:
        yield from (Finding(match.entry, "absent", index, _ANSWERED) for match in matches)
    elif said is Answer.YES:
        last_question = not any(later.asks for later in sentences[index + 1 : at])
        if not last_question:
            return
        named = {match.entry.name for match in findings().find(reply.words)}
        if len(matches) > 1 and named & {match.entry.name for match in matches}:
            return
        for match in matches:
            absent = negated(asked, match)
            yield Finding(match.entry, "absent" if absent else "present", index, _ANSWERED)
