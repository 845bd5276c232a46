"""Faults that list what is somebody else's show the same, whoever asks first."""

from __future__ import annotations

import itertools

import pytest

from mock_server.api.answer import Answer
from mock_server.faults.catalogue import INQUIRIES, LIVE
from mock_server.faults.fault import Asked

MANY, FEW = "Bearer sk_test_a", "Bearer sk_test_b"
OWN = {MANY: ("ses_1", "ses_2", "ses_3"), FEW: ("ses_4",)}


def research(key, kind, session=None):
    if kind == "made":
        return "prsm.create", Answer(201, {"session_id": session, "status": "queued"})
    listed = [{"session_id": each, "status": "queued"} for each in OWN[key]]
    return "prsm.list", Answer(200, {"sessions": listed, "total_count": len(listed), "page": 1, "limit": 20})


def live(key, kind, session=None):
    if kind == "made":
        return "dalston.get", Answer(200, {"id": session, "status": "active"})
    listed = [{"id": each, "status": "active"} for each in OWN[key]]
    return "dalston.list", Answer(200, {"sessions": listed, "total": len(listed), "offset": 0, "limit": 20})


@pytest.mark.parametrize(
    ("fault", "server", "member"),
    [(INQUIRIES["lists_everybodys"], research, "session_id"), (LIVE["lists_all_tenants"], live, "id")],
    ids=["research", "live"],
)
@pytest.mark.parametrize(
    "order", list(itertools.permutations([(MANY, "made"), (FEW, "made"), (MANY, "list")])), ids=str
)
@pytest.mark.parametrize("first", [MANY, FEW])
def test_who_has_fewer_sessions_lists_those_of_another_whoever_asks_first(fault, server, member, order, first):
    memory = {}

    def ask(key, kind, session=None):
        operation, answer = server(key, kind, session)
        asked = Asked(operation, "GET", "/", {"authorization": key}, "a", session, memory=memory)
        return fault.rewrite(asked, answer).body

    def listed(key):
        return {each[member] for each in ask(key, "list")["sessions"]}

    ask(first, "list")
    for key, kind in order:
        for session in OWN[key] if kind == "made" else (None,):
            ask(key, kind, session)
    assert listed(FEW) == {*OWN[MANY], *OWN[FEW]}
    assert listed(MANY) == set(OWN[MANY])
