"""Schemas are schemas, and every printed example keeps its schema or its erratum says where it does not."""

from __future__ import annotations

import pytest
from jsonschema import Draft202012Validator
from openapi_spec_validator import OpenAPIV31SpecValidator

import scribe_data

SPEC = scribe_data.load()
FORMATS = Draft202012Validator.FORMAT_CHECKER


def breaches(schema, value):
    validator = Draft202012Validator(schema, format_checker=FORMATS)
    return {
        ("".join(f"/{part}" for part in error.absolute_path), error.validator) for error in validator.iter_errors(value)
    }


@pytest.mark.parametrize("name", SPEC.schemas)
def test_each_schema_is_a_schema(name):
    assert SPEC.schemas[name]["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    Draft202012Validator.check_schema(SPEC.schemas[name])


@pytest.mark.parametrize(
    "example", [item for item in SPEC.examples.values() if item.schema], ids=lambda item: item.name
)
def test_each_example_breaks_its_schema_exactly_where_an_erratum_says(example):
    told = {(found.pointer, found.keyword) for found in example.contradictions}
    assert breaches(SPEC.schemas[example.schema], example.value) == told
    assert example.valid == (not told)


def test_formats_are_asserted_so_that_a_bad_time_would_show():
    value = {**SPEC.examples["create_response"].value, "expires_at": "tomorrow", "upload_url": "here it is"}
    assert breaches(SPEC.schemas["create_response"], value) == {
        ("/expires_at", "format"),
        ("/upload_url", "format"),
    }


def test_all_nine_examples_of_section_6_are_here():
    assert [item.lines for item in SPEC.examples.values()] == [
        "75-85", "174-180", "278-289", "380-408", "572-611", "826-836", "949-969", "1053-1092", "1121-1128",
    ]  # fmt: skip


def test_every_repair_names_an_erratum_that_tells_of_it():
    for example in SPEC.examples.values():
        if example.repairs:
            assert {"E2", "E3"} & set(example.errata), example.name


def annotated(node, pointer=""):
    """Yield every subschema that carries examples."""
    if isinstance(node, dict):
        if isinstance(node.get("examples"), list):
            yield pointer, node
        for key, value in node.items():
            yield from annotated(value, f"{pointer}/{key}")


def test_the_examples_in_schemas_fit_but_for_one():
    wrong = [
        (name, pointer, keyword)
        for name, schema in SPEC.schemas.items()
        for pointer, part in annotated(schema)
        for value in part["examples"]
        for _, keyword in breaches(part, value)
    ]
    assert wrong == [("session_expired", "/properties/session_id", "minLength")], "E7 knows of this one only"


def test_a_completed_session_fits_what_the_array_form_does_not():
    value = dict(SPEC.examples["session_completed"].value)
    assert not breaches(SPEC.schemas["session_completed"], value)
    value["templates"] = [{name: item} for name, item in value["templates"].items()]
    assert breaches(SPEC.schemas["session_completed"], value) == {("/templates", "type")}


def test_the_openapi_document_is_valid():
    OpenAPIV31SpecValidator(SPEC.openapi).validate()


def test_the_openapi_document_uses_every_schema_and_stands_alone():
    text = repr(SPEC.openapi["paths"]) + repr(SPEC.openapi["components"]["responses"])
    assert "schemas/create_request.json" not in text
    for name in SPEC.schemas:
        assert f"'#/components/schemas/{name}'" in text, name


def test_the_openapi_document_knows_every_operation_of_the_lifecycle():
    answers = {
        operation["operationId"]: {int(code) for code in operation["responses"]}
        for path in SPEC.openapi["paths"].values()
        for method, operation in path.items()
        if method in ("get", "post", "put")
    }
    assert answers.keys() == {
        "discover", "list_templates", "create_session", "get_session", "end_session",
        "upload_audio", "put_upload", "put_audio", "post_audio",
    }  # fmt: skip
    same = {"get": "get_session", "upload": "upload_audio", "end": "end_session", "end_again": "end_session"}
    for cell in SPEC.lifecycle.cells.values():
        if cell.operation in same:
            assert set(cell.expected.codes) <= answers[same[cell.operation]], (cell.state, cell.operation)


def test_a_discovery_document_declares_what_it_offers():
    document = {
        "protocol": "medscribealliance",
        "protocol_version": "0.1",
        "supported_versions": ["0.1"],
        "endpoints": {"base_url": "https://scribe.example.com/v1"},
        "authentication": {"supported_methods": ["api_key"]},
        "capabilities": {"audio_formats": ["audio/wav"], "max_chunk_duration_seconds": 20},
        "models": [{"id": "lite", "display_name": "Lite", "languages": ["en"], "max_session_duration_seconds": 600}],
    }
    schema = SPEC.schemas["discovery"]
    assert not breaches(schema, document)
    hooks = {**document, "capabilities": {**document["capabilities"], "webhook_delivery": True}}
    assert breaches(schema, hooks) == {("/endpoints", "required")}
    oidc = {**document, "authentication": {"supported_methods": ["api_key", "oidc"]}}
    assert breaches(schema, oidc) == {("", "anyOf")}
