"""The mock of the later text of realtime sessions: conformant by it, and told to look like it by the first one."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

import scribe_data
from conformance.grading.likeness import likeness
from conformance.verdict import Overall, Verdict
from tests.peers.runs import reread
from tests.proof.claims import failed, graded
from tests.proof.process import serving

if TYPE_CHECKING:
    from conformance.run import Run

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1200), pytest.mark.xdist_group("live")]
TEXT, LATER = scribe_data.load("dalston"), scribe_data.load("dalston", "2026-08")
KEYS = {name: (f"sk_test_{name}", f"sk_test_{name}second") for name in ("own", "other")}


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Run]:
    """A run by its own text and one by the first, of one server."""
    more = ["--profile", TEXT.profile, "--revision", LATER.revision]
    more += [part for pair in KEYS.values() for key in pair for part in ("--api-key", key)]
    with serving(tmp_path_factory.mktemp("later"), more=more) as target, ThreadPoolExecutor(2) as pool:
        own = pool.submit(graded, LATER, target, KEYS["own"], "strict", 2)
        other = pool.submit(graded, TEXT, target, KEYS["other"], "lenient")
        return {"strict": own.result(), "other": other.result(), "lenient": reread(own.result(), "lenient")}


@pytest.mark.parametrize("reading", ["lenient", "strict"])
def test_it_is_conformant_by_its_own_text_and_every_requirement_that_shows_is_seen(
    reading: str, runs: dict[str, Run]
) -> None:
    run = runs[reading]
    assert failed(run) == set()
    assert run.overall is Overall.CONFORMANT
    odd = {each.requirement.id: each.verdict for each in run.graded if each.requirement.checks}
    assert {name for name, verdict in odd.items() if verdict in (Verdict.FAIL, Verdict.ERROR, Verdict.WARN)} == set()


def test_by_the_first_text_it_fails_and_is_told_to_look_like_the_later_one(runs: dict[str, Run]) -> None:
    run = runs["other"]
    assert run.overall is Overall.NON_CONFORMANT
    found = likeness(run.evidence)
    assert found is not None
    assert found.text.revision == LATER.revision
    assert f"--revision {LATER.revision}" in found.told
