"""One started mock for all faults: switching a fault is cheaper than starting a server."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

import pytest

from tests.proof.bench import mock
from tests.whole import WHOLE

if TYPE_CHECKING:
    from collections.abc import Coroutine, Iterator, Sequence

    from starlette.applications import Starlette

T = TypeVar("T")


@dataclass
class Bench:
    app: Starlette
    runner: asyncio.Runner

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return self.runner.run(work)


@pytest.fixture(scope="session")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    with asyncio.Runner() as runner:
        started = mock(tmp_path_factory.mktemp("proof"))
        app = runner.run(started.__aenter__())
        yield Bench(app, runner)
        runner.run(started.__aexit__(None, None, None))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """List what no fault proves."""
    from tests.proof.unproven import REASONS, unproven

    terminalreporter.section("black-box MUSTs that no fault kills")
    for requirement in unproven():
        terminalreporter.write_line(f"{requirement}: {REASONS.get(requirement, 'NO REASON GIVEN')}")
    told = [each for some in terminalreporter.stats.values() for each in some if getattr(each, "user_properties", ())]
    if told:
        terminalreporter.section("what was measured on the way")
    for report in told:
        for name, value in report.user_properties:
            if report.when == "call":
                terminalreporter.write_line(f"{report.nodeid.rpartition('::')[2]}: {name} {value}")


#: Of what takes minutes everywhere but in `make proof`: one item in so many of a module.
_THINNED = {
    "test_faults": 3,
    "test_shuffled": 3,
    "test_repro": 8,
    "test_machine": 6,
    "test_schemathesis": 4,
    "test_sequence": 3,
    "test_generated": 4,
    "test_races": 12,
    "test_exported_machine": 2,
    "test_revised_faults": 64,
    "test_revised_live_faults": 8,
    "test_cluster_outages": 12,
    "test_cluster_kit": 9,
}
#: The module of which every test that has one case alone is kept: in it the honest server stands beside the faults.
_KEPT = "test_faults"


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave the whole of the long proofs to `make proof`; what is left out is counted as deselected."""
    if WHOLE or config.option.keyword:
        return
    seen: Counter[str] = Counter()
    kept, left = [], []
    for item in items:
        name = item.path.stem if item.path.parent.name == "proof" else ""
        if name == _KEPT and not hasattr(item, "callspec"):
            name = ""
        (left if seen[name] % _THINNED.get(name, 1) else kept).append(item)
        seen[name] += 1
    items[:] = kept
    config.hook.pytest_deselected(items=left)


def sample(module: str, cases: Sequence[T]) -> Sequence[T]:
    """What CI takes of the cases of a module whose only cases they are."""
    return cases[:: _THINNED[module]]
