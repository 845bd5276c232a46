"""Which layers of a run show which fault: recorded from runs, read from `reports/kills.json`.

Faults that journeys show are driven by the journeys and the walk; what only sequences, generated requests or races meet
is driven by these. So what a row does not name was either driven and showed nothing, or was not driven (`drove`).
`quick` says whether `run --quick` finds anything broken; the faults that it overlooks stand where the mock lists them.
"""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from conformance.certification import certify
from conformance.evidence import Layer
from conformance.grading.mending import failing
from conformance.run import grade
from conformance.runner import drive_all
from conformance.selection import choose
from conformance.stateful import search
from conformance.verdict import Verdict
from conformance.vocabulary.journey import JourneyName
from conformance.ways import all_ways
from mock_server.faults import deep, odd, race
from mock_server.faults.catalogue import CATALOGUE
from scribe_data import load
from tests.proof import machine
from tests.proof.bench import mock, options, switch

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping
    from typing import Any

    from starlette.applications import Starlette

    from conformance.evidence import Evidence
    from mock_server.faults import Fault

RECORD = Path(__file__).parents[2] / "reports" / "kills.json"
#: What `scribe-mock faults` reads: the faults that a quick run overlooks.
OVERLOOKED = Path(__file__).parents[2] / "mock_server" / "faults" / "overlooked.json"
_SEQUENCES = {fault.name for fault in deep.FAULTS}
_GENERATED = {fault.name for fault in odd.FAULTS}
_RACES = {fault.name for fault in race.FAULTS}
#: A machine that does other work besides is slow: seconds that one search may take.
_LONGEST_SEARCH_S = 280.0


def drivers(name: str) -> tuple[Layer, ...]:
    """The layers that a fault is driven by."""
    if name in _SEQUENCES:
        return (Layer.MACHINE,)
    if name in _GENERATED:
        return (Layer.FUZZ, Layer.MUTATION)
    return (Layer.RACE,) if name in _RACES else (Layer.JOURNEY, Layer.WALK)


def known() -> dict[str, Any]:
    """Fault -> the layers that were driven, and requirement -> those of them that showed it to be broken."""
    told: dict[str, Any] = json.loads(RECORD.read_text(encoding="utf-8")) if RECORD.is_file() else {}
    return told


def missing(record: Mapping[str, Any]) -> list[str]:
    """The faults without a whole row, or with one that was recorded when they broke something else."""
    return [
        name
        for name, fault in CATALOGUE.items()
        if sorted(record.get(name, {}).get("shown", ())) != _broken(fault) or "quick" not in record[name]
    ]


def gone(record: Mapping[str, Any]) -> list[str]:
    """The rows of faults that are no more."""
    return [name for name in record if name not in CATALOGUE]


def _broken(fault: Fault) -> list[str]:
    return sorted(fault.breaks)


def shows(evidence: Evidence, layer: Layer, fault: Fault) -> set[str]:
    """The requirements of a fault that one layer alone shows to be broken, after the preparation of the run."""
    prepared = tuple(x for x in evidence.exchanges if x.label.journey == JourneyName.PREPARATION)
    alone = (
        replace(evidence, further=())
        if layer is Layer.JOURNEY
        else replace(evidence, exchanges=prepared, further=tuple(x for x in evidence.further if x.label.layer is layer))
    )
    own = {x.number for x in alone.everything if x.label.layer is layer}
    return {
        each.requirement.id
        for each in grade(alone, alone.text, fault.reading, fault.breaks)
        if each.verdict is Verdict.FAIL
        # what preparation met counts for the journeys alone
        if layer is Layer.JOURNEY
        or any(found.exchange in own for found in failing(each.findings, each.requirement, fault.reading))
    }


async def _driven(app: Starlette, fault: Fault, layers: Collection[Layer]) -> Evidence:
    await switch(app, (fault.name,))
    asked = {each.name for each in choose(load(), fault.breaks).journeys}
    # of the journeys only those that look at what the fault breaks
    chosen = [
        each for each in all_ways() if each.layer in layers and (each.layer is not Layer.JOURNEY or each.name in asked)
    ]
    # without examples what is random is left out, and nothing of it is asked for here
    examples = 0 if Layer.JOURNEY in layers else 25
    return await drive_all(replace(options(app, examples), reading=fault.reading), journeys=chosen)


async def _searched(app: Starlette, fault: Fault) -> Evidence:
    """What the state machine saw with the first seed that finds the fault."""
    for seed in machine.SEEDS:
        evidence = await machine.of_mock(app, seed, fault.name)
        if machine.found(evidence, fault.breaks) is not None:
            break
    return evidence


async def _is_quick(app: Starlette, fault: Fault) -> bool:
    """Whether a quick run of everything finds something broken."""
    await switch(app, (fault.name,))
    run = await certify(replace(options(app, 0), reading=fault.reading), reading=fault.reading, quick=True)
    return any(each.verdict is Verdict.FAIL for each in run.graded)


def overlooked(record: Mapping[str, Any]) -> str:
    """The faults that a quick run does not find, by name, as the mock reads them."""
    return json.dumps(sorted(name for name, each in record.items() if each.get("quick") is False), indent=1) + "\n"


async def row(app: Starlette, fault: Fault) -> dict[str, Any]:
    """The row of one fault."""
    layers = drivers(fault.name)
    evidence = await (_searched(app, fault) if Layer.MACHINE in layers else _driven(app, fault, layers))
    shown = {layer: shows(evidence, layer, fault) for layer in layers}
    return {
        "drove": [layer.value for layer in layers],
        "shown": {name: [layer.value for layer in layers if name in shown[layer]] for name in _broken(fault)},
        "quick": await _is_quick(app, fault),
    }


async def record(folder: Path, *, anew: bool, tell: Callable[[str], object]) -> None:
    """Drive every fault that has no row, or `anew` all of them, and write the rows as they come."""
    search.LONGEST_S = _LONGEST_SEARCH_S
    rows = {name: each for name, each in known().items() if name in CATALOGUE}
    names = list(CATALOGUE) if anew else missing(rows)
    if names:
        async with mock(folder) as app:
            for place, name in enumerate(names, 1):
                rows[name] = await row(app, CATALOGUE[name])
                _write(rows)
                tell(f"{place} of {len(names)}: {name}")
    _write(rows)


def _write(rows: Mapping[str, Any]) -> None:
    RECORD.write_text(_text(rows.items()), encoding="utf-8")
    OVERLOOKED.write_text(overlooked(rows), encoding="utf-8")


def _text(rows: Iterable[tuple[str, Any]]) -> str:
    """A line a fault, by name: branches that add faults meet seldom."""
    return "{\n" + ",\n".join(f"{json.dumps(name)}: {json.dumps(each)}" for name, each in sorted(rows)) + "\n}\n"
