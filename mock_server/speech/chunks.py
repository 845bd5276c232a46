"""The files of a session into one stretch of samples: grouped into recordings, decoded and joined."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from mock_server.speech.bounds import Spent
from mock_server.speech.decode import RATE, Limits, Pcm
from mock_server.speech.groups import Group, group
from mock_server.speech.hearing import LENGTH_TOLERANCE_SECONDS, Hearing
from mock_server.speech.mix import Tape
from mock_server.speech.model import Failure, FileIssue, Recording
from mock_server.speech.quality import loud_seconds

if TYPE_CHECKING:
    from collections.abc import Sequence

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
    samples: int = 0  # that were decoded to get there, of all channels and tracks at their own rates

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
class _Bench:
    """What has been put together so far, and what it has cost."""

    tape: Tape
    limits: Limits
    longest: float | None  # seconds one file may last
    spent: Spent = field(default_factory=Spent)
    used: list[str] = field(default_factory=list)
    issues: list[FileIssue] = field(default_factory=list)
    spans: list[Span] = field(default_factory=list)

    def complain(self, name: str, code: str, message: str) -> None:
        self.issues.append(FileIssue(name, code, message))


def assemble(recordings: Sequence[Recording], limits: Limits, max_chunk_seconds: float | None = None) -> Assembly:
    """Join files that are in order already; some usable audio is enough for there to be no failure."""
    bench = _Bench(Tape(round(limits.seconds * RATE)), limits, max_chunk_seconds)
    _report_gaps(recordings, bench)
    grouping = group(recordings, limits)
    bench.issues += grouping.issues
    for one in grouping.groups:
        start = len(bench.tape)
        _hear(one, bench)
        if len(bench.tape) > start:
            loud = loud_seconds(bench.tape.view(start))
            bench.spans.append(Span(tuple(one.names), start / RATE, len(bench.tape) / RATE, loud))
    failure = None if len(bench.tape) else _nothing(bench.issues)
    return Assembly(
        bench.tape.view(), tuple(bench.used), tuple(bench.issues), failure, tuple(bench.spans), bench.spent.samples
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


def _hear(one: Group, bench: _Bench) -> None:
    """Decode one recording onto the tape, take by take, and say of each of its files what became of it."""
    if bench.tape.room <= 0:
        for name in one.names:
            bench.complain(name, "audio_too_long", f"{name} lies beyond the {bench.limits.seconds:g} s that are heard")
        return
    hearing = Hearing(one, bench.limits, bench.tape, bench.spent)
    try:
        hearing.hear()
        used, issues = hearing.judge()
    finally:
        hearing.close()
    if not any(hearing.shares):
        for name in one.names:
            bench.complain(name, *hearing.nothing(name))
        return
    bench.used += used
    bench.issues += issues
    if len(one.names) == 1:  # a cut of one recording lasts as long as its bytes happen to
        _judge_length(one.names[0], hearing.seconds, bench)


def _judge_length(name: str, seconds: float, bench: _Bench) -> None:
    # Not in spec: E59 leaves open whether a longer chunk may pass; here it is heard, and said (§7.7).
    if bench.longest is not None and seconds > bench.longest + LENGTH_TOLERANCE_SECONDS:
        bench.complain(name, "chunk_too_large", f"{name} lasts {seconds:.1f} s, a chunk may last {bench.longest:g} s")
