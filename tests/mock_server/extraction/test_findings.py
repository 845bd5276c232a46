"""Findings: present or absent, by question and answer, negation, condition and relative."""

from __future__ import annotations

import pytest

from mock_server.extraction import Extraction, extract


def findings(transcript: str) -> dict[str, str]:
    result = extract("soap", transcript)
    assert isinstance(result, Extraction)
    assert isinstance(result.data, dict)
    return {item["finding"]: item["polarity"] for item in result.data.get("findings", ())}


@pytest.mark.parametrize(
    ("answer", "polarity"),
    [
        ("No.", "absent"),
        ("Nope, nothing like that.", "absent"),
        ("Um, not really.", "absent"),
        ("Yeah, no.", "absent"),
        ("I haven't.", "absent"),
        ("Yes.", "present"),
        ("Yeah, a little.", "present"),
        ("Sometimes, at night.", "present"),
        ("Mm-hmm.", "present"),
    ],
)
def test_the_answer_decides_what_was_asked(answer: str, polarity: str) -> None:
    assert findings(f"Doctor: Any chest pain?\nPatient: {answer}") == {"chest pain": polarity}


def test_the_answer_decides_without_speaker_labels() -> None:
    assert findings("Any chest pain? No. Any fever? Yes, a little.") == {"chest pain": "absent", "fever": "present"}


def test_a_no_covers_everything_asked() -> None:
    asked = "Doctor: Any nausea, vomiting or diarrhea?\nPatient: No."
    assert findings(asked) == {"nausea": "absent", "vomiting": "absent", "diarrhea": "absent"}


def test_an_answer_that_names_findings_speaks_for_those_alone() -> None:
    said = "Doctor: Have you had nausea, chills or fever?\nPatient: No fever but some chills."
    assert findings(said) == {"fever": "absent", "chills": "present"}


def test_an_unanswered_question_says_nothing() -> None:
    assert findings("Doctor: Any chest pain?\nDoctor: Sorry, one moment.") == {}


def test_what_a_question_takes_for_granted_is_there() -> None:
    assert findings("Doctor: Does the headache wake you up?\nPatient: No.") == {"headache": "present"}


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("I have no fever or chills.", {"fever": "absent", "chills": "absent"}),
        ("I don't have any cough.", {"cough": "absent"}),
        ("No chest pain, but I am short of breath.", {"chest pain": "absent", "shortness of breath": "present"}),
        ("The rash has gone away.", {"rash": "absent"}),
        ("The nausea won't go away and it does n't get better.", {"nausea": "present"}),
        ("I can't stop coughing.", {"cough": "present"}),
        ("I have pain in the left side of my chest.", {"chest pain": "present"}),
        ("I passed out and my feet are swollen.", {"fainting": "present", "leg swelling": "present"}),
    ],
)
def test_a_statement_carries_its_own_polarity(said: str, expected: dict[str, str]) -> None:
    found = findings(f"Patient: {said}")
    assert {name: found.get(name) for name in expected} == expected


@pytest.mark.parametrize(
    "said",
    [
        "Doctor: Come back if you develop a fever.",
        "Doctor: Side effects are nausea, vomiting and diarrhea.",
        "Doctor: It can cause dizziness.",
        "Doctor: Watch out for bleeding.",
        "Doctor: You are due for a flu shot.",
        "Patient: My father had pneumonia last winter.",
        "Patient: Diabetes runs in the family.",
        "Doctor: Any family history of cancer?\nPatient: Yes, my mother.",
    ],
)
def test_conditions_warnings_and_relatives_are_not_the_patient(said: str) -> None:
    assert findings(said) == {}


def test_the_patients_answer_outweighs_a_remark_of_the_doctor() -> None:
    said = "Doctor: The form mentions dizziness.\nDoctor: Have you been dizzy?\nPatient: No."
    assert findings(said) == {"dizziness": "absent"}


def test_unpunctuated_questions_are_recognised() -> None:
    said = "[doctor] okay and have you experienced any numbness or tingling\n[patient] no i have n't"
    assert findings(said) == {"numbness": "absent", "tingling": "absent"}
