"""What holds for every profile and revision alike: whoever adds one adds no test here."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from xml.etree import ElementTree

import pytest
from jsonschema import Draft202012Validator
from openapi_spec_validator import OpenAPIV31SpecValidator

import scribe_data
from scribe_data import SpecError, generate
from scribe_data.diagram import lifecycle_svg
from scribe_data.export import lifecycle_document, lifecycle_schema
from scribe_data.model import UNCHANGED, Testability

ROOT = Path(scribe_data.__file__).parent.parent
EVERY = [
    scribe_data.load(profile, name) for profile in scribe_data.profiles() for name in scribe_data.revisions(profile)
]
FORMATS = Draft202012Validator.FORMAT_CHECKER
METHODS = ("get", "post", "put", "patch", "delete")

every = pytest.mark.parametrize("spec", EVERY, ids=lambda spec: f"{spec.profile}-{spec.revision}")


def breaches(schema, value):
    validator = Draft202012Validator(schema, format_checker=FORMATS)
    return {
        ("".join(f"/{part}" for part in error.absolute_path), error.validator) for error in validator.iter_errors(value)
    }


def operations(spec):
    """Path, method and operation of the OpenAPI document."""
    for path, item in spec.openapi["paths"].items():
        for method in METHODS:
            if method in item:
                yield path, method, item[method]


def test_the_folders_are_the_profiles():
    assert {"dalston", "medscribe", "prsm", "session_manager"} <= set(scribe_data.profiles())


@pytest.mark.parametrize("profile", scribe_data.profiles())
def test_a_profile_names_the_revision_that_is_loaded_where_nobody_does(profile):
    spec = scribe_data.load(profile)
    assert spec.revision == spec.protocol.revision
    assert spec.revision in scribe_data.revisions(profile)
    assert spec is scribe_data.load(profile, spec.revision)


def test_the_default_profile_and_revision_are_those_that_its_profile_names():
    assert scribe_data.load() is scribe_data.load(scribe_data.PROFILE, scribe_data.REVISION)


@every
def test_every_schema_is_sound(spec):
    assert generate.unsound(spec) == []
    assert {schema["$schema"] for schema in spec.schemas.values()} == {"https://json-schema.org/draft/2020-12/schema"}


@every
def test_every_example_breaks_its_schema_exactly_where_an_erratum_says(spec):
    assert spec.examples
    for example in spec.examples.values():
        if example.schema:
            told = {(found.pointer, found.keyword) for found in example.contradictions}
            assert breaches(spec.schemas[example.schema], example.value) == told, example.name


@every
def test_the_openapi_document_is_valid_and_uses_every_schema(spec):
    OpenAPIV31SpecValidator(spec.openapi).validate()
    text = repr(spec.openapi["paths"]) + repr(spec.openapi["components"].get("responses"))
    for name in spec.schemas:
        assert f"'#/components/schemas/{name}'" in text, name


@every
def test_the_examples_of_the_openapi_document_keep_their_schemas(spec):
    for path, method, operation in operations(spec):
        for content in operation.get("requestBody", {}).get("content", {}).values():
            given = [entry["value"] for entry in content.get("examples", {}).values()]
            given += [content["example"]] if "example" in content else []
            whole = {**content["schema"], "components": spec.openapi["components"]}
            for value in given:
                assert breaches(whole, value) == set(), (path, method)


@every
def test_every_operation_of_the_profile_is_one_of_the_openapi_document(spec):
    known = {(method.upper(), path) for path, method, _ in operations(spec)}
    for endpoint in spec.protocol.endpoints.values():
        if endpoint.path.startswith("/"):
            assert (endpoint.method, endpoint.path) in known, endpoint.name


@every
def test_every_error_code_of_the_openapi_document_is_one_of_the_table(spec):
    named = set(re.findall(r"'x-error-codes': (\[[^\]]*\])", repr(spec.openapi)))
    assert named
    for listed in named:
        assert set(re.findall(r"'(\w+)'", listed)) - {"session_ended"} <= spec.codes.keys()


@every
def test_the_lifecycle_keeps_its_published_schema_and_is_drawn_whole(spec):
    document = lifecycle_document(spec)
    assert [error.message for error in Draft202012Validator(lifecycle_schema()).iter_errors(document)] == []
    titles = {title.text for title in ElementTree.fromstring(lifecycle_svg(spec.lifecycle)).iter() if title.text}
    for edge in spec.lifecycle.edges:
        assert f"{edge.source} to {edge.target}: {edge.label}" in titles


@every
def test_a_cell_with_a_way_on_is_an_arrow_of_the_machine(spec):
    arrows = {(source, step.target) for step in spec.lifecycle.transitions.values() for source in step.sources}
    for cell in spec.lifecycle.cells.values():
        if cell.target:
            assert (cell.state, cell.target) in arrows, cell


@every
def test_every_state_is_reached_and_final_ones_are_left_by_nothing_but_a_deletion(spec):
    lifecycle = spec.lifecycle
    steps = lifecycle.transitions.values()
    assert {step.target for step in steps} >= lifecycle.states.keys()
    gone = {name for name, state in lifecycle.states.items() if state.gone}
    moves = {(source, step.target) for step in steps for source in step.sources if step.target != UNCHANGED}
    left = {source for source, target in moves if source != target and target not in gone}
    assert not gone & {source for source, target in moves if source != target}
    assert left.isdisjoint(lifecycle.terminal)


@every
def test_what_nobody_can_see_on_the_wire_claims_no_check(spec):
    for item in spec.requirements.values():
        assert bool(item.checks) != bool(item.untested), item.id
        if item.testability in (Testability.OUT_OF_BAND, Testability.NOT_TESTABLE):
            assert not item.checks, item.id


@every
def test_what_a_requirement_mentions_exists_and_stands_among_its_errata(spec):
    everything = scribe_data.catalogue(spec.profile)
    shape = re.compile(rf"\b(?:CLI-)?(?:{'|'.join(spec.protocol.families)})(?:-[A-Z]+)?-[0-9]{{3}}\b")
    for item in spec.requirements.values():
        told = f"{item.statement} {item.observable}"
        assert set(shape.findall(told)) <= everything.keys(), item.id
        assert set(re.findall(r"\bE[0-9]+\b", told)) <= set(item.errata), item.id
        if item.source.startswith("undefined"):
            assert item.level in ("SHOULD", "MAY"), item.id


@every
def test_every_erratum_has_two_readings_a_place_and_somebody_it_matters_to(spec):
    lifecycle = spec.lifecycle
    entries = (
        *scribe_data.catalogue(spec.profile).values(), *lifecycle.cells.values(), *lifecycle.states.values(),
        *lifecycle.transitions.values(), *lifecycle.invariants.values(), *spec.waivers, *spec.codes.values(),
        *spec.fuzz.refusals, *spec.examples.values(),
    )  # fmt: skip
    cited = {name for entry in entries for name in entry.errata}
    cited |= set(re.findall(r"\bE[0-9]+\b", repr(spec.openapi)))
    for erratum in spec.errata.values():
        assert erratum.strict, erratum.id
        assert erratum.lenient, erratum.id
        assert erratum.places, erratum.id
    if spec.profile != scribe_data.PROFILE:  # its errata also tell of chapters that no requirement cites them for
        assert spec.errata.keys() == cited


@every
def test_what_a_profile_generates_lies_in_the_checkout(spec):
    for path in spec.protocol.generated.values():
        assert (ROOT / path).is_file(), path


def test_a_missing_page_of_any_profile_is_stale(tmp_path):
    for path, text in generate.targets():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text, "utf-8")
    assert generate.stale(tmp_path) == ""
    (tmp_path / "docs/session_manager.md").unlink()
    assert "+++ b/docs/session_manager.md" in generate.stale(tmp_path)


REFUSALS = {
    "no revision": ("profile.yaml", "revision: '1.1'\n", "", "session_manager: has no revision"),
    "revision of nobody": ("profile.yaml", "revision: '1.1'", "revision: '9'", "revision 9 is unknown; known are 1.1"),
    "generated of no kind": ("profile.yaml", "{page: ", "{poster: ", "generated has poster"),
    "family of two words": ("profile.yaml", "families: [SM-END]", "families: [SM-STOP]", "is no id of chapter 2"),
    "family of its first word": (
        "requirements/02-end.yaml",
        "id: SM-END-001",
        "id: SM-START-001",
        "is no id of chapter 2",
    ),
    "half of the errors": (
        "origins.yaml",
        "roll_ups:",
        "errors: {form: SM-OUT-001, code: SM-OUT-001}\nroll_ups:",
        "errors: has no list",
    ),
}


@pytest.mark.parametrize(("file", "old", "new", "complaint"), REFUSALS.values(), ids=REFUSALS)
def test_the_loader_refuses(tmp_path, file, old, new, complaint):
    shutil.copytree(ROOT / "spec/session_manager", tmp_path / "session_manager")
    path = tmp_path / "session_manager" / file
    text = path.read_text("utf-8")
    assert old in text, "the test no longer changes anything"
    path.write_text(text.replace(old, new, 1), "utf-8")
    with pytest.raises(SpecError, match=re.escape(complaint)):
        scribe_data.load("session_manager", root=tmp_path)


def test_the_session_manager_has_its_34_requirements():
    found = scribe_data.load("session_manager").requirements
    counts: dict[str, int] = {}
    for name in found:
        counts[name.rsplit("-", 1)[0]] = counts.get(name.rsplit("-", 1)[0], 0) + 1
    assert counts == {"SM-START": 7, "SM-END": 6, "SM-OUT": 5, "SM-LOG": 7, "SM-PROP": 6, "SM-NF": 3}


def test_a_second_end_and_another_users_end_have_both_codes_that_the_code_is_known_for():
    lifecycle = scribe_data.load("session_manager").lifecycle
    assert {400, 409} <= set(lifecycle.cell("ended", "end").expected.codes)
    assert {403, 404} <= set(lifecycle.cell("other_user", "end").expected.codes)


def test_every_schema_of_the_session_manager_has_an_example_of_ours():
    spec = scribe_data.load("session_manager")
    assert {example.schema for example in spec.examples.values()} == spec.schemas.keys()
