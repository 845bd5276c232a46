"""Which recording of the fixtures a stretch of samples is from, however it was coded on its way."""

from __future__ import annotations

import io
import wave
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from mock_server.speech.mix import RATE
from mock_server.speech.streaming.event import Word
from scribe_data import recordings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scribe_data.recordings import Fixture

#: Samples are compared at 2 kHz: a voice is known by its lower tones, which every coding keeps.
_STRIDE: Final = 8
_RATE: Final = RATE // _STRIDE
#: So much is compared at once: shorter, and words that are said twice are taken for each other.
_COMPARED: Final = 3 * _RATE
_LEAST: Final = _RATE // 2
#: How alike they have to be; a telephone's coding leaves 0.99, and two voices that say the same come to 0.3.
_ALIKE: Final = 0.85
_KINDS: Final = frozenset({"speech", "short", "marker"})

_Samples = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Place:
    """A recording, and where in it a stretch begins, in seconds."""

    fixture: Fixture
    at: float


@dataclass(frozen=True, slots=True)
class _Shelf:
    """All recordings one behind the other, with a gap between two, and their spectrum."""

    fixtures: tuple[Fixture, ...]
    begins: NDArray[np.int64]
    energy: NDArray[np.float64]  # of all samples before each
    spectrum: NDArray[np.complex128]
    size: int


def find(pcm: bytes) -> Place | None:
    """Where the beginning of these samples is from; None where they are none of the recordings'."""
    sought = _thinned(pcm)[:_COMPARED]
    own = float(np.dot(sought, sought))
    if len(sought) < _LEAST or not own:
        return None
    shelf = _shelf()
    products = np.fft.irfft(shelf.spectrum * np.conj(np.fft.rfft(sought, shelf.size)), shelf.size)
    products = products[: len(shelf.energy) - len(sought)]
    theirs = shelf.energy[len(sought) :] - shelf.energy[: -len(sought)]
    alike = products / np.sqrt(own * np.maximum(theirs, own * 0.01))
    best = int(alike.argmax())
    if alike[best] < _ALIKE:
        return None
    number = int(np.searchsorted(shelf.begins, best + _LEAST, "right")) - 1
    return Place(shelf.fixtures[number], (best - int(shelf.begins[number])) / _RATE)


@cache
def words(name: str) -> tuple[Word, ...]:
    """The words of a recording; a turn's share its time by their letters."""
    return tuple(word for turn in recordings.load()[name].turns for word in spread(turn.text, turn.start, turn.end))


def spread(text: str, start: float, end: float) -> Iterator[Word]:
    """Words of a text over a time, by their letters."""
    said = text.split()
    edges = np.cumsum([0, *(len(word) + 1 for word in said)])
    times = (start + (end - start) * edges / max(1, edges[-1])).tolist()
    for word, (begin, finish) in zip(said, pairwise(times), strict=True):
        yield Word(word, round(begin, 3), round(finish, 3), 1.0)


@cache
def _shelf() -> _Shelf:
    fixtures = tuple(
        fixture
        for fixture in recordings.load().values()
        if fixture.kind in _KINDS and fixture.media_type == "audio/wav" and fixture.turns
    )
    gap = np.zeros(_COMPARED, np.float32)
    begins, parts = [], [gap]
    for fixture in fixtures:
        with wave.open(io.BytesIO(fixture.read())) as file:
            begins.append(sum(map(len, parts)))
            parts += [_thinned(file.readframes(file.getnframes())), gap]
    samples = np.concatenate(parts)
    size = 1 << (len(samples) + _COMPARED).bit_length()
    energy = np.concatenate(([0.0], np.cumsum(np.square(samples, dtype=np.float64))))
    return _Shelf(fixtures, np.array(begins), energy, np.fft.rfft(samples, size), size)


def _thinned(pcm: bytes) -> _Samples:
    samples = np.frombuffer(pcm, "<i2")
    whole = samples[: len(samples) // _STRIDE * _STRIDE].reshape(-1, _STRIDE)
    thin: _Samples = whole.mean(axis=1, dtype=np.float32)
    return thin - thin.mean(dtype=np.float32) if len(thin) else thin
