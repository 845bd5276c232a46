"""What the recording of traffic costs: the same flows on two mocks that differ in nothing else."""

from __future__ import annotations

import tempfile

from bench.figure import Figure, Spread, at_least, plain
from bench.flow import flows, settled
from bench.server import started
from bench.sessions import audio, timed

_ROUNDS, _FLOWS, _WARM = 9, 160, 64
#: Of a hundred flows a second, five may go for the record of them.
_LEAST = 0.95


def measure() -> list[Figure]:
    """Rounds on both, in turns, each first every other time; a round begins when the work of the one before is done."""
    body = audio()
    rates: dict[bool, list[float]] = {True: [], False: []}
    took: dict[bool, list[float]] = {True: [], False: []}
    with (
        tempfile.TemporaryDirectory() as one,
        tempfile.TemporaryDirectory() as other,
        started("bench.roomy", one) as recording,
        started("bench.roomy", other, "--unrecorded") as silent,
    ):
        servers = {True: recording, False: silent}
        for server in servers.values():
            settled(server.address, flows(server.address, _WARM, body).sessions)
        for number in range(_ROUNDS):
            for recorded in (True, False) if number % 2 else (False, True):
                found, processor_ms = timed(servers[recorded], body, _FLOWS)
                rates[recorded].append(found.rate)
                took[recorded].append(processor_ms)
                settled(servers[recorded].address, found.sessions)
    ratios = Spread.of([on / off for on, off in zip(rates[True], rates[False], strict=True)])
    processor = Spread.of([off / on for on, off in zip(took[True], took[False], strict=True)])
    return [
        at_least("traffic: flows a second, recorded / not", ratios, _LEAST),
        at_least("traffic: processor a flow, not recorded / recorded", processor, _LEAST),
        plain("  recorded", Spread.of(rates[True]), "flows/s"),
        plain("  not recorded", Spread.of(rates[False]), "flows/s"),
        plain("  recorded, processor a flow", Spread.of(took[True]), "ms"),
        plain("  not recorded, processor a flow", Spread.of(took[False]), "ms"),
    ]
