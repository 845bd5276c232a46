"""What one session's audio may cost, and how it is said that audio cannot be had."""

from __future__ import annotations

from dataclasses import dataclass


class Undecodable(Exception):  # noqa: N818  (reads as what it says of the audio)
    """No sample can be had from these bytes; the message says why."""


class TooMuch(Undecodable):
    """The recording says itself that it costs more than is left."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What one session's audio may cost; beyond these it is refused or cut short with an issue."""

    seconds: float = 4 * 3600.0  # two of the longest sessions there are; 460 MB of samples
    file_bytes: int = 1 << 30  # all files of a session together, as uploaded
    samples: int = 4 * 3600 * 48_000 * 2  # before resampling, of all channels: what decoding costs
    packets: int = 4 * 3600 * 400  # 2.5 ms each, the shortest there are
    steps: int = 2_000_000  # pages, blocks and frames that are looked at before decoding: usual ones last 10 ms or more
    tracks: int = 8  # audio tracks of one recording that are mixed
    lowest_rate: int = 4_000  # Hz: a header that claims 1 Hz turns 2 kB into 64 MB
    highest_rate: int = 384_000  # Hz: the highest that hardware records

    @property
    def density(self) -> float:
        """Samples a second, of all channels, that a recording as long as the limit of seconds may have."""
        return self.samples / self.seconds if self.seconds else 0.0


@dataclass(slots=True)
class Spent:
    """What a session's audio has cost so far: samples of all channels at their rate, packets, steps to find them."""

    samples: int = 0
    packets: int = 0
    steps: int = 0
