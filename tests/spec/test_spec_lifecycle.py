"""The state machine says what §6.1 draws, and the committed copies say the same."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

import scribe_data
from scribe_data import generate

ROOT = Path(scribe_data.__file__).parent.parent
LIFECYCLE = scribe_data.load().lifecycle


@pytest.fixture(scope="module")
def table():
    """The committed module, loaded by path: this room does not know the mock."""
    source = importlib.util.spec_from_file_location("committed_table", ROOT / "mock_server/session/table.py")
    module = importlib.util.module_from_spec(source)
    source.loader.exec_module(module)
    return module


def test_the_committed_copies_are_fresh():
    assert not generate.stale(ROOT), "run: python -m scribe_data.generate"


def test_a_stale_copy_is_shown_as_a_diff_and_fails(tmp_path, capsys):
    (tmp_path / "pyproject.toml").touch()
    assert generate.main(["--root", str(tmp_path)]) == 0
    path = tmp_path / "mock_server/session/table.py"
    path.write_text(path.read_text("utf-8").replace("State.CREATED: 0", "State.CREATED: 7"), "utf-8")
    assert generate.main(["--root", str(tmp_path), "--check"]) == 1
    shown = capsys.readouterr().out
    assert "-        State.CREATED: 7," in shown
    assert "+        State.CREATED: 0," in shown


def test_the_generator_refuses_to_write_outside_a_checkout(tmp_path):
    with pytest.raises(SystemExit):
        generate.main(["--root", str(tmp_path)])
    assert not list(tmp_path.iterdir())


def test_the_generated_modules_are_formatted():
    modules = [path for path, _ in generate.targets() if path.endswith(".py")]
    assert len(modules) > 1
    done = subprocess.run(
        [sys.executable, "-m", "ruff", "format", "--check", *modules],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_seven_states_are_those_of_section_6_1():
    assert list(LIFECYCLE.states) == [
        "created", "recording", "processing", "completed", "partial", "failed", "expired",
    ]  # fmt: skip
    assert {name for name, state in LIFECYCLE.states.items() if state.terminal} == {
        "completed", "partial", "failed", "expired",
    }  # fmt: skip


def test_the_diagram_has_exactly_these_arrows():
    assert {(edge.source, edge.target) for edge in LIFECYCLE.edges} == {
        ("created", "recording"),
        ("created", "processing"),  # T7: an end without audio, undefined by the text
        ("created", "expired"),
        ("recording", "processing"),
        ("recording", "expired"),
        ("processing", "completed"),
        ("processing", "partial"),
        ("processing", "failed"),
    }


def test_no_arrow_leads_to_a_lower_or_equal_rank():
    states = LIFECYCLE.states
    for edge in LIFECYCLE.edges:
        assert states[edge.source].rank < states[edge.target].rank, edge


def test_terminal_states_have_no_way_out(table):
    machine = table.MEDSCRIBE_2026_01_27
    assert all(machine.moves[state] == {} for state in machine.terminal)
    assert all(machine.moves[state] for state in set(table.State) - machine.terminal)


def test_the_table_names_every_state(table):
    machine = table.MEDSCRIBE_2026_01_27
    assert set(machine.moves) - {None} == set(machine.ranks) == set(machine.statuses) == set(table.State)
    assert set(table.State) == set(LIFECYCLE.states)


def test_every_terminal_state_can_be_reached(table):
    reached = {None}
    while more := {new for state in reached for new in table.MEDSCRIBE_2026_01_27.moves[state].values()} - reached:
        reached |= more
    assert reached - {None} == set(table.State)


@pytest.mark.parametrize("revision", scribe_data.revisions())
def test_every_revision_has_a_machine_of_its_own_states_and_codes(table, revision):
    machine, lifecycle = table.MACHINES[revision], scribe_data.load("medscribe", revision).lifecycle
    assert (machine.profile, machine.revision) == ("medscribe", revision)
    assert set(machine.moves) - {None} == set(machine.ranks) == {table.State(name) for name in lifecycle.states}
    assert machine.statuses == {table.State(name): state.status for name, state in lifecycle.states.items()}
    assert {machine.late_audio} == {lifecycle.cell(name, "upload").error for name in lifecycle.after_end}
    reached = {None}
    while more := {new for state in reached for new in machine.moves[state].values()} - reached:
        reached |= more
    assert reached == set(machine.moves)


def test_a_loss_completes_a_session_where_the_text_has_no_partial(table):
    lost = {
        name: machine.after(table.State.PROCESSING, table.Event.SOME_LOST) for name, machine in table.MACHINES.items()
    }
    assert lost == {"2026-01-19": "completed", "2026-01-27": "partial", "2026-01-29": "partial"}


def test_a_session_begins_with_a_request_for_it(table):
    assert table.MEDSCRIBE_2026_01_27.moves[None] == {table.Event.SESSION_REQUESTED: table.State.CREATED}


def test_a_machine_says_whose_it_is_and_nobody_can_change_it(table):
    machine = table.MEDSCRIBE_2026_01_27
    spec = scribe_data.load()
    assert (machine.profile, machine.revision) == (spec.profile, spec.revision)
    for changed in (machine.moves, machine.moves[table.State.CREATED], machine.ranks, machine.statuses):
        with pytest.raises(TypeError):
            changed[table.State.CREATED] = None


@pytest.mark.parametrize("state", LIFECYCLE.states)
def test_a_second_end_is_taken_where_the_table_of_answers_recommends_it(table, state):
    cell = LIFECYCLE.cell(state, "end_again")
    moved = table.MEDSCRIBE_2026_01_27.after(table.State(state), table.Event.END_REQUESTED)
    assert (moved is not None) == (cell.recommended < 300)
    assert moved in (None, cell.target or state)


def test_nothing_expires_once_it_is_ended(table):
    moves = table.MEDSCRIBE_2026_01_27.moves
    for name, state in LIFECYCLE.states.items():
        assert (table.Event.DEADLINE_PASSED in moves[table.State(name)]) == state.expires


def test_the_fourteen_transitions_and_thirty_invariants_are_here():
    assert list(LIFECYCLE.transitions) == [f"T{number}" for number in range(1, 15)]
    assert list(LIFECYCLE.invariants) == [f"INV-{number:02}" for number in range(1, 31)]


def test_get_answers_the_code_of_the_state():
    for name, state in LIFECYCLE.states.items():
        assert LIFECYCLE.cell(name, "get").recommended == state.status


def test_a_cell_with_a_way_on_is_an_arrow_of_the_machine():
    arrows = {(source, step.target) for step in LIFECYCLE.transitions.values() for source in step.sources}
    for cell in LIFECYCLE.cells.values():
        if cell.target:
            assert (cell.state, cell.target) in arrows, cell


def test_no_operation_succeeds_for_an_outsider():
    for name in LIFECYCLE.outsiders:
        for operation in LIFECYCLE.operations:
            cell = LIFECYCLE.cell(name, operation)
            assert not any(cell.accepts(code, lenient=True) for code in (200, 201, 202, 204, 206)), cell


@pytest.mark.parametrize("state", ["processing", "completed", "partial", "failed", "expired"])
def test_an_ended_session_takes_no_audio_in_either_reading(state):
    cell = LIFECYCLE.cell(state, "upload")
    assert not cell.accepts(200, lenient=True)
    assert cell.accepts(cell.recommended, lenient=False)
    assert cell.accepts(403, lenient=True)
    # After expiry the text has one code (E42); after an end it has none, and every refusal is one (E41).
    assert cell.accepts(403, lenient=False) is (state != "expired")


def test_the_page_draws_every_arrow():
    page = (ROOT / "docs/lifecycle.md").read_text("utf-8")
    for edge in LIFECYCLE.edges:
        assert f"    {edge.source} --> {edge.target}: {edge.label}\n" in page
