"""The loader reads the real files and refuses broken ones by file and entry."""

from __future__ import annotations

import re
import shutil
import zipfile
from pathlib import Path

import pytest

import scribe_data
from scribe_data import SpecError, generate
from scribe_data.model import Level, Subject, Testability
from scribe_data.pointer import fits, pointer_of, resolve, tokens, values_at

ROOT = Path(scribe_data.__file__).parent.parent / "spec"
REQUIREMENTS = "requirements/08-templates.yaml"
PROFILE, LIFECYCLE, WAIVERS = "profile.yaml", "2026-01-27/lifecycle.yaml", "2026-01-27/waivers.yaml"


@pytest.fixture(scope="module")
def pristine(tmp_path_factory):
    """A copy of the profile."""
    root = tmp_path_factory.mktemp("pristine")
    shutil.copytree(ROOT / "medscribe", root / "medscribe")
    return root


@pytest.fixture
def broken(pristine, tmp_path):
    """Return a function that changes one text in one file and gives the loader's complaint."""
    shutil.copytree(pristine / "medscribe", tmp_path / "medscribe")

    def complaint(file: str, old: str, new: str) -> str:
        path = tmp_path / "medscribe" / file
        text = path.read_text("utf-8")
        assert old in text, "the test no longer changes anything"
        path.write_text(text.replace(old, new, 1), "utf-8")
        with pytest.raises(SpecError) as caught:
            scribe_data.load(root=tmp_path)
        return str(caught.value)

    return complaint


def test_the_catalogue_has_all_445_requirements():
    assert len(scribe_data.catalogue()) == 445


@pytest.mark.parametrize(("revision", "count"), [("2026-01-19", 295), ("2026-01-27", 407), ("2026-01-29", 414)])
def test_each_revision_has_its_own_part_of_the_catalogue(revision, count):
    assert sum(revision in item.revisions for item in scribe_data.catalogue().values()) == count


def test_a_spec_holds_the_requirements_of_its_revision_only():
    assert len(scribe_data.load().requirements) == 407
    assert all("2026-01-27" in item.revisions for item in scribe_data.load().requirements.values())


def test_requirements_come_by_chapter():
    chapters = [item.chapter for item in scribe_data.load().requirements.values()]
    assert chapters == sorted(chapters)
    assert set(chapters) == {1, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}


def test_every_requirement_has_checks_or_says_why_not():
    for item in scribe_data.catalogue().values():
        assert bool(item.checks) != bool(item.untested), item.id


def test_what_nobody_can_see_on_the_wire_never_claims_a_check():
    for item in scribe_data.catalogue().values():
        if item.testability in (Testability.OUT_OF_BAND, Testability.NOT_TESTABLE):
            assert not item.checks, item.id


def test_merged_requirements_stay_at_level_may_and_name_their_heir():
    merged = [item for item in scribe_data.catalogue().values() if item.statement.startswith("Merged into")]
    assert merged
    for item in merged:
        assert item.level is Level.MAY
        assert re.search(r"[A-Z]+(-[A-Z]+)?-[0-9]{3}", item.statement), item.id


def test_requirements_name_only_requirements_that_exist():
    known = scribe_data.catalogue()
    shape = re.compile(rf"\b(?:CLI-)?(?:{'|'.join(scribe_data.load().protocol.families)})(?:-[A-Z]+)?-[0-9]{{3}}\b")
    for item in known.values():
        for name in shape.findall(f"{item.statement} {item.observable}"):
            assert name in known, f"{item.id} names {name}"


def test_requirements_list_every_erratum_they_mention():
    for item in scribe_data.catalogue().values():
        mentioned = set(re.findall(r"\bE[0-9]+\b", f"{item.statement} {item.observable}"))
        assert mentioned <= scribe_data.load().errata.keys(), item.id
        assert mentioned <= set(item.errata), f"{item.id} mentions {mentioned - set(item.errata)}"


def test_all_91_errata_have_two_readings_and_a_place():
    errata = scribe_data.load().errata
    assert list(errata) == [f"E{number}" for number in range(1, 92)]
    assert all(item.strict and item.lenient and item.places for item in errata.values())


def test_the_nine_rules_are_numbered():
    assert list(scribe_data.load().rules) == list(range(1, 10))


def test_clients_are_judged_apart():
    clients = [item for item in scribe_data.catalogue().values() if item.subject is Subject.CLIENT]
    assert len(clients) == 93


def test_load_reads_once():
    assert scribe_data.load() is scribe_data.load("medscribe", "2026-01-27")


@pytest.mark.parametrize("profile", scribe_data.profiles())
def test_what_a_profile_says_of_its_requests_is_read_without_the_rest(profile):
    assert scribe_data.protocol(profile) == scribe_data.load(profile).protocol
    assert scribe_data.protocol(profile) is scribe_data.protocol(profile)


def test_the_hash_is_the_same_for_the_same_files(tmp_path):
    shutil.copytree(ROOT / "medscribe", tmp_path / "medscribe")
    assert scribe_data.load(root=tmp_path).sha256 == scribe_data.load().sha256


def test_the_hash_changes_with_any_file(pristine, tmp_path):
    shutil.copytree(pristine / "medscribe", tmp_path / "medscribe")
    path = tmp_path / "medscribe/2026-01-27/schemas/templates.json"
    path.write_text(path.read_text("utf-8") + "\n", "utf-8")
    assert scribe_data.load(root=tmp_path).sha256 != scribe_data.load(root=pristine).sha256


def test_a_spec_loads_from_inside_a_wheel(tmp_path):
    archive = tmp_path / "spec.whl"
    with zipfile.ZipFile(archive, "w") as wheel:
        for path in sorted((ROOT / "medscribe").rglob("*.*")):
            wheel.write(path, path.relative_to(ROOT))
    with zipfile.ZipFile(archive) as wheel:
        assert scribe_data.load(root=zipfile.Path(wheel)).sha256 == scribe_data.load().sha256


def test_an_unknown_profile_is_answered_with_the_known_ones():
    with pytest.raises(SpecError, match="profile nobody is unknown; known are dalston, medscribe"):
        scribe_data.load("nobody")


def test_an_unknown_revision_is_answered_with_the_known_ones():
    with pytest.raises(SpecError, match="revision 1999-01-01 is unknown; known are 2026-01-19, 2026-01-27, 2026-01-29"):
        scribe_data.load("medscribe", "1999-01-01")


def test_a_revision_without_files_says_so(pristine, tmp_path):
    assert scribe_data.revisions() == ("2026-01-19", "2026-01-27", "2026-01-29")
    shutil.copytree(pristine / "medscribe", tmp_path / "medscribe")
    shutil.rmtree(tmp_path / "medscribe/2026-01-29")
    assert scribe_data.revisions(root=tmp_path) == ("2026-01-19", "2026-01-27")
    with pytest.raises(SpecError, match="2026-01-29 is catalogued but has no files"):
        scribe_data.load("medscribe", "2026-01-29", root=tmp_path)


REFUSALS = {
    "unknown key": (
        REQUIREMENTS,
        "  feature: core",
        "  colour: red\n  feature: core",
        "TPL-001: unknown key colour",
    ),
    "duplicate id": (REQUIREMENTS, "- id: TPL-002", "- id: TPL-001", "TPL-001: stands twice"),
    "dangling erratum": (REQUIREMENTS, "errata: [E55]", "errata: [E955]", "TPL-001: errata names E955"),
    "level": (REQUIREMENTS, "  level: MUST", "  level: OUGHT", "TPL-001: level 'OUGHT' is unknown"),
    "subject": (REQUIREMENTS, "  subject: service", "  subject: cat", "TPL-001: subject 'cat' is unknown"),
    "testability": (
        REQUIREMENTS,
        "  testability: black-box",
        "  testability: magic",
        "TPL-001: testability 'magic' is unknown",
    ),
    "chapter": (REQUIREMENTS, "- id: TPL-001", "- id: EXT-001", "EXT-001: is no id of chapter 8"),
    "revision": (REQUIREMENTS, "'2026-01-19', ", "'2020-01-01', ", "TPL-001: revisions names 2020-01-01"),
    "date": (REQUIREMENTS, "'2026-01-19', ", "2026-01-19, ", "TPL-001: revisions is not a list of text"),
    "unknown state": (LIFECYCLE, "    to: recording", "    to: singing", "T3: to names singing"),
    "unknown source": (LIFECYCLE, "    from: [created]", "    from: [begun]", "T3: from names begun"),
    "unknown event": (
        LIFECYCLE,
        "    event: audio_accepted",
        "    event: rain",
        "T3: event names rain",
    ),
    "missing cell": (
        LIFECYCLE,
        "    get: {requirement: SES-PART-001, basis: defined, expected: [206], errata: [E65]}\n",
        "",
        "cells of partial: has no get",
    ),
    "missing row": (
        LIFECYCLE,
        "  unknown:\n    get:",
        "  unheard:\n    get:",
        "cells of unknown: has no get",
    ),
    "no code": (LIFECYCLE, "expected: [206]", "expected: [26]", "cell partial, get: expected [26]"),
    "fork": (
        LIFECYCLE,
        "    event: some_lost\n    to: partial",
        "    event: all_succeeded\n    to: partial",
        "T9: processing and all_succeeded lead elsewhere in T8",
    ),
    "resurrection": (
        LIFECYCLE,
        "    from: [processing]\n    event: all_succeeded",
        "    from: [failed]\n    event: all_succeeded",
        "T8: leaves failed, which is terminal",
    ),
    "unknown schema": (
        "2026-01-27/examples/index.yaml",
        "schema: create_request",
        "schema: nothing",
        "create_request: schema names nothing",
    ),
    "missing example": (
        "2026-01-27/examples/index.yaml",
        "name: additional_data",
        "name: end_response_2",
        "end_response_2.json: cannot be read",
    ),
    "cell without requirement": (
        LIFECYCLE,
        "{requirement: SES-GET-003, ",
        "{",
        "cell processing, get: has no requirement",
    ),
    "cell of nobody": (LIFECYCLE, "SES-GET-003", "SES-GET-903", "requirement names SES-GET-903, which does not exist"),
    "state without schema": (LIFECYCLE, "    schema: session_partial\n", "", "partial: has no schema"),
    "state with no such schema": (LIFECYCLE, "schema: session_partial", "schema: half", "partial: schema names half"),
    "invariant nobody judges": (
        LIFECYCLE,
        "{id: INV-01, requirements: [SES-STATE-010], ",
        "{id: INV-01, ",
        "INV-01: needs either requirements or untested",
    ),
    "invariant of nobody": (
        LIFECYCLE,
        "[SES-STATE-010]",
        "[SES-STATE-910]",
        "INV-01: requirements names SES-STATE-910",
    ),
    "family twice": (PROFILE, "families: [VER]", "families: [DISC]", "family DISC belongs to two chapters"),
    "chapter twice": (PROFILE, "{number: 3,", "{number: 1,", "1: stands twice"),
    "unknown key of the profile": (
        PROFILE,
        "name: Med",
        "colour: red\nname: Med",
        "MedScribeAlliance: unknown key colour",
    ),
    "unknown key of an operation": (
        PROFILE,
        "    method: GET\n",
        "    method: GET\n    verb: GET\n",
        "unknown key verb",
    ),
    "answer without status": (PROFILE, "'202': end_response", "'2xx': end_response", "end: answers 2xx"),
    "answer without schema": (PROFILE, "end_response", "no_response", "names the schema no_response"),
    "credential without key": (PROFILE, "Bearer {key}", "Bearer key", "Authorization Bearer: value has no place"),
    "code twice": ("codes.yaml", "code: forbidden", "code: token_expired", "token_expired: stands twice"),
    "code of no place": ("codes.yaml", "[answer, failure]", "[answer, wall]", "places names wall"),
    "code without status": ("codes.yaml", "statuses: [403], ", "", "forbidden: has statuses exactly when"),
    "code of no erratum": ("codes.yaml", "errata: [E35]", "errata: [E935]", "errata names E935"),
    "waiver of nothing": (WAIVERS, "pointers: [/transcript]", "pointers: [/singing]", "pointer /singing leads nowhere"),
    "waiver of every keyword": (WAIVERS, "  keywords: [enum]\n", "", "recording in a 202: names no keyword"),
    "waiver without erratum": (
        WAIVERS,
        "errata: [E8]",
        "errata: []",
        "alphabet of ids: is departs and names no erratum",
    ),
    "waiver of no such kind": (WAIVERS, "kind: warns", "kind: shrugs", "kind 'shrugs' is unknown"),
    "waiver of no such state": (WAIVERS, "states: [created, ", "states: [begun, ", "states names begun"),
    "waiver twice": (WAIVERS, "name: members of open sessions", "name: open sessions have no schema", "stands twice"),
    "waiver judged nowhere": (WAIVERS, "  requirement: SES-DATA-006\n", "", "names a requirement exactly when"),
    "unknown key of a waiver": (WAIVERS, "  kind: warns\n", "  kind: warns\n  mood: mild\n", "unknown key mood"),
    "contract without schema": (
        REQUIREMENTS,
        "schemas: [templates], pointers: [/]",
        "schemas: [temples], pointers: [/]",
        "TPL-001: schemas names temples",
    ),
    "contract that leads nowhere": (
        REQUIREMENTS,
        "'/templates/*'",
        "'/temples/*'",
        "TPL-002: pointer /temples/* leads",
    ),
    "broken JSON": ("2026-01-27/schemas/templates.json", "{", "", "templates.json: "),
    "fuzz judgement untold": (
        "2026-01-27/fuzz.yaml",
        "{name: not_a_server_error, requirements: [ERR-020]}",
        "{name: not_a_server_error}",
        "not_a_server_error: names neither a requirement nor the reason",
    ),
    "fuzz requirement": (
        "2026-01-27/fuzz.yaml",
        "requirements: [ERR-020]}",
        "requirements: [ERR-999]}",
        "requirements names ERR-999, which does not exist",
    ),
    "fuzz open and binding": (
        "2026-01-27/fuzz.yaml",
        "keywords: [maxItems], kind: open,",
        "keywords: [maxItems], kind: violates,",
        "more than two templates: names a requirement exactly when it is not open",
    ),
    "fuzz pointer": (
        "2026-01-27/fuzz.yaml",
        "pointers: [/templates], keywords: [required]",
        "pointers: [/nowhere], keywords: [required]",
        "templates left out: pointer /nowhere leads nowhere",
    ),
    "key twice": ("errata.yaml", "- id: E1\n", "- id: E1\n  id: E2\n", "key 'id' stands twice"),
    "no number": ("rules.yaml", "- number: 1\n", "- number: one\n", "number is 'one'"),
}


@pytest.mark.parametrize(("file", "old", "new", "complaint"), REFUSALS.values(), ids=REFUSALS)
def test_the_loader_refuses(broken, file, old, new, complaint):
    said = broken(file, old, new)
    assert complaint in said
    assert f"medscribe/{file}" in said or "examples/" in said or "medscribe/requirements: " in said


@pytest.mark.parametrize("both", [True, False], ids=["both", "neither"])
def test_a_requirement_has_either_checks_or_a_reason(broken, both):
    old = "  checks: [contract.answers_fit_their_schema, templates.templates_are_listed]"
    new = f"{old}\n  untested: a reason" if both else "  # nothing"
    assert "TPL-001: needs either checks or untested" in broken(REQUIREMENTS, old, new)


def test_checks_are_read_in_their_order(pristine, tmp_path):
    shutil.copytree(pristine / "medscribe", tmp_path / "medscribe")
    path = tmp_path / "medscribe" / REQUIREMENTS
    path.write_text(re.sub("  checks: .*", "  checks: [one, two]", path.read_text("utf-8"), count=1), "utf-8")
    assert scribe_data.load(root=tmp_path).requirements["TPL-001"].checks == ("one", "two")


def test_a_requirement_file_without_a_chapter_is_refused(pristine, tmp_path):
    shutil.copytree(pristine / "medscribe", tmp_path / "medscribe")
    (tmp_path / "medscribe/requirements/more.yaml").write_text("[]", "utf-8")
    with pytest.raises(SpecError, match=r"more\.yaml: is not named"):
        scribe_data.load(root=tmp_path)


def test_an_example_outside_the_index_is_refused(pristine, tmp_path):
    shutil.copytree(pristine / "medscribe", tmp_path / "medscribe")
    (tmp_path / "medscribe/2026-01-27/examples/stray.json").write_text("{}", "utf-8")
    with pytest.raises(SpecError, match="stray: not in the index"):
        scribe_data.load(root=tmp_path)


def test_every_schema_is_sound_by_its_meta_schema():
    assert generate.unsound(scribe_data.load()) == []


def test_an_unsound_schema_is_named_with_its_place(pristine, tmp_path):
    shutil.copytree(pristine / "medscribe", tmp_path / "medscribe")
    for file, old, new in (
        ("2026-01-27/schemas/templates.json", '"minLength": 1', '"minLength": "one"'),
        (WAIVERS, "accepts: {minLength: 2, maxLength: 5}", "accepts: {minLength: 2, maxLength: five}"),
    ):
        path = tmp_path / "medscribe" / file
        path.write_text(path.read_text("utf-8").replace(old, new, 1), "utf-8")
    first, second = generate.unsound(scribe_data.load(root=tmp_path))
    assert first.startswith("templates: $.properties.templates.items.properties.id.minLength: 'one'")
    assert second.startswith("waiver longer language codes: $.maxLength: 'five'")


def test_a_requirement_of_level_schema_names_its_schema(broken):
    said = broken(REQUIREMENTS, "- id: TPL-003\n  level: MUST", "- id: TPL-003\n  level: SCHEMA")
    assert "TPL-003: is of level SCHEMA and names no schema" in said


def test_every_requirement_of_level_schema_is_of_some_schema():
    for item in scribe_data.catalogue().values():
        assert item.contract or item.level is not Level.SCHEMA, item.id


@pytest.mark.parametrize(
    ("pointer", "found"),
    [("/", "object"), ("/templates/*/status", "string"), ("/audio_files/*", "string"), ("/nothing", None)],
)
def test_pointers_lead_into_schemas(pointer, found):
    part = resolve(scribe_data.load().schemas["session_completed"], pointer)
    assert (part and part["type"]) == found


@pytest.mark.parametrize(
    ("pattern", "values"),
    [
        ("/", [{"a": [{"b": 1}, {"b": 2}, 7], "c/d": {"x": 3}}]),
        ("/a/*/b", [1, 2]),
        ("/a/1/b", [2]),
        ("/a/9/b", []),
        ("/c~1d/x", [3]),
        ("/missing/*", []),
    ],
)
def test_patterns_find_values(pattern, values):
    document = {"a": [{"b": 1}, {"b": 2}, 7], "c/d": {"x": 3}}
    assert list(values_at(document, tokens(pattern))) == values


def test_a_pointer_is_escaped_and_read_back():
    path = ("templates", "a/b~c", 0)
    assert pointer_of(path) == "/templates/a~1b~0c/0"
    assert tokens(pointer_of(path)) == ("templates", "a/b~c", "0")
    assert fits(("templates", "*", "0"), path)
    assert not fits(("templates", "*"), path)


def test_the_profile_knows_the_operations_and_the_envelope():
    protocol = scribe_data.load().protocol
    assert list(protocol.endpoints) == ["discovery", "templates", "create", "upload", "end", "get"]
    assert protocol.endpoints["create"].answers == {201: "create_response"}
    assert (protocol.error.schema, protocol.error.code) == ("error_envelope", "/error/code")
    assert protocol.chapters[6].title == "Session lifecycle"
