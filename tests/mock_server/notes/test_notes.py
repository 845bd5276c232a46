"""Notes of an endpoint: what was said is kept and shown as the rules' own, what was not is left out and told."""

from __future__ import annotations

import contextlib
import json
import logging
import socket
import subprocess
import sys
import threading
import time

import httpx
import pytest

from mock_server.extraction import Extraction, Shortfall
from mock_server.notes import KEY, endpoint, open_notes
from mock_server.pipeline.outcome import filled
from scribe_data import recordings
from tests.mock_server.notes.conftest import EMPTY
from tests.proof.process import serving

TALK = """\
Doctor: What can I do for you?
Patient: I have had a cough for ten days, and no fever. My mother has asthma.
Doctor: Any allergies?
Patient: Yes, penicillin, it gave me a rash.
Doctor: Your temperature is 37.2 and your pulse is 72.
Doctor: This is bronchitis. Take paracetamol 500 mg three times a day, no more than 4 grams a day.
"""
COUGH = "I have had a cough for ten days, and no fever."
TAKE = "Take paracetamol 500 mg three times a day, no more than 4 grams a day."


def medicine(**given):
    unsaid = dict.fromkeys(("dosage", "frequency", "route", "duration", "action"))
    return {**unsaid, "quote": TAKE, **given}


def written(stub, template="soap", talk=TALK, **given):
    stub.answers = [{**EMPTY, **given}]
    found = open_notes(f"openai:{stub.url}", "m", {}).extract(template, talk)
    assert isinstance(found, Extraction)
    return found


def test_what_was_said_is_kept_with_its_sentence(stub):
    found = written(
        stub,
        subjective=[
            {"text": "Dry cough for 10 days, afebrile.", "quote": "no fever, I had it for ten days"},
            {"text": "Cough for 10 days.", "quote": COUGH},
        ],
        plan=[{"text": "Paracetamol 500 mg.", "quote": TAKE}],
        findings=[{"finding": "fever", "polarity": "absent", "quote": COUGH}],
        allergies=[{"name": "Penicillin", "reaction": "rash", "quote": "Yes, penicillin, it gave me a rash."}],
    )
    assert (found.data["subjective"], found.data["plan"]) == ("Cough for 10 days.", "Paracetamol 500 mg.")
    assert found.data["evidence"][0] == {
        "field": "subjective",
        "text": "Cough for 10 days.",
        "turn": 1,
        "sentence": COUGH,
    }
    assert [(one["finding"], one["polarity"]) for one in found.data["findings"]] == [("fever", "absent")]
    assert [(one["name"], one["reaction"]) for one in found.data["allergies"]] == [("Penicillin", "rash")]
    assert found.unsaid == ("Dry cough for 10 days, afebrile.: nobody said 'no fever, I had it for ten days'",)


@pytest.mark.parametrize(
    ("kind", "item", "why"),
    [
        ("plan", {"text": "Start amoxicillin.", "quote": TAKE}, "amoxicillin was not said"),
        ("plan", {"text": "Paracetamol 650 mg.", "quote": TAKE}, "650 was not said"),
        ("plan", {"text": "Stop paracetamol.", "quote": TAKE}, "stop was not said there"),
        ("plan", {"text": "Paracetamol 500 g.", "quote": TAKE}, "g was not said there"),
        ("subjective", {"text": "Cough for 10 weeks.", "quote": COUGH}, "weeks was not said there"),
        ("subjective", {"text": "Wants to die.", "quote": COUGH}, "wants was not said there"),
        ("subjective", {"text": "Has asthma.", "quote": "My mother has asthma."}, "asthma was not said of the patient"),
        (
            "assessment",
            {"text": "Not bronchitis.", "quote": "This is bronchitis."},
            "bronchitis was said to be present",
        ),
        (
            "objective",
            {"text": "Not 37.2.", "quote": "Your temperature is 37.2 and your pulse is 72."},
            "nothing is denied",
        ),
        ("subjective", {"text": "Has chest pain.", "quote": COUGH}, "chest pain was not said"),
        ("subjective", {"text": "Fever.", "quote": COUGH}, "fever was said to be absent"),
        ("subjective", {"text": "No cough.", "quote": COUGH}, "cough was said to be present"),
        ("subjective", {"text": "A co\ufffdgh.", "quote": COUGH}, "it has characters that no note has"),
        ("findings", {"finding": "fever", "polarity": "present", "quote": COUGH}, "the patient was not said"),
        ("findings", {"finding": "asthma", "polarity": "present", "quote": "My mother has asthma."}, "was not said to"),
        ("findings", {"finding": "plague", "polarity": "present", "quote": COUGH}, "was not said to have"),
        ("allergies", {"name": "paracetamol", "reaction": None, "quote": TAKE}, "it was not said not to be borne"),
        ("vitals", {"name": "temperature", "value": "38.2", "quote": "Your temperature is 37.2"}, "not said to be"),
        ("allergies", {"name": "mother", "reaction": None, "quote": COUGH}, "it was not said not to be borne"),
        ("medications", medicine(name="ibuprofen"), "it was not said"),
        ("medications", medicine(name="Not paracetamol"), "it was not said"),
        ("medications", medicine(name="paracetamol\u202e"), "characters that no note has"),
        ("medications", medicine(name="penicillin", quote="Yes, penicillin, it gave me a rash."), "medicine of the"),
        ("medications", medicine(name="zorblax"), "it was not said"),
    ],
)
def test_what_was_not_said_is_left_out_and_told(stub, kind, item, why):
    template = {"medications": "medications", "vitals": "vitals"}.get(kind, "soap")
    found = written(stub, template, **{kind: [item]})
    assert len(found.unsaid) == 1
    assert why in found.unsaid[0]
    told = found.data if template != "soap" else {key: value for key, value in found.data.items() if key == kind}
    assert not told


def test_a_dose_that_was_not_said_costs_the_dose_and_not_the_medicine(stub):
    (kept,) = written(stub, "medications", medications=[medicine(name="Paracetamol", dosage="650 mg")]).data
    assert (kept["name"], kept.get("dosage")) == ("Paracetamol", None)
    found = written(stub, "medications", medications=[medicine(name="Paracetamol", dosage="500 mg")])
    assert found.data[0]["dosage"] == "500 mg"
    assert found.data[0]["source"] == {"turn": 5, "sentence": TAKE}
    assert found.unsaid == ()


@pytest.mark.parametrize(
    "told",
    [{"action": "stop"}, {"frequency": "every hour"}, {"route": "intravenous"}, {"dosage": "500 mg until death"}],
)
def test_of_a_medicine_only_what_was_said_of_it_is_kept(stub, told):
    found = written(stub, "medications", medications=[medicine(name="Paracetamol", **told)])
    assert not told.keys() & found.data[0].keys()
    assert len(found.unsaid) == 1


def test_vitals_have_the_unit_of_the_rules(stub):
    quote = "Your temperature is 37.2 and your pulse is 72."
    found = written(stub, "vitals", vitals=[{"name": "heart_rate", "value": "72", "quote": quote}])
    assert found.data == {"heart_rate": {"value": 72, "unit": "beats/min", "source": {"turn": 4, "sentence": quote}}}


def test_one_question_fills_all_templates_and_the_transcript_is_not_asked_for(stub):
    notes = open_notes(f"openai:{stub.url}", "m", {KEY: "sk-secret"})
    assert [one.status for one in filled(("transcript", "soap", "hpi", "vitals"), TALK, notes)] == ["success"] * 4
    assert stub.keys == ["Bearer sk-secret"]
    (asked,) = stub.asked
    assert (asked["model"], asked["temperature"]) == ("m", 0)
    assert COUGH in asked["messages"][1]["content"]


KEYED = "sk-secret-0/1"


@pytest.mark.parametrize(
    ("answers", "told"),
    [
        ([(500, "no")], "answered 500."),
        ([(401, "x" * 195 + KEYED)], "answered 401."),
        ([(401, json.dumps(KEYED).replace("/", "\\/"))], "answered 401."),
        ([(200, "[]")], "answered with what is no chat completion."),
        (["not JSON"], "answered with a message that is no JSON."),
        (["[1]"], "answered with JSON that is no object."),
        (['{"\\ud800": 1}'], "answered with a message that is no JSON."),
        ([{**EMPTY, "plan": [{"text": f"My key is {KEYED}.", "quote": "x"}]}], "answered with the key"),
        ([{**EMPTY, "plan": [{"text": "x"}]}], "another document than was asked for, at plan/0"),
        (['{"plan":' + "[" * 100 + "]" * 100 + "}"], "another document than was asked for, at"),
        (
            ['{"plan":' + "[" * 900 + "]" * 900 + "}"],
            "a message that is nested deeper than 200 levels.",
        ),
        ([(200, "[" * 100_000)], "answered with what is no chat completion."),
        ([(200, "x" * (3 << 20))], "answered with more than 2097152 bytes."),
    ],
)
def test_an_endpoint_that_gives_nothing_to_use_fails_the_template_and_says_why(stub, answers, told, caplog):
    stub.answers = answers
    notes = open_notes(f"openai:{stub.url}", "m", {KEY: KEYED})
    with caplog.at_level(logging.WARNING):
        found = notes.extract("soap", TALK)
    assert isinstance(found, Shortfall)
    assert found.code == "extraction_failed"
    assert told in found.message
    assert "sk-secret" not in found.message + caplog.text


def test_a_second_try_may_do_better_and_a_server_without_schemas_is_asked_without(stub):
    stub.answers = [(503, "busy"), EMPTY]
    assert isinstance(open_notes(f"openai:{stub.url}", "m", {}).extract("soap", TALK), Extraction)
    stub.answers = [(400, "response_format"), EMPTY]
    assert isinstance(open_notes(f"openai:{stub.url}", "m", {}).extract("soap", TALK), Extraction)
    assert [asked["response_format"]["type"] for asked in stub.asked] == [
        "json_schema",
        "json_schema",
        "json_schema",
        "json_object",
    ]


def test_a_talk_of_nothing_is_not_sent(stub):
    notes = open_notes(f"openai:{stub.url}", "m", {})
    assert isinstance(notes.extract("soap", "Doctor: Good morning.\nPatient: Good morning."), Shortfall)
    assert stub.asked == []


def test_the_only_model_is_taken_and_several_are_named(stub):
    open_notes(f"openai:{stub.url}", None, {}).extract("soap", TALK)
    assert stub.asked[0]["model"] == "tiny-scribe"
    stub.models = ["one", "two"]
    with pytest.raises(ValueError, match="it has one, two"):
        open_notes(f"openai:{stub.url}", None, {})


@pytest.mark.parametrize(
    "given", ["openai:", "http://127.0.0.1/v1", "openai:file:///etc/passwd", "openai:http://u:p@h/v1"]
)
def test_what_is_no_endpoint_is_refused_with_the_form(given):
    with pytest.raises(ValueError, match="is not of the form openai:http"):
        open_notes(given, "m", {})
    with pytest.raises(ValueError, match="openai:URL says where"):
        open_notes(None, "m", {})


def test_a_server_asks_the_endpoint_and_tells_in_its_journal_what_it_left_out(stub, tmp_path):
    audio = recordings.load()["visit"].read()
    stub.answers = [{**EMPTY, "plan": [{"text": "Start amoxicillin.", "quote": "Rest in a dark room"}]}]
    with serving(tmp_path, more=["--notes", f"openai:{stub.url}"]) as address, httpx.Client(base_url=address) as client:
        client.headers["Authorization"] = "Bearer sk_test_a"
        order = {"templates": ["soap"], "upload_type": "single", "communication_protocol": "http"}
        session = client.post("/v1/sessions", json=order).json()["session_id"]
        sent = client.put(f"/v1/sessions/{session}/audio/a.wav", content=audio, headers={"Content-Type": "audio/wav"})
        assert sent.is_success
        client.post(f"/v1/sessions/{session}/end")
        client.get(f"/_mock/v1/wait?session={session}&state=completed&timeout=30")
        rows = client.get(f"/_mock/v1/journal/{session}").json()["journal"]
    (row,) = [row for row in rows if row["kind"] == "unsaid"]
    assert row["detail"] == {"left_out": ["Start amoxicillin.: amoxicillin was not said"]}


def test_a_server_whose_endpoint_is_not_there_does_not_start(tmp_path):
    command = [sys.executable, "-m", "mock_server.cli", "serve", "--port", "0", "--data-dir", str(tmp_path)]
    found = subprocess.run(
        [*command, "--notes", "openai:http://127.0.0.1:9/v1"], capture_output=True, text=True, check=False
    )
    assert found.returncode == 2
    assert "http://127.0.0.1:9/v1 lists no models; --notes-model names one." in found.stderr


def endless_head(client):
    for _ in range(1000):
        client.sendall(b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n")
        time.sleep(0.01)


def slow_head(client):
    client.sendall(b"HTTP/1.1 200 OK\r\nX-Slow: ")
    for _ in range(1000):
        client.sendall(b"a")
        time.sleep(0.01)


def packed(client):
    client.sendall(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n" + bytes.fromhex("1f8b0808000000000003"))
    for _ in range(1000):
        client.sendall(b"n" * 1000)
        time.sleep(0.01)


@pytest.fixture(params=[endless_head, slow_head, packed])
def dripping(request):
    """The port of an endpoint that always says a little more."""
    listening = socket.create_server(("127.0.0.1", 0))

    def serve():
        with contextlib.suppress(OSError):
            while True:
                client, _ = listening.accept()
                client.recv(65536)
                with contextlib.suppress(OSError):
                    request.param(client)

    threading.Thread(target=serve, daemon=True).start()
    yield listening.getsockname()[1]
    listening.close()


def test_an_endpoint_that_never_comes_to_an_end_is_left_in_time(dripping, monkeypatch):
    monkeypatch.setattr(endpoint, "_LONGEST_S", 0.5)
    began = time.monotonic()
    found = open_notes(f"openai:http://127.0.0.1:{dripping}/v1", "m", {}).extract("soap", TALK)
    assert isinstance(found, Shortfall)
    assert "did not answer within 0.5 s" in found.message
    assert time.monotonic() - began < 5


def test_whoever_asks_is_let_go_when_the_server_ends(dripping):
    notes = open_notes(f"openai:http://127.0.0.1:{dripping}/v1", "m", {})
    threading.Timer(0.3, notes.close).start()
    began = time.monotonic()
    assert isinstance(notes.extract("soap", TALK), Shortfall)
    assert isinstance(notes.extract("soap", TALK + "Patient: And no rash."), Shortfall)
    assert time.monotonic() - began < 5


def test_a_server_that_ends_waits_for_no_endpoint_and_goes_on_at_its_next_start(stub, tmp_path):
    audio = recordings.load()["visit"].read()
    stub.hold.clear()
    with serving(tmp_path, more=["--notes", f"openai:{stub.url}"]) as address, httpx.Client(base_url=address) as client:
        client.headers["Authorization"] = "Bearer sk_test_a"
        order = {"templates": ["soap"], "upload_type": "single", "communication_protocol": "http"}
        session = client.post("/v1/sessions", json=order).json()["session_id"]
        client.put(f"/v1/sessions/{session}/audio/a.wav", content=audio, headers={"Content-Type": "audio/wav"})
        client.post(f"/v1/sessions/{session}/end")
        assert stub.waits.wait(20)
        began = time.monotonic()
    assert time.monotonic() - began < 10
    stub.hold.set()
    with serving(tmp_path, more=["--notes", f"openai:{stub.url}"]) as address, httpx.Client(base_url=address) as client:
        client.headers["Authorization"] = "Bearer sk_test_a"
        found = client.get(f"/_mock/v1/wait?session={session}&state=completed&seconds=30")
    assert found.status_code == 200
