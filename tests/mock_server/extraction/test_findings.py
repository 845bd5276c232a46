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


@pytest.mark.parametrize(
    "said",
    [
        "Patient: The swelling has not gone down.",
        "Patient: I get no relief from the swelling.",
        "Patient: Nothing I take helps, and the swelling never goes away.",
        "Patient: I have no fever and a lot of swelling.",
        "Patient: No fever, swelling is bad.",
        "Patient: I can't work because of the swelling.",
        "Patient: I can't walk without swelling.",
        "Patient: If I stand for long I get swelling.",
        "Patient: The swelling isn't getting better.",
    ],
)
def test_what_does_not_go_away_is_there(said: str) -> None:
    assert findings(said)["swelling"] == "present"


@pytest.mark.parametrize(
    "said",
    [
        "Doctor: We need a scan to rule out a stroke.",
        "Doctor: The scan is to exclude a stroke.",
        "Patient: Could this be a stroke?",
        "Patient: I am afraid of a stroke.",
        "Doctor: Go to the emergency room if you have signs of a stroke.",
        "Doctor: This might be a stroke, so we will do a scan.",
        "Doctor: A stroke can happen with that.",
        "Patient: I had a stroke four years ago.",
        "Patient: As a child I had a stroke.",
        "Doctor: Is it a stroke?\nPatient: I don't know.",
    ],
)
def test_what_is_excluded_asked_feared_or_long_over_is_not_there(said: str) -> None:
    assert "stroke" not in findings(said)


@pytest.mark.parametrize(
    "said",
    [
        "Doctor: The scan ruled out a stroke.",
        "Doctor: A stroke was excluded.",
        "Doctor: A stroke is very unlikely.",
        "Doctor: I do not think that this is a stroke.",
    ],
)
def test_what_was_excluded_is_absent(said: str) -> None:
    assert findings(said) == {"stroke": "absent"}


def test_a_symptom_that_is_asked_for_again_and_gone_is_absent() -> None:
    assert findings("Doctor: Do you still have the rash?\nPatient: No, it has gone.") == {"rash": "absent"}


def test_what_is_long_over_is_history() -> None:
    result = extract("hpi", "Patient: I had pneumonia three years ago.")
    assert isinstance(result, Extraction)
    assert isinstance(result.data, dict)
    assert [item["finding"] for item in result.data["past_history"]] == ["pneumonia"]


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("Doctor: Has the rash gone?\nPatient: No.", {"rash": "present"}),
        ("Doctor: Has the rash gone?\nPatient: Yes.", {"rash": "absent"}),
        ("Doctor: Is the rash still there?\nPatient: It's gone completely.", {"rash": "absent"}),
        ("Doctor: Any chills, rash or cough?\nPatient: Rash, yes. The others, no.",
         {"rash": "present", "chills": "absent", "cough": "absent"}),
        ("Doctor: Do you get chest pain?\nPatient: Only when I run.", {"chest pain": "present"}),
        ("Doctor: Have you ever had a seizure?\nPatient: Once, when I was a child.", {}),
        ("Patient: The tablets have not helped the rash.", {"rash": "present"}),
        ("Patient: The swelling went away but the rash hasn't.", {"swelling": "absent", "rash": "present"}),
        ("Doctor: The scan excludes a blood clot.", {"blood clot": "absent"}),
        ("Doctor: We will keep an eye out for infection.", {}),
    ],
)  # fmt: skip
def test_an_answer_means_what_was_asked(said: str, expected: dict[str, str]) -> None:
    assert findings(said) == expected


@pytest.mark.parametrize(
    ("said", "finding"),
    [
        ("Patient: My ankle has really been aching.", "ankle pain"),
        ("Patient: My hip's, um, hurting.", "hip pain"),
        ("Patient: My, um, chest, uh, pain is back.", "chest pain"),
    ],
)
def test_what_is_said_haltingly_is_found(said: str, finding: str) -> None:
    assert finding in findings(said)


@pytest.mark.parametrize(
    "said",
    [
        "Patient: The ointment hasn't shifted the itching.",
        "Patient: The spray made no difference to the itching.",
        "Patient: I can't say the itching's gone.",
        "Patient: I wish I could say the itching had gone.",
        "Patient: The cream does nothing for the itching.",
        "Patient: I've yet to have a day without itching.",
        "Doctor: So no more itching?\nPatient: Oh, it's still there.",
        "Doctor: You've not had any itching?\nPatient: I have, actually.",
        "Patient: I wouldn't say I'm not itchy.",
        "Patient: It's not that I don't itch, I just don't scratch.",
        "Patient: No day passes without itching.",
        "Patient: None of the itching has settled.",
        "Patient: The itching's not gone.",
        "Doctor: The itching is there, isn't it?\nPatient: It is.",
        "Doctor: Any itching?\nPatient: No, wait, I do, after a bath.",
    ],
)
def test_two_denials_or_the_denial_of_an_end_leave_a_finding_present(said: str) -> None:
    assert findings(said) == {"itching": "present"}


@pytest.mark.parametrize(
    "said",
    [
        "Patient: I don't think I have any itching.",
        "Patient: I don't think so no itching",
        "Patient: I can go to bed without itching.",
        "Patient: The itching's gone.",
        "Patient: The itching? Gone, thankfully.",
        "Doctor: Any itching?\nPatient: Not that I know of, no itching.",
    ],
)
def test_one_denial_is_one(said: str) -> None:
    assert findings(said) == {"itching": "absent"}
