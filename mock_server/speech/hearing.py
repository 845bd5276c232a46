"""One recording, heard take by take, and what is to be said of its files afterwards."""

from __future__ import annotations

from bisect import bisect_right
from typing import TYPE_CHECKING

from mock_server.speech import mpeg
from mock_server.speech.bounds import TooMuch, Undecodable
from mock_server.speech.decode import RATE, Decoded, decode, reason
from mock_server.speech.model import FileIssue
from mock_server.speech.source import Source, is_padding
from mock_server.speech.structure import flac_frames
from mock_server.speech.takes import Layout, Take, lay_out

if TYPE_CHECKING:
    from mock_server.speech.bounds import Limits, Spent
    from mock_server.speech.groups import Group
    from mock_server.speech.mix import Tape

# Encoders pad and recorders round: less than this, or a fiftieth, is not missing audio.
LENGTH_TOLERANCE_SECONDS = 0.5
_LENGTH_TOLERANCE_SHARE = 0.02


class Hearing:
    """The takes of a recording on their way to the tape."""

    def __init__(self, group: Group, limits: Limits, tape: Tape, spent: Spent) -> None:
        self.shares = [0] * len(group.names)
        self.seconds = 0.0
        self._group = group
        self._offsets = group.offsets
        self._limits, self._tape, self._spent = limits, tape, spent
        self._data = group.source()
        self._layout = Layout((), ())
        self._touched: set[int] = set()
        self._heard: list[tuple[Take, Decoded, int]] = []  # with the last file that gave something
        self._refused: list[tuple[Take, Undecodable]] = []
        self._broken: Undecodable | None = None

    def hear(self) -> None:
        """Decode every take; one that cannot be decoded costs the others nothing."""
        begin = len(self._tape)
        try:
            self._layout = lay_out(self._data, self._limits.steps - self._spent.steps)
            self._spent.steps += self._layout.steps
        except OSError:  # the disk is ours
            raise
        except Exception as error:  # noqa: BLE001  (whatever goes wrong over a client's bytes costs them, not the session)
            self._broken = Undecodable(reason(error))
        for take in self._layout.takes:
            self._hear_take(take)
        self.seconds = (len(self._tape) - begin) / RATE

    def _hear_take(self, take: Take) -> None:
        window = Source([part for start, end in take.stretches for part in self._data.parts(start, end)])
        try:
            decoded = decode(
                window, take.container, self._limits, self._inside(take), tape=self._tape, spent=self._spent
            )
        except Undecodable as error:
            self._refused.append((take, error))
            return
        finally:
            window.close()
        self._touched |= decoded.touched
        for file, share in enumerate(decoded.shares):
            self.shares[file] += share
        last = max((file for file, share in enumerate(decoded.shares) if share), default=-1)
        self._heard.append((take, decoded, last))

    def _inside(self, take: Take) -> list[int]:
        """Where each file begins in the bytes of a take."""
        return [sum(min(end, max(start, offset)) - start for start, end in take.stretches) for offset in self._offsets]

    def close(self) -> None:
        """Close the file that was read last."""
        self._data.close()

    def nothing(self, name: str) -> tuple[str, str]:
        """Code and message for a file of a recording that gave no sample."""
        error = self._refused[0][1] if self._refused else self._broken
        if error is not None:
            return _code(error), _refused(name, error)
        if any(decoded.capped for _, decoded, _ in self._heard):
            return "audio_too_long", f"{name} lies beyond what is heard of a session"
        return "audio_too_short", f"{name} holds no audio"

    def judge(self) -> tuple[list[str], list[FileIssue]]:
        """The files that are part of what was heard, a header or an index among them, and what is to be said."""
        used: list[str] = []
        issues: list[FileIssue] = []
        for file, name in enumerate(self._group.names):
            fault = self._fault(file, name)
            if fault is None:
                used.append(name)
                if rubbish := self._rubbish(file):
                    fault = FileIssue(
                        name, "audio_truncated", f"{name} has {rubbish} bytes among its audio that are none"
                    )
            if fault is not None:
                issues.append(fault)
        told = bool(issues)
        for take, decoded, last in self._heard:
            if last >= 0:
                issues += self._judge_take(take, decoded, self._group.names[last], told=told)
        for take, error in self._refused:
            name = self._group.names[self._file(take.stretches[0][0])]
            if all(issue.name != name for issue in issues):
                what = f"{name} holds {len(self._layout.takes)} recordings, and one of them is not heard: {error}"
                issues.append(FileIssue(name, "audio_truncated", what))
        if self._layout.left is not None:
            name = self._group.names[self._file(self._layout.left)]
            issues.append(FileIssue(name, "audio_too_long", f"{name} has too many parts, and the last are not heard"))
        return used, issues

    def _file(self, place: int) -> int:
        return max(0, bisect_right(self._offsets, place) - 1)

    def _fault(self, file: int, name: str) -> FileIssue | None:
        """What became of a file that gave no sample, None if it holds a header, an index or a tag."""
        if self.shares[file]:
            return None
        start, end = self._offsets[file], self._offsets[file] + self._group.sizes[file]
        for take, error in self._refused:
            if any(first < end and start < last for first, last in take.stretches):
                return FileIssue(name, _code(error), _refused(name, error))
        last = max((last for _, _, last in self._heard), default=-1)
        if file > last and any(decoded.capped for _, decoded, _ in self._heard):
            return FileIssue(name, "audio_too_long", f"{name} lies beyond the length that is heard")
        if 2 * self._rubbish(file) > end - start or self._is_behind_flac(file, start, end):
            told = f"{name} adds no audio to the recording it goes on with"
            return FileIssue(name, "audio_undecodable", told)
        return None

    def _rubbish(self, file: int) -> int:
        start, end = self._offsets[file], self._offsets[file] + self._group.sizes[file]
        return sum(max(0, min(last, end) - max(first, start)) for first, last in self._layout.rubbish)

    def _is_behind_flac(self, file: int, start: int, end: int) -> bool:
        """Whether a piece lies in the frames of a FLAC file, which tell no length, and is part of none of them."""
        for take in self._layout.takes:
            first, last = take.stretches[0]
            if take.container == "flac" and first <= start < last and file not in self._touched:
                begin = flac_frames(self._data, first)
                behind = mpeg.behind_tags(self._data, start)
                return begin <= start and behind < end and not is_padding(self._data, behind, end)
        return False

    def _judge_take(self, take: Take, decoded: Decoded, name: str, *, told: bool) -> list[FileIssue]:
        """What the container claims against what it held; told at the last file that gave something."""
        whole = self._group.names[self._file(take.stretches[0][0])]
        issues: list[FileIssue] = []
        claim, reach = (take.declared, take.held or 0.0) if take.declared else (decoded.declared, decoded.reach)
        if decoded.capped:
            issues.append(FileIssue(name, "audio_too_long", f"{name} was cut where the length that is heard ends"))
        elif claim is not None and not take.complete and reach < claim - _tolerance(claim):
            what = f"{whole} claims {claim:.1f} s and holds {reach:.1f} s"
            issues.append(FileIssue(name, "audio_truncated", what))
        elif claim is None and take.unfinished:
            issues.append(FileIssue(name, "audio_truncated", f"{whole} is cut: it ends in the middle of its audio"))
        elif decoded.flaw and not told:
            issues.append(FileIssue(name, "audio_truncated", f"{whole} is damaged: {decoded.flaw}"))
        if decoded.unheard:
            count = len(decoded.unheard)
            tracks = "an audio track" if count == 1 else f"{count} audio tracks"
            what = f"{whole} has {tracks} that cannot be heard: {decoded.unheard[0]}"
            issues.append(FileIssue(name, "audio_truncated", what))
        return issues


def _tolerance(seconds: float) -> float:
    return max(LENGTH_TOLERANCE_SECONDS, _LENGTH_TOLERANCE_SHARE * seconds)


def _code(error: Undecodable) -> str:
    return "audio_too_long" if isinstance(error, TooMuch) else "audio_undecodable"


def _refused(name: str, error: Undecodable) -> str:
    if isinstance(error, TooMuch):
        return f"{name} costs too much to decode: {error}"
    return f"{name} cannot be decoded: {error}"
