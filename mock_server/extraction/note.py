"""The templates that tell the whole consultation, each a function of its reading."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mock_server.extraction.allergy import as_data as borne
from mock_server.extraction.finding import as_data, family_data, past_data
from mock_server.extraction.part import small_talk
from mock_server.extraction.phrase import phrases

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from mock_server.extraction.part import Part
    from mock_server.extraction.reading import Reading
    from mock_server.extraction.statement import Statement

_PARTS: tuple[Part, ...] = ("subjective", "objective", "assessment", "plan")


def spoken(read: Reading) -> dict[str, Any]:
    """What was said, turn by turn."""
    said = [{"speaker": turn.speaker, "text": turn.text} for turn in read.dialogue.turns]
    text = "\n".join(f"{turn.speaker}: {turn.text}" if turn.speaker else turn.text for turn in read.dialogue.turns)
    return {"text": text, "turns": [{key: value for key, value in turn.items() if value} for turn in said]}


def soap(read: Reading) -> dict[str, Any]:
    """Subjective, objective, assessment, plan in short sentences, with their evidence and the findings."""
    return _note(
        read,
        **{part: _prose(read.of(part)) for part in _PARTS},
        evidence=[
            {"field": one.part, "text": one.text, **source} for one in read.statements for source in _sources(read, one)
        ],
        findings=as_data(read.dialogue, read.findings),
        past_history=past_data(read.dialogue, read.past),
        family_history=family_data(read.dialogue, read.family),
        **_allergies(read),
    )


def hpi(read: Reading) -> dict[str, Any]:
    """History of present illness: complaint, story, findings, medicines, allergies."""
    story = list(read.of("subjective"))
    return _note(
        read,
        chief_complaint=_complaint(read),
        history=_prose(story),
        evidence=[source for one in story for source in _sources(read, one)],
        findings=as_data(read.dialogue, read.findings),
        past_history=past_data(read.dialogue, read.past),
        family_history=family_data(read.dialogue, read.family),
        medications=read.medications,
        **_allergies(read),
    )


def _complaint(read: Reading) -> dict[str, Any] | None:
    """The first that the patient says to have."""
    first = next((said for said in read.findings if said.polarity == "present" and said.weight > 1), None)
    if first is None:
        return None
    told = next((one for one in read.of("subjective") if first.sentence in one.sources), None)
    source = read.dialogue.sentences[first.sentence].source
    return {"text": told.text if told else source["sentence"], "source": source}


def discharge_summary(read: Reading) -> dict[str, Any]:
    """What the patient came with, was found to have, goes home with and is to do."""
    return _note(
        read,
        presentation=_quoted(read, read.of("subjective")),
        examination=_quoted(read, read.of("objective")),
        vitals=read.vitals,
        diagnoses=_quoted(read, read.of("assessment")),
        medications=read.medications,
        **_allergies(read),
        instructions=_quoted(read, read.of("plan")),
    )


_REFERRAL = phrases(
    r"""refer\w*|specialist|see (?:a|an|the) \w+(?:ologist|ist|surgeon)|consult(?:ation)? with|physical therapy
    \w+ologist"""
)


def referral_letter(read: Reading) -> dict[str, Any]:
    """Why and to whom the patient is referred, with history, findings and medicines."""
    return _note(
        read,
        reason=_quoted(read, (one for one in read.of("plan") if _REFERRAL.search(one.text.lower()))),
        history=_quoted(read, read.of("subjective")),
        examination=_quoted(read, read.of("objective")),
        assessment=_quoted(read, read.of("assessment")),
        findings=as_data(read.dialogue, read.findings),
        past_history=past_data(read.dialogue, read.past),
        family_history=family_data(read.dialogue, read.family),
        medications=read.medications,
        **_allergies(read),
    )


def _allergies(read: Reading) -> dict[str, Any]:
    """Allergies, or that there are none, if anything was said of them."""
    none = read.allergies.none
    return {
        "allergies": borne(read.dialogue, read.allergies),
        "no_known_allergies": None if none is None else {"source": read.dialogue.sentences[none].source},
    }


def _note(read: Reading, **fields: Any) -> dict[str, Any]:
    """The fields that something was said about; where there are none, what was said and not understood."""
    filled = {name: value for name, value in fields.items() if value}
    return filled or {
        "not_understood": [one.source for one in read.dialogue.sentences if one.words and not small_talk(one.plain)]
    }


def _quoted(read: Reading, told: Iterable[Statement]) -> list[dict[str, Any]]:
    return [{"text": one.text, "source": read.dialogue.sentences[one.sources[-1]].source} for one in told]


def _sources(read: Reading, one: Statement) -> list[dict[str, Any]]:
    return [read.dialogue.sentences[index].source for index in one.sources]


def _prose(told: Iterable[Statement]) -> str:
    return " ".join(one.text for one in told)


#: What fills each template, by its id.
FILLING: Mapping[str, Callable[[Reading], dict[str, Any] | list[dict[str, Any]]]] = {
    "transcript": spoken,
    "soap": soap,
    "medications": lambda read: read.medications,
    "discharge_summary": discharge_summary,
    "referral_letter": referral_letter,
    "hpi": hpi,
    "vitals": lambda read: read.vitals,
}
