"""When audio is too short, too silent or too noisy to be trusted; thresholds measured on clean, noisy and empty audio."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from mock_server.speech.decode import RATE
from mock_server.speech.model import Failure, FileIssue

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray


@dataclass(frozen=True)
class Thresholds:
    """Below or above these a transcript is a guess; none of them is trusted alone where two are needed."""

    shortest_s: float = 0.5
    #: Loudness (RMS, full scale 1) under which there is only silence.
    silence_rms: float = 0.0005
    #: Spectral flatness above which a sound is noise; speech stays far below.
    noise_flatness: float = 0.45
    lowest_logprob: float = -0.70
    most_fallback: float = 0.20
    most_compression: float = 2.4
    least_language: float = 0.5


DEFAULT = Thresholds()


def too_short(seconds: float, limits: Thresholds = DEFAULT) -> Failure | None:
    """Whether there is enough audio at all."""
    if seconds >= limits.shortest_s:
        return None
    return Failure("audio_too_short", f"{seconds:.2f} seconds of audio arrived; {limits.shortest_s:g} are needed.")


def flatness(samples: NDArray[np.float32]) -> float:
    """Median spectral flatness of the louder windows: near 0 for tones and speech, towards 1 for white noise."""
    size = RATE // 20
    windows = samples[: len(samples) // size * size].reshape(-1, size)
    if not len(windows):
        return 0.0
    loud = windows[np.argsort((windows**2).mean(axis=1))[len(windows) // 2 :]]
    spectrum = np.abs(np.fft.rfft(loud * np.hanning(size), axis=1))[:, 5:] ** 2 + 1e-12
    return float(np.median(np.exp(np.log(spectrum).mean(axis=1)) / spectrum.mean(axis=1)))


def carries_speech(samples: NDArray[np.float32], limits: Thresholds = DEFAULT) -> bool:
    """An energy and flatness gate: enough to tell speech from silence and white noise, no more."""
    if not len(samples):
        return False
    loudness = float(np.sqrt((samples.astype(np.float64) ** 2).mean()))
    return loudness >= limits.silence_rms and flatness(samples) < limits.noise_flatness


@dataclass(frozen=True)
class Confidence:
    """What Whisper says of one segment: seconds, average log probability, temperature it took, compression ratio."""

    seconds: float
    logprob: float
    temperature: float
    compression: float


def untrustworthy(segments: Sequence[Confidence], limits: Thresholds = DEFAULT) -> Failure | None:
    """Whether a transcript is likelier made up than heard."""
    if not segments:
        return Failure("audio_quality_poor", "No speech was found in the audio.")
    total = sum(s.seconds for s in segments) or 1.0
    logprob = sum(s.logprob * s.seconds for s in segments) / total
    fallback = sum(s.temperature > 0 for s in segments) / len(segments)
    squeezed = any(s.compression > limits.most_compression for s in segments)
    if logprob < limits.lowest_logprob or (fallback >= limits.most_fallback and len(segments) > 1) or squeezed:
        return Failure("audio_quality_poor", "The audio is too noisy to be transcribed reliably.")
    return None


def unheard(name: str) -> FileIssue:
    """A file among others that gave no words."""
    return FileIssue(name, "audio_quality_poor", f"No speech was found in {name}.")
