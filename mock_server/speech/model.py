"""The values speech takes and gives; all frozen, all picklable for the worker process."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


class SpeechUnavailable(Exception):
    """No transcription is to be had now; the message says why and what would help."""


@dataclass(frozen=True)
class Recording:
    """One uploaded file: `name` is the client's text, `path` ours, `sequence` the number its name ends in."""

    name: str
    path: Path
    sha256: str
    sequence: int | None = None


@dataclass(frozen=True)
class Segment:
    """A stretch of speech; `start` and `end` are seconds into the whole consultation."""

    start: float
    end: float
    text: str
    speaker: str | None = None


@dataclass(frozen=True)
class FileIssue:
    """Something wrong with one file that did not sink the rest."""

    name: str
    code: str
    message: str


@dataclass(frozen=True)
class Failure:
    """Why nothing could be transcribed: a code of §9.7 and a sentence."""

    code: str
    message: str


@dataclass(frozen=True)
class Transcription:
    """What was heard; `engine` names who heard it, `used` the files that contributed, `seconds` their length."""

    engine: str
    language: str
    segments: tuple[Segment, ...] = ()
    text: str = ""
    seconds: float = 0.0
    used: tuple[str, ...] = ()
    issues: tuple[FileIssue, ...] = ()
    failure: Failure | None = None
