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


def test_soap_tells_in_short_sentences_of_the_third_person() -> None:
    note = data("soap")
    assert note["subjective"] == (
        "Knee has been swollen since Monday. It hurts when the patient climbs stairs. No fever. Feels tired."
        " Takes 400 mg of ibuprofen twice a day."
    )
    assert note["objective"].startswith("Blood pressure is 132 over 84. Pulse is 72")
    assert note["assessment"] == "Looks like bursitis."
    assert note["plan"] == "Refer to an orthopedic specialist. Keep taking the ibuprofen for 10 days."


def test_every_statement_of_a_note_has_the_sentence_it_was_made_of() -> None:
    note = data("soap")
    told = {part: note[part] for part in ("subjective", "objective", "assessment", "plan")}
    assert {item["field"] for item in note["evidence"]} == told.keys()
    for part, text in told.items():
        assert " ".join(dict.fromkeys(i["text"] for i in note["evidence"] if i["field"] == part)) == text
    likely = next(item for item in note["evidence"] if item["text"] == "Looks like bursitis.")
    assert likely["sentence"] == "It looks like bursitis to me."


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
@pytest.mark.parametrize(
    "transcript",
    [
        "Doctor: Good morning.\nPatient: Good morning.",
        "Doctor: Did you find the building?\nPatient: Yes, the map was good.\nDoctor: The lift is broken, I am sorry.",
        "Patient: Buenos d\u00edas, me duele mucho la espalda desde ayer.",
        "Grommel tirsk. Plinde varo skutt.",
        "Fost the marrip kell the vantor drees the the plim.",
        "Meine Schwester hat Pain und ich habe Husten seit drei Tagen, das ist nicht gut.",
        "Thank you. Thank you. Okay.",
    ],
)
def test_where_nothing_is_told_of_a_patient_there_is_a_shortfall(template: str, transcript: str) -> None:
    result = extract(template, transcript)
    assert isinstance(result, Shortfall)
    assert result.code == "insufficient_audio"


@pytest.mark.parametrize("template", ["soap", "hpi", "discharge_summary", "referral_letter"])
def test_what_one_voice_says_and_no_rule_knows_is_told_as_not_understood(template: str) -> None:
    said = "The gardener planted two rows of beans."
    assert data(template, said) == {"not_understood": [{"turn": 0, "sentence": said}]}
    assert data("medications", said) == []


def test_the_transcript_is_given_whatever_it_says() -> None:
    assert data("transcript", "Doctor: Good morning.")["text"] == "Doctor: Good morning."


@pytest.mark.parametrize("template", STANDARD)
def test_broken_characters_never_pass(template: str) -> None:
    said = "Patient: I don\ufffdt have a fever\ufffd and I\ufffdve had a cough for two days."
    assert "\ufffd" not in json.dumps(data(template, said), ensure_ascii=False)
    if template == "soap":
        found = {item["finding"]: item["polarity"] for item in data(template, said)["findings"]}
        assert found == {"fever": "absent", "cough": "present"}


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
    have blood pressure is 120 / 80 over increase stop and but the not n't it hurts . ? , a half tablet one five zero
    point per mL to from up in the morning then for 3 days 1-2 ½ no more than temperature weight pounds now was
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
        assert isinstance(result, Shortfall)


#: Linear work on this length takes a second or two for all seven; quadratic work would take an hour.
@pytest.mark.timeout(60)
@pytest.mark.parametrize(
    "piece",
    [
        "? ",
        "Doctor: any pain?\n",
        "take lisinoprl 20 mg ",
        "one hundred and ",
        "and ",
        "okay so ",
        "stop ibuprofen start ",
        "pain in the my the ",
        "a",
        "um , so well ",
        "1",
        "1 ",
        "five zero ",
        "lisinopril 5 mg to 10 mg and ",
        "pulse 72 or ",
    ],
)
def test_sixty_kilobytes_of_anything_are_finished(piece: str) -> None:
    transcript = (piece * (60_000 // len(piece) + 1))[:60_000]
    for template in STANDARD:
        extract(template, transcript)


def _medicines(said: str) -> list[dict[str, Any]]:
    result = extract("medications", said)
    assert isinstance(result, Extraction)
    assert isinstance(result.data, list)
    return result.data


def test_what_was_taken_back_is_told_neither_in_prose_nor_as_a_dose_and_stays_in_the_source() -> None:
    said = "Doctor: Take sertraline 100 mg once a day. Sorry, I meant 50 mg."
    (taken,) = _medicines(said)
    assert (taken["dosage"], taken["frequency"]) == ("50 mg", "once daily")
    assert taken["source"]["sentence"] == "Take sertraline 100 mg once a day. Sorry, I meant 50 mg."
    note = extract("soap", said)
    assert isinstance(note, Extraction)
    assert isinstance(note.data, dict)
    assert "100" not in note.data["plan"]


@pytest.mark.parametrize(
    "said",
    [
        "Doctor: Are you on 20 mg? No, wait, let me look.\nPatient: I take ramipril 5 mg.",
        "Patient: I take ramipril 5 mg. Sorry about the 10 minutes, doctor.",
        "Patient: I take ramipril 5 mg. Sorry, 10 minutes late again.",
        "Patient: I take ramipril 5 mg, actually 2 years now.",
        "Doctor: Take ramipril 5 mg. Make it 3 weeks.",
        "Patient: I take ramipril 5 mg, no problems, 2 years now.",
    ],
)
def test_an_apology_or_a_no_that_corrects_nothing_takes_nothing_back(said: str) -> None:
    (taken,) = _medicines(said)
    assert taken["dosage"] == "5 mg"
