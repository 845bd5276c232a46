"""The script beside a report shows a failure of a live session again where it is, and nowhere else."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

import scribe_data
from conformance.report.files import write
from conformance.report.scripts import scripts
from mock_server.faults.catalogue import LIVE
from tests.proof.claims import failed, graded
from tests.proof.switched import HONEST, key_of, switched
from tests.whole import some

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600), pytest.mark.xdist_group("live")]
TEXT = scribe_data.load("dalston")
#: A fault -> what its script ends with: 1 where an answer shows by itself that it is wrong, 3 where a person has to.
TRIED = {
    "begins_in_other_words": 1,
    "resumes_without_a_word": 1,
    "changes_its_language": 1,
    "forgets_the_lost": 1,
    "swallows_the_first_word": 1,
    "deletes_the_active": 1,
    "measures_at_the_end_only": 1,
    "goes_on_counting": 3,
}
#: In CI a few stand for all.
DRIVEN = some(3, TRIED, first=1)
NOT_SEEN = 0


@pytest.fixture(scope="module")
def target(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with switched(tmp_path_factory.mktemp("switched"), TEXT.profile) as address:
        yield address


def outcome(path: Path, target: str, key: str) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("SCRIBE_")}
    environment |= {"SCRIBE_TARGET": target, "SCRIBE_API_KEY": key, "SCRIBE_SECOND_API_KEY": key_of("other")}
    command = [sys.executable, str(path)]
    return subprocess.run(
        command, env=environment, cwd=path.parent, capture_output=True, text=True, timeout=240, check=False
    )


@pytest.mark.parametrize("name", DRIVEN)
def test_a_script_tells_a_fault_from_none(name: str, target: str, tmp_path: Path) -> None:
    (requirement,) = LIVE[name].breaks
    keys = key_of(name), key_of("other")
    run = graded(TEXT, target, keys, LIVE[name].reading, only=(requirement,))
    assert failed(run) == {requirement}
    write(run, tmp_path)
    (script,) = scripts(run)
    assert not [key for key in keys if key in script.text]
    told = next(each for graded in run.graded for each in graded.findings if each.message in script.text)
    again = outcome(tmp_path / script.name, target, keys[0])
    assert again.returncode == TRIED[name], f"{script.text}\n{again.stdout}\n{again.stderr}"
    assert told.message.removesuffix(".") in again.stdout
    honest = outcome(tmp_path / script.name, target, key_of(HONEST))
    expected = NOT_SEEN if TRIED[name] == 1 else TRIED[name]
    assert honest.returncode == expected, f"{script.text}\n{honest.stdout}\n{honest.stderr}"
