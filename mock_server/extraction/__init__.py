"""Templates from a transcript by rules: every statement has its sentence, what was not said is left out.

No model, no network, no randomness: the same transcript gives the same data. The rules are a fifth of a second of
patterns, which are made when the first transcript comes.
"""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from mock_server.extraction.turn import Turn, turns

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mock_server.extraction.reading import Reading

__all__ = ["TEMPLATES", "Extraction", "Shortfall", "Template", "Turn", "extract", "fill", "turns"]


@dataclass(frozen=True)
class Template:
    """A kind of document the server can fill."""

    id: str
    name: str
    description: str
    version: str | None


@dataclass(frozen=True)
class Extraction:
    """A filled template; JSON values only. `unsaid` is what a writer told that nobody had said, and was left out."""

    data: dict[str, Any] | list[dict[str, Any]]
    unsaid: tuple[str, ...] = ()


@dataclass(frozen=True)
class Shortfall:
    """Why a template could not be filled: insufficient_audio or extraction_failed."""

    code: str
    message: str


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
    from mock_server.extraction.reading import reading

    return fill(template_id, reading(transcript))


def fill(template_id: str, read: Reading) -> Extraction | Shortfall:
    """Fill one template from a reading, by whomever it was made; KeyError for an unknown id."""
    from mock_server.extraction.note import FILLING

    filling = FILLING[template_id]
    if read.lacking is not None and (template_id != "transcript" or not read.words):
        return Shortfall("insufficient_audio", read.lacking)
    return Extraction(deepcopy(filling(read)))  # the reading is kept, and what is given away may be changed
