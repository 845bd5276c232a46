"""Over PostgreSQL: after kill -9 of the server, of its database, or of both, nothing acknowledged is missing."""

from __future__ import annotations

import random
import time
from threading import Thread

import pytest

from tests.mock_server.durability.test_durability_kill import (
    SEEDS,
    busy_until_killed,
    nothing_is_missing,
    start,
    told,
)
from tests.mock_server.killing import is_open
from tests.mock_server.postgres import written
from tests.whole import costly

pytestmark = pytest.mark.slow


@pytest.fixture(autouse=True)
def _kept_there(address, monkeypatch):
    """Whatever process a test starts keeps its sessions in a database of the test's own."""
    monkeypatch.setenv("SCRIBE_DATABASE", written(address))


@costly
@pytest.mark.parametrize("seed", SEEDS)
def test_nothing_acknowledged_is_missing_after_kills_of_the_server(tmp_path, seed):
    nothing_is_missing(tmp_path, busy_until_killed(tmp_path, random.Random(seed)))


@pytest.mark.parametrize("seed", SEEDS)
def test_nothing_acknowledged_is_missing_after_kills_of_the_database_under_load(tmp_path, postgres, seed):
    moments = random.Random(seed)
    errors = tmp_path / "errors"
    with errors.open("w") as kept:  # into a pipe that nobody reads not much would go
        process = start("insist", tmp_path, kept)
    assert is_open(process), errors.read_text()
    lines = []
    reading = Thread(target=lambda: lines.extend(line.split() for line in process.stdout))
    reading.start()
    try:
        for _ in range(4):
            time.sleep(moments.uniform(0.3, 1.5))
            postgres.kill()
            time.sleep(moments.uniform(0, 0.5))
            postgres.start()
            known = len(told("created", lines))
            until = time.monotonic() + 20
            while len(told("created", lines)) < known + 3 and process.poll() is None:
                assert time.monotonic() < until, "nobody is served any more"
                time.sleep(0.05)
        assert process.poll() is None, errors.read_text()[-2000:]
        postgres.kill()  # and both at once
    finally:
        process.kill()
        reading.join()
    postgres.start()
    assert ["refused"] in lines
    lines = [line for line in lines if line != ["refused"]]
    assert len(set(told("ended", lines))) > 5
    nothing_is_missing(tmp_path, lines)
