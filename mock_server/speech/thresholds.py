"""From where on a recognised text is believed."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Thresholds:
    """Measured on three clips with white noise: speech at 10 dB passes, at 5 dB it does not; adjust them."""

    shortest_seconds: float = 0.5  # of audio: Whisper invents words for less
    shortest_speech_seconds: float = 0.3
    lowest_speech_share: float = 0.05
    sparse_speech_seconds: float = 3.0  # this much speech is enough, however long the silence around it
    lowest_logprob: float = -0.70  # mean over the segments, weighted by their length
    doubtful_logprob: float = -1.0  # of a segment: Whisper's own bound for hearing it again
    highest_doubtful_share: float = 0.20  # of the audio, by the length of its segments
    highest_compression: float = 2.4  # a text that repeats itself
    highest_clipped_share: float = 0.05  # samples at full scale
    lowest_language_probability: float = 0.5
