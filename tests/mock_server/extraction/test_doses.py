"""Doses: the one to be taken now, not a limit, not the old one, not what may come; of a day and of a course."""

from __future__ import annotations

from typing import Any

import pytest

from mock_server.extraction import Extraction, extract


def medicine(said: str) -> dict[str, Any]:
    result = extract("medications", f"Doctor: {said}")
    assert isinstance(result, Extraction)
    assert isinstance(result.data, list)
    assert len(result.data) == 1, result.data
    return result.data[0]


@pytest.mark.parametrize(
    ("said", "dosage"),
    [
        ("Take naproxen two five zero milligrams twice a day.", "250 mg"),
        ("Take levothyroxine 8-8 micrograms... sorry, eight eight.", None),
        ("Start levothyroxine one seven five micrograms daily.", "175 mcg"),
        ("Take half a tablet of metoprolol.", "0.5 tablet"),
        ("Take one and a half tablets of warfarin.", "1.5 tablets"),
        ("Take a quarter of a milligram of clonazepam.", "0.25 mg"),
        ("Take .25 mg of clonazepam.", "0.25 mg"),
        ("Take 1-2 tablets of ibuprofen every 4-6 hours.", "1 to 2 tablets"),
        ("Take 5 mg to 10 mg of oxycodone every six hours.", "5 to 10 mg"),
        ("Take between 200 and 400 mg of ibuprofen.", "200 to 400 mg"),
        ("Hydrocodone 5/325 mg every six hours.", "5/325 mg"),
        ("Take enoxaparin 1 mg per kg twice a day.", "1 mg/kg"),
        ("Give amoxicillin 10 mL three times a day, it is 250 mg per 5 mL.", "10 mL"),
        ("Take two 500 mg tablets of metformin.", "500 mg"),
        ("Take two twenty milligram tablets of famotidine.", None),
        ("Start amoxicillin ten fifty milligrams.", None),
        ("Start amoxicillin zero milligrams.", None),
        ("Take half of a 25 mg tablet of carvedilol.", "25 mg, 0.5 tablet"),
        ("Take a tablet and a half of bisoprolol.", "1.5 tablets"),
        ("Take a gram of paracetamol.", "1 g"),
        ("Take vitamin B12 1000 micrograms daily.", "1000 mcg"),
        ("Take a tablet of loratadine every day.", "1 tablet"),
        ("Ibuprofen suspension 20 mg/mL, 5 mL three times a day.", "5 mL"),
        ("You can take one to two 5 mg diazepam tablets.", "5 mg"),
        ("You can take one to two five milligram tablets of diazepam.", None),
        ("Penicillin V 500 mg four times a day, that's two 250 mg tablets each time.", "500 mg"),
        ("Trazodone 50 mg, half a tablet to start with.", "50 mg, 0.5 tablet"),
        ("Lantus eighteen units at night and Zelvarapid six units with each meal.", "18 units"),
        ("I'd rather you take 81 mg aspirin than 325 mg.", "81 mg"),
        ("Increase your insulin by 2 units every three days until you reach 20 units.", None),
        ("Your triglycerides were 240 milligrams per deciliter on atorvastatin.", None),
    ],
)
def test_a_dose_is_what_was_said_or_nothing(said: str, dosage: str | None) -> None:
    assert medicine(said).get("dosage") == dosage


@pytest.mark.parametrize(
    "said",
    [
        "Take naproxen 250 mg twice a day, never more than 1000 mg in a day.",
        "Take naproxen 250 mg as needed, at most 1250 mg daily.",
        "You can have naproxen 250 mg every eight hours, but stay under one gram a day.",
        "Naproxen 250 mg twice a day, 1000 mg is the maximum.",
        "Naproxen 250 mg twice a day, 1000 mg a day at most.",
        "Take naproxen 250 mg. The limit is four tablets.",
        "Take naproxen 250 mg. You should not exceed 1250 mg.",
        "Take naproxen 250 mg, and don't go above 1000 mg.",
        "Take naproxen 250 mg, you can take up to 1000 mg a day.",
    ],
)
def test_a_limit_is_no_dose(said: str) -> None:
    assert medicine(said)["dosage"] == "250 mg"


@pytest.mark.parametrize(
    "said",
    [
        "Do not take more than 3 grams of acetaminophen a day.",
        "Take no more than 8 tablets of acetaminophen in 24 hours.",
        "Up to 3 grams of acetaminophen is safe.",
    ],
)
def test_a_limit_alone_leaves_the_dose_and_its_frequency_open(said: str) -> None:
    assert not medicine(said).keys() & {"dosage", "frequency"}


@pytest.mark.parametrize(
    ("said", "dosage"),
    [
        ("We will reduce the sertraline from 100 mg to 50 mg.", "50 mg"),
        ("Lower the levothyroxine to 75 micrograms, you used to take 100 micrograms.", "75 mcg"),
        ("Go up on the losartan from 50 to 100.", "100"),
        ("Change bisoprolol from 2.5 to 5 milligrams daily.", "5 mg"),
        ("Take furosemide 40 mg rather than 20 mg.", "40 mg"),
        ("I'll put up your levothyroxine by twenty five to seventy five micrograms.", "75 mcg"),
        ("Take 20 mg instead of 10 mg of atorvastatin.", "20 mg"),
        ("I was taking omeprazole 20 mg but now it is 40 mg.", "40 mg"),
        ("You were on amlodipine 5 mg, we will double it to 10 mg.", "10 mg"),
        ("Prednisone 5 mg a day, it was 10 mg last month.", "5 mg"),
        ("I take metformin. It was 500 mg before, now it is 1000 mg.", "1000 mg"),
        ("Take levothyroxine 88 micrograms, not 100 micrograms.", "88 mcg"),
        ("Take baclofen 10 mg instead of the 5 mg and 15 mg you had.", "10 mg"),
        ("Let's bump your lisinopril up to 40 mg.", "40 mg"),
        ("Take metoprolol 25 mg before meals.", "25 mg"),
        ("I used to take 20 mg of atorvastatin.", None),
        ("Increase the amlodipine by 5 mg.", None),
        ("I'm going to drop your prednisolone from twenty to fifteen milligrams.", "15 mg"),
        ("I would have given you tramadol 100 mg but with your kidneys 50 mg is plenty.", "50 mg"),
        ("You should have been on apixaban 5 mg but you were only given 2.5 mg.", "2.5 mg"),
        ("Tresiba twenty two units, if the morning sugar is over 130 add two units.", "22 units"),
        ("Take an extra 20 mg of furosemide if your weight goes up.", None),
        ("He had been on 10 mg of prednisolone, but since Monday he's only on 5.", "5 mg"),
        ("The losartan was 100 mg but now it's 50.", "50 mg"),
        ("I'd planned on 50 mg of sertraline but let's make it 25.", "25 mg"),
        ("You were supposed to be on 40 mg of pantoprazole but let's leave it at 20.", "20 mg"),
        ("You were on 5 mg of amlodipine and your pulse is now 90.", None),
        ("I was on 40 mg of furosemide and slept in room 12.", None),
    ],
)
def test_the_old_dose_and_the_change_of_it_are_not_the_dose(said: str, dosage: str | None) -> None:
    assert medicine(said).get("dosage") == dosage


@pytest.mark.parametrize(
    ("said", "dosage"),
    [
        ("Start sertraline 50 mg, next month we will increase it to 100 mg.", "50 mg"),
        ("Start lisinopril 10 mg, and if the pressure stays high we could go to 20 mg.", "10 mg"),
        ("Start amitriptyline 10 mg at night and increase by 10 mg every week.", "10 mg"),
        ("Take gabapentin 300 mg. We may go up to 600 mg.", "300 mg"),
        ("I think we could increase your lisinopril to 40 mg.", "40 mg"),
        ("Start at 0.25 mg of semaglutide a week and work your way up to 1 mg.", "0.25 mg"),
        ("Insulin, ten units now and twelve units tomorrow.", "10 units"),
        ("Diazepam 5 mg tonight, 2 mg tomorrow night and 2 mg the night after.", "5 mg"),
        ("They started me on 10 mg of lisinopril and then went up to 20 mg.", "20 mg"),
        ("You're on spironolactone 25 mg. We'll go to 50.", "50 mg"),
        ("You're on spironolactone 25 mg. Your sodium went up to 140.", "25 mg"),
        ("Increase lisinopril to 20 mg and come back in two weeks.", "20 mg"),
        ("Take lisinopril 20 mg once a day, come back next month.", "20 mg"),
    ],
)
def test_what_may_come_later_is_not_the_dose(said: str, dosage: str) -> None:
    assert medicine(said)["dosage"] == dosage


@pytest.mark.parametrize(
    ("said", "dosage"),
    [
        (
            "Take levetiracetam 500 mg in the morning and 750 mg in the evening.",
            "500 mg in the morning, 750 mg in the evening",
        ),
        ("Take one tablet of baclofen in the morning and two at night.", "1 tablet in the morning, 2 tablets at night"),
        (
            "Insulin glargine 20 units in the morning, 12 units at bedtime.",
            "20 units in the morning, 12 units at bedtime",
        ),
        ("In the morning take 30 mg of nifedipine and at night 60 mg.", "30 mg in the morning, 60 mg at night"),
        (
            "I take glipizide 5 mg before breakfast and 2.5 mg after dinner.",
            "5 mg before breakfast, 2.5 mg after dinner",
        ),
        ("Warfarin, 3 mg Monday to Friday and 4 mg at weekends.", "3 mg Monday to Friday, 4 mg at weekends"),
        ("Gabapentin 300 in the morning and 600 at night.", "300 in the morning, 600 at night"),
        ("Take furosemide 40 mg in the morning. And 20 mg at noon.", "40 mg in the morning, 20 mg at noon"),
        ("Continue warfarin 5 mg on weekdays and 7.5 mg on Sundays.", "5 mg on weekdays, 7.5 mg on Sundays"),
        (
            "Metformin 500 mg, one tablet with breakfast and two with dinner.",
            "500 mg, 1 tablet with breakfast, 2 tablets with dinner",
        ),
    ],
)
def test_the_doses_of_a_day_are_kept_apart(said: str, dosage: str) -> None:
    item = medicine(said)
    assert item["dosage"] == dosage
    assert ", ".join(f"{part['dosage']} {part['when']}" for part in item["doses"]) in dosage
    assert item["frequency"] == ", ".join(part["when"] for part in item["doses"])


def test_one_time_of_the_day_is_a_frequency() -> None:
    item = medicine("Take furosemide 40 mg in the morning.")
    assert (item["dosage"], item["frequency"]) == ("40 mg", "in the morning")
    assert "doses" not in item


@pytest.mark.parametrize(
    ("said", "steps"),
    [
        (
            "Prednisone 60 mg for five days, then 40 mg for six days, then 20 mg for two days, then 10 mg for a day.",
            [("60 mg", "5 days"), ("40 mg", "6 days"), ("20 mg", "2 days"), ("10 mg", "1 day")],
        ),
        (
            "Azithromycin 500 mg on day one, then 250 mg daily for four days.",
            [("500 mg", "1 day"), ("250 mg", "4 days")],
        ),
        (
            "Start lamotrigine 25 mg for two weeks, then go up to 50 mg for two weeks, followed by 100 mg.",
            [("25 mg", "2 weeks"), ("50 mg", "2 weeks"), ("100 mg", None)],
        ),
        (
            "Prednisolone 30 mg for a week. Then 20 mg for a week.",
            [("30 mg", "1 week"), ("20 mg", "1 week")],
        ),
        ("Take prednisone 50 mg for 3 days, 25 for 3 days.", [("50 mg", "3 days"), ("25 mg", "3 days")]),
    ],
)
def test_a_taper_is_told_in_steps_and_begins_with_the_first(said: str, steps: list[tuple[str, str | None]]) -> None:
    item = medicine(said)
    assert [(step["dosage"], step.get("duration")) for step in item["steps"]] == steps
    assert item["dosage"] == steps[0][0]
    assert "duration" not in item


def test_each_drug_has_the_dose_of_its_own_clause() -> None:
    said = "Doctor: Switch from simvastatin 40 mg to rosuvastatin 10 mg, and keep aspirin at 81 mg."
    result = extract("medications", said)
    assert isinstance(result, Extraction)
    assert [(item["name"], item.get("dosage")) for item in result.data if isinstance(item, dict)] == [
        ("Simvastatin", None),
        ("Rosuvastatin", "10 mg"),
        ("Aspirin", "81 mg"),
    ]


def test_a_new_dose_takes_the_place_of_a_taper_said_before() -> None:
    item = medicine(
        "Take prednisone 40 mg for 3 days, then 20 mg for 3 days.\nDoctor: Sorry, take prednisone 10 mg daily."
    )
    assert item["dosage"] == "10 mg"
    assert "steps" not in item


@pytest.mark.parametrize(
    "said",
    [
        "Please stop the piroxicam 20 mg.",
        "Stop the piroxicam. Have 20 mg of the other one.",
    ],
)
def test_what_the_doctor_stops_has_no_dose(said: str) -> None:
    assert {key: value for key, value in medicine(said).items() if key not in {"name", "source"}} == {"action": "stop"}


def test_a_swap_gives_the_dose_to_the_new_medicine() -> None:
    result = extract("medications", "Doctor: We are swapping your simvastatin 40 mg for rosuvastatin 5 mg.")
    assert isinstance(result, Extraction)
    assert [item.get("dosage") for item in result.data if isinstance(item, dict)] == [None, "5 mg"]


@pytest.mark.parametrize(
    ("said", "dosage"),
    [
        ("How much liothyronine do you take?\nPatient: 20 micrograms.", "20 mcg"),
        ("What dose of bisoprolol are you on?\nPatient: Seven point five.", "7.5"),
        ("Are you taking the metformin?\nPatient: Yes, five hundred twice a day.", "500"),
        ("What strength is the atorvastatin?\nPatient: I think it's the forty one.", None),
        ("How many cycles of paclitaxel have you had?\nPatient: I've had six.", None),
    ],
)
def test_an_answer_of_a_dose_alone_is_the_dose_asked_for(said: str, dosage: str | None) -> None:
    assert medicine(said).get("dosage") == dosage


def test_a_limit_said_before_the_dose_is_told_from_it() -> None:
    assert medicine("Don't go above 4 mg of tizanidine. Take 2 mg at night.")["dosage"] == "2 mg"


@pytest.mark.parametrize(
    "said",
    [
        "Doctor: Take half of the 50 mg atenolol.",
        "Doctor: Take a quarter of your 100 mg trazodone.",
        "Doctor: Take warfarin 3 mg and 4 mg on alternate days.",
        "Doctor: Alternate furosemide 20 mg and 40 mg.",
    ],
)
def test_a_part_of_a_strength_and_strengths_by_turns_are_no_dose(said: str) -> None:
    result = extract("medications", said)
    assert isinstance(result, Extraction)
    assert [
        str(item.get("dosage", ""))
        for item in result.data
        if isinstance(item, dict) and "mg" in str(item.get("dosage"))
    ] == []
