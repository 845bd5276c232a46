"""Prose: short, in the third person, in the part where it belongs, and nothing that was not said."""

from __future__ import annotations

from typing import Any

import pytest

from mock_server.extraction import Extraction, extract


def soap(transcript: str) -> dict[str, Any]:
    result = extract("soap", transcript)
    assert isinstance(result, Extraction)
    assert isinstance(result.data, dict)
    return result.data


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("I've had this earache for six days.", "Earache for 6 days."),
        ("Um, well, I have, you know, a stiff neck.", "Stiff neck."),
        ("I don't have any fever or chills.", "No fever or chills."),
        ("I feel dizzy when I get up.", "Feels dizzy when the patient gets up."),
        ("I take forty milligrams of furosemide every morning.", "Takes 40 mg of furosemide every morning."),
        ("I fell off my bike and hit my head.", "Fell off bike and hit head."),
        ("My left ankle is swollen, and I can't put weight on it.",
         "Left ankle is swollen. Cannot put weight on it."),
        ("There's this lump on my neck.", "Lump on neck."),
        ("I\u2019ve got a rash on my back.", "Rash on back."),
        ("I'm a night nurse and I work long hours.", "A night nurse. Works long hours."),
        ("It's been, it's been three weeks of coughing.", "Has been 3 weeks of coughing."),
    ],
)  # fmt: skip
def test_what_the_patient_says_is_told_in_the_third_person(said: str, told: str) -> None:
    assert soap(f"Patient: {said}")["subjective"] == told


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("I want you to take naproxen 250 mg twice a day.", "Take naproxen 250 mg twice a day."),
        ("What I'd like you to do, if that's okay, is rest for two days.", "Rest for 2 days."),
        ("I'm referring you to the eye clinic, okay?", "Refer to the eye clinic."),
        ("We're gonna repeat the blood test in one month.", "Repeat the blood test in 1 month."),
        ("If you start vomiting, call us.", "If the patient starts vomiting, call us."),
        ("Come back on Friday if it hasn't settled.", "Come back on Friday if it hasn't settled."),
        ("You'll need to keep your leg up.", "Keep leg up."),
        ("What I'm going to do is send you for a chest X-ray, okay?", "Send for a chest X-ray."),
        ("Take these twice a day, my love.", "Take these twice a day."),
        ("Ring us on Monday, would you?", "Ring us on Monday."),
        ("Cast off in six weeks.", "Cast off in 6 weeks."),
        ("The plan is bloods and a scan.", "Bloods and a scan."),
        ("Physio twice a week.", "Physio twice a week."),
        ("Any trouble breathing, come straight back.", "Any trouble breathing, come straight back."),
        ("Should it get worse, go straight to A and E.", "Should it get worse, go straight to A and E."),
        ("I'd like another blood count on Friday.", "Another blood count on Friday."),
    ],
)
def test_a_plan_says_what_is_to_be_done(said: str, told: str) -> None:
    assert soap(f"Doctor: {said}") | {"plan": told} == soap(f"Doctor: {said}")


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("I think this is a sinus infection.", "Thought to be sinus infection."),
        ("I think it's probably a sinus infection.", "Probably sinus infection."),
        ("Most likely it's gout.", "Most likely gout."),
        ("I'm fairly sure it's cellulitis.", "Fairly sure: cellulitis."),
        ("I suspect gout.", "Suspected gout."),
        ("This could be shingles.", "Possible shingles."),
        ("It's tonsillitis.", "Tonsillitis."),
        ("My impression is that it's reflux.", "Reflux."),
        ("It looks like eczema to me.", "Looks like eczema."),
        ("It seems more like eczema.", "Seems more like eczema."),
        ("Probably a muscle strain.", "Probably a muscle strain."),
        ("The mole is a harmless naevus.", "Mole is a harmless naevus."),
        ("Your asthma is well controlled.", "Asthma is well controlled."),
        ("We're dealing with an ear infection here.", "We're dealing with an ear infection here."),
    ],
)
def test_an_assessment_says_what_the_doctor_thinks_and_how_surely(said: str, told: str) -> None:
    assert soap(f"Doctor: {said}")["assessment"] == told


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("I can hear some crackles at the left base.", "Crackles at the left base."),
        ("I don't hear any murmurs.", "No murmurs."),
        ("Your tonsils are enlarged.", "Tonsils are enlarged."),
        ("Abdomen soft, liver normal.", "Abdomen soft, liver normal."),
        ("Hop up on the bed for me. Full power in both arms.", "Full power in both arms."),
        ("The rash is a bit red.", "Rash is a bit red."),
    ],
)
def test_an_examination_says_what_was_seen_and_heard(said: str, told: str) -> None:
    assert soap(f"Doctor: {said}")["objective"] == told


def test_what_is_thought_and_what_is_planned_part_in_one_sentence() -> None:
    note = soap("Doctor: The drum is red, so this is an ear infection, and we'll give her amoxicillin 250 mg.")
    assert (note["objective"], note["assessment"], note["plan"]) == (
        "Drum is red.",
        "Ear infection.",
        "Give her amoxicillin 250 mg.",
    )


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ("Any vomiting or diarrhoea?\nPatient: No.", "No vomiting, no diarrhoea."),
        ("Do you get short of breath?\nPatient: On the stairs, yes.", "Short of breath. On the stairs."),
        ("Is the pain sharp or dull?\nPatient: Dull.", "Pain: dull."),
        ("How long have you been dizzy?\nPatient: About ten days.", "For about 10 days."),
        ("Do you smoke?\nPatient: No.", "Does not smoke."),
        ("Do you take aspirin?\nPatient: No.", "Not taking aspirin."),
    ],
)
def test_a_question_is_told_with_its_answer(asked: str, told: str) -> None:
    assert soap(f"Doctor: {asked}")["subjective"] == told


def test_pleasantries_and_small_talk_stand_nowhere() -> None:
    note = soap(
        "Doctor: Good morning, please take a seat. Lovely weather.\nPatient: Yes. I have a sore throat.\n"
        "Doctor: I will take a look. Your throat is red. Rest for two days. Thank you for coming, bye."
    )
    told = {part: note[part] for part in ("subjective", "objective", "plan")}
    assert told == {"subjective": "Sore throat.", "objective": "Throat is red.", "plan": "Rest for 2 days."}


@pytest.mark.parametrize("said", ["That is a relief.", "It's a pity.", "That's such a great relief, doctor."])
def test_a_word_of_relief_is_no_assessment_whoever_says_it(said: str) -> None:
    for speaker in ("", "Doctor: ", "Patient: "):
        note = soap(f"{speaker}Your throat is red. {said}\n{speaker}I think it is tonsillitis.")
        assert not any(
            "relief" in note.get(part, "").lower() or "pity" in note.get(part, "")
            for part in ("subjective", "objective", "assessment", "plan")
        ), note


def test_speech_without_marks_is_parted_where_somebody_asks_answers_or_orders() -> None:
    note = soap(
        "i have had a sore throat for three days and i feel tired do you have a fever no i don't okay"
        " i think it is a viral infection i'm going to prescribe paracetamol 500 mg every six hours"
    )
    assert note["subjective"] == "Sore throat for 3 days. Feels tired. No fever."
    assert note["assessment"] == "Thought to be viral infection."
    assert note["plan"] == "Prescribe paracetamol 500 mg every 6 hours."


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ("Any allergies?\nPatient: No.", "No known allergies."),
        ("Does gout run in your family?\nPatient: No.", "No family history of gout."),
        ("Any family history?\nPatient: No.", "No family history."),
        ("Have you been drinking alcohol?\nPatient: No.", "Has not been drinking alcohol."),
    ],
)
def test_what_was_denied_is_told_as_denied(asked: str, told: str) -> None:
    assert soap(f"Doctor: {asked}")["subjective"] == told


def test_of_two_voices_without_names_the_one_that_asks_is_the_doctor() -> None:
    note = soap(
        "Speaker 1: What can I do for you? Any fever?\nSpeaker 2: No, but I've had an earache for two days.\n"
        "Speaker 1: Your ear drum is red. Take ibuprofen 200 mg three times a day."
    )
    told = {part: note[part] for part in ("subjective", "objective", "plan")}
    assert told == {
        "subjective": "No fever. Earache for 2 days.",
        "objective": "Ear drum is red.",
        "plan": "Take ibuprofen 200 mg three times a day.",
    }


def test_courtesy_does_not_hide_how_a_patient_feels() -> None:
    assert soap("Doctor: How are you?\nPatient: I'm feeling fine, thanks.")["subjective"] == "Feeling fine."
