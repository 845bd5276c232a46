"""Where research sessions are looked for, and which ids stand for sessions that nobody made."""

from __future__ import annotations

from uuid import UUID

import pytest

from conformance.drive.addressed import made_up
from conformance.drive.budget import Budget
from conformance.drive.entrance import roots
from conformance.journeys.prsm.sharing import below_of

PATH = "/api/v1/sessions"
HOST = "http://127.0.0.1:8080"


@pytest.mark.parametrize("given", [HOST, f"{HOST}/api", f"{HOST}/api/v1", f"{HOST}/api/v1/sessions"])
def test_an_address_with_a_part_of_the_printed_path_leads_to_its_root(given):
    assert roots(given, PATH)[0] == given
    assert HOST in roots(given, PATH)


def test_an_address_below_a_prefix_stays_below_it():
    assert roots(f"{HOST}/prsm", PATH) == [f"{HOST}/prsm"]
    assert f"{HOST}/prsm" in roots(f"{HOST}/prsm/api/v1", PATH)


@pytest.mark.parametrize(
    "known",
    [
        "6f1c2f0e-3b58-4a0c-8d53-9c835d6d0f7a",
        "6f1c2f0e3b584a0c8d539c835d6d0f7a",
        "ses_slekkorktwx8iqbih49qwarf",
        "sess_00ff",
        "ABC-123",
        "1",
    ],
)
def test_an_id_that_nobody_has_is_of_the_same_shape(known):
    other = made_up(known)
    assert other != known
    assert len(other) == len(known)
    assert other == made_up(known)
    assert other.rpartition("_")[0] == known.rpartition("_")[0]


def test_a_made_up_uuid_is_of_the_same_version():
    known = "6f1c2f0e-3b58-4a0c-8d53-9c835d6d0f7a"
    assert UUID(made_up(known)).version == UUID(known).version


def test_letters_stay_letters_and_digits_stay_digits():
    known = "ses_ab12XY-z9"
    for old, new in zip(known, made_up(known), strict=True):
        assert (old.isdecimal(), old.isalpha(), old.isupper()) == (new.isdecimal(), new.isalpha(), new.isupper())


def test_what_lies_below_a_shared_address_keeps_its_query():
    assert below_of(f"{HOST}/s/x?ticket=y", "comments") == f"{HOST}/s/x/comments?ticket=y"
    assert below_of(f"{HOST}/s/x/", "pause") == f"{HOST}/s/x/pause"


def test_waits_are_in_vain_until_some_session_comes_to_its_end():
    budget = Budget(60)
    assert not budget.in_vain
    budget.waited_in_vain()
    assert budget.in_vain
    budget.finished()
    assert not budget.in_vain
