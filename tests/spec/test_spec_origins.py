"""The table of origins is read strictly, and names only what exists."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

import scribe_data
from conformance.evidence import Dimension
from scribe_data import SpecError

ROOT = Path(scribe_data.__file__).parent.parent / "spec"
ORIGINS = scribe_data.load().origins


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ("at_fault: [SES-GET-001]", "at_fault: [SES-GET-999]", "at_fault names SES-GET-999"),
        ("shows_in: [CONF-008]", "shows_in: [CONF-999]", "shows_in names CONF-999"),
        ("hides: [TPL-002]", "hides: [TPLX]", "hides names TPLX"),
        ("refused: templates", "refused: lists", "refused names lists"),
        ("lacking: results", "lacking: outcomes", "lacking 'outcomes' is unknown"),
        ("after: [results]", "after: [end answer]", "does not stand before it"),
        ("    refused: end\n", "    refused: end\n    lacking: results\n", "more than one sign"),
        ("roll_ups: [CONF-001", "roll_ups: [CONF-999", "roll_ups names CONF-999"),
        ("{form: ERR-001", "{form: ERR-999", "ids names ERR-999"),
        ("    refused: end\n", "    refused: end\n    because: so\n", "unknown key because"),
    ],
)
def test_a_mistake_in_the_table_is_refused(tmp_path: Path, old: str, new: str, complaint: str) -> None:
    shutil.copytree(ROOT / "medscribe", tmp_path / "medscribe")
    path = tmp_path / "medscribe" / "origins.yaml"
    text = path.read_text("utf-8")
    assert old in text, "the test no longer changes anything"
    path.write_text(text.replace(old, new, 1), "utf-8")
    with pytest.raises(SpecError, match=complaint):
        scribe_data.load(root=tmp_path)


def test_every_departure_of_the_table_is_one_that_preparation_can_find() -> None:
    named = {origin.departure for origin in ORIGINS.entries if origin.departure}
    assert named
    assert named <= {dimension.value for dimension in Dimension}


def test_what_is_at_fault_binds_so_that_it_can_fail() -> None:
    requirements = scribe_data.catalogue()
    assert {requirements[name].level for origin in ORIGINS.entries for name in origin.at_fault} <= {"MUST", "SCHEMA"}


@pytest.mark.parametrize(
    ("origin", "requirement", "covered"),
    [
        ("envelope", "ERR-005", True),
        ("envelope", "VER-004", True),
        ("envelope", "VER-005", False),
        ("create", "SES-GET-001", True),
        ("create", "TPL-001", False),
        ("registration of webhooks", "HOOK-030", True),
        ("partial answer", "SES-PART-001", False),
    ],
)
def test_an_origin_covers_ids_and_what_they_begin_with(origin: str, requirement: str, covered: bool) -> None:
    entry = next(each for each in ORIGINS.entries if each.name == origin)
    assert entry.covers(requirement) is covered
