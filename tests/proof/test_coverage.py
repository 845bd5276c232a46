"""What the proof does not prove is listed, with its reason, and nothing else is missing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import scribe_data
from mock_server.faults import creation, credentials, discovery, disputed, ending, envelopes, reading, streams
from mock_server.faults.catalogue import CATALOGUE
from tests.proof.conftest import sample
from tests.proof.test_faults import TRIED
from tests.proof.unproven import REASONS, unproven

if TYPE_CHECKING:
    from collections.abc import Iterable

#: The rooms of the faults that journeys show.
ROOMS = (creation, credentials, discovery, disputed, ending, envelopes, reading, streams)


def test_every_unproven_must_has_its_reason_and_no_other_is_missing() -> None:
    assert sorted(unproven()) == sorted(REASONS)


def test_the_faults_that_are_tried_everywhere_are_of_every_room_and_break_something_in_every_chapter() -> None:
    known = scribe_data.load().requirements

    def chapters(names: Iterable[str]) -> set[int]:
        return {known[broken].chapter for name in names for broken in CATALOGUE[name].breaks}

    tried = sample("test_faults", TRIED)
    assert chapters(tried) == chapters(TRIED)
    assert [room.__name__ for room in ROOMS if not {fault.name for fault in room.FAULTS} & set(tried)] == []
