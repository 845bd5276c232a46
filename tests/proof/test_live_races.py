"""Races of live sessions: quiet at the honest mock, and they find what only requests at the same time show."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from conformance.evidence import Layer
from mock_server.faults.catalogue import LIVE_RACING
from tests.proof.races import red
from tests.proof.switched import HONEST, switched
from tests.proof.test_live_machine import TEXT, driven

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600), pytest.mark.xdist_group("live")]


@pytest.fixture(scope="module")
def target(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with switched(tmp_path_factory.mktemp("switched"), TEXT.profile) as address:
        yield address


def test_the_honest_mock_is_never_accused_and_everything_meets(target: str) -> None:
    evidence = driven(target, HONEST, Layer.RACE)
    assert red(evidence, "strict") == red(evidence, "lenient") == {}
    assert [note.text for note in evidence.notes if note.reason in ("no_overlap", "kit_error", "deadline")] == []
    assert sum(x.label.layer is Layer.RACE for x in evidence.everything) > 100


@pytest.mark.parametrize("name", LIVE_RACING)
def test_the_races_find_what_only_requests_at_the_same_time_show(name: str, target: str) -> None:
    assert set(red(driven(target, name, Layer.RACE))) == set(LIVE_RACING[name].breaks)


@pytest.mark.parametrize("name", LIVE_RACING)
def test_no_journey_shows_it(name: str, target: str) -> None:
    assert red(driven(target, name, Layer.JOURNEY, Layer.WALK)) == {}
