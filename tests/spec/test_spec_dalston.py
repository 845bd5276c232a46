"""Realtime sessions: the wire of their socket, a lifecycle whose final states can be deleted, and two revisions."""

from __future__ import annotations

import copy
from collections import Counter

import pytest
from jsonschema import Draft202012Validator

import scribe_data
from scribe_data import SpecError, generate
from scribe_data.model import Leaving
from scribe_data.stream import read_wire

SPEC, TODAY = scribe_data.load("dalston"), scribe_data.load("dalston", "2026-08")
WIRE, LIFECYCLE = SPEC.wire, SPEC.lifecycle
MESSAGES = SPEC.asyncapi["components"]["messages"]
FLAGS = {"RT-WS-002", "RT-WS-003", "RT-AUD-003", "RT-ENH-001"}


def test_every_part_of_the_document_has_its_requirements():
    counts = Counter(name.split("-")[1] for name in SPEC.requirements)
    assert counts == {
        "WS": 7, "DATA": 7, "AUD": 5, "TR": 5, "LIST": 4, "GET": 2, "DL": 2, "DEL": 4, "STAT": 3, "ENH": 1, "UI": 1,
    }  # fmt: skip
    assert SPEC.requirements.keys() - TODAY.requirements.keys() == FLAGS


def test_both_sides_of_the_socket_have_their_messages():
    assert {each.word for each in WIRE.said.values()} == {"config", "flush", "clear", "end"}
    assert {each.word for each in WIRE.told.values()} == {
        "session.begin", "session.end", "session.terminated", "transcript.partial", "transcript.final",
        "vad.speech_start", "vad.speech_end", "warning", "error",
    }  # fmt: skip
    assert (WIRE.tag, SPEC.stream) == ("type", None)


@pytest.mark.parametrize("name", {**WIRE.said, **WIRE.told})
def test_the_examples_of_a_message_fit_it_and_those_of_others_do_not(name):
    schema = {**WIRE.said, **WIRE.told}[name].schema
    Draft202012Validator.check_schema(schema)
    for other, message in MESSAGES.items():
        for example in message.get("examples", ()):
            assert Draft202012Validator(schema).is_valid(example["payload"]) == (other == name)
    assert MESSAGES[name]["examples"]


def test_a_close_code_tells_one_thing():
    assert WIRE.closes == {
        "done": 1000, "key": 4001, "scope": 4003, "lag": 4010, "parameter": 4400, "full": 4429, "unavailable": 4503,
    }  # fmt: skip


def test_an_encoding_has_the_size_of_its_samples():
    assert WIRE.encodings == {"pcm_s16le": 2, "pcm_f32le": 4, "mulaw": 1, "alaw": 1}
    assert set(WIRE.query["properties"]["encoding"]["enum"]) == WIRE.encodings.keys()


def test_the_parameters_of_the_openapi_document_are_some_of_those_of_the_socket():
    for spec in (SPEC, TODAY):
        listed = spec.openapi["paths"]["/v1/audio/transcriptions/stream"]["get"]["parameters"]
        known = spec.wire.query["properties"]
        assert {each["name"]: each["schema"] for each in listed}.items() <= known.items()


def test_the_wire_of_audio_that_is_uploaded_is_read_the_same_way():
    wire = scribe_data.load().wire
    assert (wire.tag, wire.told, {each.word for each in wire.said.values()}) == (
        "event",
        {},
        {"start", "media", "stop"},
    )
    assert wire.encodings == {"s16le": 2}


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda d: d["components"]["schemas"].pop("final"), "misses 'final'"),
        (lambda d: d.pop("x-close-codes"), "x-close-codes"),
        (lambda d: d["channels"].update(other={}), "too many values"),
        (lambda d: d["components"]["schemas"]["end"].update(required=["event"], properties={"event": {"const": "x"}}),
         "told apart by event, type"),
    ],
)  # fmt: skip
def test_a_document_that_lacks_something_is_refused(change, says):
    document = copy.deepcopy(SPEC.asyncapi)
    change(document)
    with pytest.raises(SpecError, match=says):
        read_wire("asyncapi.yaml", document)


def test_a_client_leaves_in_two_ways_and_the_service_fails_by_itself():
    leaving = {event.leaving: event.name for event in LIFECYCLE.events.values() if event.leaving}
    assert leaving == {Leaving.END: "end_requested", Leaving.DROP: "connection_lost"}
    assert (LIFECYCLE.open, LIFECYCLE.results) == (("active",), ("error",))
    assert LIFECYCLE.unasked["active"] == {"error"}


def test_a_deletion_is_the_only_way_out_of_a_final_state():
    moves = generate.core_moves(LIFECYCLE)
    assert LIFECYCLE.terminal == ("completed", "interrupted", "error", "deleted")
    for name in ("completed", "interrupted", "error"):
        assert moves[name] == {"delete_requested": "deleted"}
        assert LIFECYCLE.later[name] == {"deleted"}
    assert moves["deleted"] == {}


def test_what_a_cell_expects_is_an_answer_of_the_openapi_document():
    for spec in (SPEC, TODAY):
        answers = {
            (method.upper(), path): {int(code) for code in operation["responses"]}
            for path, item in spec.openapi["paths"].items()
            for method, operation in item.items()
            if method != "parameters"
        }
        for cell in spec.lifecycle.cells.values():
            endpoint = spec.protocol.endpoints[cell.operation]
            assert set(cell.expected.codes) <= answers[endpoint.method, endpoint.path], cell


def test_the_server_of_the_field_pages_by_cursor_and_counts_segments():
    asked = {each["name"] for each in TODAY.openapi["paths"]["/v1/realtime/sessions"]["get"]["parameters"]}
    assert asked == {"status", "since", "until", "limit", "cursor", "sort"}
    assert "segment_count" in TODAY.schemas["session_ended"]["required"]
    assert "utterance_count" not in TODAY.schemas["session_ended"]["properties"]
    assert SPEC.examples["session_list"].value["limit"] == 50
    assert "retention" in TODAY.wire.query["properties"]
