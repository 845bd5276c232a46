"""What the pipeline hands over and what it gets back, whichever engine did the work."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


class SpeechUnavailable(RuntimeError):  # noqa: N818  (named for the state, like Undecodable)
    """The engine cannot work on this machine; the message says what to do."""


class SpeechInterrupted(RuntimeError):  # noqa: N818  (named for the state)
    """The worker process died under the job; the same job may be tried again."""


class SpeechOvertime(SpeechInterrupted):
    """The process was ended because the job used up the time it was granted; the same job would again."""


@dataclass(frozen=True, slots=True)
class Recording:
    """One uploaded file: the client's name for it is text only, `path` is where its bytes lie."""

    name: str
    path: Path
    sha256: str
    sequence: int | None = None


@dataclass(frozen=True, slots=True)
class Segment:
    """Words between two instants, in seconds of the joined audio; who says them may be unknown."""

    start: float
    end: float
    text: str
    speaker: str | None = None  # "Doctor" or "Patient"


@dataclass(frozen=True, slots=True)
class FileIssue:
    """What went wrong with one file without ending the work: an entry of `processing_errors` (§6.3)."""

    name: str
    code: str
    message: str


@dataclass(frozen=True, slots=True)
class Failure:
    """Why there is no transcript; `code` is a session failure code (§9.7)."""

    code: str
    message: str


@dataclass(frozen=True, slots=True)
class Transcription:
    """The outcome for one session: `seconds` were decoded, from the files in `used`.

    `text` has a "Doctor: …" or "Patient: …" line a turn where speakers were told apart, else plain text.
    """

    engine: str
    language: str
    segments: tuple[Segment, ...] = ()
    text: str = ""
    seconds: float = 0.0
    used: tuple[str, ...] = ()
    issues: tuple[FileIssue, ...] = ()
    failure: Failure | None = None


def script(segments: Sequence[Segment]) -> str:
    """The transcript's text: a line a turn when the speakers are known, else one line of plain text."""
    lines: list[list[str]] = []
    for number, segment in enumerate(segments):
        if not number or segment.speaker != segments[number - 1].speaker:
            lines.append([f"{segment.speaker}:"] if segment.speaker else [])
        lines[-1].append(segment.text)
    return "\n".join(" ".join(words) for words in lines)


def by_sequence(recordings: Sequence[Recording]) -> list[Recording]:
    """Numbered files by number (10 after 9), then the others as they came (§7.2)."""
    last = float("inf")
    return sorted(recordings, key=lambda file: last if file.sequence is None else file.sequence)
