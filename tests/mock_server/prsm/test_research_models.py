"""The models take what the schemas of the spec take, and the values they name are the spec's."""

from __future__ import annotations

import pytest
from jsonschema_rs import Draft202012Validator
from pydantic import ValidationError

from mock_server.api.prsm import models, query
from mock_server.prsm.access import Level
from mock_server.research import Kind
from mock_server.session.prsm.table import State
from tests.mock_server.prsm.conftest import SPEC

MODELS = {
    "create_request": models.SessionOrder,
    "cancel_request": models.CancelOrder,
    "share_request": models.ShareOrder,
    "comment_request": models.CommentOrder,
}
VALUES = (
    "",
    "2090-01-01",
    "2090-01-01T00:00:00Z",
    " ",
    "\u2007\ufeff",
    "\u001c",
    "x",
    "research",
    "view",
    "note",
    "12.5",
    0,
    1,
    -1,
    0.5,
    1440,
    1441,
    True,
    [],
    ["a"],
    [1],
    {},
)


@pytest.mark.parametrize("name", MODELS)
def test_members_and_what_is_needed_of_them_are_those_of_the_schema(name):
    schema, model = SPEC.schemas[name], MODELS[name]
    assert schema["properties"].keys() == model.model_fields.keys()
    assert set(schema["required"]) == {each for each, field in model.model_fields.items() if field.is_required()}


@pytest.mark.parametrize("name", MODELS)
def test_a_model_refuses_what_the_schema_refuses_and_takes_what_it_takes(name):
    """But for null, which is as if the member were not there, and for bounds of length."""
    schema, model = SPEC.schemas[name], MODELS[name]
    base = next(example.value for example in SPEC.examples.values() if example.schema == name)
    validator = Draft202012Validator(schema, validate_formats=True)
    for member in (*schema["properties"], "unknown"):
        for value in VALUES:
            order = base | {member: value}
            try:
                model.model_validate(order)
            except ValidationError:
                taken = False
            else:
                taken = True
            assert taken == validator.is_valid(order), (member, value)


def test_the_members_of_a_budget_are_bounded_as_the_schema_says():
    validator = Draft202012Validator(SPEC.schemas["create_request"])
    for name in ("max_cost", "max_duration_minutes"):
        for value in (0, 0.01, 1, 1440, 1441, 1_000_000, 1_000_001, "2.50", "2,50", "-1", "x", True, None, []):
            order = {"prompt": "x", "budget": {name: value}}
            try:
                models.SessionOrder.model_validate(order)
            except ValidationError:
                taken = False
            else:
                taken = True
            assert taken == validator.is_valid(order), (name, value)


def test_a_prompt_has_its_bound():
    assert models.SessionOrder.model_validate({"prompt": "x" * 100_000})
    with pytest.raises(ValidationError, match="100000"):
        models.SessionOrder.model_validate({"prompt": "x" * 100_001})


def test_words_are_those_of_the_spec():
    properties = SPEC.schemas["create_request"]["properties"]
    assert [kind.value for kind in Kind] == properties["session_type"]["enum"]
    assert [state.value for state in State] == list(SPEC.lifecycle.states)
    levels = SPEC.schemas["share_request"]["properties"]["permissions"]["enum"]
    assert levels == [level.word for level in Level if level not in (Level.NONE, Level.OWN)]


def test_bounds_of_pages_are_those_of_the_openapi_document():
    found = {each["name"]: each["schema"] for each in SPEC.openapi["paths"]["/api/v1/sessions"]["get"]["parameters"]}
    assert found["limit"]["maximum"] == query.MOST
    assert found["page"]["maximum"] == query.LAST_PAGE
