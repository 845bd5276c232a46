"""After kill -9 at any moment every acknowledged deed is kept, and the books balance to the last hundredth."""

from __future__ import annotations

import asyncio
import random
from collections import defaultdict
from itertools import pairwise
from pathlib import Path

import pytest

from mock_server.prsm.ledger import OPENING_BALANCE
from mock_server.session.prsm.table import PRSM_V1, State
from mock_server.storage.inquiry import Sieve
from mock_server.storage.keeping import open_keeping
from tests.mock_server.killing import killed, lives

DRIVER = Path(__file__).with_name("driver.py")
#: What a line of the journal says that the session became.
BECAME = {"created": State.QUEUED, "resumed": State.RUNNING} | {state.value: state for state in State}


def kept(directory):
    """Sessions with their journals and findings, and the balance."""
    keeping = open_keeping(directory)

    def look(view):
        found = view.inquiries.page(Sieve("clinic", "ann"), limit=10_000, skip=0)
        whole = [view.inquiries.load(each.id) for each in found]
        told = [(each, view.history(each.id), view.inquiries.findings(each.id)) for each in whole]
        return told, view.inquiries.balance("clinic")

    try:
        return asyncio.run(keeping.store.read(look))
    finally:
        keeping.close()


def holds(inquiry, rows, findings):
    """Whether a session is what its journal tells, and has what its steps found."""
    became = [BECAME[row.kind] for row in rows if row.kind in BECAME]
    assert became[-1] is inquiry.state, (inquiry.id, became)
    assert all(PRSM_V1.leads(one, other) for one, other in pairwise(became))
    assert [row.at for row in rows] == sorted(row.at for row in rows)
    assert sum(row.kind in ("completed", "failed", "cancelled", "timeout") for row in rows) == inquiry.final
    assert (findings is not None) == (inquiry.done > 0)
    if inquiry.state is State.COMPLETED:
        assert inquiry.done == inquiry.steps


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1])
def test_every_acknowledged_deed_is_kept_and_the_books_balance_after_kills(tmp_path, seed):
    moments = random.Random(seed)
    deeds = defaultdict(list)

    def enough():
        return len(deeds["created"]) > 10 and deeds["cancel"]

    for seconds in lives(moments, 0.5, 1.5, kills=3, enough=enough):
        for deed, session_id in killed(DRIVER, tmp_path, seconds=seconds):
            deeds[deed].append(session_id)
        told, balance = kept(tmp_path)
        for inquiry, rows, findings in told:
            holds(inquiry, rows, findings)
        spent = sum(inquiry.used if inquiry.final else inquiry.reserved for inquiry, _, _ in told)
        assert (OPENING_BALANCE if balance is None else balance) == OPENING_BALANCE - spent
    there = {inquiry.id: (inquiry, [row.kind for row in rows]) for inquiry, rows, _ in told}
    assert len(deeds["created"]) > 10
    assert set(deeds["created"]) <= there.keys()
    assert deeds["cancel"]
    assert all(there[each][0].state is State.CANCELLED for each in deeds["cancel"])
    for deed, kind in (("pause", "paused"), ("resume", "resumed"), ("comments", "commented")):
        for session_id in set(deeds[deed]):
            assert there[session_id][1].count(kind) >= deeds[deed].count(session_id), (deed, session_id)
    assert not {inquiry.state for inquiry, _, _ in told} & {State.FAILED, State.TIMEOUT}
