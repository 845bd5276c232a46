"""The lifecycle of research sessions goes in circles, and the spec says so where order was once assumed."""

from __future__ import annotations

from collections import Counter

import pytest

import scribe_data
from scribe_data import generate

SPEC = scribe_data.load("prsm")
LIFECYCLE = SPEC.lifecycle
FINAL = {"completed", "failed", "cancelled", "timeout"}


def test_every_part_of_the_document_has_its_requirements():
    counts = Counter(name.split("-")[1] for name in SPEC.requirements)
    assert counts == {
        "CREATE": 7, "GET": 6, "LIST": 4, "CANCEL": 3, "PAUSE": 2, "RESUME": 2, "RES": 3, "EXP": 3, "MET": 1,
        "HIST": 2, "SHARE": 4, "COM": 3, "STATE": 2, "ERR": 2, "AUTH": 2,
    }  # fmt: skip


def test_the_twelve_operations_are_those_of_the_openapi_document():
    known = {
        item["operationId"]
        for path in SPEC.openapi["paths"].values()
        for item in path.values()
        if "operationId" in item
    }
    assert len(SPEC.protocol.endpoints) == len(known) == 12


def test_every_operation_knows_401():
    for path in SPEC.openapi["paths"].values():
        for method, operation in path.items():
            if method != "parameters":
                assert "401" in operation["responses"], operation["operationId"]


def test_what_a_cell_expects_is_an_answer_of_the_openapi_document():
    answers = {
        (method.upper(), path): {int(code) for code in operation["responses"]}
        for path, item in SPEC.openapi["paths"].items()
        for method, operation in item.items()
        if method != "parameters"
    }
    for cell in LIFECYCLE.cells.values():
        endpoint = SPEC.protocol.endpoints[cell.operation]
        assert set(cell.expected.codes) <= answers[endpoint.method, endpoint.path], cell


def test_a_session_goes_from_running_to_paused_and_back():
    assert {"running", "paused"} <= LIFECYCLE.later["running"]
    assert {"running", "paused"} <= LIFECYCLE.later["paused"]
    assert LIFECYCLE.states["running"].rank == LIFECYCLE.states["paused"].rank


def test_nothing_follows_a_final_state():
    assert set(LIFECYCLE.terminal) == FINAL
    assert all(LIFECYCLE.later[name] == frozenset() for name in FINAL)


@pytest.mark.parametrize("profile", ["medscribe", "session_manager"])
def test_without_a_circle_what_may_follow_is_what_has_a_higher_rank(profile):
    lifecycle = scribe_data.load(profile).lifecycle
    for name, state in lifecycle.states.items():
        higher = {other for other, its in lifecycle.states.items() if its.rank > state.rank and not state.terminal}
        assert lifecycle.later[name] == higher, name


def test_the_machine_of_the_mock_moves_as_the_arrows_lead():
    moves = generate.core_moves(LIFECYCLE)
    assert moves["running"]["pause_requested"] == "paused"
    assert moves["paused"] == {"resume_requested": "running", "cancel_requested": "cancelled"}
    assert all(moves[name] == {} for name in FINAL)


def test_the_time_limit_stands_while_a_session_waits_or_is_paused():
    assert tuple(name for name, state in LIFECYCLE.states.items() if state.expires) == ("initializing", "running")


def test_a_refusal_that_the_document_lists_has_its_word():
    for cell in LIFECYCLE.cells.values():
        if cell.error:
            assert cell.error in SPEC.codes
            assert set(cell.expected.codes) & {200, *SPEC.codes[cell.error].statuses}, cell


def test_every_schema_has_an_example_of_ours():
    shown = {example.schema for example in SPEC.examples.values()}
    # requests of a share and a comment, and their answers, too
    assert shown == SPEC.schemas.keys()


def test_a_paused_session_waits_for_its_client_and_the_work_ends_in_two_states():
    assert (LIFECYCLE.open, LIFECYCLE.results, LIFECYCLE.after_end) == (("paused",), ("completed", "failed"), ())
    assert LIFECYCLE.moving == {"pause", "resume", "cancel"}


def test_a_session_goes_back_only_where_somebody_asks_for_it():
    assert LIFECYCLE.circling == {"queued", "initializing", "running", "paused"}
    assert "queued" in LIFECYCLE.later["running"]
    assert LIFECYCLE.unasked["running"] == {"completed", "failed", "timeout"}
    assert LIFECYCLE.unasked["paused"] == frozenset()
