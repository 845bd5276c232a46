"""What a peer hears in a file: known audio is recognised by its digest or its samples, and nothing is ever made up."""

from __future__ import annotations

import hashlib
import io
import wave
from dataclasses import dataclass
from functools import cache

from scribe_data import recordings

#: Audio of the fixtures that decodes although nothing is said in it.
SPEECHLESS = frozenset({"silence", "noise", "too_short"})


@dataclass(frozen=True)
class Heard:
    """One file as a peer understands it; `text` is '' where nothing is said, `seconds` is what it lasts."""

    decodable: bool
    seconds: float = 0.0
    turns: tuple[tuple[str, str], ...] = ()
    language: str = "en"

    @property
    def text(self) -> str:
        return " ".join(words for _, words in self.turns)


def listen(content: bytes) -> Heard:
    """What the bytes say."""
    known = recordings.by_sha256().get(hashlib.sha256(content).hexdigest())
    if known is None:
        return _by_samples(content)
    if known.kind == "bad":
        return Heard(decodable=known.name in SPEECHLESS, seconds=known.seconds)
    return Heard(True, known.seconds, tuple((turn.speaker, turn.text) for turn in known.turns), known.language)


def _by_samples(content: bytes) -> Heard:
    """A WAV file of unknown digest may be a piece of a known one, or several known ones in a row."""
    try:
        with wave.open(io.BytesIO(content)) as file:
            rate, width, channels = file.getframerate(), file.getsampwidth(), file.getnchannels()
            # A header may promise more than the file holds: what is there counts.
            samples = file.readframes(min(file.getnframes(), len(content)))
    except (wave.Error, EOFError):
        return Heard(decodable=False)
    if not samples or not rate:
        return Heard(decodable=False)
    seconds = len(samples) / (rate * width * channels)
    turns = _piece_of_known(samples, rate * width * channels) or _known_in(samples)
    return Heard(True, seconds, turns)


def _piece_of_known(samples: bytes, bytes_a_second: int) -> tuple[tuple[str, str], ...]:
    for fixture, whole in _known_samples():
        at = whole.find(samples)
        if at < 0:
            continue
        start, end = at / bytes_a_second, (at + len(samples)) / bytes_a_second
        said = ((turn.speaker, _between(turn, start, end)) for turn in fixture.turns)
        return tuple((speaker, text) for speaker, text in said if text)
    return ()


def _known_in(samples: bytes) -> tuple[tuple[str, str], ...]:
    found: list[tuple[int, int, recordings.Fixture]] = []
    for fixture, known in _known_samples():
        at = samples.find(known)
        if at >= 0 and not any(start <= at < end for start, end, _ in found):
            found.append((at, at + len(known), fixture))
    found.sort(key=lambda entry: entry[0])
    return tuple((turn.speaker, turn.text) for _, _, fixture in found for turn in fixture.turns)


def _between(turn: recordings.Turn, start: float, end: float) -> str:
    """The words of a turn that fall between two instants, taken as evenly spread over it."""
    words = turn.text.split()
    pace = (turn.end - turn.start) / max(len(words), 1)
    return " ".join(word for n, word in enumerate(words) if start <= turn.start + (n + 0.5) * pace < end)


@cache
def _known_samples() -> tuple[tuple[recordings.Fixture, bytes], ...]:
    """The samples of every known recording in WAV, the longest first."""
    found = []
    for fixture in recordings.load().values():
        if fixture.media_type != "audio/wav" or fixture.kind == "bad":
            continue
        with wave.open(io.BytesIO(fixture.read())) as file:
            found.append((fixture, file.readframes(file.getnframes())))
    return tuple(sorted(found, key=lambda entry: -len(entry[1])))
