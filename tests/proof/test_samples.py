"""The pages of `reports/` are what the text, the faults and a run say today; `make samples` remakes them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mock_server.faults.catalogue import CATALOGUE
from tests.proof import kills, samples
from tests.proof.bench import graded

if TYPE_CHECKING:
    from tests.proof.conftest import Bench


def test_every_fault_has_a_row_and_no_row_is_of_a_fault_that_is_gone() -> None:
    record = kills.known()
    assert kills.missing(record) == []
    assert kills.gone(record) == []


def test_the_mock_lists_the_faults_that_a_quick_run_overlooks_as_they_were_recorded() -> None:
    assert kills.OVERLOOKED.read_text("utf-8") == kills.overlooked(kills.known())


def test_every_fault_is_shown_by_a_layer_that_was_driven() -> None:
    record = kills.known()
    for name in CATALOGUE:
        seen = [layer for layers in record[name]["shown"].values() for layer in layers]
        assert seen, name
        assert set(seen) <= set(record[name]["drove"]) == {each.value for each in kills.drivers(name)}, name


def test_the_pages_that_follow_from_data_are_fresh() -> None:
    assert samples.stale(samples.of_data()) == ""


def test_the_statement_of_the_honest_server_is_fresh(bench: Bench) -> None:
    difference = samples.stale(samples.of_run(bench.run(graded(bench.app))))
    if difference:  # what takes its time on a busy machine is not to be seen in that run, and says so
        again = samples.stale(samples.of_run(bench.run(graded(bench.app))))
        assert not again, f"{again}\nand before:\n{difference}"


def test_no_page_names_a_time_an_id_or_a_place_of_a_machine() -> None:
    for path in samples.ROOT.iterdir():
        text = path.read_text("utf-8")
        assert not samples.VARYING.findall(text), path.name
