"""Cases are drawn by a process of its own: the same for the same seed, valid where they say so, leaving no trace."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections import Counter
from typing import TYPE_CHECKING

import jsonschema_rs
import pytest

import scribe_data
from conformance.fuzz import drawn as drawing
from conformance.fuzz.case import SESSION
from conformance.fuzz.offer import narrowed
from conformance.target import Target
from conformance.vocabulary.operation import Operation
from conformance.vocabulary.probe import Probe

if TYPE_CHECKING:
    from pathlib import Path

    from conformance.fuzz.case import Case

TEXT = scribe_data.load()
MODEL = {"id": "swift", "languages": ["de", "en"]}
TARGET = Target(
    "https://scribe.example/v1",
    discovery={"supported_versions": ["0.1"]},
    templates=("ward_note", "letter", "transcript"),
    models=(MODEL,),
    model=MODEL,
)
#: Enough to have every phase, few enough to be quick.
EXAMPLES = 2


def cases_of(seed: int) -> tuple[Case, ...]:
    drawing._DRAWN.clear()
    return asyncio.run(drawing.drawn(narrowed(TEXT, TARGET), seed=seed, examples=EXAMPLES))


@pytest.fixture(scope="module")
def cases() -> tuple[Case, ...]:
    return cases_of(7)


def test_a_seed_draws_the_same_whatever_lies_around(
    cases: tuple[Case, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "schemathesis.toml").write_text("[generation]\nmax-examples = 1\nmode = 'positive'\n")
    (tmp_path / "hooks.py").write_text("raise RuntimeError('hooks are nobody else's')\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SCHEMATHESIS_HOOKS", str(tmp_path / "hooks.py"))
    monkeypatch.setenv("CI", "1")
    monkeypatch.setenv("HYPOTHESIS_PROFILE", "explore")
    assert cases_of(7) == cases
    assert sorted(path.name for path in tmp_path.iterdir()) == ["hooks.py", "schemathesis.toml"]


def test_every_operation_has_valid_cases_and_others(cases: tuple[Case, ...]) -> None:
    found = Counter((case.operation, case.valid) for case in cases)
    for operation in (Operation.TEMPLATES, Operation.CREATE, Operation.GET, Operation.END):
        assert found[operation, True] > 0, operation
        assert found[operation, False] > 0, operation
    assert {case.phase for case in cases} == {"coverage", "fuzzing"}
    assert {
        Probe.ODD_BODY,
        Probe.ODD_HEADER,
        Probe.ODD_PATH,
        Probe.ODD_METHOD,
        Probe.ODD_TYPE,
    } <= {case.odd for case in cases}


def test_valid_creates_are_in_the_words_of_the_target(cases: tuple[Case, ...]) -> None:
    valid = [json.loads(case.body) for case in cases if case.operation is Operation.CREATE and case.valid]
    schema = jsonschema_rs.Draft202012Validator(TEXT.schemas["create_request"], validate_formats=True)
    assert valid
    for body in valid:
        # Discovery's models are as good as those of the schema (E13).
        assert schema.is_valid({name: value for name, value in body.items() if name != "model"})
        assert set(body["templates"]) <= set(TARGET.templates)
        assert body.get("model", "swift") == "swift"
        assert body.get("language_hint", ["en"]) == ["en"]
        assert body["upload_type"] == "chunked"


def test_what_is_wrong_stands_in_the_probe_and_nowhere_else(cases: tuple[Case, ...]) -> None:
    for case in cases:
        assert (case.probe is None) == case.valid
        assert Probe.meant(case.probe) is case.odd
        assert case.valid or case.how
        assert all(name.lower() not in ("authorization", "x-api-key", "user-agent") for name, _ in case.headers)
        assert (
            case.odd is Probe.ODD_PATH
            or case.phase == "fuzzing"
            or "sessions/" not in case.path
            or SESSION in case.path
        )


def test_a_drawing_that_fails_says_why() -> None:
    with pytest.raises(drawing.DrawingFailed, match="drawing cases failed"):
        asyncio.run(drawing.drawn({"openapi": "of nobody"}, seed=0, examples=1))


def test_a_drawing_takes_no_longer_than_the_run_has() -> None:
    drawing._DRAWN.clear()
    with pytest.raises(drawing.DrawingFailed, match="longer than 0 s"):
        asyncio.run(drawing.drawn(narrowed(TEXT, TARGET), seed=1, examples=EXAMPLES, within=0.2))


def test_neither_help_nor_a_quick_run_loads_the_generator() -> None:
    code = (
        "import sys, conformance.cli, conformance.ways\n"
        "conformance.ways.all_ways()\n"
        "print(sorted({'schemathesis', 'hypothesis', 'requests'} & sys.modules.keys()))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
