"""The files of a corpus's folder: which are read, and why the others are not."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from mock_server.research.letters import line

if TYPE_CHECKING:
    from collections.abc import Iterator

#: Endings of names that are read.
ENDINGS = (".txt", ".md", ".pdf", ".docx")
#: A book of a thousand pages with its pictures; more is an archive, or a mistake.
FILE_BYTES = 32 << 20
_TOTAL_BYTES = 256 << 20
_FILES = 5_000
_DEPTH = 32
#: Entries of folders that are looked at: above the files, as most of a folder may be of other kinds.
_ENTRIES = 100_000


class CorpusError(ValueError):
    """The corpus cannot be had at all; the message says why."""


class Unreadable(Exception):  # noqa: N818  (reads as what it says of the file)
    """No text can be had from a file; the message says why."""


@dataclass(frozen=True, slots=True)
class Refused:
    """A file that is not in the corpus, or not all of it, and why."""

    name: str
    reason: str


@dataclass(frozen=True, slots=True)
class Source:
    """A file to read, by its name below the folder."""

    name: str
    path: Path
    size: int
    stamp: str


@dataclass(frozen=True, slots=True)
class Listing:
    """What a folder holds, in order of names."""

    sources: tuple[Source, ...]
    refused: tuple[Refused, ...]


def listing(folder: Path) -> Listing:
    """The files below a folder; CorpusError where there is no such folder."""
    if not folder.is_dir():
        raise CorpusError(f"The corpus {line(str(folder))} is no folder that can be read")
    root = folder.resolve()
    refused: list[Refused] = []
    found = sorted(_walk(root, root, 0, refused, [_ENTRIES]), key=lambda source: source.name)
    kept: dict[str, Source] = {}
    total = 0
    for source in found:
        reason = _beyond(source, len(kept), total) if source.name not in kept else "another file has the same name"
        if reason:
            refused.append(Refused(source.name, reason))
            continue
        kept[source.name] = source
        total += source.size
    return Listing(tuple(kept.values()), tuple(sorted(refused, key=lambda item: item.name)))


def content(path: Path, most: int | None = None) -> bytes:
    """The bytes of a regular file, the first of them where `most` says how many; Unreadable for anything else."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        raise Unreadable(f"cannot be opened: {error.strerror}") from error
    with os.fdopen(handle, "rb") as file:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            raise Unreadable("is no regular file")
        try:
            found = file.read(FILE_BYTES + 1 if most is None else most)
        except OSError as error:
            raise Unreadable(f"cannot be read: {error.strerror}") from error
    if len(found) > FILE_BYTES:
        raise Unreadable(_too_large(len(found)))
    return found


def _walk(root: Path, folder: Path, depth: int, refused: list[Refused], left: list[int]) -> Iterator[Source]:
    name = _named(folder, root)
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError as error:
        refused.append(Refused(name, f"cannot be read: {error.strerror}"))
        return
    for entry in entries:
        if entry.name.startswith("."):
            continue
        left[0] -= 1
        if left[0] < 0:
            refused.append(Refused(name, f"has more than {_ENTRIES:,} entries with its folders: the rest is left out"))
            return
        yield from _entry(root, entry, depth, refused, left)


def _entry(
    root: Path, entry: os.DirEntry[str], depth: int, refused: list[Refused], left: list[int]
) -> Iterator[Source]:
    path = Path(entry.path)
    name = _named(path, root)
    if entry.is_symlink():
        if not _inside(path, root):  # what it leads to inside is read by its own name
            refused.append(Refused(name, "is a symbolic link that leads out of the folder: it is not followed"))
    elif entry.is_dir(follow_symlinks=False):
        if depth < _DEPTH:
            yield from _walk(root, path, depth + 1, refused, left)
        else:
            refused.append(Refused(name, f"lies more than {_DEPTH} folders deep"))
    elif path.suffix.lower() not in ENDINGS:
        refused.append(Refused(name, f"is of no kind that is read ({', '.join(ENDINGS)})"))
    elif not entry.is_file(follow_symlinks=False):
        refused.append(Refused(name, "is no regular file"))
    else:
        facts = entry.stat(follow_symlinks=False)
        yield Source(name, path, facts.st_size, f"{root}|{facts.st_mtime_ns}|{facts.st_size}")


def _inside(path: Path, root: Path) -> bool:
    try:
        return path.resolve(strict=True).is_relative_to(root)
    except (OSError, RuntimeError):
        return False


def _named(path: Path, root: Path) -> str:
    """A name that may be shown, whatever bytes it is made of."""
    below = path.relative_to(root).as_posix()
    return line(os.fsencode(below).decode("utf-8", "replace"))


def _beyond(source: Source, files: int, total: int) -> str | None:
    if source.size > FILE_BYTES:
        return _too_large(source.size)
    if files >= _FILES:
        return f"the corpus has as many files as it may ({_FILES:,})"
    if total + source.size > _TOTAL_BYTES:
        return f"the corpus is as large as it may be ({_TOTAL_BYTES >> 20} MiB)"
    return None


def _too_large(size: int) -> str:
    return f"is larger than {FILE_BYTES >> 20} MiB ({size:,} bytes)"
