"""Where audio goes that has a number and no name, as the first revision sends it (§7.3, §7.4; E45)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mock_server import problems

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mock_server.session.model import AudioFile, Session

INDEX, KIND = "X-Chunk-Index", "X-Upload-Type"
#: More digits than a session has chunks.
_NUMBER = re.compile(r"[0-9]{1,6}\Z")
_COMPLETE = "complete"
#: Codecs pad and recorders round, in seconds.
_TOLERANCE_S = 0.5


@dataclass(frozen=True)
class Numbered:
    """The place of a chunk, or None for the one file of a session; a chunk lasts `longest_s` seconds at most."""

    index: int | None
    longest_s: float

    @classmethod
    def told(cls, headers: Mapping[str, str], longest_s: float) -> Numbered:
        """The place that headers tell; raises 400 where they tell none."""
        kind = headers.get(KIND)
        if kind is not None:
            if kind.strip() != _COMPLETE:
                raise problems.invalid_request(f"{KIND} is {_COMPLETE!r} or left out; it is {kind[:40]!r}.", field=KIND)
            return cls(None, longest_s)
        number = headers.get(INDEX, "").strip()
        if not number:
            raise problems.missing_required_field(INDEX)
        if not _NUMBER.match(number):
            raise problems.invalid_request(
                f"{INDEX} is a number of up to six digits, from 0; it is {number[:40]!r}.", field=INDEX
            )
        return cls(int(number), longest_s)

    @property
    def name(self) -> str:
        """What it is called where files have names."""
        return _COMPLETE if self.index is None else f"chunk_{self.index}"

    def admit(self, session: Session) -> None:
        """Refuse what leaves a chunk out, or goes beside the one file of a session; what is sent again replaces."""
        if any((file.name == _COMPLETE) is not (self.index is None) for file in session.files):
            told = "A session has chunks, or one complete file: this one has begun with the other."
            raise problems.invalid_request(told, session_id=session.id)
        expected = len(session.files)
        if self.index is not None and self.index > expected:
            raise problems.invalid_request(
                f"Chunk {self.index} came and {expected} was expected: chunks are sent in order.",
                received_index=self.index,
                expected_index=expected,
            )

    def behind(self, files: Sequence[AudioFile]) -> list[AudioFile]:
        """The chunks of a session that come before this place, in order."""
        place = self.index or 0
        numbered = [file for file in files if file.sequence is not None and file.sequence < place]
        return sorted(numbered, key=lambda file: file.sequence or 0)

    def check_length(self, seconds: float) -> None:
        """Refuse a chunk that lasts too long."""
        if self.index is not None and seconds > self.longest_s + _TOLERANCE_S:
            raise problems.chunk_too_large(seconds, self.longest_s)
