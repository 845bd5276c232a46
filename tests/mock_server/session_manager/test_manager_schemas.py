"""The exported models and the JSON Schemas of the spec say the same."""

from __future__ import annotations

import jsonschema_rs
import pytest
from pydantic import ValidationError

from mock_server import schemas
from tests.mock_server.session_manager.conftest import SPEC, record

MODELS = {
    "SessionManagerStartInput": schemas.SessionManagerStartInput,
    "SessionManagerStartOutput": schemas.SessionManagerStartOutput,
    "SessionManagerEndInput": schemas.SessionManagerEndInput,
    "SessionManagerEndOutput": schemas.SessionManagerEndOutput,
    "worker_message": schemas.WorkerMessage,
}
SESSION = {"session_id": "sess_0123456789abcdef"}
OUTPUT = {**SESSION, "source": "session_manager"}
VALID = {
    "SessionManagerStartInput": record(),
    "SessionManagerStartOutput": record(**OUTPUT),
    "SessionManagerEndInput": record(**SESSION),
    "SessionManagerEndOutput": record(**OUTPUT),
    "worker_message": record(**SESSION, message={}),
}
#: Changes of a valid document: whatever the one refuses, the other has to.
CHANGES = [
    *({name: ...} for name in ("schema_version", "record_id", "user_id", "timestamp", "session_id")),
    *({name: 17} for name in ("schema_version", "record_id", "user_id", "timestamp", "session_id", "performer_id")),
    *({name: ""} for name in ("schema_version", "user_id", "session_id", "source", "performer_id", "modality")),
    *(
        {"timestamp": text}
        for text in (
            "2026-01-27T09:00:00Z",
            "2026-01-27T09:00:00.000+00:00",
            "soon",
            "2026-02-30T09:00:00.000Z",
            "2026-01-27T24:00:00.000Z",
            "2026-01-27T12:60:00.000Z",
            "2026-01-27T12:30:61.000Z",
            "2016-12-31T23:59:60.000Z",
            "0000-02-29T00:00:00.000Z",
            "0001-02-29T00:00:00.000Z",
            "9999-12-31T23:59:59.999Z",
        )
    ),
    *({"schema_version": text} for text in ("1.1", "1.1.0.0", "v1.1.0", "1.1.0-rc", "10.20.30")),
    *(
        {"record_id": text}
        for text in ("17", "0f0e3b58-6a0c-1d53-9c83-5d6d0f7a1c11", "0F0E3B58-6A0C-4D53-9C83-5D6D0F7A1C11")
    ),
    *({"modality": text} for text in ("gesture", "audio", "speech", "image", "multimodal", "smell")),
    *(
        {"source": text}
        for text in ("system", "ui", "UI.button", "Caregiver", "caregivers", "caregiver_workflow", "uinput", "x-ui")
    ),
    *({"source": text, "performer_id": "caregiver-4"} for text in ("ui", "caregiver")),
    {"source": "ui", "performer_id": None},
    {"user_id": "Ärztin 👩‍⚕️"},
]


def accepted(model, value):
    try:
        model.model_validate(value)
    except ValidationError:
        return False
    return True


def valid(schema, value):
    """By the judge of the kit: the library for our own files has no year 0000 and no leap second."""
    return jsonschema_rs.Draft202012Validator(schema, validate_formats=True).is_valid(value)


@pytest.mark.parametrize("name", MODELS)
def test_a_model_has_the_members_of_its_schema_and_needs_the_same(name):
    schema, model = SPEC.schemas[name], MODELS[name]
    assert schema["properties"].keys() == model.model_fields.keys()
    needed = {field for field, told in model.model_fields.items() if told.is_required()}
    # what an output always says, its maker need not be told
    assert needed == set(schema["required"]) - ({"source"} if name.endswith("Output") else set())


@pytest.mark.parametrize("change", CHANGES, ids=str)
@pytest.mark.parametrize("name", MODELS)
def test_a_model_takes_what_its_schema_takes(name, change):
    value = {member: given for member, given in {**VALID[name], **change}.items() if given is not ...}
    if name.endswith("Output"):
        if "source" not in value:
            return
        if value.get("performer_id", "") is None:
            value.pop("performer_id")
    assert accepted(MODELS[name], value) == valid(SPEC.schemas[name], value)


@pytest.mark.parametrize("name", MODELS)
def test_both_take_a_valid_document_and_an_input_has_nothing_else(name):
    assert accepted(MODELS[name], VALID[name])
    assert valid(SPEC.schemas[name], VALID[name])
    if not name.endswith("Output"):
        more = VALID[name] | {"colour": "red"}
        assert not accepted(MODELS[name], more)
        assert not valid(SPEC.schemas[name], more)


@pytest.mark.parametrize("name", [name for name in MODELS if name.endswith("Input")])
def test_null_counts_as_absent_in_what_an_input_may_leave_out(name):
    value = VALID[name] | {"modality": None, "source": None, "performer_id": None}
    assert accepted(MODELS[name], value)
    assert valid(SPEC.schemas[name], value)


@pytest.mark.parametrize("example", SPEC.examples.values(), ids=lambda example: example.name)
def test_every_example_of_the_spec_is_taken_by_its_model(example):
    if example.schema in MODELS:
        model = MODELS[example.schema].model_validate(example.value)
        assert model.document() == example.value


def test_the_canonical_names_are_exported():
    names = [name for name in schemas.__all__ if name.startswith("SessionManager")]
    assert names == [f"SessionManager{which}{way}" for which in ("End", "Start") for way in ("Input", "Output")]
    assert all(hasattr(schemas, name) for name in schemas.__all__)
