"""How the verdict of a requirement becomes the outcome of a pytest item."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

import pytest

from conformance.plugin import ConformanceWarning
from conformance.report.findings import telling
from conformance.report.junit import story
from conformance.verdict import Verdict

if TYPE_CHECKING:
    from collections.abc import Collection

    from conformance.grading import Square
    from conformance.run import Graded, Run


def _why(graded: Graded, run: Run) -> str:
    """One line: why there is nothing to judge, with the declaration that says so."""
    told = telling(graded, run)
    if not told:
        return graded.requirement.statement
    quoted = f" ({told[0]['actual']})" if told[0].get("actual") is not None else ""
    return f"{told[0]['message']}{quoted}"


def settle_known(names: Collection[str], run: Run, text: str) -> None:
    """Let an item fail as expected where the baseline knows the failures of all these requirements."""
    known = {each.requirement: each for each in run.coverage.known} if run.coverage is not None else {}
    if names and known.keys() >= set(names):
        pytest.xfail(f"in the baseline: {', '.join(str(known[name]) for name in sorted(set(names)))}: {text}")


def _settle_baseline(name: str, run: Run) -> None:
    """Fail where the baseline's entry of a requirement is out of date."""
    if run.coverage is not None:
        late = (*run.coverage.mended, *run.coverage.expired)
        if any(each.requirement == name for each in late):
            told = next(line for line in run.coverage.lines() if line.startswith(f"{name}:"))
            pytest.fail(f"baseline: {told}", pytrace=False)


def settle(graded: Graded, run: Run) -> None:
    """Fail, skip, warn or pass; a skip says why, and the overall item sees to it that skips do not make a green run."""
    text = story(graded, run)
    _settle_baseline(graded.requirement.id, run)
    if graded.verdict is Verdict.FAIL:
        settle_known([graded.requirement.id], run, text)
    if graded.verdict in (Verdict.FAIL, Verdict.ERROR):
        pytest.fail(f"{graded.requirement.id} {graded.verdict.value}: {text}", pytrace=False)
    if graded.verdict in (Verdict.NOT_APPLICABLE, Verdict.INCONCLUSIVE):
        pytest.skip(f"{graded.verdict.value} ({graded.reason}): {_why(graded, run)}")
    if graded.verdict in (Verdict.WARN, Verdict.DISPUTED):
        warnings.warn(ConformanceWarning(f"{graded.requirement.id} {graded.verdict.value}: {text}"), stacklevel=2)


def settle_square(square: Square, run: Run) -> None:
    """Fail, skip, warn or pass by what a cell of the lifecycle's table was seen to answer, with the way to see it."""
    ways = [run.exchange(number) for number in square.sequence]
    steps = "\n".join(f"  {x.request.method} {x.request.url} -> {x.status or x.trouble}" for x in ways if x is not None)
    told = f"{square.cell.requirement} {square.name}: {square.message} Expected {square.cell.expected}.\n{steps}"
    if square.verdict is Verdict.FAIL:
        settle_known([square.cell.requirement], run, told)
    if square.verdict in (Verdict.FAIL, Verdict.ERROR):
        pytest.fail(told, pytrace=False)
    if square.verdict in (Verdict.NOT_APPLICABLE, Verdict.INCONCLUSIVE):
        pytest.skip(f"{square.verdict.value}: {square.message}")
    if square.verdict in (Verdict.WARN, Verdict.DISPUTED):
        warnings.warn(ConformanceWarning(told), stacklevel=2)
