"""Who speaks: two groups of segments by pitch, named Doctor and Patient only where the evidence is good.

A heuristic, and said so wherever it shows: it tells two clearly different voices apart and gives up on anything else.
"""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from mock_server.speech.decode import RATE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from mock_server.speech.model import Segment

#: Pitch of human speech, in Hz.
_LOWEST, _HIGHEST = 70.0, 350.0
#: Two voices count as two when their pitch differs by this factor; one voice varies less over a consultation.
_APART = 1.25
#: Share of the variance the two groups must explain.
_EXPLAINED = 0.75
#: Each voice needs this much of the speech, or it is a stray segment.
_LEAST_SHARE = 0.12
_WINDOW = int(0.04 * RATE)
#: What doctors say: a cue each, counted against the other voice's.
_DOCTOR = re.compile(
    r"\b(what brings you|how long have|have you|do you|are you|any (?:fever|pain|other)|let me|i(?:'d| would) like you|"
    r"prescribe|we will|we'll|i want you|your blood pressure|examin\w*|follow up|allergic to anything)\b|\?",
    re.IGNORECASE,
)


def pitch(samples: NDArray[np.float32]) -> float | None:
    """Median fundamental frequency of the voiced windows, in Hz, by autocorrelation; None without voice."""
    found = []
    shortest, longest = int(RATE / _HIGHEST), int(RATE / _LOWEST)
    for at in range(0, len(samples) - _WINDOW - longest, _WINDOW):
        window = samples[at : at + _WINDOW + longest].astype(np.float64)
        window = window - window.mean()
        energy = float(window @ window)
        if energy < 1e-3:
            continue
        spectrum = np.fft.rfft(window, 2 * len(window))
        correlation = np.fft.irfft(spectrum * np.conj(spectrum))[: longest + 1] / energy
        lag = shortest + int(np.argmax(correlation[shortest : longest + 1]))
        if correlation[lag] > 0.45:
            found.append(RATE / lag)
    return float(np.median(found)) if len(found) >= 3 else None


def _split(pitches: NDArray[np.float64]) -> tuple[NDArray[np.bool_], float, float] | None:
    """Two groups by the cut that explains most; None when they are not two voices."""
    logs = np.log(pitches)
    order = np.sort(logs)
    spread = float(((logs - logs.mean()) ** 2).sum())
    if spread == 0 or len(order) < 4:
        return None
    cuts = [(low + high) / 2 for low, high in pairwise(order) if low < high]

    def within(cut: float) -> float:
        return sum(float(((side - side.mean()) ** 2).sum()) for side in (logs[logs <= cut], logs[logs > cut]))

    best = min(cuts, key=within)
    low, high = logs[logs <= best], logs[logs > best]
    explained = 1 - within(best) / spread
    if explained < _EXPLAINED or np.exp(high.mean() - low.mean()) < _APART:
        return None
    return logs > best, float(low.mean()), float(high.mean())


def label(segments: Sequence[Segment], samples: NDArray[np.float32]) -> tuple[Segment, ...]:
    """The segments with speakers, or as they were where two voices cannot be told apart."""
    heights = [pitch(samples[int(s.start * RATE) : int(s.end * RATE)]) for s in segments]
    known = np.array([h for h in heights if h is not None], dtype=np.float64)
    split = _split(known) if len(known) >= 4 else None
    if split is None:
        return tuple(segments)
    _, low, high = split
    middle = (low + high) / 2
    groups = [None if h is None else bool(np.log(h) > middle) for h in heights]
    groups = _filled(groups)
    lengths = {
        side: sum(s.end - s.start for s, g in zip(segments, groups, strict=True) if g is side) for side in (True, False)
    }
    if min(lengths.values()) < _LEAST_SHARE * sum(lengths.values()):
        return tuple(segments)
    doctor = _doctor(segments, groups)
    return tuple(
        replace(s, speaker="Doctor" if group is doctor else "Patient")
        for s, group in zip(segments, groups, strict=True)
    )


def _filled(groups: list[bool | None]) -> list[bool]:
    """Segments without pitch go with the one before them."""
    filled: list[bool] = []
    first = next(group for group in groups if group is not None)
    for group in groups:
        filled.append(group if group is not None else (filled[-1] if filled else first))
    return filled


def _doctor(segments: Sequence[Segment], groups: Sequence[bool]) -> bool:
    """The voice with more of a doctor's phrases for its words; the first to speak when that is even."""
    rates = {}
    for side in (True, False):
        text = " ".join(s.text for s, group in zip(segments, groups, strict=True) if group is side)
        rates[side] = len(_DOCTOR.findall(text)) / max(len(text.split()), 1)
    return groups[0] if rates[True] == rates[False] else rates[True] > rates[False]


def told(segments: Sequence[Segment]) -> str:
    """The transcript: a line a turn with labels, plain text without."""
    if not segments or segments[0].speaker is None:
        return " ".join(s.text.strip() for s in segments).strip()
    lines: list[str] = []
    for at, segment in enumerate(segments):
        if at and segment.speaker == segments[at - 1].speaker:
            lines[-1] += " " + segment.text.strip()
        else:
            lines.append(f"{segment.speaker}: {segment.text.strip()}")
    return "\n".join(lines)
