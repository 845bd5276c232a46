"""The values of a live session; all frozen, all times aware UTC, all positions seconds of its audio."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from mock_server.session.dalston.table import DALSTON_2026_02_11, State

if TYPE_CHECKING:
    from datetime import datetime


@dataclass(frozen=True)
class Wanted:
    """What the socket was opened with, already validated; nothing of it ever changes."""

    language: str
    model: str
    encoding: str
    sample_rate: int
    channels: int = 1
    store_audio: bool = False
    store_transcript: bool = False
    enhance_on_end: bool = False
    voice_activity: bool = True
    interim: bool = True
    word_times: bool = True
    vocabulary: tuple[str, ...] = ()
    #: For how many days what is stored is kept: 0 is not at all, -1 for good, None where nobody has a number for it.
    retention: int | None = None


@dataclass(frozen=True)
class Spoken:
    """One word of an utterance."""

    text: str
    start: float
    end: float
    confidence: float


@dataclass(frozen=True)
class Utterance:
    """What was said between two pauses; `number` counts from 0 in its session."""

    number: int
    start: float
    end: float
    text: str
    confidence: float
    language: str | None = None
    words: tuple[Spoken, ...] = ()

    @property
    def word_count(self) -> int:
        """How many words, also where none of them has times of its own."""
        return len(self.words) or len(self.text.split())


@dataclass(frozen=True)
class Dictation:
    """A live session.

    `engine` is what hears it, `audio_s` how much of it was received, `audio_key` where that is kept. `previous_id` is
    the session that it goes on from and `continued_at` the second from which it does so, None for one that is only
    linked. `job_id` is the batch session that hears it again, `job_due` whether that has still to be ended.
    `forgotten_at` is when its audio and words were removed, whose days were over.
    """

    id: str
    namespace: str
    state: State
    wanted: Wanted
    engine: str
    worker: str
    client_ip: str | None
    created_at: datetime
    updated_at: datetime
    audio_s: float = 0.0
    utterances: int = 0
    words: int = 0
    language: str | None = None
    ended_at: datetime | None = None
    error: str | None = None
    audio_key: str | None = None
    audio_size: int = 0
    audio_sha256: str = ""
    previous_id: str | None = None
    continued_at: float | None = None
    job_id: str | None = None
    job_due: bool = False
    forgotten_at: datetime | None = None

    @property
    def final(self) -> bool:
        """Whether nothing can happen to it any more."""
        return self.state in DALSTON_2026_02_11.terminal

    @property
    def has_transcript(self) -> bool:
        """Whether its transcript is there for good."""
        return self.final and self.wanted.store_transcript and self.forgotten_at is None

    @property
    def forgets_at(self) -> datetime | None:
        """When what is stored of it is kept no longer; None for never, and where that has been."""
        days = self.wanted.retention
        if self.ended_at is None or days is None or days <= 0 or self.forgotten_at is not None:
            return None
        return self.ended_at + timedelta(days=days)
