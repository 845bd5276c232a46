"""Medicines: names, doses, changes, and what is not a medicine of the patient."""

from __future__ import annotations

from typing import Any

import pytest

from mock_server.extraction import Extraction, extract


def medicines(transcript: str) -> list[dict[str, Any]]:
    result = extract("medications", transcript)
    assert isinstance(result, Extraction)
    assert isinstance(result.data, list)
    return result.data


def facts(transcript: str) -> list[dict[str, Any]]:
    return [
        {key: value for key, value in item.items() if key not in {"source", "generic"}}
        for item in medicines(transcript)
    ]


@pytest.mark.parametrize(
    ("said", "dosage"),
    [
        ("I take 20 mg of lisinopril.", "20 mg"),
        ("I take lisinopril 20mg.", "20 mg"),
        ("I take twenty milligrams of lisinopril.", "20 mg"),
        ("I take lisinopril, two point five milligrams.", "2.5 mg"),
        ("I take lisinopril one hundred and twenty five milligrams.", "125 mg"),
        ("I take lisinopril a thousand milligrams.", "1000 mg"),
        ("I take lisinopril 20.", "20"),
        ("I take lisinopril two . five milligrams .", "2.5 mg"),
        ("I take lisinopril 2 . 5 mg .", "2.5 mg"),
        ("I take lisinopril 2 point 5 mg.", "2.5 mg"),
        ("I take lisinopril 1,000 mg.", "1000 mg"),
        ("I take two puffs of albuterol.", "2 puffs"),
        ("I take ten units of insulin.", "10 units"),
        ("I take five M G of lisinopril.", "5 mg"),
        ("I put you on lisinopril five hundred five hundred milligrams.", "500 mg"),
    ],
)
def test_a_dose_is_read_in_figures_and_in_words(said: str, dosage: str) -> None:
    assert [item["dosage"] for item in medicines(f"Patient: {said}")] == [dosage]


@pytest.mark.parametrize(
    ("said", "frequency"),
    [
        ("twice a day", "twice daily"),
        ("b.i.d.", "twice daily"),
        ("two times daily", "twice daily"),
        ("every eight hours", "every 8 hours"),
        ("every 4 to 6 hours", "every 4 to 6 hours"),
        ("at bedtime", "at bedtime"),
        ("as needed", "as needed"),
        ("three times a day as needed", "three times daily, as needed"),
        ("once a week", "once weekly"),
        ("every other day", "every other day"),
        ("daily", "daily"),
    ],
)
def test_a_frequency_is_named_in_one_way(said: str, frequency: str) -> None:
    assert medicines(f"Doctor: Take ibuprofen 400 mg {said}.")[0]["frequency"] == frequency


def test_route_and_duration_are_reported_where_said() -> None:
    item = medicines("Doctor: I will prescribe amoxicillin 500 mg by mouth three times a day for seven days.")[0]
    assert item["route"] == "oral"
    assert item["duration"] == "7 days"
    assert item["action"] == "start"


def test_how_long_a_medicine_has_been_taken_is_no_duration() -> None:
    assert "duration" not in medicines("Patient: I have been taking metformin for six months.")[0]


def test_the_last_stated_dose_wins_and_is_the_one_shown_as_source() -> None:
    item = medicines(
        "Patient: I take lisinopril 10 mg.\nDoctor: I want to increase your lisinopril to 20 mg a day.\nPatient: Okay."
    )[0]
    assert item["dosage"] == "20 mg"
    assert item["action"] == "increase"
    assert item["source"] == {"turn": 1, "sentence": "I want to increase your lisinopril to 20 mg a day."}


def test_a_dose_goes_to_its_own_drug_and_not_to_the_neighbour() -> None:
    assert facts("Patient: I take metformin 500 mg, lisinopril and aspirin 81 mg.") == [
        {"name": "Metformin", "dosage": "500 mg"},
        {"name": "Lisinopril"},
        {"name": "Aspirin", "dosage": "81 mg"},
    ]


def test_a_dose_given_on_request_is_found_in_the_answer() -> None:
    item = medicines("Patient: I take metformin.\nDoctor: What dose is that?\nPatient: 500 milligrams twice a day.")[0]
    assert (item["dosage"], item["frequency"]) == ("500 mg", "twice daily")


@pytest.mark.parametrize(
    ("said", "action"),
    [
        ("Let's start you on omeprazole.", "start"),
        ("Please continue the omeprazole.", "continue"),
        ("I want to increase the omeprazole.", "increase"),
        ("We will reduce your omeprazole.", "decrease"),
        ("Please stop the omeprazole.", "stop"),
        ("We have to get you off your omeprazole for a week.", "stop"),
        ("Hold the omeprazole before surgery.", "hold"),
        ("The omeprazole stays as it is.", "continue"),
        ("We'll keep the omeprazole where it is.", "continue"),
        ("No change to the omeprazole.", "continue"),
        ("Stop the naproxen and omeprazole stays.", "continue"),
        ("Stop naproxen, and omeprazole 20 mg was added.", "start"),
        ("start omeprazole stop naproxen", "stop"),
        ("They switched me off ranitidine and onto omeprazole.", "start"),
        ("Omeprazole carries on as before.", "continue"),
        ("Your omeprazole is going up to 40 mg.", "increase"),
        ("The omeprazole comes down to 10 mg.", "decrease"),
        ("The omeprazole can be stopped.", "stop"),
        ("Come off the naproxen and in its place have omeprazole 20 mg.", "start"),
        ("We had thought of more omeprazole, but we shall leave it at 20 mg.", "continue"),
    ],
)
def test_a_change_is_named(said: str, action: str) -> None:
    assert medicines(f"Doctor: {said}")[-1]["action"] == action


def test_an_action_nobody_named_is_left_out() -> None:
    assert facts("Patient: I take omeprazole.") == [{"name": "Omeprazole"}]


def test_a_brand_is_shown_with_its_generic_name_and_listed_once() -> None:
    found = medicines("Patient: I take Lasix.\nDoctor: So the furosemide is 40 mg.")
    assert [(item["name"], item["generic"], item["dosage"]) for item in found] == [("Lasix", "furosemide", "40 mg")]


@pytest.mark.parametrize(
    "transcript",
    [
        "Patient: I am allergic to penicillin.",
        "Doctor: Any allergies?\nPatient: Yes, penicillin.",
        "Doctor: Do you take aspirin?\nPatient: No.",
        "Patient: I don't take any ibuprofen.",
        "Patient: My mother takes warfarin.",
        "Doctor: Your potassium level is fine and your iron was normal.",
    ],
)
def test_what_the_patient_does_not_take_is_no_medicine(transcript: str) -> None:
    assert medicines(transcript) == []


def test_an_allergy_is_reported_as_one() -> None:
    result = extract("hpi", "Doctor: Any allergies?\nPatient: Yes, penicillin.")
    assert isinstance(result, Extraction)
    assert isinstance(result.data, dict)
    assert [item["name"] for item in result.data["allergies"]] == ["Penicillin"]


@pytest.mark.parametrize(
    ("said", "name"),
    [
        ("I take lisinoprol every day.", "Lisinopril"),
        ("I take listen april ten milligrams a day.", "Lisinopril"),
        ("I take metforman twice a day.", "Metformin"),
    ],
)
def test_a_misheard_name_is_recognised_next_to_a_cue(said: str, name: str) -> None:
    assert [item["name"] for item in medicines(f"Patient: {said}")] == [name]


@pytest.mark.parametrize("said", ["I will listen, April was cold.", "I take singular pride.", "Take the protons."])
def test_ordinary_words_are_no_misheard_names(said: str) -> None:
    assert medicines(f"Patient: {said}") == []


def test_a_slip_of_the_tongue_is_taken_back() -> None:
    found = medicines("Doctor: I will prescribe penicillin, or, I'm sorry, amoxicillin, 500 mg.")
    assert [item["name"] for item in found] == ["Amoxicillin"]


def test_medicines_are_found_without_speaker_labels() -> None:
    assert facts("I take ten milligrams of lisinopril for blood pressure. And ibuprofen for headaches.") == [
        {"name": "Lisinopril", "dosage": "10 mg"},
        {"name": "Ibuprofen"},
    ]


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("Doctor: Stop naproxen. Start quavorin 20 mg.", {"name": "Quavorin", "dosage": "20 mg", "action": "start"}),
        ("Patient: I take 50 mg of quavorin every morning.", {"name": "Quavorin", "dosage": "50 mg",
                                                              "frequency": "every morning"}),
        ("Patient: I take quavorin twice a day.", {"name": "Quavorin", "frequency": "twice daily"}),
        ("Patient: I'm on tolvexaprazole.", {"name": "Tolvexaprazole"}),
        ("Doctor: I will prescribe venquilimab.", {"name": "Venquilimab", "action": "start"}),
    ],
)  # fmt: skip
def test_a_medicine_that_no_list_has_is_told_as_it_was_said(said: str, expected: dict[str, str]) -> None:
    assert facts(said)[-1] == {**expected, "recognised": False}


@pytest.mark.parametrize(
    "said",
    [
        "Doctor: Stop naproxen. Start quavorin 20 mg.",
        "Doctor: Stop naproxen and start quavorin 20 mg daily.",
        "Doctor: Stop naproxen, start something new, 20 mg daily.",
        "Doctor: Stop naproxen. Start the other one, 20 mg daily.",
    ],
)
def test_a_dose_of_another_medicine_is_not_given_to_the_one_that_is_stopped(said: str) -> None:
    assert facts(said)[0] == {"name": "Naproxen", "action": "stop"}


def test_what_is_taken_instead_is_not_stopped() -> None:
    assert facts("Doctor: Stop naproxen and take tramadol 50 mg instead.") == [
        {"name": "Naproxen", "action": "stop"},
        {"name": "Tramadol", "dosage": "50 mg"},
    ]


@pytest.mark.parametrize(
    "said",
    ["I take walks twice a day.", "I take about 20 mg.", "I will prescribe the same dose, 20 mg.", "I take it daily."],
)
def test_words_beside_a_dose_are_no_medicines(said: str) -> None:
    assert medicines(f"Patient: {said}") == []


@pytest.mark.parametrize(
    "said",
    [
        "Doctor: We won't be starting ramipril 5 mg today.",
        "Patient: They offered me codeine 30 mg but I refused.",
        "Patient: Our dog takes gabapentin 100 mg.",
        "Patient: My cat is on prednisolone 5 mg.",
    ],
)
def test_what_is_not_begun_refused_or_an_animals_is_no_medicine(said: str) -> None:
    result = extract("medications", said)
    assert not isinstance(result, Extraction) or result.data == []


def test_what_is_not_to_be_stopped_is_a_medicine() -> None:
    result = extract("medications", "Doctor: Don't stop the ramipril 5 mg.")
    assert isinstance(result, Extraction)
    assert [item["name"] for item in result.data if isinstance(item, dict)] == ["Ramipril"]
