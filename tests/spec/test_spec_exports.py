"""The lifecycle and the OpenAPI document as other tools get them."""

from __future__ import annotations

import re
from dataclasses import replace
from types import MappingProxyType
from xml.etree import ElementTree

import pytest
from jsonschema import Draft202012Validator

import scribe_data
from scribe_data import SpecError
from scribe_data.diagram import Seen, lifecycle_svg
from scribe_data.export import lifecycle_document, lifecycle_mermaid, lifecycle_schema
from scribe_data.load import _bundle
from scribe_data.model import State, Transition

SPEC = scribe_data.load()
LIFECYCLE = SPEC.lifecycle
SVG = "{http://www.w3.org/2000/svg}"


def stranger():
    """A lifecycle with what this protocol's has not: a way back, states beside each other, arrows of one rank."""
    ranks = {"idle": 0, "listening": 1, "paused": 1, "working": 2, "done": 3, "given_up": 3}
    states = {
        name: State(name, rank, terminal=rank == 3, expires=False, status=200, schema="x", meaning=f"{name} & <so>")
        for name, rank in ranks.items()
    }
    moves = [
        ("idle", "begin", "listening"),
        ("listening", "pause", "paused"),
        ("paused", "resume", "listening"),
        ("listening", "stop", "working"),
        ("working", "begin_again_from_the_start", "idle"),
        ("working", "finish", "done"),
        ("idle", "give_up", "given_up"),
        ("idle", "skip", "done"),
    ]
    steps = {
        f"T{number}": Transition(f"T{number}", (source,), event, target, "", "")
        for number, (source, event, target) in enumerate(moves)
    }
    return replace(LIFECYCLE, states=MappingProxyType(states), transitions=MappingProxyType(steps))


@pytest.mark.parametrize("lifecycle", [LIFECYCLE, stranger()], ids=["medscribe", "stranger"])
def test_the_drawing_has_every_state_and_every_arrow_within_its_frame(lifecycle):
    root = ElementTree.fromstring(lifecycle_svg(lifecycle))
    texts = [text.text for text in root.iter(f"{SVG}text")]
    assert set(lifecycle.states) <= set(texts)
    titles = [title.text for title in root.iter(f"{SVG}title")]
    for edge in lifecycle.edges:
        assert f"{edge.source} to {edge.target}: {edge.label}" in titles
        assert set(edge.label.split(" / ")) <= set(texts)
    left, top, width, height = map(float, root.attrib["viewBox"].split())
    for path in root.iter(f"{SVG}path"):
        numbers = [float(number) for number in re.findall(r"-?[\d.]+", path.attrib["d"])]
        assert all(left <= x <= left + width for x in numbers[::2])
        assert all(top <= y <= top + height for y in numbers[1::2])


def test_no_two_states_of_the_drawing_overlap():
    boxes = [
        tuple(float(rect.attrib[side]) for side in ("x", "y", "width", "height"))
        for rect in ElementTree.fromstring(lifecycle_svg(stranger())).iter(f"{SVG}rect")
        if rect.attrib.get("rx") == "9"
    ]
    assert len(boxes) == 6
    for number, (x, y, width, height) in enumerate(boxes):
        for a, b, w, h in boxes[:number]:
            assert x >= a + w or a >= x + width or y >= b + h or b >= y + height


def test_final_states_have_two_lines_and_others_one():
    root = ElementTree.fromstring(lifecycle_svg(LIFECYCLE))
    for group in root.iter(f"{SVG}g"):
        name, below = (text.text for text in group.iter(f"{SVG}text"))
        assert (len(list(group.iter(f"{SVG}rect"))) == 2) is LIFECYCLE.states[name].terminal is ("final" in below)


def test_the_drawing_of_a_run_counts_what_was_seen_and_dashes_the_rest():
    seen = Seen({"created": 3, "recording": 1}, {("created", "recording"): 1})
    told = lifecycle_svg(LIFECYCLE, seen)
    assert "3 sessions" in told
    assert "1 session<" in told
    assert told.count("not seen") == len(LIFECYCLE.states) - 2
    assert "created to recording: audio_accepted; seen in 1 sessions" in told
    assert "stroke-dasharray" in told
    assert "stroke-dasharray" not in lifecycle_svg(LIFECYCLE)


def test_mermaid_has_every_arrow_the_start_and_the_ends():
    lines = lifecycle_mermaid(LIFECYCLE).splitlines()
    assert lines[0] == "stateDiagram-v2"
    arrows = {tuple(line.split(":")[0].split(" --> ")) for line in map(str.strip, lines[1:])}
    edges = {(edge.source, edge.target) for edge in LIFECYCLE.edges}
    ends = {(state.name, "[*]") for state in LIFECYCLE.states.values() if state.terminal}
    assert arrows == edges | ends | {("[*]", "created"), ("recording", "recording")}


def test_the_json_form_keeps_its_schema_and_has_all_that_the_spec_has():
    document, schema = lifecycle_document(SPEC), lifecycle_schema()
    Draft202012Validator.check_schema(schema)
    assert [error.message for error in Draft202012Validator(schema).iter_errors(document)] == []
    assert [state["name"] for state in document["states"]] == list(LIFECYCLE.states)
    assert {(cell["state"], cell["operation"]) for cell in document["cells"]} == LIFECYCLE.cells.keys()
    created = next(cell for cell in document["cells"] if (cell["state"], cell["operation"]) == ("created", "upload"))
    assert (created["expected"], created["to"]) == ([200, "2xx"], "recording")
    del document["states"][0]["rank"]
    assert list(Draft202012Validator(schema).iter_errors(document))


def test_a_202_is_one_of_three_schemas_and_none_of_them_wants_a_transcript_before_there_is_one():
    answers = SPEC.openapi["paths"]["/sessions/{session_id}"]["get"]["responses"]
    schema = answers["202"]["content"]["application/json"]["schema"] | {"components": SPEC.openapi["components"]}
    validator = Draft202012Validator(schema)
    body = {
        "session_id": "ses_0123456789ab",
        "created_at": "2026-01-27T10:00:00Z",
        "expires_at": "2026-01-27T11:00:00Z",
        "audio_files_received": 0,
        "audio_files": [],
        "additional_data": {},
    }
    for status in ("created", "recording", "processing"):
        assert validator.is_valid(body | {"status": status}), status
    assert validator.is_valid(body | {"status": "processing", "transcript": "Good morning."})
    assert not validator.is_valid(body | {"status": "partial"})
    assert not validator.is_valid(body)


def test_links_lead_from_a_create_to_upload_end_and_get():
    paths, components = SPEC.openapi["paths"], SPEC.openapi["components"]
    operations = {
        operation["operationId"]: operation
        for item in paths.values()
        for method, operation in item.items()
        if method in ("get", "post", "put")
    }

    def targets(name, code):
        answer = operations[name]["responses"][code]
        if "$ref" in answer:
            answer = components["responses"][answer["$ref"].rsplit("/", 1)[1]]
        return {link["operationId"] for link in answer["links"].values()}

    assert {"upload_audio", "end_session", "get_session"} <= targets("create_session", "201")
    for upload in ("upload_audio", "put_upload", "put_audio", "post_audio"):
        assert {"end_session", "get_session"} <= targets(upload, "200")
    assert targets("end_session", "202") == {"get_session"}
    assert all(name in operations for name in targets("get_session", "202"))


def test_every_operation_but_discovery_says_what_a_broken_or_busy_service_answers():
    for path, item in SPEC.openapi["paths"].items():
        for method, operation in item.items():
            if method in ("get", "post", "put") and "well-known" not in path:
                assert {"400", "401", "403", "429", "500", "503"} <= operation["responses"].keys(), (method, path)
                assert ("requestBody" in operation) <= ({"413", "415"} <= operation["responses"].keys()), (method, path)


def test_a_schema_of_the_document_does_not_hide_a_file():
    given = {"components": {"schemas": {"templates": {}}}}
    with pytest.raises(SpecError, match="templates: there is a file of that name"):
        _bundle(given, SPEC.schemas)
