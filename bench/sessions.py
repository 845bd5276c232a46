"""Create, upload 100 KB, end, get: durable on the mock, against a bare application in memory."""

from __future__ import annotations

import io
import statistics
import tempfile
import wave
from typing import TYPE_CHECKING

from bench.figure import Figure, Spread, at_least, plain
from bench.flow import flows, settled
from bench.server import Server, started
from scribe_data import recordings

if TYPE_CHECKING:
    from bench.flow import Round

_ROUNDS, _FLOWS, _WARM = 9, 320, 64
_LEAST = 0.45


def audio() -> bytes:
    """100 KB of the visit, as a WAV of its own: the scripted transcriber decodes it like any stranger's."""
    with wave.open(io.BytesIO(recordings.load()["visit"].read())) as source:
        form, frames = source.getparams(), source.readframes(100_000)
    out = io.BytesIO()
    with wave.open(out, "wb") as target:
        target.setparams(form)
        target.writeframes(frames[: 100_000 - 44])
    return out.getvalue()


def timed(server: Server, body: bytes, number: int = _FLOWS) -> tuple[Round, float]:
    """A round of so many flows, and the milliseconds of processor the server took for each of its flows."""
    before = server.processor()
    found = flows(server.address, number, body)
    return found, 1000 * (server.processor() - before) / number


def _times(rounds: list[Round]) -> dict[str, float]:
    """Median milliseconds by operation."""
    operations = rounds[0].took
    return {
        name: round(1000 * statistics.median(took for each in rounds for took in each.took[name]), 2)
        for name in operations
    }


def measure() -> list[Figure]:
    """Rounds on both, one after the other; a round begins when the work of the one before is done."""
    body = audio()
    floor: list[tuple[Round, float]] = []
    subject: list[tuple[Round, float]] = []
    drained: list[float] = []
    with (
        tempfile.TemporaryDirectory() as folder,
        started("bench.bare") as bare,
        started("bench.roomy", folder) as mock,
    ):
        flows(bare.address, _WARM, body)
        settled(mock.address, flows(mock.address, _WARM, body).sessions)
        for _ in range(_ROUNDS):
            floor.append(timed(bare, body))
            subject.append(timed(mock, body))
            drained.append(settled(mock.address, subject[-1][0].sessions))
    ratios = Spread.of([one.rate / other.rate for (one, _), (other, _) in zip(subject, floor, strict=True)])
    return [
        at_least(
            "sessions: flows a second, mock / bare",
            ratios,
            _LEAST,
            floor_ms=_times([each for each, _ in floor]),
            mock_ms=_times([each for each, _ in subject]),
        ),
        plain("  bare", Spread.of([each.rate for each, _ in floor]), "flows/s"),
        plain("  mock", Spread.of([each.rate for each, _ in subject]), "flows/s"),
        plain("  bare, processor a flow", Spread.of([took for _, took in floor]), "ms"),
        plain("  mock, processor a flow", Spread.of([took for _, took in subject]), "ms"),
        plain(f"  mock, until all {_FLOWS} are processed", Spread.of(drained), "s after the last answer"),
    ]
