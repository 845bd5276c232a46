"""The mock whose sessions are in PostgreSQL: conformant in both readings, as the one with a file is."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from conformance.certification import certify
from conformance.target import Options
from conformance.verdict import Overall
from tests.mock_server.postgres import served, written
from tests.peers.runs import reread
from tests.proof.process import serving
from tests.proof.test_revised import READINGS, failed
from tests.whole import WHOLE

if TYPE_CHECKING:
    from conformance.run import Run
    from conformance.verdict import Reading

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1200)]
#: What is generated finds text that a database does not take; in `make proof` there is more of it.
EXAMPLES = 10 if WHOLE else 1


@pytest.fixture(scope="module")
def strict(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """One run, over a database of its own."""
    with served() as server:
        more = ["--database", written(server.database())]
        with serving(tmp_path_factory.mktemp("database"), more=more) as target:
            options = Options(
                target=target,
                api_key="sk_test_a",
                second_api_key="sk_test_b",
                test_clock=f"{target}/_mock/v1/clock",
                reading="strict",
                examples=EXAMPLES,
            )
            return asyncio.run(certify(options, reading="strict"))


@pytest.mark.parametrize("reading", READINGS)
def test_the_mock_is_conformant_over_a_database(reading: Reading, strict: Run) -> None:
    run = strict if reading == "strict" else reread(strict, reading)
    assert failed(run) == set()
    assert run.causes == ()
    assert run.overall is Overall.CONFORMANT
    assert [note.text for note in run.evidence.notes if note.reason == "kit_error"] == []
    assert {x.label.layer for x in run.evidence.further} >= {"walk"}
