"""The notes: evidence sentences sorted into the fields of a template."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from mock_server.extraction.answer import reply_to
from mock_server.extraction.drug import mentions
from mock_server.extraction.finding import as_data, patient_findings, statements
from mock_server.extraction.medication import allergies, medications
from mock_server.extraction.vital import vitals

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mock_server.extraction.sentence import Dialogue, Sentence

_PLAN = re.compile(
    r"\b(?:i(?:'ll| will|'m going to|'m gon na|'d like to| wan na| want to|'m gonna| would like)|we(?:'ll| will|'re going to|'re gon na| can|'re gonna)"
    r"|let's|order(?:ing)?|prescri\w+|refer(?:ral|ring|red)?|follow[ -]?up|come back|schedule|continue|increase|decrease|start (?:you|on|taking)"
    r"|go ahead and|recommend|send you|refill|physical therapy|see you (?:back|in|again)|return in|repeat|please (?:rest|take|drink|avoid|use)|keep taking"
    r"|stop taking|you should|make sure|i want you)\b"
)
_ASSESSMENT = re.compile(
    r"\b(?:for your (?:\w+ )?(?:problem|issue|diagnosis)|(?:first|second|third|next|last) (?:problem|issue)|diagnos\w+|impression|assessment"
    r"|(?:it )?(?:looks|sounds|seems) like|i (?:think|believe|suspect)|consistent with|most likely|likely|you (?:do )?have (?:a|an|some|acute|mild)?|this is"
    r"|in terms of your|regarding your|for your|because of your|secondary to|due to)\b"
)
_EXAM = re.compile(
    r"\b(?:on (?:your )?(?:physical )?exam\w*|exam|lungs?|heart sounds?|auscultation|palpation|clear|appreciate|hear|listen(?:ed|ing)?|tender\w*|range of motion"
    r"|reflexes|swelling|edema|murmur|regular rate|rhythm|strength|pupils|abdomen|vitals?|vital signs|blood pressure|heart rate|temperature|oxygen|x[ -]?rays?"
    r"|ct|mri|ultrasound|echo\w*|ekg|ecg|labs?|blood work|results?|show(?:s|ed)|hemoglobin|a1c|creatinine|white blood|normal|unremarkable|intact)\b"
)
_HISTORY = re.compile(
    r"\b(?:history of|diagnosed|surgery|surgeries|operation|smok\w+|drink\w*|alcohol|allerg\w+|pack|work(?:s|ing)? (?:as|at|in)|live[sd]?|married|family)\b"
)
_COMPLAINT = re.compile(
    r"\b(?:started|began|for (?:the )?(?:past|last|about)|ago|since|worse|better|yesterday|last (?:week|night|month|year)|days?|weeks?|months?)\b"
)
_TALK = re.compile(
    r"^(?:\W*(?:okay|ok|all right|alright|yeah|yes|no|sure|great|good|right|mm hmm|thank you|thanks|perfect|um|uh|bye)\W*)+$"
)
_FIELDS = ("subjective", "objective", "assessment", "plan")


def soap(dialogue: Dialogue) -> dict[str, Any]:
    """Subjective, objective, assessment, plan from the sentences themselves, with evidence and findings."""
    evidence = _evidence(dialogue)
    note: dict[str, Any] = {
        field: " ".join(_sentence(said) for name, said in evidence if name == field)
        for field in _FIELDS
        if any(name == field for name, _ in evidence)
    }
    if evidence:
        note["evidence"] = [{"field": field, **said.source} for field, said in evidence]
    found = as_data(dialogue, patient_findings(dialogue))
    return {**note, "findings": found} if found else note


def hpi(dialogue: Dialogue) -> dict[str, Any]:
    """History of present illness: complaint, story, findings, medicines, allergies."""
    story = _of(dialogue, "subjective")
    found = patient_findings(dialogue)
    complaint = next(
        (dialogue.sentences[said.sentence] for said in found if said.polarity == "present" and said.weight > 1), None
    )
    return _filled(
        chief_complaint={"text": complaint.text, "source": complaint.source} if complaint else None,
        history=" ".join(_sentence(said) for said in story),
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
        diagnoses=_quoted(_of(dialogue, "assessment")),
        vitals=vitals(dialogue),
        medications=medications(dialogue),
        allergies=allergies(dialogue),
        instructions=_quoted(_of(dialogue, "plan")),
    )


_REFERRAL = re.compile(
    r"\b(?:refer\w*|specialist|see (?:a|an|the) \w+(?:ologist|ist|surgeon)|consult\w*|physical therapy|\w+ologist)\b"
)


def referral_letter(dialogue: Dialogue) -> dict[str, Any]:
    """Why the patient is referred, with history, findings and medicines."""
    plan = [
        said for said in dialogue.sentences if said.role != "patient" and not said.asks and _REFERRAL.search(said.plain)
    ]
    return _filled(
        reason=_quoted(plan),
        history=_quoted(_of(dialogue, "subjective")),
        examination=_quoted(_of(dialogue, "objective")),
        assessment=_quoted(_of(dialogue, "assessment")),
        findings=as_data(dialogue, patient_findings(dialogue)),
        medications=medications(dialogue),
        allergies=allergies(dialogue),
    )


def _filled(**fields: Any) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value}


def _quoted(said: Iterable[Sentence]) -> list[dict[str, Any]]:
    return [{"text": sentence.text, "source": sentence.source} for sentence in said]


def _sentence(said: Sentence) -> str:
    return said.text if said.text.endswith((".", "?", "!")) else f"{said.text}."


def _of(dialogue: Dialogue, field: str) -> list[Sentence]:
    return [said for name, said in _evidence(dialogue) if name == field]


def _evidence(dialogue: Dialogue) -> list[tuple[str, Sentence]]:
    """Sentences with the field they belong to, in the order they were said."""
    telling = {finding.sentence for finding in statements(dialogue)}
    drugged = {mention.sentence for mention in mentions(dialogue)}
    answers = {at for index in telling if dialogue.sentences[index].asks if (at := reply_to(dialogue.sentences, index))}
    found = []
    for index, said in enumerate(dialogue.sentences):
        about = index in telling or index in drugged
        field = _field(said, about=about, answers=index in answers)
        if field is not None:
            found.append((field, said))
    return found


def _field(said: Sentence, *, about: bool, answers: bool) -> str | None:
    text = said.plain
    if said.role == "doctor":
        return _doctors(said, text, about=about)
    if not said.words or (_TALK.search(text) and not answers):
        return None
    if said.role is None and not about and not answers:
        return _doctors(said, text, about=False)
    if said.role is None and _PLAN.search(text) and not said.asks:
        return "plan"
    if (
        about
        or answers
        or (not said.asks and len(said.words) > 4 and (_HISTORY.search(text) or _COMPLAINT.search(text)))
    ):
        return "subjective"
    return None


def _doctors(said: Sentence, text: str, *, about: bool) -> str | None:
    if said.asks:
        return "subjective" if about else None
    if len(said.words) < 4:
        return None
    if _PLAN.search(text):
        return "plan"
    if _EXAM.search(text):
        return "objective"
    return "assessment" if about and _ASSESSMENT.search(text) else ("subjective" if about else None)
