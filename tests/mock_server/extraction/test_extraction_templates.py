"""The seven standard templates: their shapes, and nothing that was not said."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mock_server.extraction import TEMPLATES, Extraction, Shortfall, Turn, extract, turns

STANDARD = ("transcript", "soap", "medications", "discharge_summary", "referral_letter", "hpi", "vitals")
CONSULTATION = """\
Doctor: Hello, what can I do for you?
Patient: My knee has been swollen since Monday, and it hurts when I climb stairs.
Doctor: Have you had any fever?
Patient: No, but I feel tired.
Doctor: Do you take anything for it?
Patient: I take four hundred milligrams of ibuprofen twice a day.
Doctor: Your blood pressure is 132 over 84, your pulse is 72 and the temperature is 98.6.
Doctor: On exam I can feel some fluid in the knee.
Doctor: It looks like bursitis to me.
Doctor: I will refer you to an orthopedic specialist. Keep taking the ibuprofen for ten days.
"""


def data(template: str, transcript: str = CONSULTATION) -> Any:
    result = extract(template, transcript)
    assert isinstance(result, Extraction)
    return result.data


def sources(value: Any) -> list[dict[str, Any]]:
    if isinstance(value, list):
        return [source for item in value for source in sources(item)]
    if not isinstance(value, dict):
        return []
    here = [value] if "sentence" in value else []
    return here + [source for item in value.values() for source in sources(item)]


def test_the_seven_standard_templates_are_known() -> None:
    assert tuple(TEMPLATES) == STANDARD
    assert all(template.id == name for name, template in TEMPLATES.items())


def test_an_unknown_template_is_a_key_error() -> None:
    with pytest.raises(KeyError):
        extract("horoscope", CONSULTATION)


@pytest.mark.parametrize("template", STANDARD)
def test_every_template_says_something_about_a_real_consultation(template: str) -> None:
    assert data(template)


@pytest.mark.parametrize("template", STANDARD)
def test_data_is_plain_json_and_the_same_every_time(template: str) -> None:
    assert json.loads(json.dumps(data(template))) == data(template) == data(template, CONSULTATION + " ")


def test_soap_sorts_the_speakers_own_sentences() -> None:
    note = data("soap")
    assert "My knee has been swollen since Monday" in note["subjective"]
    assert "some fluid in the knee" in note["objective"]
    assert note["assessment"] == "It looks like bursitis to me."
    assert note["plan"].startswith("I will refer you to an orthopedic specialist.")
    assert {item["field"] for item in note["evidence"]} == {"subjective", "objective", "assessment", "plan"}


def test_vitals_have_value_unit_and_source() -> None:
    found = data("vitals")
    assert found["blood_pressure"]["value"] == "132/84"
    assert (found["heart_rate"]["value"], found["heart_rate"]["unit"]) == (72, "beats/min")
    assert (found["temperature"]["value"], found["temperature"]["unit"]) == (98.6, "°F")
    assert found["temperature"]["source"]["turn"] == 6


def test_vitals_are_read_in_words() -> None:
    found = data("vitals", "Your blood pressure is one twenty over eighty. You weigh one hundred and fifty pounds.")
    assert found["blood_pressure"]["value"] == "120/80"
    assert (found["weight"]["value"], found["weight"]["unit"]) == (150, "lb")


def test_several_vitals_in_a_sentence_keep_apart() -> None:
    said = "Temperature ninety eight point six, pulse seventy two, your pulse ox is ninety eight percent on room air."
    found = data("vitals", said)
    assert {name: item["value"] for name, item in found.items()} == {
        "temperature": 98.6,
        "heart_rate": 72,
        "oxygen_saturation": 98,
    }


def test_a_goal_is_no_measurement() -> None:
    assert data("vitals", "Doctor: Your oxygen saturation should be above 92 percent.") == {}


def test_a_referral_names_its_reason() -> None:
    assert "orthopedic specialist" in data("referral_letter")["reason"][0]["text"]


def test_the_history_begins_with_the_complaint() -> None:
    assert data("hpi")["chief_complaint"]["source"]["turn"] == 1


def test_a_discharge_summary_has_findings_medicines_and_instructions() -> None:
    summary = data("discharge_summary")
    assert {"presentation", "examination", "vitals", "diagnoses", "medications", "instructions"} <= summary.keys()


def test_the_transcript_is_given_by_turns() -> None:
    said = data("transcript", "Doctor: Hello.\nPatient: Hi.\nIt hurts.")
    assert said["turns"] == [{"speaker": "Doctor", "text": "Hello."}, {"speaker": "Patient", "text": "Hi.\nIt hurts."}]


@pytest.mark.parametrize("template", STANDARD[1:])
def test_small_talk_leaves_a_template_empty(template: str) -> None:
    assert not data(template, "Doctor: Good morning.\nPatient: Good morning.")


@pytest.mark.parametrize("transcript", ["", "  \n ", "...", "Doctor: \nPatient: ", "\u266a \u266a"])
@pytest.mark.parametrize("template", STANDARD)
def test_without_words_there_is_a_shortfall(template: str, transcript: str) -> None:
    assert extract(template, transcript) == Shortfall(
        "insufficient_audio", "The transcript has no words to extract from"
    )


@pytest.mark.parametrize(
    ("transcript", "expected"),
    [
        ("Doctor: Hi.\nPatient: Hello.", (Turn("Doctor", "Hi."), Turn("Patient", "Hello."))),
        ("[doctor] hi\n[patient] hello", (Turn("doctor", "hi"), Turn("patient", "hello"))),
        ("Speaker 1: Hi.\nSpeaker 2: Yo.\nSpeaker 1: So.\nSpeaker 2: Hm.", tuple(
            Turn(f"Speaker {n}", text) for n, text in ((1, "Hi."), (2, "Yo."), (1, "So."), (2, "Hm."))
        )),
        ("Just words. Note: nothing else.", (Turn(None, "Just words. Note: nothing else."),)),
        ("Remember: rest.", (Turn(None, "Remember: rest."),)),
        ("", ()),
    ],
)  # fmt: skip
def test_turns_are_read_from_labels_and_from_plain_text(transcript: str, expected: tuple[Turn, ...]) -> None:
    assert turns(transcript) == expected


_VOCABULARY = """
    no yes any I take fever cough chest pain lisinopril ibuprofen 20 mg twenty milligrams twice a day my mother if you
    have blood pressure is 120 / 80 over increase stop and but the not n't it hurts . ? ,
"""
_WORDS = st.sampled_from([*_VOCABULARY.split(), "\nDoctor:", "\nPatient:", "\n"])
_SPEECH = st.lists(_WORDS, max_size=60).map(" ".join)


@settings(deadline=None, max_examples=60)
@given(transcript=st.one_of(_SPEECH, st.text(max_size=300)), template=st.sampled_from(STANDARD))
def test_every_source_sentence_stands_verbatim_in_the_turn_it_names(transcript: str, template: str) -> None:
    result = extract(template, transcript)
    if isinstance(result, Extraction):
        said = turns(transcript)
        assert all(source["sentence"] in said[source["turn"]].text for source in sources(result.data))
        assert all(
            source["sentence"] in transcript.replace("\r", "\n")
            for source in sources(result.data)
            if "\n" not in source["sentence"]
        )


@settings(deadline=None, max_examples=60)
@given(transcript=st.text(alphabet="bcdfgjkqvwxz \n.?:,'0123456789", max_size=400))
def test_gibberish_yields_nothing(transcript: str) -> None:
    for template in STANDARD[1:]:
        result = extract(template, transcript)
        assert isinstance(result, Shortfall) or not result.data


#: Linear work on this length takes a few seconds for all seven; quadratic work would take hours.
@pytest.mark.timeout(60)
@pytest.mark.parametrize(
    "piece",
    [
        "? ",
        "Doctor: any pain?\n",
        "take lisinoprl 20 mg ",
        "one hundred and ",
        "pain in the my the ",
        "a",
        "um , so well ",
        "1",
    ],
)
def test_two_hundred_kilobytes_of_anything_are_finished(piece: str) -> None:
    transcript = (piece * (200_000 // len(piece) + 1))[:200_000]
    for template in STANDARD:
        extract(template, transcript)
