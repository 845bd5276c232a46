"""The files of a session into one stretch of samples: grouped into recordings, decoded and joined."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from mock_server.speech.decode import RATE, Decoded, Limits, Pcm, Undecodable, decode
from mock_server.speech.model import Failure, FileIssue, Recording
from mock_server.speech.quality import loud_seconds
from mock_server.speech.sniff import Container, opens, unwrap

if TYPE_CHECKING:
    from collections.abc import Sequence

# Encoders pad and recorders round: less than this, or a fiftieth, is no missing audio.
_LENGTH_TOLERANCE_SECONDS = 0.5
_LENGTH_TOLERANCE_SHARE = 0.02
# Gaps named one by one; a sequence number of a billion is a name, not a billion lost chunks.
_GAPS_NAMED = 5


@dataclass(frozen=True, slots=True)
class Span:
    """One recording's place in the joined audio, in seconds, its files, and how much of it stands out of the quiet."""

    names: tuple[str, ...]
    start: float
    end: float
    loud_seconds: float


@dataclass(frozen=True, slots=True)
class Assembly:
    """The joined samples, the names that contributed and what is to be said about the others."""

    pcm: Pcm
    used: tuple[str, ...]
    issues: tuple[FileIssue, ...]
    failure: Failure | None
    spans: tuple[Span, ...] = ()

    def without(self, silent: Sequence[Span]) -> Assembly:
        """The same with recordings in which nothing is said told as issues instead of used."""
        names = {name for span in silent for name in span.names}
        lost = [name for name in self.used if name in names]
        told = [FileIssue(name, "audio_quality_poor", f"No speech was found in {name}") for name in lost]
        used = tuple(name for name in self.used if name not in names)
        return replace(self, used=used, issues=(*self.issues, *told))

    @property
    def seconds(self) -> float:
        """Length of the samples in seconds."""
        return len(self.pcm) / RATE


@dataclass(slots=True)
class _Group:
    """Files that are one recording: the first has the header, the rest go on where it stops."""

    container: Container
    names: list[str]
    parts: list[bytes] = field(default_factory=list)


@dataclass(slots=True)
class _Bench:
    """What has been put together so far."""

    pcm: list[Pcm] = field(default_factory=list)
    used: list[str] = field(default_factory=list)
    issues: list[FileIssue] = field(default_factory=list)
    spans: list[Span] = field(default_factory=list)

    def complain(self, name: str, code: str, message: str) -> None:
        self.issues.append(FileIssue(name, code, message))


def by_sequence(recordings: Sequence[Recording]) -> list[Recording]:
    """Numbered files by number (10 after 9), then the others as they came (§7.2)."""
    last = float("inf")
    return sorted(recordings, key=lambda file: last if file.sequence is None else file.sequence)


def assemble(recordings: Sequence[Recording], limits: Limits, max_chunk_seconds: float | None = None) -> Assembly:
    """Join files that are in order already; some usable audio is enough for there to be no failure."""
    bench = _Bench()
    _report_gaps(recordings, bench)
    left = limits.seconds
    for group in _group(recordings, limits, bench):
        if left <= 0:
            for name in group.names:
                bench.complain(name, "audio_too_long", f"{name} lies beyond the {limits.seconds:g} s that are heard")
            continue
        start = limits.seconds - left
        pcm = _decode(group, replace(limits, seconds=left), bench, max_chunk_seconds)
        left -= len(pcm) / RATE
        if len(pcm):
            bench.spans.append(Span(tuple(group.names), start, start + len(pcm) / RATE, loud_seconds(pcm)))
    pcm = np.concatenate(bench.pcm) if bench.pcm else np.zeros(0, np.int16)
    return Assembly(
        pcm, tuple(bench.used), tuple(bench.issues), None if len(pcm) else _nothing(bench.issues), tuple(bench.spans)
    )


def _nothing(issues: Sequence[FileIssue]) -> Failure:
    """Why a session without a single sample fails (§9.7; E36, E60)."""
    broken = [issue for issue in issues if issue.code == "audio_undecodable"]
    if broken:
        return Failure("processing_failed", f"No audio could be decoded: {broken[0].message}")
    return Failure("audio_too_short", "The session holds no audio")


def _report_gaps(recordings: Sequence[Recording], bench: _Bench) -> None:
    """A missing number is told at the file after it, the only name there is. Counting may begin at 0 or 1."""
    named = {file.sequence: file.name for file in reversed(recordings) if file.sequence is not None}
    if len(named) < 2:  # one number says nothing about a sequence
        return
    numbers = sorted(named)
    before = -1 if numbers[0] != 1 else 0
    for number in numbers:
        if number > before + 1:
            missing = f"chunk {before + 1}" if number == before + 2 else f"chunks {before + 1} to {number - 1}"
            bench.complain(named[number], "audio_chunk_missing", f"{missing} before {named[number]} never arrived")
            if len(bench.issues) == _GAPS_NAMED:
                return
        before = number


def _group(recordings: Sequence[Recording], limits: Limits, bench: _Bench) -> list[_Group]:
    groups: list[_Group] = []
    room = limits.file_bytes
    for file in recordings:
        size = file.path.stat().st_size
        if size > room:
            bench.complain(file.name, "audio_too_long", f"{file.name} exceeds the bytes a session may have")
            continue
        room -= size
        data = unwrap(file.path.read_bytes())
        if not data:
            bench.complain(file.name, "audio_too_short", f"{file.name} is empty")
            continue
        container = opens(data)
        current = groups[-1] if groups else None
        if current and _continues(data, container, current.container):
            current.names.append(file.name)
            current.parts.append(data)
        elif container:
            groups.append(_Group(container, [file.name], [data]))
        else:
            bench.complain(file.name, "audio_undecodable", _headless(file, len(recordings) > 1))
    return groups


def _continues(data: bytes, container: Container | None, current: Container) -> bool:
    """Bare MPEG frames go on with a recording of their kind; every other signature starts a new one."""
    if container is None:
        return True
    return container in {"mp3", "aac"} and container == current and not data.startswith(b"ID3")


def _headless(file: Recording, chunked: bool) -> str:
    if chunked:
        return f"{file.name} begins without a container header, and so does every file before it"
    return f"{file.name} is no audio format that is known here"


def _decode(group: _Group, limits: Limits, bench: _Bench, max_chunk_seconds: float | None) -> Pcm:
    """Decode one group onto the bench; the samples come back for their length."""
    offsets = [0]
    for part in group.parts[:-1]:
        offsets.append(offsets[-1] + len(part))
    try:
        decoded = decode(b"".join(group.parts), group.container, limits, offsets)
    except Undecodable as error:
        for name in group.names:
            bench.complain(name, "audio_undecodable", f"{name} cannot be decoded: {error}")
        return np.zeros(0, np.int16)
    for name, samples in zip(group.names, decoded.shares, strict=True):
        if samples:
            bench.used.append(name)
            # A cut of one recording lasts as long as its bytes happen to: only a file of its own is measured.
            if len(group.names) == 1:
                _judge_length(name, samples / RATE, max_chunk_seconds, bench)
        elif decoded.capped:
            bench.complain(name, "audio_too_long", f"{name} lies beyond the length that is heard")
        elif name == group.names[0]:
            bench.complain(name, "audio_too_short", f"{name} holds no audio")
        else:
            bench.complain(name, "audio_undecodable", f"{name} adds no audio to the recording it goes on with")
    _judge_whole(group.names, decoded, bench)
    bench.pcm.append(decoded.pcm)
    return decoded.pcm


def _judge_length(name: str, seconds: float, longest: float | None, bench: _Bench) -> None:
    # Not in spec: E59 leaves open whether a longer chunk may pass; here it is heard, and said (§7.7).
    if longest is not None and seconds > longest + _LENGTH_TOLERANCE_SECONDS:
        bench.complain(name, "chunk_too_large", f"{name} lasts {seconds:.1f} s, a chunk may last {longest:g} s")


def _judge_whole(names: Sequence[str], decoded: Decoded, bench: _Bench) -> None:
    """What the container claims against what it held; told at the last file that gave something."""
    heard = [name for name, samples in zip(names, decoded.shares, strict=True) if samples]
    if not heard:
        return
    if decoded.capped:
        bench.complain(heard[-1], "audio_too_long", f"{heard[-1]} was cut where the length that is heard ends")
    elif decoded.declared is not None and decoded.seconds < decoded.declared - max(
        _LENGTH_TOLERANCE_SECONDS, _LENGTH_TOLERANCE_SHARE * decoded.declared
    ):
        claim = f"claims {decoded.declared:.1f} s and holds {decoded.seconds:.1f} s"
        bench.complain(heard[-1], "audio_truncated", f"{names[0]} {claim}")
    elif decoded.flaw:
        bench.complain(heard[-1], "audio_truncated", f"{names[0]} is damaged: {decoded.flaw}")
