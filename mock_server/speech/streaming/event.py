"""What a listening tells, in the order it happened. Times are seconds of the audio since the listening began."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class Word:
    """One word, between two instants; the confidence is between 0 and 1."""

    word: str
    start: float
    end: float
    confidence: float


@dataclass(frozen=True, slots=True)
class SpeechStart:
    """A voice begins."""

    at: float


@dataclass(frozen=True, slots=True)
class SpeechEnd:
    """The voice has paused."""

    at: float


@dataclass(frozen=True, slots=True)
class Partial:
    """What has been understood so far of an utterance that is still being spoken; the next one replaces it."""

    text: str
    start: float
    end: float


@dataclass(frozen=True, slots=True)
class Final:
    """One utterance, as it stands from now on."""

    text: str
    start: float
    end: float
    confidence: float
    words: tuple[Word, ...]
    language: str


@dataclass(frozen=True, slots=True)
class Unheard:
    """One utterance that could not be recognised, also when it was tried again; the listening goes on."""

    start: float
    end: float
    reason: str


@dataclass(frozen=True, slots=True)
class Lagging:
    """So many seconds of audio wait behind an utterance that has no Final yet: told once, until it is better."""

    seconds: float


@dataclass(frozen=True, slots=True)
class LagExceeded:
    """More waits than may, or more events than anybody reads: the listening is over, and this is its last event."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Broken:
    """Nothing can be recognised any more: the listening is over, and this is its last event."""

    reason: str


Event: TypeAlias = SpeechStart | SpeechEnd | Partial | Final | Unheard | Lagging | LagExceeded | Broken
