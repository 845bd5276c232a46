"""When a recognised text is not to be believed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from mock_server.speech.decode import RATE, Pcm
from mock_server.speech.model import Failure

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from mock_server.speech.thresholds import Thresholds


_BLOCK = 1 << 20  # samples


@dataclass(frozen=True, slots=True)
class Signals:
    """What one recognised segment says about itself."""

    seconds: float
    logprob: float
    compression: float


def too_short(seconds: float, thresholds: Thresholds) -> Failure | None:
    """Judge the length alone, before any work is done."""
    if seconds >= thresholds.shortest_seconds:
        return None
    return Failure("audio_too_short", f"{seconds:.2f} s of audio are too short to recognise speech")


def clipped(pcm: Pcm, thresholds: Thresholds) -> Failure | None:
    """Judge the recording level: an overdriven microphone leaves its samples at full scale."""
    full = sum(int(np.count_nonzero((block >= 32_767) | (block <= -32_767))) for block in _blocks(pcm, _BLOCK))
    share = full / len(pcm) if len(pcm) else 0.0
    if share <= thresholds.highest_clipped_share:
        return None
    return Failure("audio_quality_poor", f"{share:.0%} of the samples are clipped")


def no_speech(seconds: float, speech_seconds: float, thresholds: Thresholds) -> Failure | None:
    """Judge how much of the audio is speech."""
    enough = max(thresholds.lowest_speech_share * seconds, thresholds.shortest_speech_seconds)
    if speech_seconds >= min(enough, thresholds.sparse_speech_seconds):
        return None
    return Failure("audio_quality_poor", f"{speech_seconds:.1f} s of {seconds:.1f} s are speech")


def unreliable(segments: Sequence[Signals], thresholds: Thresholds) -> Failure | None:
    """Judge the recognition by its own doubts."""
    total = sum(segment.seconds for segment in segments)
    if not total:
        return Failure("audio_quality_poor", "No speech was recognised")
    logprob = sum(segment.seconds * segment.logprob for segment in segments) / total
    if logprob < thresholds.lowest_logprob:
        return Failure("audio_quality_poor", f"Recognition is unsure (mean log probability {logprob:.2f})")
    doubtful = [
        segment
        for segment in segments
        if segment.logprob < thresholds.doubtful_logprob or segment.compression > thresholds.highest_compression
    ]
    share = sum(segment.seconds for segment in doubtful) / total
    if share >= thresholds.highest_doubtful_share:
        return Failure("audio_quality_poor", f"Recognition is unsure for {share:.0%} of the audio")
    return None


def loud_seconds(pcm: Pcm) -> float:
    """Seconds that stand out of the quiet: an energy gate for an engine without a voice activity detector.

    Speech comes and goes: 20 ms frames count that are 10 dB above the quietest tenth and above -60 dB of full
    scale. Silence and steady noise have none.
    """
    frame = RATE // 50
    whole = len(pcm) // frame * frame
    if not whole:
        return 0.0
    powers = []
    for block in _blocks(pcm[:whole], frame * 50 * 60):
        samples = block.reshape(-1, frame).astype(np.float32)
        powers.append(np.einsum("ij,ij->i", samples, samples) / frame)
    level = 10 * np.log10(np.concatenate(powers) / 32_768**2 + 1e-12)
    floor = float(np.percentile(level, 10))
    return float(np.count_nonzero((level > floor + 10) & (level > -60))) * frame / RATE


def _blocks(pcm: Pcm, size: int) -> Iterator[Pcm]:
    """The samples a stretch at a time: copies of four hours would take gigabytes."""
    return (pcm[start : start + size] for start in range(0, len(pcm), size))
