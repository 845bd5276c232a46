"""From kinds of findings to verdicts, from verdicts to the run's, from there to the exit code: as tables to read."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from conformance.cli.run import exit_code
from conformance.evidence import Note
from conformance.finding import Finding, Kind
from conformance.verdict import Overall, Standing, Verdict, judge, overall

#: MUST, SHOULD and MAY in the lenient reading, then the same in the strict one. SCHEMA binds as MUST does.
TABLE = """
holds           pass           pass           pass            pass           pass           pass
violates        fail           warn           pass            fail           warn           pass
departs         disputed       disputed       disputed        fail           warn           pass
tolerated       warn           warn           warn            fail           warn           pass
disputed        disputed       disputed       disputed        disputed       disputed       disputed
warns           warn           warn           pass            warn           warn           pass
recorded        pass           pass           pass            pass           pass           pass
not_applicable  not_applicable not_applicable not_applicable  not_applicable not_applicable not_applicable
inconclusive    inconclusive   inconclusive   inconclusive    inconclusive   inconclusive   inconclusive
"""
ROWS = [line.split() for line in TABLE.strip().splitlines()]
COLUMNS = [(level, reading) for reading in ("lenient", "strict") for level in ("MUST", "SHOULD", "MAY")]


def test_the_table_has_every_kind() -> None:
    assert [row[0] for row in ROWS] == [kind.value for kind in Kind]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0])
def test_a_finding_alone_gives_the_verdict_of_the_table(row: list[str]) -> None:
    finding = Finding(Kind(row[0]))
    assert [judge([finding], level, reading).value for level, reading in COLUMNS] == row[1:]
    for reading in ("lenient", "strict"):
        assert judge([finding], "SCHEMA", reading) is judge([finding], "MUST", reading)


@pytest.mark.parametrize(
    ("kinds", "verdict"),
    [
        ("", "inconclusive"),
        ("holds inconclusive", "pass"),
        ("holds not_applicable", "pass"),
        ("inconclusive not_applicable", "not_applicable"),
        ("recorded inconclusive", "inconclusive"),
        ("recorded not_applicable", "not_applicable"),
        ("recorded holds", "pass"),
        ("holds warns", "warn"),
        ("warns disputed", "disputed"),
        ("disputed violates holds", "fail"),
        ("violates inconclusive not_applicable", "fail"),
    ],
)
def test_the_worst_of_several_findings_decides(kinds: str, verdict: str) -> None:
    findings = [Finding(Kind(kind)) for kind in kinds.split()]
    assert judge(findings, "MUST", "lenient").value == verdict
    assert judge(findings[::-1], "MUST", "lenient").value == verdict


def standing(text: str) -> Standing:
    level, testability, verdict = text.split()
    return Standing(level, testability, Verdict(verdict))  # type: ignore[arg-type]


#: Beside one black-box MUST that passes.
BESIDE_A_PASS = [
    ("MUST black-box warn", Overall.CONFORMANT),
    ("MUST black-box disputed", Overall.CONFORMANT),
    ("MUST black-box not_applicable", Overall.CONFORMANT),
    ("MUST black-box inconclusive", Overall.NOT_FULLY_VERIFIED),
    ("MUST black-box error", Overall.NOT_FULLY_VERIFIED),
    ("MUST black-box fail", Overall.NON_CONFORMANT),
    ("SCHEMA black-box fail", Overall.NON_CONFORMANT),
    ("MUST needs-time-control fail", Overall.NON_CONFORMANT),
    ("MUST needs-time-control inconclusive", Overall.CONFORMANT),
    ("SHOULD black-box inconclusive", Overall.CONFORMANT),
    ("SHOULD black-box error", Overall.NOT_FULLY_VERIFIED),
]


@pytest.mark.parametrize(("other", "verdict"), BESIDE_A_PASS)
def test_every_applicable_black_box_must_counts(other: str, verdict: Overall) -> None:
    assert overall([standing("MUST black-box pass"), standing(other)]) is verdict


@pytest.mark.parametrize("only", ["", "MUST black-box not_applicable", "SHOULD black-box pass", "MAY black-box pass"])
def test_nothing_binding_verified_is_never_conformant(only: str) -> None:
    assert overall([standing(only)] if only else []) is Overall.NOT_FULLY_VERIFIED


def test_a_failure_outweighs_an_error_of_the_kit() -> None:
    both = [standing("MUST black-box error"), standing("MUST black-box fail")]
    assert overall(both) is Overall.NON_CONFORMANT


@pytest.mark.parametrize(
    ("verdict", "kit_broke", "code"),
    [
        (Overall.CONFORMANT, "", 0),
        (Overall.NON_CONFORMANT, "", 1),
        (Overall.NOT_FULLY_VERIFIED, "", 4),
        (Overall.NOT_FULLY_VERIFIED, "check", 5),
        (Overall.CONFORMANT, "journey", 5),
        (Overall.NOT_FULLY_VERIFIED, "journey", 5),
        (Overall.NON_CONFORMANT, "journey", 1),
    ],
)
def test_the_exit_code_is_that_of_the_contract(verdict: Overall, kit_broke: str, code: int) -> None:
    notes = (Note("a journey", "kit_error", "it broke"),) if kit_broke == "journey" else ()
    run = SimpleNamespace(
        overall=verdict,
        coverage=None,
        count=lambda asked: int(asked is Verdict.ERROR and kit_broke == "check"),
        evidence=SimpleNamespace(notes=notes),
    )
    assert exit_code(run) == code  # type: ignore[arg-type]
