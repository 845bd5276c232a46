"""Mutations change one thing at a time, and raw bodies are those of the table."""

from __future__ import annotations

import json

import pytest

import scribe_data
from conformance.checks.breaches import Schemas
from conformance.fuzz.mutations import mutations
from conformance.fuzz.raw import bodies, heads
from scribe_data.nesting import loads

TEXT = scribe_data.load()
SCHEMA = TEXT.schemas["create_request"]
BODY = {
    "templates": ["soap"],
    "language_hint": ["en"],
    "transcript_language": ["en"],
    "upload_type": "chunked",
    "communication_protocol": "http",
    "model": "lite",
}
FOUND = [(where, how, content) for where, how, content in mutations(SCHEMA, BODY)]


def test_no_two_changes_are_the_same_and_none_is_none() -> None:
    assert len({(where, how) for where, how, _ in FOUND}) == len(FOUND)
    parsed = [json.loads(content) for _, how, content in FOUND if not how.startswith("twice")]
    assert sum(body == BODY for body in parsed) <= 1  # a code is capitals already, or it is not
    assert len(FOUND) < 400


@pytest.mark.parametrize(
    ("pointer", "keyword"),
    [
        ("", "type"),
        ("/templates", "required"),
        ("/templates", "type"),
        ("/templates", "maxItems"),
        ("/templates/0", "type"),
        ("/model", "enum"),
        ("/language_hint", "type"),
        ("/language_hint/0", "type"),
        ("/language_hint/0", "maxLength"),
        ("/transcript_language/0", "maxLength"),
        ("/upload_type", "required"),
        ("/upload_type", "enum"),
        ("/communication_protocol", "enum"),
        ("/additional_data", "type"),
    ],
)
def test_every_keyword_of_the_schema_is_broken(pointer: str, keyword: str) -> None:
    schemas = Schemas(TEXT)
    broken = {
        (breach.pointer, breach.keyword)
        for _, _, content in FOUND
        for breach in schemas.breaches("create_request", json.loads(content))
    }
    assert (pointer, keyword) in broken


def test_the_table_and_the_bodies_have_the_same_names() -> None:
    assert list(bodies(BODY)) == list(TEXT.fuzz.syntax)


def test_what_the_table_calls_json_is() -> None:
    def refuse(name: str) -> None:
        raise ValueError(name)

    for name, content in bodies(BODY).items():
        if TEXT.fuzz.syntax[name].json:
            assert json.loads(content.decode(), parse_constant=refuse)["templates"] == ["soap"]
        elif TEXT.fuzz.syntax[name].requirement:
            with pytest.raises(ValueError):
                loads(content)


def test_odd_heads_carry_a_valid_body() -> None:
    plain = [case for case in heads(BODY) if dict(case.headers).get("Content-Encoding") != "gzip"]
    assert len({case.probe for case in plain}) == len(plain) > 10
    assert all(json.loads(case.body) == BODY for case in plain)
