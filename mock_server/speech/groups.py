"""Which uploaded files are pieces of one recording."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import accumulate
from typing import TYPE_CHECKING

from mock_server.speech import mpeg
from mock_server.speech.model import FileIssue
from mock_server.speech.sniff import opens, signed, unfinished, unwrap
from mock_server.speech.source import Part, Source

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mock_server.speech.decode import Limits
    from mock_server.speech.model import Recording
    from mock_server.speech.sniff import Container


@dataclass(slots=True)
class Group:
    """Files that are one recording: the first has the header, the rest go on where it stops."""

    container: Container | None  # None while the first pieces do not show it, as when a tag with a picture fills them
    names: list[str] = field(default_factory=list)
    sizes: list[int] = field(default_factory=list)
    parts: list[Part] = field(default_factory=list)

    @property
    def offsets(self) -> list[int]:
        """Where each file begins in the bytes of the recording."""
        return list(accumulate(self.sizes[:-1], initial=0))

    def source(self) -> Source:
        """The bytes of the recording."""
        return Source(self.parts)

    def add(self, name: str, data: Source) -> None:
        """One more piece; it may show what the recording is."""
        self.names.append(name)
        self.sizes.append(len(data))
        self.parts += data.parts(0, len(data))
        if self.container is None:
            self.container = opens(self.source())


@dataclass(slots=True)
class Grouping:
    """The groups, in order, and what is to be said about files that are in none."""

    groups: list[Group] = field(default_factory=list)
    issues: list[FileIssue] = field(default_factory=list)


def group(recordings: Sequence[Recording], limits: Limits) -> Grouping:
    """Sort files that are in order already into recordings, by what they begin with."""
    found = Grouping()
    room = limits.file_bytes
    for file in recordings:
        size = file.path.stat().st_size
        if size > room:
            told = f"{file.name} exceeds the bytes a session may have"
            found.issues.append(FileIssue(file.name, "audio_too_long", told))
            continue
        room -= size
        try:
            _place(file.name, unwrap(Source([Part(file.path, 0, size)])), found)
        except OSError:  # the disk is ours
            raise
        except Exception:  # noqa: BLE001  (whatever goes wrong over a client's bytes costs that file, not the session)
            told = f"{file.name} cannot be read as audio"
            found.issues.append(FileIssue(file.name, "audio_undecodable", told))
    for one in found.groups:
        if one.container is None:
            for name in one.names:
                found.issues.append(FileIssue(name, "audio_undecodable", _headless(name, len(recordings) > 1)))
    found.groups = [one for one in found.groups if one.container is not None]
    return found


def _place(name: str, data: Source, found: Grouping) -> None:
    if not len(data):
        found.issues.append(FileIssue(name, "audio_too_short", f"{name} is empty"))
        return
    current = found.groups[-1] if found.groups else None
    if current is None or _begins(data, current):
        current = Group(None)
        found.groups.append(current)
    current.add(name, data)


def _begins(data: Source, current: Group) -> bool:
    """Whether a file is a recording of its own.

    Bare MPEG frames go on with a recording of their kind; frames that stand somewhere inside a file may as well be
    a cut of what another container holds. Every other signature starts a new one.
    """
    if signed(data) is not None:
        return True
    if current.container is None:
        return not unfinished(current.source())
    if data[:3] == b"ID3":
        return mpeg.tag_size(data, 0) > 0
    frame = mpeg.frame_at(data, 0)
    return frame is not None and mpeg.first_frame(data) == 0 and frame.kind != current.container


def _headless(name: str, chunked: bool) -> str:
    if chunked:
        return f"{name} begins without a container header, and so does every file before it"
    return f"{name} is not an audio format that is known here"
