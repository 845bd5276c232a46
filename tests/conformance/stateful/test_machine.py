"""What the machine draws depends on its seed alone, and what it shrinks is the shortest that shows the same."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import scribe_data
from conformance.stateful.machine import Ended, Steps, Violated, draw, drawn, machine_of
from conformance.stateful.model import Model
from conformance.stateful.play import Offer
from conformance.stateful.shorter import holds, shorter
from conformance.stateful.step import Step, in_words
from scribe_data import recordings

MODEL = Model(scribe_data.load().lifecycle)
OFFER = Offer(({}, {"upload_type": "single"}), ("unknown", "other_client"), recordings.load()["short"])
ROOT = Path(__file__).resolve().parents[3]


SEEDS = range(10)


def of_seed(number: int, examples: int = 30, steps: int = 8) -> list[Steps]:
    return drawn(MODEL, OFFER, lambda: None, number=number, examples=examples, steps=steps)


def test_one_seed_draws_one_sequence_of_sequences() -> None:
    assert of_seed(3) == of_seed(3)
    assert of_seed(3) != of_seed(4)


def test_neither_profile_nor_surroundings_change_what_is_drawn(tmp_path: Path) -> None:
    told = (
        "import hypothesis, sys; sys.path.insert(0, {root!r});"
        "hypothesis.settings.register_profile('odd', derandomize={odd}, max_examples=3, stateful_step_count=2);"
        "hypothesis.settings.load_profile('odd');"
        "from tests.conformance.stateful.test_machine import of_seed; print(of_seed(5))"
    )
    seen = set()
    for odd, variables in ((True, {"CI": "1", "PYTHONHASHSEED": "1"}), (False, {"PYTHONHASHSEED": "2"})):
        command = [sys.executable, "-c", told.format(root=str(ROOT), odd=odd)]
        done = subprocess.run(
            command, cwd=tmp_path, env=os.environ | variables, capture_output=True, text=True, timeout=240, check=True
        )
        seen.add(done.stdout)
    assert len(seen) == 1
    assert list(tmp_path.iterdir()) == []


def test_every_operation_caller_and_form_is_drawn() -> None:
    steps = [step for sequence in of_seed(1, 150) for step in sequence]
    assert {step.operation for step in steps} == {"create", "get", "upload", "end", "wait", "templates"}
    assert {step.caller for step in steps} == {None, *OFFER.callers}
    assert {step.variant for step in steps} == {0, 1}
    assert max(step.session for step in steps) >= 1
    assert max(step.count for step in steps) >= 10


def shrunk(violates: object) -> Steps:
    """The shortest sequence that a property calls a violation."""
    best: list[Steps] = []

    def play(steps: Steps) -> None:
        if violates(steps):  # type: ignore[operator]
            best.append(steps)
            raise Violated

    with pytest.raises(Violated):
        draw(machine_of(MODEL, OFFER, play), number=0, examples=400, steps=12, shrink=True)
    found = [min(best, key=len)]
    found += (steps for steps in shorter(lambda: found[-1]) if violates(steps))  # type: ignore[operator]
    return found[-1]


def test_a_sequence_is_shrunk_to_what_it_takes() -> None:
    def two_ends(steps: Steps) -> bool:
        return sum(step.operation == "end" and step.caller is None for step in steps) >= 2

    def foreign_read_after_upload(steps: Steps) -> bool:
        uploads = [place for place, step in enumerate(steps) if step.operation == "upload"]
        reads = [place for place, step in enumerate(steps) if step.operation == "get" and step.caller]
        return bool(uploads and reads) and uploads[0] < reads[-1]

    assert len(shrunk(two_ends)) == 3
    assert len(shrunk(foreign_read_after_upload)) == 3


def test_a_long_sequence_is_shortened_by_halves() -> None:
    best = [max((each for number in SEEDS for each in of_seed(number, 3, steps=40)), key=len)]
    assert len(best[0]) > 35
    tried = 0
    for steps in shorter(lambda: best[-1]):
        tried += 1
        made = [step.session for step in steps if step.operation == "create"]
        assert made == list(range(len(made)))
        assert {step.session for step in steps if step.operation != "templates"} <= set(made)
        if sum(step.operation == "get" and step.caller is None for step in steps) >= 3:
            best.append(steps)
    assert sorted(step.operation for step in best[-1] if step.operation != "create") == ["get", "get", "get"]
    assert tried < 80


def test_uploads_are_joined_where_only_the_number_of_files_counts() -> None:
    uploads = [Step("upload", first=first, count=count) for first, count in ((1, 2), (3, 1), (9, 4), (0, 5))]

    def ten_and_the_end(steps: Steps) -> bool:
        return sum(each.count for each in steps if each.operation == "upload") >= 10 and steps[-1].operation == "end"

    best: list[Steps] = [(Step("create"), uploads[0], Step("get"), *uploads[1:], Step("end"))]
    best += (steps for steps in shorter(lambda: best[-1]) if ten_and_the_end(steps))
    assert in_words(best[-1]) == ("1. create session A", "2. upload audio_0 to audio_9 to A", "3. end A")


def test_what_holds_a_sequence_has_its_steps_in_their_order() -> None:
    create, read, end = Step("create"), Step("get"), Step("end")
    assert holds((create, read, end, read), (create, end, read))
    assert not holds((create, read, end), (create, end, read))


def test_an_answer_that_changes_its_mind_is_no_error_of_the_kit() -> None:
    asked = 0

    def play(_steps: Steps) -> None:
        nonlocal asked
        asked += 1
        if asked == 7:
            raise Violated

    with pytest.raises(Violated):
        draw(machine_of(MODEL, OFFER, play), number=0, examples=20, steps=5, shrink=True)


def test_a_search_that_is_over_ends_at_once() -> None:
    asked: list[Steps] = []

    def play(steps: Steps) -> None:
        asked.append(steps)
        if len(asked) >= 4:
            raise Ended("enough")

    with pytest.raises(Ended):
        draw(machine_of(MODEL, OFFER, play), number=0, examples=50, steps=5, shrink=True)
    assert len(asked) == 4


def test_steps_are_told_in_words() -> None:
    steps = (Step("create"), Step("upload", count=3), Step("get", 1, "other_client"), Step("wait"))
    assert in_words(steps) == (
        "1. create session A",
        "2. upload audio_0 to audio_2 to A",
        "3. read B as other client",
        "4. read A until it rests",
    )
