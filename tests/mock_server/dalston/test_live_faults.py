"""Faults of live sessions that only requests at the same time show, in the orders in which these may be answered."""

from __future__ import annotations

import pytest

from mock_server.api.answer import Answer
from mock_server.faults.catalogue import LIVE_RACING
from mock_server.faults.fault import Asked, Flight

GET, DELETE = "dalston.get", "dalston.delete"
SHOWN, GONE = Answer(200, {"id": "sess_1", "status": "completed"}), Answer(404, {"code": "session_not_found"})
DELETED = Answer(200, {"deleted": True, "session_id": "sess_1"})


def deletion(session="sess_1"):
    return Flight(DELETE, session)


@pytest.fixture
def told():
    """What a client is told where the server itself gives an answer, with other requests beside it."""
    memory = {}

    def told(operation, answer, *beside):
        fault = LIVE_RACING["refuses_deletions_that_meet"]
        path, method = "/v1/realtime/sessions/sess_1", operation.rpartition(".")[2].upper()
        return fault.rewrite(Asked(operation, method, path, {}, "ns", "sess_1", memory=memory, beside=beside), answer)

    assert told(GET, SHOWN) == SHOWN
    return told


def test_of_deletions_that_meet_none_is_taken_and_the_session_stays(told):
    assert told(DELETE, DELETED, deletion()).status == 404
    assert told(DELETE, GONE, deletion()).status == 404
    assert told(GET, GONE) == SHOWN


def test_a_read_that_is_answered_between_a_deletion_and_its_refusal_shows_the_session_too(told):
    assert told(GET, GONE, deletion(), deletion()) == SHOWN


@pytest.mark.parametrize("beside", [(), (deletion("sess_2"),), (Flight(GET, "sess_1"),)])
def test_a_deletion_that_meets_no_other_is_taken(told, beside):
    assert told(DELETE, DELETED, *beside) == DELETED
    assert told(GET, GONE, deletion(), *beside) == GONE
