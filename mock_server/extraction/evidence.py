"""Which sentences belong into which part of a note."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Literal

from mock_server.extraction.answer import reply_to
from mock_server.extraction.drug import mentions
from mock_server.extraction.finding import statements
from mock_server.extraction.phrase import phrases, vocabulary

if TYPE_CHECKING:
    from mock_server.extraction.sentence import Dialogue, Sentence

Part = Literal["subjective", "objective", "assessment", "plan"]

_PLAN = phrases(
    r"""i(?:'ll| will|'m going to|'m gon na|'m gonna|'d like to| wan na| want (?:to|you)| would like)|refill
    we(?:'ll| will|'re going to|'re gon na|'re gonna| can)|order(?:ing)?|prescri\w+|refer(?:ral|ring|red)?|follow up
    let's (?:get|do|order|start|go ahead|have you|schedule|check|repeat|increase|try you)|come back|schedule
    continue (?:with|your|you|taking|the|on)|increase|decrease|start (?:you|on|taking)|go ahead and|recommend
    send you|repeat|physical therapy|see you (?:back|in|again)|return in|please (?:rest|take|drink|avoid|use)
    keep taking|stop taking|you should|make sure"""
)
_ASSESSMENT = phrases(
    r"""for your (?:\w+ )?(?:problem|issue|diagnosis)|(?:first|second|third|next|last) (?:problem|issue)|diagnos\w+
    impression|assessment|(?:looks|sounds|seems) like|i (?:think|believe|suspect)|consistent with|likely|this is
    you (?:do )?have|in terms of your|regarding your|for your|because of your|secondary to|due to"""
)
_SURE_EXAM = phrases(
    r"""on (?:your )?(?:physical )?exam\w*|i (?:can|do) (?:hear|feel)|i (?:do |do n't )?appreciate
    auscultation|palpation|range of motion|reflexes|lungs (?:are|sound)|regular rate|listen to
    take a (?:deep breath|look)|looking at your
    your (?:heart|lungs?|blood pressure|temperature|oxygen|pulse|abdomen|throat|ears?) (?:is|are|was|sounds?|looks?)"""
)
_EXAM = phrases(
    r"""exam|lungs?|heart sounds?|clear|tender\w*|swelling|edema|murmur|rhythm|strength|pupils|abdomen|vitals?
    vital signs|blood pressure|heart rate|temperature|oxygen|x rays?|ct|mri|ultrasound|echo\w*|ekg|ecg|labs?|blood work
    results?|show(?:s|ed)|hemoglobin|a1c|creatinine|white blood|normal|unremarkable|intact"""
)
_HISTORY = phrases(
    r"""history of|diagnosed|surgery|surgeries|operation|smok\w+|drink\w*|alcohol|allerg\w+|pack
    work(?:s|ing)? (?:as|at)|live[sd]?|married|family|started|began|ago|since|worse|better
    for (?:the )?(?:past|last|about)|yesterday|last (?:week|night|month|year)|days?|weeks?|months?"""
)
_SMALL_TALK = vocabulary(
    """okay ok all right alright yeah yes no sure great good mm hmm thank you thanks perfect um uh bye so , and well
    sorry i am to hear that 'm i'm morning afternoon"""
)
#: Shorter statements of the doctor are talk; a patient's history takes a few words more.
_FEWEST_DOCTOR, _FEWEST_PATIENT = 4, 5


@lru_cache(maxsize=8)
def evidence(dialogue: Dialogue) -> tuple[tuple[Part, Sentence], ...]:
    """Sentences worth keeping with the part they belong to, in the order they were said."""
    telling = {finding.sentence for finding in statements(dialogue)}
    about = telling | {mention.sentence for mention in mentions(dialogue)}
    said = dialogue.sentences
    answers = {reply_to(said, index) for index in about if said[index].asks}
    found: list[tuple[Part, Sentence]] = []
    for index, sentence in enumerate(said):
        part = _part(sentence, about=index in about, answers=index in answers)
        if part is not None:
            found.append((part, sentence))
    return tuple(found)


def _part(sentence: Sentence, *, about: bool, answers: bool) -> Part | None:
    if answers and sentence.role != "doctor":
        return "subjective"
    if not about and all(word.text in _SMALL_TALK for word in sentence.words):
        return None
    if sentence.asks:
        return "subjective" if about and sentence.role != "patient" else None
    by_role = {"doctor": _of_doctor, "patient": _of_patient, None: _of_either}
    return by_role[sentence.role](sentence, about=about)


def _of_patient(sentence: Sentence, *, about: bool) -> Part | None:
    history = len(sentence.words) >= _FEWEST_PATIENT and _HISTORY.search(sentence.plain)
    return "subjective" if about or history else None


def _of_doctor(sentence: Sentence, *, about: bool) -> Part | None:
    text = sentence.plain
    if len(sentence.words) < _FEWEST_DOCTOR:
        return None
    if _SURE_EXAM.search(text):
        return "objective"
    if _PLAN.search(text):
        return "plan"
    if _EXAM.search(text):
        return "objective"
    if not about:
        return None
    return "assessment" if _ASSESSMENT.search(text) else "subjective"


_FIRST_PERSON = re.compile(r"\b(?:i(?:'ve|'m| have| had| am| take| feel| get| was| use| do| did| don't)|my|me)\b")


def _of_either(sentence: Sentence, *, about: bool) -> Part | None:
    """Whose sentence it is tells the wording alone."""
    part = _of_doctor(sentence, about=about)
    if (
        part in {"assessment", "objective"}
        and not _SURE_EXAM.search(sentence.plain)
        and _FIRST_PERSON.search(sentence.plain)
    ):
        return "subjective"
    return part or _of_patient(sentence, about=about)
