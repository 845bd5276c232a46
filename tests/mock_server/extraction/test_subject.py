"""Whose: what relatives have and take is told as theirs, and what the patient has stays the patient's."""

from __future__ import annotations

from typing import Any

import pytest

from mock_server.extraction import Extraction, extract


def note(transcript: str, template: str = "soap") -> dict[str, Any]:
    result = extract(template, transcript)
    assert isinstance(result, Extraction)
    assert isinstance(result.data, dict)
    return result.data


def present(transcript: str) -> set[str]:
    return {item["finding"] for item in note(transcript).get("findings", ()) if item["polarity"] == "present"}


def family(transcript: str) -> list[tuple[str, str]]:
    return [(item["relative"], item["condition"]) for item in note(transcript, "hpi").get("family_history", ())]


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("Patient: My aunt had gout. She had kidney stones as well.", [("aunt", "gout"), ("aunt", "kidney stones")]),
        ("Doctor: And your grandfather?\nPatient: He had glaucoma and gout.",
         [("grandfather", "glaucoma"), ("grandfather", "gout")]),
        ("Doctor: Does epilepsy run in the family?\nPatient: Yes.", [("family", "epilepsy")]),
        ("Doctor: Is there any family history of stroke?\nPatient: Yes, my uncle.", [("family", "stroke")]),
        ("Patient: There is psoriasis on my father's side.", [("father", "psoriasis")]),
        ("Patient: I look after my mother, who has dementia.", [("mother", "dementia")]),
        ("Patient: My son tells me to rest. He has lupus himself.", [("son", "lupus")]),
        ("Patient: My brother's asthma is bad.", [("brother", "asthma")]),
        ("Doctor: Any illnesses in the family?\nPatient: Yes. Gout and lupus.",
         [("family", "gout"), ("family", "lupus")]),
    ],
)  # fmt: skip
def test_an_illness_of_a_relative_is_told_as_the_relatives(said: str, expected: list[tuple[str, str]]) -> None:
    assert family(said) == expected
    assert present(said) == set()


@pytest.mark.parametrize(
    ("said", "finding"),
    [
        ("Patient: My sister has gout and I have psoriasis.", "psoriasis"),
        ("Patient: My husband noticed that I snore and I am always tired.", "fatigue"),
        ("Patient: Like my father, I have gout.", "gout"),
        ("Patient: I live with my brother and I have a rash.", "rash"),
        ("Patient: My mother had gout. I have a bad cough.", "cough"),
        ("Patient: My dad drove me here because of the vomiting.", "vomiting"),
        ("Doctor: Does your mother have gout?\nPatient: No.\nDoctor: Do you have a cough?\nPatient: Yes.", "cough"),
        ("Patient: I caught this cough from my son.", "cough"),
    ],
)  # fmt: skip
def test_what_the_patient_has_beside_a_relative_is_kept(said: str, finding: str) -> None:
    assert finding in present(said)


@pytest.mark.parametrize(
    ("said", "polarity"),
    [
        ("Patient: My dad has gout, but I don't have it.", "absent"),
        ("Patient: My brother has gout. I've never had it.", "absent"),
        ("Patient: My sister gets gout. I get it too.", "present"),
        ("Patient: Gout is what my uncle died with. I get it every winter now.", "present"),
    ],
)
def test_what_a_relative_has_is_said_or_denied_of_the_patient_by_pointing_at_it(said: str, polarity: str) -> None:
    assert [(one["finding"], one["polarity"]) for one in note(said)["findings"]] == [("gout", polarity)]


@pytest.mark.parametrize(
    "said",
    [
        "Doctor: I have gout myself, so I know. You have a cough.",
        "Patient: A guy at work has gout and now I've got a cough.",
        "Parent: I get gout, so I know pain when I see it. She has a cough.",
        "Parent: I had gout. He's got a cough since Friday.",
    ],
)
def test_what_somebody_around_or_the_speaker_has_is_not_the_patients(said: str) -> None:
    assert "cough" in present(said)
    assert "gout" not in present(said)


def test_he_himself_is_the_patient_where_one_voice_tells_of_him() -> None:
    assert present("Doctor: Mother had gout, father has COPD. He himself has psoriasis.") == {"psoriasis"}


def test_one_thing_asked_is_confirmed_by_a_yes_that_names_another() -> None:
    assert present("Doctor: Do you get palpitations?\nPatient: Yes, and dizziness.") == {"palpitations", "dizziness"}
    assert present("Doctor: Any fever or vomiting?\nPatient: Yes, a fever.") == {"fever"}


@pytest.mark.parametrize(
    "said",
    [
        "Doctor: How long has your son been coughing?\nPatient: For a week. He has a fever too.",
        "Doctor: Is she ill?\nPatient: My girl has a fever.\nDoctor: Does she have a cough?\nPatient: Yes, she does.",
    ],
)
def test_a_child_that_the_doctor_asks_about_is_the_patient(said: str) -> None:
    assert present(said) == {"cough", "fever"}


@pytest.mark.parametrize(
    "told",
    [
        "My wife has asthma. She uses albuterol.",
        "The albuterol is my husband's, not mine.",
        "My friend gave me her albuterol. I never took it.",
    ],
)
def test_a_medicine_of_a_relative_is_none_of_the_patient(told: str) -> None:
    said = f"Patient: {told} I take 20 mg of lisinopril."
    result = extract("medications", said)
    assert isinstance(result, Extraction)
    assert [item["name"] for item in result.data if isinstance(item, dict)] == ["Lisinopril"]
