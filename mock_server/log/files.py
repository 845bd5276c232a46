"""The files of the log: read with every rule they have to keep, begun and appended to so that no crash loses a line."""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from mock_server.durable import synced
from mock_server.log import LogError
from mock_server.log.line import LONGEST, Line, NotALine, decoded
from mock_server.log.window import Disorder, Window, told

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

#: Lines a file may have: a start and an end, and room for what later versions add.
_MOST_LINES: Final = 16
#: What was being written when the process died is kept here, behind the name of its file.
TORN: Final = ".torn"


class DamagedError(LogError):
    """A write failed half-way and could not be taken back: the file takes nothing more until the next start."""


@dataclass(frozen=True)
class Kept:
    """What a file holds: its session and lines, how many bytes they are, and what stands behind the last of them."""

    path: Path
    window: Window | None
    lines: tuple[Line, ...]
    size: int
    torn: bytes = b""


def _bytes(path: Path) -> bytes:
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
        with os.fdopen(handle, "rb") as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                raise LogError(f"{path} is not a file of the log.")
            content = file.read(_MOST_LINES * LONGEST + 1)
    except OSError as error:
        raise LogError(f"{path} cannot be read: {error.strerror}.") from error
    if len(content) > _MOST_LINES * LONGEST:
        raise LogError(f"{path} is not a file of this log: it has more than {_MOST_LINES * LONGEST} bytes.")
    return content


def read(path: Path) -> Kept:
    """What a session's file holds; raises LogError with file, line and reason where it is not one of this log.

    A last line without its end was never acknowledged: it is not looked into.
    """
    content = _bytes(path)
    size = content.rfind(b"\n") + 1
    lines: list[Line] = []
    for number, raw in enumerate(content[:size].split(b"\n")[:-1], 1):
        try:
            lines.append(decoded(raw))
        except NotALine as error:
            raise LogError(f"{path}, line {number}, is not of this log: {error}.") from None
    try:
        window = told(lines) if lines else None
    except Disorder as error:
        raise LogError(f"{path}, line {error.number}, cannot stand there: {error}.") from None
    return Kept(path, window, tuple(lines), size, content[size:])


def exported(paths: Iterable[Path]) -> bytes:
    """The lines of files as they were written, by their stamps; those of one file stay in their order."""
    found = [line for path in paths for line in read(path).lines]
    return b"".join(line.encoded() for line in sorted(found, key=lambda line: line.recorded_at))


def _write(handle: int, content: bytes) -> None:
    rest = memoryview(content)
    while rest:
        rest = rest[os.write(handle, rest) :]
    os.fsync(handle)


def create(path: Path, content: bytes) -> None:
    """Write a new file and its name for good; raises OSError, then with nothing of it left."""
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_NOFOLLOW, 0o600)
    try:
        try:
            _write(handle, content)
        finally:
            os.close(handle)
        synced(path.parent)
    except OSError:
        with contextlib.suppress(OSError):
            path.unlink()
        raise


def append(path: Path, content: bytes, size: int) -> None:
    """Add to a file that has `size` bytes, for good; raises OSError with the file as it was, or DamagedError."""
    handle = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_NOFOLLOW)
    try:
        found = os.fstat(handle).st_size
        if found != size:
            raise DamagedError(
                f"{path} has {found} bytes and not the {size} that were written: somebody else writes to it."
            )
        try:
            _write(handle, content)
        except OSError as error:
            try:
                os.ftruncate(handle, size)
                os.fsync(handle)
            except OSError:
                raise DamagedError(f"{path} could not be written ({error.strerror}), nor put back.") from error
            raise
    finally:
        os.close(handle)


def set_aside(kept: Kept) -> Path:
    """Move what stands behind the last whole line to a file beside it; returns that. Raises OSError."""
    aside = kept.path.with_name(kept.path.name + TORN)
    handle = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW, 0o600)
    try:
        _write(handle, kept.torn + b"\n")
    finally:
        os.close(handle)
    if kept.size:
        with kept.path.open("r+b") as file:
            file.truncate(kept.size)
            os.fsync(file.fileno())
    else:
        kept.path.unlink()
    synced(kept.path.parent)
    return aside


def refused(error: OSError) -> LogError:
    """What is told of a disk that does not take a line."""
    full = error.errno in (errno.ENOSPC, errno.EDQUOT)
    return LogError("The disk is full." if full else f"The log could not be written ({error.strerror}).")
