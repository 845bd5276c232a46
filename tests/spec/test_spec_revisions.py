"""Three texts are read from what each says otherwise than the one it is based on."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator
from openapi_spec_validator import OpenAPIV31SpecValidator

import scribe_data
from scribe_data import SpecError, generate
from scribe_data.overlay import overlaid

ROOT = Path(scribe_data.__file__).parent.parent / "spec"
FIRST, MIDDLE, NEWEST = scribe_data.revisions()
FORMATS = Draft202012Validator.FORMAT_CHECKER


def breaches(schema, value):
    validator = Draft202012Validator(schema, format_checker=FORMATS)
    return {
        ("".join(f"/{part}" for part in error.absolute_path), error.validator) for error in validator.iter_errors(value)
    }


@pytest.fixture
def changed(tmp_path):
    """Return a function that writes a file of a revision and loads it."""
    shutil.copytree(ROOT / "medscribe", tmp_path / "medscribe")

    def load(revision, path, text):
        (tmp_path / "medscribe" / path).write_text(text, "utf-8")
        return scribe_data.load(revision=revision, root=tmp_path)

    return load


@pytest.mark.parametrize("revision", scribe_data.revisions())
def test_the_schemas_of_each_revision_are_schemas(revision):
    assert generate.unsound(scribe_data.load(revision=revision)) == []


@pytest.mark.parametrize("revision", scribe_data.revisions())
def test_each_printed_example_breaks_its_schema_exactly_where_an_erratum_says(revision):
    spec = scribe_data.load(revision=revision)
    shown = [example for example in spec.examples.values() if example.schema]
    assert shown
    for example in shown:
        told = {(found.pointer, found.keyword) for found in example.contradictions}
        assert breaches(spec.schemas[example.schema], example.value) == told, example.name


@pytest.mark.parametrize("revision", scribe_data.revisions())
def test_the_openapi_document_of_each_revision_is_valid_and_knows_its_answers(revision):
    spec = scribe_data.load(revision=revision)
    OpenAPIV31SpecValidator(spec.openapi).validate()
    told = repr(spec.openapi["paths"]) + repr(spec.openapi["components"]["responses"])
    assert [name for name in spec.schemas if f"'#/components/schemas/{name}'" not in told] == []
    operations = {
        operation["operationId"]: {int(code) for code in operation["responses"]}
        for path in spec.openapi["paths"].values()
        for method, operation in path.items()
        if method in ("get", "post", "put")
    }
    same = {"get": "get_session", "upload": "upload_audio", "end": "end_session", "end_again": "end_session"}
    for cell in spec.lifecycle.cells.values():
        if cell.operation in same:
            assert set(cell.expected.codes) <= operations[same[cell.operation]], (cell.state, cell.operation)


def test_the_examples_of_the_first_text_are_those_of_seed_003():
    assert [example.lines for example in scribe_data.load(revision=FIRST).examples.values()] == [
        "78-87", "106-112", "157-166", "175-197", "226-231", "274-283", "295-302",
    ]  # fmt: skip


def test_the_first_text_has_six_states_and_answers_200():
    lifecycle = scribe_data.load(revision=FIRST).lifecycle
    assert list(lifecycle.states) == ["created", "recording", "processing", "completed", "failed", "expired"]
    assert {name: state.status for name, state in lifecycle.states.items() if state.status != 200} == {"expired": 410}
    assert lifecycle.results == ("completed", "failed")
    assert not lifecycle.aliases
    assert [lifecycle.cell(state, "end").recommended for state in ("recording", "expired")] == [200, 410]
    assert lifecycle.cell("completed", "upload").expected.codes == (400,)
    assert lifecycle.cell("expired", "upload").refusal == "AUD-024"


def test_the_first_text_has_metadata_and_languages_as_strings():
    spec = scribe_data.load(revision=FIRST)
    request = spec.schemas["create_request"]
    assert set(request["properties"]) == {"templates", "model", "language_hint", "include_transcript", "metadata"}
    assert not breaches(request, {"templates": ["soap"], "language_hint": "en", "metadata": {"a": 1}})
    assert breaches(request, {"templates": ["soap"], "language_hint": ["en"]}) == {("/language_hint", "type")}
    assert (spec.printed.passed, spec.printed.files, spec.printed.transcript) == ("metadata", "numbered", "asked")


def test_the_first_text_tells_an_expired_session_by_the_envelope_and_audio_by_its_duration():
    schemas = scribe_data.load(revision=FIRST).schemas
    details = {"session_id": "ses_1", "expired_at": "2025-01-19T11:00:00Z"}
    gone = {"error": {"code": "session_expired", "message": "It is over.", "details": details}}
    assert not breaches(schemas["session_expired"], gone)
    assert breaches(schemas["session_expired"], {"session_id": "ses_1", "status": "expired"}) == {("", "required")}
    ended = {"session_id": "ses_1", "status": "processing", "message": "Done.", "audio_duration_ms": 1000}
    assert not breaches(schemas["end_response"], ended)
    assert breaches(schemas["end_response"], {**ended, "audio_duration_ms": 1.5}) == {("/audio_duration_ms", "type")}


def test_the_newest_text_counts_files_and_asks_more_of_discovery():
    spec, before = scribe_data.load(revision=NEWEST), scribe_data.load(revision=MIDDLE)
    assert spec.protocol.endpoints["end"].takes == "end_request"
    assert before.protocol.endpoints["end"].takes is None
    assert breaches(spec.schemas["end_request"], {"audio_files_sent": -1}) == {("/audio_files_sent", "minimum")}
    new = set(spec.schemas["discovery"]["required"]) - set(before.schemas["discovery"]["required"])
    assert new == {"service", "languages"}
    models = spec.schemas["discovery"]["properties"]["models"]["items"]["properties"]
    assert models["id"]["enum"] == ["lite", "pro"]
    assert list(models) == list(before.schemas["discovery"]["properties"]["models"]["items"]["properties"])


def test_what_a_revision_does_not_say_is_that_of_the_one_below():
    newest, middle = scribe_data.load(revision=NEWEST), scribe_data.load(revision=MIDDLE)
    assert newest.schemas["session_partial"] == middle.schemas["session_partial"]
    assert newest.lifecycle.cells == middle.lifecycle.cells
    assert newest.examples == middle.examples
    assert "session_partial" not in scribe_data.load(revision=FIRST).schemas


def test_requirements_of_a_revision_have_its_words():
    first, middle = scribe_data.load(revision=FIRST), scribe_data.load(revision=MIDDLE)
    assert "metadata {}" in first.requirements["SES-DATA-004"].observable
    assert "additional_data {}" in middle.requirements["SES-DATA-004"].observable
    assert first.requirements["SES-DATA-004"].checks == middle.requirements["SES-DATA-004"].checks
    assert first.requirements["SES-END-012"] == middle.requirements["SES-END-012"]
    assert scribe_data.catalogue()["SES-DATA-004"] == middle.requirements["SES-DATA-004"]


@pytest.mark.parametrize("revision", scribe_data.revisions())
def test_no_requirement_is_left_out_because_of_its_revision(revision):
    told = [item.untested for item in scribe_data.load(revision=revision).requirements.values() if item.untested]
    assert not [reason for reason in told if "revision" in reason]


def test_every_erratum_mentioned_in_a_revisions_words_is_listed_there():
    import re

    for revision in scribe_data.revisions():
        for item in scribe_data.load(revision=revision).requirements.values():
            mentioned = set(re.findall(r"\bE[0-9]+\b", f"{item.statement} {item.observable}"))
            assert mentioned <= set(item.errata), (revision, item.id)


OVERLAYS = {
    "members merge": ({"a": 1, "b": {"c": 2}}, {"b": {"d": 3}}, {"a": 1, "b": {"c": 2, "d": 3}}),
    "null takes away": ({"a": 1, "b": 2}, {"b": None}, {"a": 1}),
    "records merge by name": ([{"name": "a", "x": 1}], [{"name": "a", "y": 2}], [{"name": "a", "x": 1, "y": 2}]),
    "records merge by id": ([{"id": "1"}, {"id": "2"}], [{"id": "1", "gone": True}], [{"id": "2"}]),
    "new records follow": ([{"name": "a"}], [{"name": "b"}], [{"name": "a"}, {"name": "b"}]),
    "other lists replace": ([1, 2], [3], [3]),
    "another kind replaces": ({"a": {"b": 1}}, {"a": [1]}, {"a": [1]}),
}


@pytest.mark.parametrize("case", OVERLAYS)
def test_changes_are_laid_over_a_base(case):
    base, changes, made = OVERLAYS[case]
    before = repr(base)
    assert overlaid(base, changes, "here") == made
    assert repr(base) == before


@pytest.mark.parametrize(
    ("base", "changes"), [({"a": 1}, {"b": None}), ([{"name": "a"}], [{"name": "b", "gone": True}])]
)
def test_taking_away_what_is_not_there_is_an_error_that_names_the_place(base, changes):
    with pytest.raises(SpecError, match="here: b: takes away what is not there"):
        overlaid(base, changes, "here")


REFUSALS = {
    "a record that is not there": ("lifecycle.yaml", "states: [{name: asleep, gone: true}]", "asleep: takes away"),
    "a cell without a code": ("lifecycle.yaml", "cells: {created: {get: {expected: []}}}", "cell created, get"),
    "an unknown requirement": ("requirements.yaml", "- {id: SES-XX-001, statement: words}", "SES-XX-001: words a"),
    "an entry twice": ("requirements.yaml", "- {id: TPL-001}\n- {id: TPL-001}", "TPL-001: has no id, or stands twice"),
    "no list": ("requirements.yaml", "TPL-001: words", "is not a list of entries"),
    "an unknown key": ("requirements.yaml", "- {id: TPL-001, colour: red}", "TPL-001: unknown key colour"),
    "a schema that is missing": ("profile.yaml", "operations: [{name: end, takes: nothing}]", "the schema nothing"),
}


@pytest.mark.parametrize("case", REFUSALS)
def test_a_wrong_difference_is_refused_by_file_and_entry(changed, case):
    path, text, told = REFUSALS[case]
    with pytest.raises(SpecError, match=told):
        changed(NEWEST, f"{NEWEST}/{path}", text)


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("based_on: '2026-01-27'", "based_on: '1999-01-01'", "is based on 1999-01-01, which does not exist"),
        ("based_on: '2026-01-27'", "based_on: '2026-01-19'", "is based on itself"),
        ("languages: string", "languages: runes", "languages is array or string"),
        ("files: numbered", "files: heaped", "files is named or numbered"),
    ],
)
def test_a_wrong_base_or_word_of_a_revision_is_refused(changed, old, new, told):
    text = (ROOT / "medscribe/revisions.yaml").read_text("utf-8")
    assert old in text
    with pytest.raises(SpecError, match=told):
        changed(FIRST, "revisions.yaml", text.replace(old, new, 1))


def test_the_hash_of_a_revision_covers_the_files_below_it(changed):
    text = (ROOT / "medscribe" / MIDDLE / "waivers.yaml").read_text("utf-8")
    before = scribe_data.load(revision=NEWEST).sha256
    assert changed(NEWEST, f"{MIDDLE}/waivers.yaml", f"{text}# more\n").sha256 != before
    assert len({scribe_data.load(revision=name).sha256 for name in scribe_data.revisions()}) == 3
