"""Allergies: a list of their own, with what they do; what treats one, is borne or comes instead is a medicine."""

from __future__ import annotations

from typing import Any

import pytest

from mock_server.extraction import Extraction, extract


def filled(template: str, transcript: str) -> Any:
    result = extract(template, transcript)
    assert isinstance(result, Extraction)
    return result.data


def allergies(transcript: str) -> list[str]:
    return [item["name"] for item in filled("hpi", transcript).get("allergies", ())]


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("Patient: I am allergic to doxycycline.", ["Doxycycline"]),
        ("Doctor: Any allergies?\nPatient: Yes, codeine and latex.", ["Codeine", "Latex"]),
        ("Doctor: What are you allergic to?\nPatient: Walnuts and cats.", ["Walnuts", "Cats"]),
        ("Doctor: Are you allergic to codeine?\nPatient: Yes, I am.", ["Codeine"]),
        ("Patient: I have a shellfish allergy.", ["Shellfish"]),
        ("Patient: Codeine makes me break out in hives.", ["Codeine"]),
        ("Patient: I get hives when I take naproxen.", ["Naproxen"]),
        ("Patient: I can't take naproxen, it gives me hives.", ["Naproxen"]),
        ("Patient: I'm allergic to cephalosporins, eggs and bee stings.", ["Cephalosporins", "Eggs", "Bee stings"]),
        ("Patient: I am allergic to doxycycline but I can take Tylenol.", ["Doxycycline"]),
        ("Patient: No allergies to medicines, but I am allergic to dogs.", ["Dogs"]),
        ("Patient: They gave me codeine on the ward. Turns out I'm allergic to it.", ["Codeine"]),
        ("Patient: Walnuts he is allergic since birth.", ["Walnuts"]),
        ("Patient: The chart says no allergies but I came up in hives after naproxen.", ["Naproxen"]),
        ("Patient: I had an anaphylactic reaction to wasp stings last year.", ["Wasp stings"]),
        ("Patient: I'm allergic to latex, which makes my hands itch, and to codeine.", ["Latex", "Codeine"]),
        ("Doctor: Allergies.\nPatient: Um, codeine, it makes me itch.", ["Codeine"]),
        ("Doctor: Any other allergies besides codeine?\nPatient: No.", ["Codeine"]),
        ("Patient: I must never take naproxen because of an allergy.", ["Naproxen"]),
        ("Patient: I don't have any allergies except to bee stings.", ["Bee stings"]),
        ("Patient: The only thing I react to is wool.", ["Wool"]),
        ("Doctor: Are you allergic to codeine or latex?\nPatient: Codeine yes, latex no.", ["Codeine"]),
    ],
)
def test_everything_the_patient_is_allergic_to_is_listed(said: str, expected: list[str]) -> None:
    assert allergies(said) == expected


@pytest.mark.parametrize("template", ["soap", "hpi", "discharge_summary", "referral_letter"])
def test_each_template_about_the_patient_has_the_list(template: str) -> None:
    entry = filled(template, "Patient: I am allergic to codeine. It gave me a rash.")["allergies"][0]
    assert entry == {
        "name": "Codeine",
        "kind": "drug",
        "reaction": "rash",
        "source": {"turn": 0, "sentence": "I am allergic to codeine."},
    }


def test_a_reaction_is_told_with_its_allergy_and_is_no_finding_of_today() -> None:
    said = "Patient: I'm allergic to codeine.\nDoctor: What happens when you take it?\nPatient: I get very nauseous."
    note = filled("soap", said)
    assert note["allergies"][0]["reaction"] == "nausea"
    assert "findings" not in note


def test_a_substance_that_no_list_has_is_told_as_it_was_said() -> None:
    entry = filled("hpi", "Patient: I am allergic to fluvexatin.")["allergies"][0]
    assert (entry["name"], entry["recognised"]) == ("Fluvexatin", False)


@pytest.mark.parametrize(
    "said",
    [
        "Doctor: Any allergies?\nPatient: No.",
        "Doctor: Are you allergic to anything?\nPatient: Not that I know of.",
        "Patient: I have no known drug allergies.",
    ],
)
def test_no_is_an_answer(said: str) -> None:
    note = filled("hpi", said)
    assert "allergies" not in note
    assert note["no_known_allergies"]["source"]


@pytest.mark.parametrize(
    "said",
    [
        "Patient: I was told I'm allergic to codeine but I outgrew it.",
        "Patient: My chart says I'm allergic to codeine but I'm not, it made me sick once.",
        "Patient: I'm allergic to codeine.\nDoctor: The clinic tested you and it turned out it wasn't an allergy.",
        "Doctor: If you get a rash after the codeine, that could be an allergy, so ring us.",
        "Doctor: If you're allergic to eggs, tell the nurse.",
        "Patient: I eat prawns all the time, I'm not allergic to them.",
    ],
)
def test_what_was_taken_back_may_come_or_is_borne_is_no_allergy(said: str) -> None:
    note = filled("soap", said + "\nPatient: I have a cough.")
    assert "allergies" not in note
    assert "no_known_allergies" not in note


def test_what_one_substance_does_is_not_told_of_another() -> None:
    known = filled("hpi", "Patient: I'm allergic to codeine, which causes vomiting, and strawberries.")["allergies"]
    assert [(item["name"], item.get("reaction")) for item in known] == [("Codeine", "vomiting"), ("Strawberries", None)]


def test_one_substance_denied_says_nothing_of_others() -> None:
    note = filled("soap", "Doctor: Are you allergic to latex?\nPatient: No.")
    assert "allergies" not in note
    assert "no_known_allergies" not in note


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("Patient: I take Zyrtec for my allergies.", ["Zyrtec"]),
        ("Doctor: Since you are allergic to codeine, I will prescribe tramadol 50 mg.", ["Tramadol"]),
        ("Patient: I am allergic to doxycycline but I can take Tylenol.", ["Tylenol"]),
        ("Doctor: Any allergies?\nPatient: No. I take lisinopril and metformin.", ["Lisinopril", "Metformin"]),
        ("Doctor: Any allergies?\nPatient: No, I take lisinopril and metformin.", ["Lisinopril", "Metformin"]),
        ("Patient: I used Benadryl for the allergic reaction.", ["Benadryl"]),
        ("Patient: I am allergic to codeine.", []),
        ("Doctor: Are you allergic to codeine?\nPatient: No.", []),
    ],
)
def test_what_treats_an_allergy_is_borne_or_comes_instead_is_a_medicine(said: str, expected: list[str]) -> None:
    assert [item["name"] for item in filled("medications", said)] == expected


def test_a_relatives_allergy_is_not_the_patients() -> None:
    assert allergies("Patient: My sister is allergic to codeine. I have a cough.") == []


@pytest.mark.parametrize(
    ("said", "known"),
    [
        ("Doctor: No drug allergies. Correct?\nPatient: Except penicillin, yes.", ["Penicillin"]),
        ("Doctor: So no allergies to report.\nPatient: Well, apart from latex.", ["Latex"]),
        ("Doctor: Any allergies?\nPatient: Not that I know of. My sister had a rash from sulfa.", []),
        ("Patient: I thought I was allergic to eggs but the test said otherwise.", []),
    ],
)
def test_what_is_taken_out_a_relatives_or_was_thought_is_told_apart(said: str, known: list[str]) -> None:
    result = extract("soap", said)
    listed = (
        result.data.get("allergies", []) if isinstance(result, Extraction) and isinstance(result.data, dict) else []
    )
    assert [item["name"] for item in listed] == known
