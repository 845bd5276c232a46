"""One started mock for all faults: switching a fault is cheaper than starting a server."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

import pytest

from tests.proof.bench import mock

if TYPE_CHECKING:
    from collections.abc import Coroutine, Iterator

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
