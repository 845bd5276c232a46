"""A consultation read once: what every template is filled from."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any

from mock_server.extraction.allergy import Allergies, allergies
from mock_server.extraction.drug import Mention, mentions
from mock_server.extraction.finding import Finding, family_findings, past_findings, patient_findings
from mock_server.extraction.finding import statements as findings
from mock_server.extraction.language import english, foreign
from mock_server.extraction.lexicon import findings as lexicon
from mock_server.extraction.medication import medications
from mock_server.extraction.part import small_talk
from mock_server.extraction.repair import repaired
from mock_server.extraction.sentence import Dialogue, read
from mock_server.extraction.statement import Statement, statements
from mock_server.extraction.subject import subjects
from mock_server.extraction.vital import vitals

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mock_server.extraction.part import Part


@dataclass(frozen=True, eq=False)
class Reading:
    """What was said, and what it says of the patient."""

    dialogue: Dialogue
    mentions: tuple[Mention, ...]
    findings: tuple[Finding, ...]
    past: tuple[Finding, ...]
    family: tuple[Finding, ...]
    medications: list[dict[str, Any]]
    allergies: Allergies
    vitals: dict[str, Any]
    statements: tuple[Statement, ...]

    @cached_property
    def clinical(self) -> bool:
        """Whether anything was said that a note could be about."""
        sentences = self.dialogue.sentences
        borne = self.allergies
        told = self.statements or self.mentions or self.vitals or borne.known or borne.names
        if told or borne.none is not None:
            return True
        return any(next(lexicon().find(sentence.words), None) for sentence in sentences)

    @cached_property
    def words(self) -> list[str]:
        """All words that were said."""
        return [word.text for sentence in self.dialogue.sentences for word in sentence.words]

    @cached_property
    def lacking(self) -> str | None:
        """Why no note can be made; one voice whose English no rule knows is told as not understood."""
        said = self.words
        if not said:
            return "The transcript has no words to extract from"
        if not foreign(said) and self.clinical:
            return None
        if foreign(said) or not english(said):
            return "The transcript has no words that the rules for English notes know"
        talk = len({turn.speaker for turn in self.dialogue.turns}) > 1
        if talk or all(small_talk(sentence.plain) for sentence in self.dialogue.sentences):
            return "The transcript says nothing of a patient's health"
        return None

    def of(self, part: Part) -> Iterator[Statement]:
        """The statements of one part of a note, in the order they were said."""
        return (statement for statement in self.statements if statement.part == part)


@lru_cache(maxsize=4)
def reading(transcript: str) -> Reading:
    """Read a transcript; the last few are kept, as one session asks for several templates."""
    dialogue = repaired(read(transcript))
    drugs = mentions(dialogue)
    spans = subjects(dialogue)
    borne = allergies(dialogue, drugs, spans)
    taken = [mention for mention in drugs if (mention.sentence, mention.start) not in borne.names]
    said = findings(dialogue, spans, borne.reactions)
    today = patient_findings(said)
    return Reading(
        dialogue=dialogue,
        mentions=drugs,
        findings=tuple(today),
        past=tuple(past_findings(said, today)),
        family=tuple(family_findings(said)),
        medications=medications(dialogue, taken, spans),
        allergies=borne,
        vitals=vitals(dialogue, spans),
        statements=statements(dialogue, said, drugs, borne.none),
    )
