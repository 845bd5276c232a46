"""The mock of each revision: conformant by its own text in both readings, and one cause by another's."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest

import scribe_data
from conformance.certification import certify
from conformance.target import Options
from conformance.verdict import Overall, Verdict
from tests.peers.runs import reread
from tests.proof.process import serving
from tests.whole import WHOLE

if TYPE_CHECKING:
    from conformance.run import Run
    from conformance.verdict import Reading

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1200), pytest.mark.xdist_group("revised")]
FIRST, MIDDLE, NEWEST = scribe_data.revisions()
READINGS: tuple[Reading, ...] = ("lenient", "strict")
#: In `make proof` what is generated is sent as well, and all are graded as any other.
EXAMPLES = 10 if WHOLE else 0
#: The revision that is served, and the one it is graded as.
MISGRADED = (
    *((FIRST, MIDDLE), (MIDDLE, FIRST), (NEWEST, MIDDLE)),
    *(((FIRST, NEWEST), (NEWEST, FIRST)) if WHOLE else ()),
)
#: Runs at a time, each in namespaces of its own: most of a run is waiting.
_AT_A_TIME = 3


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, str, Reading], Run]:
    """Every run that a claim below reads: served, graded as, reading."""
    wanted: list[tuple[str, str, Reading]] = [(name, name, "strict") for name in (FIRST, NEWEST)]
    wanted += [(served, graded, "strict") for served, graded in MISGRADED]
    keys = {each: (f"sk_test_one{number}", f"sk_test_two{number}") for number, each in enumerate(wanted)}
    given = [word for pair in keys.values() for key in pair for word in ("--api-key", key)]
    with ExitStack() as open_, ThreadPoolExecutor(_AT_A_TIME) as pool:
        targets = {
            name: open_.enter_context(serving(tmp_path_factory.mktemp("r"), more=["--revision", name, *given]))
            for name in (FIRST, MIDDLE, NEWEST)
        }
        running = {
            each: pool.submit(graded, targets[each[0]], keys[each], each, EXAMPLES if each[0] == each[1] else 0)
            for each in wanted
        }
        found = {each: run.result() for each, run in running.items()}
    return found | {(name, name, "lenient"): reread(found[name, name, "strict"], "lenient") for name in (FIRST, NEWEST)}


def graded(target: str, keys: tuple[str, str], wanted: tuple[str, str, Reading], examples: int = 0) -> Run:
    """A run against a mock, whatever it serves; without `examples` nothing is generated."""
    _, revision, reading = wanted
    options = Options(
        target=target,
        api_key=keys[0],
        second_api_key=keys[1],
        test_clock=f"{target}/_mock/v1/clock",
        revision=revision,
        reading=reading,
        examples=examples,
    )
    return asyncio.run(certify(options, reading=reading))


def failed(run: Run) -> set[str]:
    return {each.requirement.id for each in run.graded if each.verdict in (Verdict.FAIL, Verdict.ERROR)}


@pytest.mark.parametrize("reading", READINGS)
@pytest.mark.parametrize("revision", [FIRST, NEWEST])
def test_the_mock_of_a_revision_is_conformant_by_its_text(
    revision: str, reading: Reading, runs: dict[tuple[str, str, Reading], Run]
) -> None:
    run = runs[revision, revision, reading]
    assert failed(run) == set()
    assert run.causes == ()
    assert run.overall is Overall.CONFORMANT
    assert [note.text for note in run.evidence.notes if note.reason in ("kit_error", "revision")] == []
    assert {x.label.layer for x in run.evidence.further} >= {"walk"}


@pytest.mark.parametrize(("served", "graded_as"), MISGRADED)
def test_the_mock_of_one_revision_graded_as_another_gets_one_cause(
    served: str, graded_as: str, runs: dict[tuple[str, str, Reading], Run]
) -> None:
    run = runs[served, graded_as, "strict"]
    (cause,) = run.causes
    assert f"This looks like revision {served}, and is graded as {graded_as}" in cause.text
    assert failed(run) == {cause.requirement, *cause.shows_in}
