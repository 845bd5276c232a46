"""The state machine alone against one server in this process, and a table of what it finds: fault by seed.

`python -m tests.proof.machine [FAULT ...]` prints the steps of the shortest sequence for seeds 0 to 9, - for none.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx

from conformance.run import grade
from conformance.runner import Options, drive_all
from conformance.verdict import Verdict
from conformance.ways import all_ways
from mock_server.faults import deep
from tests.proof.bench import BASE, KEYS, mock

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from starlette.applications import Starlette

    from conformance.evidence import Evidence, Shown
    from conformance.verdict import Reading

SEEDS = range(10)


async def explored(app: Any, seed: int, **changes: Any) -> Evidence:
    """What the machine alone saw of a server."""
    given = {"target": BASE, "api_key": KEYS[0], "second_api_key": KEYS[1], "processing_timeout": 10.0}
    options = Options(**given | {"seed": seed, "transport": httpx.ASGITransport(app=app)} | changes)
    return await drive_all(options, journeys=[way for way in all_ways() if way.name == "machine"])


async def of_mock(app: Starlette, seed: int, *faults: str, **changes: Any) -> Evidence:
    """The same of the mock with these faults on."""
    for key in KEYS:
        await app.state.face.service.reset(key.removeprefix("sk_test_"))
    app.state.faults.switch(faults)
    return await explored(app, seed, **changes)


def red(evidence: Evidence, reading: Reading = "lenient") -> set[str]:
    """The requirements that fail by what the machine left in the evidence."""
    graded = grade(evidence, evidence.text, reading)
    return {each.requirement.id for each in graded if each.verdict is Verdict.FAIL}


def found(evidence: Evidence, breaks: Collection[str]) -> Shown | None:
    """The shortest sequence that shows one of these requirements broken, in a replay."""
    assert evidence.explored is not None, "the machine ran"
    shown = [each for each in evidence.explored.violations if each.requirement in breaks and each.seen]
    return min(shown, key=lambda each: len(each.steps), default=None)


async def _table(names: Collection[str]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        async with mock(Path(folder)) as app:
            _tell("fault", [f"{seed:>3}" for seed in SEEDS])
            for fault in deep.FAULTS:
                if names and fault.name not in names:
                    continue
                row = []
                for seed in SEEDS:
                    shown = found(await of_mock(app, seed, fault.name), fault.breaks)
                    row.append(f"{len(shown.steps) if shown else '-':>3}")
                _tell(fault.name, row)


def _tell(name: str, row: Iterable[str]) -> None:
    sys.stdout.write(f"{name:42}{' '.join(row)}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    asyncio.run(_table(sys.argv[1:]))
