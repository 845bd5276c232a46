"""What only one revision asks for is checked: each fault of it turns exactly the requirements it names red."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

import scribe_data
from conformance.verdict import Overall
from mock_server.faults.catalogue import CATALOGUE, catalogue
from tests.proof.process import serving
from tests.proof.test_revised import failed, graded

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]
REVISED = [name for name in scribe_data.revisions() if name != scribe_data.REVISION]


@pytest.mark.parametrize(
    ("revision", "name"), [(revision, name) for revision in REVISED for name in catalogue(revision)]
)
def test_a_fault_of_a_revision_turns_exactly_its_requirements_red(revision: str, name: str, tmp_path: Path) -> None:
    fault = catalogue(revision)[name]
    with serving(tmp_path, name, more=["--revision", revision]) as target:
        run = graded(target, ("sk_test_a", "sk_test_b"), (revision, revision, fault.reading))
    assert failed(run) == set(fault.breaks)
    assert run.overall is Overall.NON_CONFORMANT


def test_every_revision_has_faults_of_its_own_and_of_requirements_it_has() -> None:
    for revision in REVISED:
        broken = {name for fault in catalogue(revision).values() for name in fault.breaks}
        assert broken
        assert broken <= scribe_data.load("medscribe", revision).requirements.keys()
    assert catalogue(scribe_data.REVISION) is CATALOGUE
