"""A corpus: documents to search, read once, and again at a start before which they have changed."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Self

from mock_server.research import builtin
from mock_server.research.folder import Refused, Unreadable, listing
from mock_server.research.index import Index
from mock_server.research.letters import line
from mock_server.research.passage import MOST, Document
from mock_server.research.reading import Reader

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from mock_server.research.folder import Listing, Source
    from mock_server.research.index import Row

    #: Told, on a thread of its own, how many files of how many are read, and the name of the one at hand; of none
    #: while the folder is listed.
    Progress = Callable[[int, int, str], None]

_PASSAGES = MOST
#: So many files, or so many passages, are kept at a time: what was read before a crash is not read again.
_TOGETHER, _HELD = 64, 5_000
_SILENT_S = 2.0
_EVERY_S = 1.0


class Corpus:
    """Documents that are searched; several threads may, one after the other."""

    def __init__(self, index: Index) -> None:
        """Take an open index; `open` reads what it is of."""
        self._index = index
        #: Files that are not in it, or not all of them, with the reason.
        self.refused: tuple[Refused, ...] = ()
        self.documents = 0
        self.passages = 0

    @classmethod
    def open(cls, path: Path | None, folder: Path | None = None, progress: Progress | None = None) -> Self:
        """Open the corpus of a folder, or of the texts of `spec/`, with its index in a file or in memory.

        CorpusError where the folder is none, or the index cannot be written.
        """
        with _Telling(progress) as tell:
            found = listing(folder) if folder is not None else None
            corpus = cls(Index(path))
            corpus._read(found, tell)
        return corpus

    def close(self) -> None:
        """Let go of the index."""
        self._index.close()

    def search(self, any_of: Sequence[Sequence[str]], part: int, most: int) -> list[Row]:
        """The passages of a part of it that fit best, each of which holds one of the phrases."""
        return self._index.search(any_of, part, most)

    def count(self, roots: Sequence[str], part: int) -> list[tuple[str, int]]:
        """How many passages of each document in a part of it, by its title, hold a phrase."""
        return self._index.count(roots, part)

    def _read(self, found: Listing | None, tell: _Telling) -> None:
        if found is None:
            self._read_builtin()
        else:
            self._read_files(found, tell)
        entries = self._index.entries()
        self.documents = sum(1 for entry in entries.values() if entry.passages)
        self.passages = sum(entry.passages for entry in entries.values())
        told = [Refused(name, entry.note) for name, entry in entries.items() if entry.note]
        self.refused = tuple(sorted([*told, *(found.refused if found else ())], key=lambda item: item.name))

    def _read_builtin(self) -> None:
        edition = builtin.edition()
        known = self._index.entries()
        if known and all(entry.stamp == edition for entry in known.values()):
            return
        self._index.replace([(document, edition, "") for document in builtin.documents()], known)

    def _read_files(self, found: Listing, tell: _Telling) -> None:
        known = self._index.entries()
        named = {source.name: source for source in found.sources}
        gone = [name for name in known if name not in named]
        fresh = [
            source for source in found.sources if (old := known.get(source.name)) is None or old.stamp != source.stamp
        ]
        self._index.replace((), [*gone, *(source.name for source in fresh if source.name in known)])
        passages = sum(entry.passages for entry in self._index.entries().values())
        waiting: list[tuple[Document, str, str]] = []
        held = 0
        with Reader() as reader:
            for number, source in enumerate(fresh):
                tell.before(number, len(fresh), source.name)
                document, note = _document(reader, source)
                stamp = source.stamp
                if passages + len(document.passages) > _PASSAGES:
                    note = f"the corpus has as many passages as it may ({_PASSAGES:,})"
                    if len(document.passages) <= _PASSAGES:
                        stamp = ""  # there may be room for it next time
                    document = Document(source.name, source.name, ())
                passages += len(document.passages)
                held += len(document.passages)
                waiting.append((document, stamp, note))
                if len(waiting) == _TOGETHER or held > _HELD:
                    self._index.replace(waiting, ())
                    waiting, held = [], 0
        self._index.replace(waiting, ())
        tell.before(len(fresh), len(fresh), "")


class _Telling:
    """Tells of progress where it takes long, every second, however long one file takes."""

    def __init__(self, progress: Progress | None) -> None:
        self._progress = progress
        self._facts = (0, 0, "")
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._tell, name="scribe-corpus", daemon=True)

    def __enter__(self) -> Self:
        if self._progress is not None:
            self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        if self._progress is not None:
            self._thread.join()

    def before(self, done: int, total: int, name: str) -> None:
        """So many files are read, and now this one is."""
        self._facts = (done, total, name)

    def _tell(self) -> None:
        assert self._progress is not None, "nobody is told, and nothing was started"
        wait, told = _SILENT_S, False
        while not self._over.wait(wait):
            self._progress(*self._facts)
            wait, told = _EVERY_S, True
        if told:
            self._progress(*self._facts)


def standing(done: int, of: int, name: str) -> str:
    """What is told of progress, as a line."""
    if not of:
        return "the corpus is being listed"
    return f"the corpus is being read: {done} of {of} files{f', now {name}' if name else ''}"


def _document(reader: Reader, source: Source) -> tuple[Document, str]:
    try:
        return reader.read(source)
    except Unreadable as error:
        return Document(source.name, source.name, ()), line(str(error))
