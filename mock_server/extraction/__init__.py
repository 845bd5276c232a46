"""Templates from a transcript by rules: every statement has its sentence, what was not said is left out.

No model, no network, no randomness: the same transcript gives the same data.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from mock_server.extraction.medication import medications
from mock_server.extraction.note import discharge_summary, hpi, referral_letter, soap
from mock_server.extraction.sentence import Dialogue, read
from mock_server.extraction.turn import Turn, turns
from mock_server.extraction.vital import vitals

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["TEMPLATES", "Extraction", "Shortfall", "Template", "Turn", "extract", "turns"]


@dataclass(frozen=True)
class Template:
    """A kind of document the server can fill."""

    id: str
    name: str
    description: str
    version: str | None


@dataclass(frozen=True)
class Extraction:
    """A filled template; JSON values only."""

    data: dict[str, Any] | list[dict[str, Any]]


@dataclass(frozen=True)
class Shortfall:
    """Why a template could not be filled: insufficient_audio or extraction_failed."""

    code: str
    message: str


def _transcript(dialogue: Dialogue) -> dict[str, Any]:
    said = [{"speaker": turn.speaker, "text": turn.text} for turn in dialogue.turns]
    text = "\n".join(f"{turn.speaker}: {turn.text}" if turn.speaker else turn.text for turn in dialogue.turns)
    return {"text": text, "turns": [{key: value for key, value in turn.items() if value} for turn in said]}


_FILL: Mapping[str, Callable[[Dialogue], dict[str, Any] | list[dict[str, Any]]]] = {
    "transcript": _transcript,
    "soap": soap,
    "medications": medications,
    "discharge_summary": discharge_summary,
    "referral_letter": referral_letter,
    "hpi": hpi,
    "vitals": vitals,
}

#: The standard templates, chapter 8 of the text.
TEMPLATES: Mapping[str, Template] = MappingProxyType(
    {
        template.id: template
        for template in (
            Template("transcript", "Transcript", "What was said, turn by turn", "1.0"),
            Template("soap", "SOAP note", "Subjective, objective, assessment and plan", "1.0"),
            Template("medications", "Medications", "Medicines with dose, frequency and change", "1.0"),
            Template(
                "discharge_summary", "Discharge summary", "Presentation, findings, medicines, instructions", "1.0"
            ),
            Template("referral_letter", "Referral letter", "Reason for referral with history and medicines", "1.0"),
            Template("hpi", "History of present illness", "Complaint, course, findings present and absent", "1.0"),
            Template("vitals", "Vital signs", "Measurements with value and unit", "1.0"),
        )
    }
)


def extract(template_id: str, transcript: str) -> Extraction | Shortfall:
    """Fill one template from a transcript, "Doctor: …" lines or plain text; KeyError for an unknown id."""
    fill = _FILL[template_id]
    dialogue = read(transcript)
    if not any(sentence.words for sentence in dialogue.sentences):
        return Shortfall("insufficient_audio", "The transcript has no words to extract from")
    return Extraction(fill(dialogue))
