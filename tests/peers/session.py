"""What a peer keeps about one session, and what has become of it at an instant."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from . import notes

if TYPE_CHECKING:
    from .hearing import Heard


@dataclass
class Session:
    """One session; `stored` and `ended` count on the clock of the machine, the stamps on the one that clients see."""

    session_id: str
    owner: str
    token: str
    templates: list[str]
    model: str
    upload_type: str
    additional_data: dict[str, Any] | None
    created_at: datetime
    expires_at: datetime
    files: dict[str, Heard] = field(default_factory=dict)
    stored: dict[str, float] = field(default_factory=dict)
    ended: float | None = None
    ended_at: datetime | None = None
    finished_after: float = 0.0

    @property
    def completed_at(self) -> datetime:
        assert self.ended_at is not None
        return self.ended_at + timedelta(seconds=self.finished_after)


@dataclass(frozen=True)
class Result:
    """What processing made of the files of a session."""

    status: str
    transcript: str
    templates: dict[str, dict[str, Any]]
    processed: int
    errors: list[dict[str, str]]
    error: dict[str, str] | None = None
    language: str = "en"


def sequence(name: str) -> tuple[int, str]:
    """The place of a file: by the number at the end of its stem, files without one first."""
    found = re.search(r"(\d+)(?=\.[^.]*$|$)", name)
    return (int(found.group(1)) if found else -1, name)


def too_long(heard: Heard, limit: float) -> bool:
    """Whether a chunk is longer than allowed, with the half second that codecs may pad."""
    return heard.seconds > limit + 0.5


@dataclass(frozen=True)
class Processing:
    """How a peer makes results: which templates it has, what order files are read in, what it does with losses."""

    known: frozenset[str]
    labels: bool = False
    skips_silence: bool = True
    limit: float | None = None

    def run(self, session: Session, names: list[str]) -> Result:
        """The result of the files, read in the order of the names."""
        used = [name for name in names if self._usable(session, name)]
        turns = [turn for name in used for turn in session.files[name].turns]
        words = " ".join(text for _, text in turns)
        shown = "\n".join(f"{speaker}: {text}" for speaker, text in turns) if self.labels else words
        errors = [_skipped(name, session.files[name]) for name in names if name not in used]
        if not words:
            return Result("failed", "", {}, 0, errors, self._why(session))
        templates = {template: self._entry(template, words, shown) for template in session.templates}
        lost = bool(errors) or any(entry["status"] == "failed" for entry in templates.values())
        return Result("partial" if lost else "completed", shown, templates, len(used), errors)

    def _usable(self, session: Session, name: str) -> bool:
        heard = session.files[name]
        if self.limit is not None and session.upload_type == "chunked" and too_long(heard, self.limit):
            return False
        return heard.decodable and bool(heard.turns or not self.skips_silence)

    def _entry(self, template: str, words: str, shown: str) -> dict[str, Any]:
        if template not in self.known:
            error = {"code": "template_not_found", "message": f"there is no template {template!r}"}
            return {"status": "failed", "error": error}
        data = {"text": shown} if template == "transcript" else notes.write(template, words)
        return {"status": "success", "data": data}

    def _why(self, session: Session) -> dict[str, str]:
        """Why there is nothing to show."""
        heard = session.files.values()
        seconds = sum(file.seconds for file in heard)
        if any(not file.decodable for file in heard):
            return {"code": "processing_failed", "message": "no file could be decoded"}
        if seconds < 1:
            return {"code": "audio_too_short", "message": f"{seconds:.1f} s of audio are not enough"}
        if any(file.turns for file in heard):
            return {"code": "processing_failed", "message": f"every chunk lasts more than {self.limit} s"}
        return {"code": "audio_quality_poor", "message": "nobody is heard in the audio"}


def _skipped(name: str, heard: Heard) -> dict[str, str]:
    why = "nobody is heard in it or it is too long" if heard.decodable else "it cannot be decoded"
    return {"type": "audio_file_skipped", "message": f"{name} was skipped: {why}", "file": name}
