"""The document of the stream's wire: its examples fit its schemas, what it refers to is there, and who has it."""

from __future__ import annotations

import copy

import pytest
from jsonschema import Draft202012Validator

import scribe_data
from scribe_data import SpecError
from scribe_data.stream import read_stream

DOCUMENT = scribe_data.load().asyncapi
MESSAGES = DOCUMENT["components"]["messages"]
SCHEMAS = DOCUMENT["components"]["schemas"]


def found(reference):
    node = DOCUMENT
    for name in reference.removeprefix("#/").split("/"):
        node = node[name]
    return node


def references(node):
    if isinstance(node, dict):
        if "$ref" in node:
            yield node["$ref"]
        for value in node.values():
            yield from references(value)
    elif isinstance(node, list):
        for value in node:
            yield from references(value)


def test_every_reference_leads_somewhere():
    named = list(references(DOCUMENT))
    assert len(named) > 10
    assert all(found(reference) for reference in named)


@pytest.mark.parametrize("name", SCHEMAS)
def test_each_schema_is_a_schema(name):
    Draft202012Validator.check_schema(SCHEMAS[name])


@pytest.mark.parametrize("name", [name for name in MESSAGES if name != "pcm"])
def test_the_examples_of_a_message_fit_it_and_those_of_others_do_not(name):
    whole = found(MESSAGES[name]["payload"]["$ref"]) | {"components": {"schemas": SCHEMAS}}
    fits = Draft202012Validator(whole).is_valid
    assert MESSAGES[name]["examples"]
    for other in MESSAGES:
        for example in MESSAGES[other].get("examples", ()):
            assert fits(example["payload"]) == (other == name)


def own(channel):
    return [each for each in DOCUMENT["operations"].values() if each["channel"]["$ref"] == f"#/channels/{channel}"]


def test_the_operations_are_those_of_the_service_which_says_nothing():
    assert [operation["action"] for operation in own("stream")] == ["receive"]


def test_what_is_added_is_marked_and_no_part_of_the_wire():
    assert sorted(operation["action"] for operation in own("resumable")) == ["receive", "send"]
    assert "x-addition" not in DOCUMENT["channels"]["stream"]
    added, spec = DOCUMENT["channels"]["resumable"]["x-addition"], scribe_data.load()
    assert added == {"by": "scribe-mock", "gap": spec.stream.resumable.gap}
    assert added["gap"] not in DOCUMENT["x-close-codes"].values()
    assert (set(spec.wire.said), dict(spec.wire.told)) == ({"start", "media", "stop"}, {})
    assert spec.stream.resumable.protocol == "scribe-stream.resumable.v1"
    assert (spec.stream.resumable.kept, spec.stream.resumable.goes_on) == ("kept", "continue")


def test_a_document_may_add_nothing():
    document = copy.deepcopy(DOCUMENT)
    del document["channels"]["resumable"]
    assert read_stream("asyncapi.yaml", document).resumable is None


@pytest.mark.parametrize("channel", DOCUMENT["channels"])
def test_operations_speak_of_messages_of_their_channel_and_leave_none_out(channel):
    listed = {each["$ref"] for operation in own(channel) for each in operation["messages"]}
    assert listed == {f"#/channels/{channel}/messages/{name}" for name in DOCUMENT["channels"][channel]["messages"]}


def test_the_revisions_that_have_the_word_have_the_wire():
    for revision in scribe_data.revisions():
        spec = scribe_data.load("medscribe", revision)
        has = "stream" in spec.schemas["create_request"]["properties"].get("upload_type", {}).get("enum", ())
        assert (spec.stream is not None, spec.asyncapi is not None) == (has, has)
    assert scribe_data.load("prsm").stream is None


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda d: d["components"]["schemas"].pop("media"), "misses 'media'"),
        (lambda d: d["components"]["schemas"]["pcm"]["x-audio"].update(encoding="mulaw"), "no format"),
        (lambda d: d["components"]["schemas"]["pcm"]["x-audio"].update(sample_rate=8000), "two rates"),
        (lambda d: d.pop("x-close-codes"), "x-close-codes"),
        (lambda d: d["channels"]["resumable"]["x-addition"].pop("gap"), "misses 'gap'"),
        (lambda d: d["channels"]["resumable"]["bindings"].pop("ws"), "misses 'ws'"),
        (lambda d: d["channels"]["resumable"]["messages"].pop("kept"), "misses 'kept'"),
    ],
)
def test_a_document_that_lacks_something_is_refused(change, says):
    document = copy.deepcopy(DOCUMENT)
    change(document)
    with pytest.raises(SpecError, match=says):
        read_stream("asyncapi.yaml", document)
