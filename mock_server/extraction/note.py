"""The templates that tell the whole consultation: SOAP, history, discharge summary, referral letter."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mock_server.extraction.evidence import evidence
from mock_server.extraction.finding import as_data, patient_findings
from mock_server.extraction.medication import allergies, medications
from mock_server.extraction.phrase import phrases
from mock_server.extraction.vital import vitals

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mock_server.extraction.evidence import Part
    from mock_server.extraction.sentence import Dialogue, Sentence

_PARTS: tuple[Part, ...] = ("subjective", "objective", "assessment", "plan")


def soap(dialogue: Dialogue) -> dict[str, Any]:
    """Subjective, objective, assessment, plan in the speakers' own sentences, with evidence and findings."""
    kept = evidence(dialogue)
    return _filled(
        **{part: _prose(said for name, said in kept if name == part) for part in _PARTS},
        evidence=[{"field": part, **said.source} for part, said in kept],
        findings=as_data(dialogue, patient_findings(dialogue)),
    )


def hpi(dialogue: Dialogue) -> dict[str, Any]:
    """History of present illness: complaint, story, findings, medicines, allergies."""
    story = _of(dialogue, "subjective")
    found = patient_findings(dialogue)
    complaint = next((said for said in found if said.polarity == "present" and said.weight > 1), None)
    return _filled(
        chief_complaint=_quoted([dialogue.sentences[complaint.sentence]])[0] if complaint else None,
        history=_prose(story),
        evidence=[said.source for said in story],
        findings=as_data(dialogue, found),
        medications=medications(dialogue),
        allergies=allergies(dialogue),
    )


def discharge_summary(dialogue: Dialogue) -> dict[str, Any]:
    """What the patient came with, was found to have, goes home with and is to do."""
    return _filled(
        presentation=_quoted(_of(dialogue, "subjective")),
        examination=_quoted(_of(dialogue, "objective")),
        vitals=vitals(dialogue),
        diagnoses=_quoted(_of(dialogue, "assessment")),
        medications=medications(dialogue),
        allergies=allergies(dialogue),
        instructions=_quoted(_of(dialogue, "plan")),
    )


_REFERRAL = phrases(
    r"""refer\w*|specialist|see (?:a|an|the) \w+(?:ologist|ist|surgeon)|consult(?:ation)? with|physical therapy
    \w+ologist"""
)


def referral_letter(dialogue: Dialogue) -> dict[str, Any]:
    """Why and to whom the patient is referred, with history, findings and medicines."""
    reason = [said for said in _of(dialogue, "plan") if _REFERRAL.search(said.plain)]
    return _filled(
        reason=_quoted(reason),
        history=_quoted(_of(dialogue, "subjective")),
        examination=_quoted(_of(dialogue, "objective")),
        assessment=_quoted(_of(dialogue, "assessment")),
        findings=as_data(dialogue, patient_findings(dialogue)),
        medications=medications(dialogue),
        allergies=allergies(dialogue),
    )


def _filled(**fields: Any) -> dict[str, Any]:
    """The fields that something was said about."""
    return {name: value for name, value in fields.items() if value}


def _quoted(said: Iterable[Sentence]) -> list[dict[str, Any]]:
    return [{"text": sentence.text, "source": sentence.source} for sentence in said]


def _prose(said: Iterable[Sentence]) -> str:
    return " ".join(text if text.endswith((".", "?", "!")) else f"{text}." for text in (one.text for one in said))


def _of(dialogue: Dialogue, part: Part) -> list[Sentence]:
    return [said for name, said in evidence(dialogue) if name == part]
