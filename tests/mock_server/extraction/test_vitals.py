"""Vital signs: each with the value beside its word, of today, with a unit that was said or is certain."""

from __future__ import annotations

from typing import Any

import pytest

from mock_server.extraction import Extraction, extract


def vitals(said: str) -> dict[str, Any]:
    result = extract("vitals", f"Nurse: {said}")
    data = result.data if isinstance(result, Extraction) else {}
    assert isinstance(data, dict)
    return data


def values(said: str) -> dict[str, Any]:
    return {name: item["value"] for name, item in vitals(said).items()}


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("Her temp was 37.4 and the sats were 96 percent.", {"temperature": 37.4, "oxygen_saturation": 96}),
        ("68 was the pulse, 97 percent was the oxygen.", {"heart_rate": 68, "oxygen_saturation": 97}),
        ("Sixty eight was the pulse and fifteen the respiratory rate.", {"heart_rate": 68, "respiratory_rate": 15}),
        (
            "BP 142/88, HR 91, RR 17, temp 99.1, sat 95% on room air.",
            {
                "blood_pressure": "142/88",
                "temperature": 99.1,
                "heart_rate": 91,
                "respiratory_rate": 17,
                "oxygen_saturation": 95,
            },
        ),
        (
            "Blood pressure one oh eight over sixty four pulse ninety two temp thirty six point nine",
            {"blood_pressure": "108/64", "temperature": 36.9, "heart_rate": 92},
        ),
        ("O2 sat is 95, SpO2 by the other finger 96.", {"oxygen_saturation": 96}),
        ("Your pulse was a little high at 104.", {"heart_rate": 104}),
        ("Your temperature is 39 and you are 45 years old.", {"temperature": 39}),
        ("Your blood pressure is 134 by 86.", {"blood_pressure": "134/86"}),
        ("Blood pressure is one sixty over a hundred.", {"blood_pressure": "160/100"}),
        ("Your heart rate your oxygen is 97 percent.", {"oxygen_saturation": 97}),
        ("He's 11.4 kilos and 82 centimetres tall today.", {"weight": 11.4}),
        ("What does he weigh?\nParent: About 14 kilos.", {"weight": 14}),
        ("You've lost weight, you're 68 kilos now, you were 72 in March.", {"weight": 68}),
        ("Your temperature is thirty-nine two.", {"temperature": 39.2}),
        ("Temp 38 4 and pulse 96.", {"temperature": 38.4, "heart_rate": 96}),
        ("Temperature ninety-eight six, heart rate eighty.", {"temperature": 98.6, "heart_rate": 80}),
        ("Temperature is one hundred and one three.", {"temperature": 101.3}),
        ("Heart rate's 120 and she's 38.8.", {"heart_rate": 120, "temperature": 38.8}),
        ("Has he had a fever?\nParent: Since last night.\nNurse: Well, he's 39.4.", {"temperature": 39.4}),
        ("You've lost five pounds since the spring, 151 now.", {"weight": 151}),
        ("Your pulse was 120 last night?\nPatient: Yes.\nNurse: Pulse first.\nNurse: It's 72 now.", {"heart_rate": 72}),
        ("For the pulse, I count twenty in fifteen seconds, so eighty.", {"heart_rate": 80}),
        ("Your temperature is 36.9, that's normal, is it?", {"temperature": 36.9}),
    ],
)
def test_each_sign_has_the_value_beside_its_word(said: str, expected: dict[str, Any]) -> None:
    assert values(said) == expected


@pytest.mark.parametrize(
    ("said", "name", "unit"),
    [
        ("Your temperature is 99.2.", "temperature", "°F"),
        ("Your temperature is 38,3.", "temperature", "°C"),
        ("Your temperature is 101 degrees.", "temperature", "°F"),
        ("Your weight is 171 today.", "weight", None),
        ("You weigh eighty five kilos.", "weight", "kg"),
        ("Weight one ninety four pounds.", "weight", "lb"),
        ("You are 172 centimetres tall.", "height", "cm"),
        ("Blood sugar was 140.", "blood_glucose", "mg/dL"),
        ("Blood sugar was 7.4.", "blood_glucose", "mmol/L"),
        ("Blood sugar was 36 mg/dL.", "blood_glucose", "mg/dL"),
        ("Glucose 145 mg/dL.", "blood_glucose", "mg/dL"),
        ("Breathing rate 18 times a minute.", "respiratory_rate", "breaths/min"),
    ],
)
def test_a_unit_is_given_only_where_it_was_said_or_is_certain(said: str, name: str, unit: str | None) -> None:
    assert vitals(said)[name].get("unit") == unit


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("Your blood pressure is 126 over 78 today, last year it was 155 over 95.", {"blood_pressure": "126/78"}),
        ("It was 155 over 95 last spring and it's 126 over 78 now.", {"blood_pressure": "126/78"}),
        ("Your pressure was 148 over 92 at home, but here it is 132 over 84.", {"blood_pressure": "132/84"}),
        ("Your heart rate was 110, now it is 84.", {"heart_rate": 84}),
        ("Your pulse was racing at 130 when you came in, it's 84 now.", {"heart_rate": 84}),
        ("Your blood pressure is still above target at 146 over 90.", {"blood_pressure": "146/90"}),
        ("It is well controlled at 124/76, below our goal of 130/80.", {"blood_pressure": "124/76"}),
        ("Your resting pulse should be about 60 to 70 but it's 92 today.", {"heart_rate": 92}),
        ("The target for your blood pressure is 130 over 80 and today it's 142 over 88.", {"blood_pressure": "142/88"}),
        ("Your temperature has come down from 39.2 to 37.6.", {"temperature": 37.6}),
        ("Your weight is down 10 pounds to 190 pounds.", {"weight": 190}),
        ("Last week your pulse was 110 and your temperature 38.5.", {}),
        ("At home your blood pressure has been 150 over 90.", {}),
        ("He had a fever of 39.4 last night.", {}),
        ("My cuff says 150 over 90 most evenings.", {}),
    ],
)
def test_a_value_is_todays_and_read_off_here(said: str, expected: dict[str, Any]) -> None:
    assert values(said) == expected


@pytest.mark.parametrize(
    "said",
    [
        "I want your pressure below 130 over 80.",
        "Come back if your temperature is over 38.5.",
        "A pulse between 60 and 80 is what we hope for.",
        "You lost 5 kilos of weight.",
        "She weighs seven pounds six ounces.",
        "He weighs 12 stone 4.",
        "Your temperature is 101 degrees celsius.",
        "My mother's blood pressure is 180 over 100.",
        "The drip gave 100 over 60 minutes.",
        "The pressure in my chest is 8 out of 10.",
        "Your pulse is 95 percent.",
        "Your oxygen is on 2 liters.",
        "Don't lift more than 10 pounds.",
        "The bag is 20 pounds.",
        "My blood pressure at the pharmacy was 145 over 92.",
        "He's 38.5 now.",
        "He had a fever of one hundred three last night.",
        "She's thirty-eight four months pregnant.",
        "Take the temperature thirty-eight four times.",
        "I know his shoe size, it's thirty-eight four.",
        "You've put on two kilos since June.",
        "How old is the house?\nPatient: It's 68 now.",
        "Your pulse and your oxygen.\nNurse: It's 96 now.",
        "Is your temperature 38.4, that's high, is it?",
    ],
)
def test_what_is_not_a_measurement_of_today_is_no_vital_sign(said: str) -> None:
    assert values(said) == {}
