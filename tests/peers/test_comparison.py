"""Expectations are whole, and the comparison finds every kind of difference."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

import scribe_data

from .comparison import Cause, Expected, differences, expectations, seen
from .roll import PEERS, REVISED

if TYPE_CHECKING:
    from collections.abc import Iterable

EXPECTED = Expected(
    overall="non_conformant",
    exit_code=1,
    sets={
        "fail": frozenset({"TPL-001", "CONF-001"}),
        "warn": frozenset(),
        "disputed": None,
        "blocked": frozenset({"TPL-002"}),
    },
    causes=(Cause(frozenset({"TPL-001"}), frozenset({"CONF-001"}), frozenset({"TPL-002"})),),
    open={"VER-005": ("pass", "inconclusive")},
    out_of_reach=frozenset({"SES-EXP-001"}),
)
CAUSE = {"requirement": "TPL-001", "shows_in": ["CONF-001"], "hides": ["TPL-002"]}


def report(causes: Iterable[dict[str, Any]] = (CAUSE,), **changed: str) -> dict[str, Any]:
    verdicts = {
        "TPL-001": "fail",
        "CONF-001": "fail",
        "TPL-002": "blocked",
        "VER-005": "pass",
        "AUTH-001": "disputed",
        **changed,
    }
    entries = [
        {"id": requirement, "verdict": "inconclusive", "reason": "blocked"}
        if verdict == "blocked"
        else {"id": requirement, "verdict": verdict, "findings": [{"message": "seen"}]}
        for requirement, verdict in verdicts.items()
    ]
    return {"overall": "non_conformant", "requirements": entries, "causes": list(causes)}


def test_a_report_that_says_what_was_expected_has_no_difference() -> None:
    assert differences(EXPECTED, report(), 1) == []


@pytest.mark.parametrize(
    "changed, exit_code, line",
    [
        ({"SES-ID-001": "warn"}, 1, "SES-ID-001: warn, which is not expected: seen"),
        ({"CONF-001": "pass"}, 1, "CONF-001: fail expected, and it is pass"),
        ({"TPL-002": "inconclusive"}, 1, "TPL-002: blocked expected, and it is inconclusive"),
        ({"VER-005": "warn"}, 1, "VER-005 is warn, expected pass or inconclusive"),
        ({"SES-ID-005": "fail"}, 1, "the failure of SES-ID-005 stands under 0 causes"),
        ({}, 4, "exit code 4, expected 1"),
        ({"SES-EXP-001": "pass"}, 1, "SES-EXP-001 is pass, and it is out of reach"),
        ({"causes": []}, 1, "no cause names TPL-001"),
        ({"causes": [{**CAUSE, "hides": []}]}, 1, "TPL-002 is not told as hidden by TPL-001"),
        ({"causes": [CAUSE, CAUSE]}, 1, "the failure of TPL-001 stands under 2 causes"),
        ({"causes": [CAUSE] * 3}, 1, "3 causes are told for 1 true ones, 2 at most"),
    ],
)
def test_a_difference_is_told_in_a_line(changed: dict[str, Any], exit_code: int, line: str) -> None:
    assert line in differences(EXPECTED, report(**changed), exit_code)


@pytest.mark.parametrize(
    "verdicts, share",
    [
        ({"TPL-001": "fail", "CONF-001": "pass", "TPL-002": "blocked", "VER-005": "inconclusive"}, 1.0),
        ({"TPL-001": "inconclusive", "CONF-001": "not_applicable"}, 0.5),
    ],
)
def test_what_is_hidden_is_not_counted_as_unseen(verdicts: dict[str, str], share: float) -> None:
    assert seen(EXPECTED, report(**verdicts), ["TPL-001", "CONF-001", "TPL-002", "VER-005"]) == share


def test_every_peer_has_an_expectation() -> None:
    assert expectations().keys() == PEERS.keys() | REVISED.keys()


@pytest.mark.parametrize("name", [*PEERS, *REVISED])
def test_an_expectation_is_whole(name: str) -> None:
    expected = expectations()[name]
    sets = {which: ids or frozenset() for which, ids in expected.sets.items()}
    named = [requirement for ids in (*sets.values(), expected.open, expected.out_of_reach) for requirement in ids]
    assert len(named) == len(set(named)), "an id stands in one set"
    _, revision = REVISED.get(name, (None, scribe_data.REVISION))
    requirements = scribe_data.load(revision=revision).requirements
    assert set(named) <= requirements.keys()
    assert all(requirements[requirement].checks for requirement in named)
    assert all(requirements[requirement].level in {"MUST", "SCHEMA"} for requirement in sets["fail"])
    for requirement in sets["fail"]:
        under = [cause for cause in expected.causes if requirement in cause.at_fault | cause.shows_in]
        assert len(under) == 1, f"{requirement} stands under one cause"
    hidden = {requirement for cause in expected.causes for requirement in cause.hides}
    assert sets["blocked"] <= hidden <= sets["blocked"] | expected.open.keys()


def test_the_peers_are_strangers_to_the_kit_and_the_mock() -> None:
    code = "import sys, tests.peers.roll; print({name.partition('.')[0] for name in sys.modules})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {"mock_server", "conformance"} & set(done.stdout.replace("'", " ").replace(",", " ").split())
