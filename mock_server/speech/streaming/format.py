"""How the bytes of a stream are to be read, and what its listening asks for."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

#: Samples a second of the lowest and the highest rate that is taken: a telephone's, and a studio's.
LOWEST_RATE: Final = 8_000
HIGHEST_RATE: Final = 48_000
_CHANNELS: Final = 2
#: Words that are to be looked out for, and characters of all of them: a model reads some two hundred pieces of words.
_VOCABULARY: Final = 200
_VOCABULARY_CHARACTERS: Final = 4_000


class FormatError(ValueError):
    """Bytes, or a description of them, that no stream has; the message says why."""


class OddBytes(FormatError):  # noqa: N818 - named for what came
    """The audio ended within a sample; all that were whole have been heard."""


class Unoffered(ValueError):  # noqa: N818 - named for the state
    """What was asked for and is not offered here; the message says what is."""


class Encoding(StrEnum):
    """How one sample is written; those of more than one byte are little-endian."""

    PCM_S16LE = "pcm_s16le"
    PCM_F32LE = "pcm_f32le"
    MULAW = "mulaw"
    ALAW = "alaw"

    @property
    def sample_bytes(self) -> int:
        """Bytes of one sample of one channel."""
        if self is Encoding.PCM_S16LE:
            return 2
        return 4 if self is Encoding.PCM_F32LE else 1


@dataclass(frozen=True, slots=True)
class Format:
    """How the bytes of a stream are to be read; channels are interleaved. Raises FormatError."""

    encoding: Encoding = Encoding.PCM_S16LE
    sample_rate: int = 16_000
    channels: int = 1

    def __post_init__(self) -> None:
        if not LOWEST_RATE <= self.sample_rate <= HIGHEST_RATE:
            raise FormatError(f"A rate is {LOWEST_RATE} to {HIGHEST_RATE} samples a second, not {self.sample_rate}.")
        if not 1 <= self.channels <= _CHANNELS:
            raise FormatError(f"There are one or two channels, not {self.channels}.")

    @property
    def frame_bytes(self) -> int:
        """Bytes of one sample of all channels."""
        return self.encoding.sample_bytes * self.channels

    @property
    def bytes_a_second(self) -> int:
        """Bytes of a second of audio."""
        return self.frame_bytes * self.sample_rate


@dataclass(frozen=True, slots=True)
class Wish:
    """What one listening asks for. Raises Unoffered where the vocabulary is longer than anybody reads."""

    language: str | None = None  # ISO 639-1; None: the engine tells
    model: str | None = None  # None: the one there is
    voice_activity: bool = True  # tell SpeechStart and SpeechEnd
    interim: bool = True  # tell Partial
    word_times: bool = True
    vocabulary: tuple[str, ...] = ()  # words to be looked out for

    def __post_init__(self) -> None:
        if len(self.vocabulary) > _VOCABULARY or sum(map(len, self.vocabulary)) > _VOCABULARY_CHARACTERS:
            raise Unoffered(
                f"A vocabulary has up to {_VOCABULARY} entries of {_VOCABULARY_CHARACTERS} characters together."
            )
