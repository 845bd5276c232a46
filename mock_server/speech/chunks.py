"""Files in the order of their numbers, joined where they are pieces of one recording, decoded and put end to end.

Order is by number and never by name or arrival: 10 follows 9 (§7.2). A chunk that begins with a container's signature
starts a file; any other is appended to the one before it, as browsers cut a recording.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from mock_server.speech import sniff
from mock_server.speech.decode import RATE, Sound, Undecodable, decode
from mock_server.speech.model import FileIssue, Recording, Segment

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

#: Two hours of samples; a consultation is minutes, a decompression bomb is not.
MOST_SECONDS = 2 * 3600.0
#: Below this nothing is speech (measured: clips under 0.2 s are guessed, not heard).
FEWEST_SECONDS = 0.2


@dataclass
class _Group:
    """Recordings that make up one audio file."""

    members: list[Recording]
    data: bytearray


@dataclass
class Joined:
    """One stretch of audio, which file each stretch came from (start, end in seconds), and what was wrong on the way."""

    samples: NDArray[np.float32]
    spans: list[tuple[str, float, float]] = field(default_factory=list)
    issues: list[FileIssue] = field(default_factory=list)
    used: list[str] = field(default_factory=list)

    @property
    def seconds(self) -> float:
        """How long it lasts."""
        return len(self.samples) / RATE

    def without_speech(self, segments: Sequence[Segment]) -> tuple[str, ...]:
        """Names of files that are whole recordings of their own and in which nothing was heard."""
        if len(self.spans) < 2:
            return ()
        return tuple(
            name for name, start, end in self.spans if not any(s.start < end and s.end > start for s in segments)
        )


def in_order(recordings: Sequence[Recording]) -> list[Recording]:
    """By number; files without one keep the order of their arrival behind those with one."""
    return sorted(recordings, key=lambda r: (r.sequence is None, r.sequence or 0))


def _gaps(ordered: Sequence[Recording]) -> list[FileIssue]:
    """A number missing between the first and the last; counting may begin at 0 or 1."""
    numbers = [r.sequence for r in ordered if r.sequence is not None]
    issues = []
    for before, after in zip(ordered, ordered[1:], strict=False):
        low, high = before.sequence, after.sequence
        if low is not None and high is not None and high - low > 1 and len(numbers) > 1:
            missing = f"{low + 1}" if high - low == 2 else f"{low + 1} to {high - 1}"
            told = f"No chunk numbered {missing} arrived before {after.name}."
            issues.append(FileIssue(after.name, "audio_chunk_missing", told))
    return issues


def _groups(ordered: Sequence[Recording]) -> list[_Group]:
    groups: list[_Group] = []
    for recording in ordered:
        data = sniff.unwrapped(recording.path.read_bytes())
        if not groups or sniff.begins_file(data) or (sniff.container(data) and not _continues(groups[-1], data)):
            groups.append(_Group([recording], bytearray(data)))
        else:
            groups[-1].members.append(recording)
            groups[-1].data += data
    return groups


def _continues(group: _Group, data: bytes) -> bool:
    """A later OGG page, a movie fragment or MPEG frames continue a group of their own kind."""
    return sniff.container(bytes(group.data[:16])) == sniff.container(data) or data[4:8] == b"moof"


def join(recordings: Sequence[Recording], most_seconds: float = MOST_SECONDS) -> Joined:
    """Decode all recordings as one consultation; files that give nothing are issues, not errors."""
    ordered = in_order(recordings)
    joined = Joined(np.zeros(0, dtype=np.float32), issues=_gaps(ordered))
    pieces: list[NDArray[np.float32]] = []
    at = 0.0
    for group in _groups(ordered):
        names = [member.name for member in group.members]
        try:
            sound = decode(bytes(group.data), most_seconds - at)
        except Undecodable as error:
            joined.issues += [FileIssue(name, "audio_undecodable", str(error)) for name in names]
            continue
        if sound.seconds < FEWEST_SECONDS:
            told = f"The file holds {sound.seconds:.2f} seconds of audio, too little to hear a word in."
            joined.issues += [FileIssue(name, "audio_too_short", told) for name in names]
            continue
        joined.issues += _shortfall(names[-1], sound)
        pieces.append(sound.samples)
        joined.used += names
        joined.spans.append((names[0], at, at + sound.seconds))
        at += sound.seconds
        if sound.capped:
            break
    if pieces:
        joined.samples = np.concatenate(pieces)
    return joined


def _shortfall(name: str, sound: Sound) -> list[FileIssue]:
    if sound.capped:
        told = f"Audio beyond {sound.seconds:.0f} seconds was left out."
        return [FileIssue(name, "audio_too_long", told)]
    if sound.falls_short:
        told = f"The file declares {sound.declared:.1f} seconds and holds {sound.seconds:.1f}: it was cut or damaged."
        return [FileIssue(name, "audio_truncated", told)]
    return []
