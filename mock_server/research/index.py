"""The index of a corpus: one SQLite file that can be made again at any time, searched by FTS5."""

from __future__ import annotations

import contextlib
import sqlite3
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mock_server.research.folder import CorpusError
from mock_server.research.term import roots

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from mock_server.research.passage import Document

#: Raised whenever what a passage is, or how its words are made, changes: an index of another version is made again.
_VERSION = 2
#: A search looks at one of so many parts of the corpus, so that none takes longer than a pause may.
PARTS = 4
_SCHEMA = """
CREATE TABLE document (
    id INTEGER PRIMARY KEY, name TEXT UNIQUE NOT NULL, title TEXT NOT NULL, stamp TEXT NOT NULL,
    passages INTEGER NOT NULL, note TEXT NOT NULL
);
CREATE TABLE passage (id INTEGER PRIMARY KEY, document INTEGER NOT NULL, place TEXT NOT NULL, text TEXT NOT NULL);
CREATE INDEX passage_document ON passage (document);
CREATE VIRTUAL TABLE word USING fts5 (
    roots, content = '', columnsize = 1, tokenize = "unicode61 remove_diacritics 0 categories 'L* N* Co Mn Mc'"
);
"""
_SEARCH = """
SELECT word.rowid FROM word WHERE word MATCH ? AND word.rowid BETWEEN ? AND ? ORDER BY rank LIMIT ?
"""
_ROW = """
SELECT document.name, document.title, passage.place, passage.text
FROM passage JOIN document ON document.id = passage.document WHERE passage.id = ?
"""
_COUNT = """
SELECT document.title, count(*) FROM word JOIN passage ON passage.id = word.rowid
JOIN document ON document.id = passage.document
WHERE word MATCH ? AND word.rowid BETWEEN ? AND ? GROUP BY document.id ORDER BY document.name
"""
_END = """
SELECT max(id) FROM passage
WHERE document = (SELECT document FROM passage WHERE id <= ? ORDER BY id DESC LIMIT 1)
"""


@dataclass(frozen=True, slots=True)
class Entry:
    """A document as the index knows it: what tells one state of it from another, and what is to be told of it."""

    stamp: str
    passages: int
    note: str


@dataclass(frozen=True, slots=True)
class Row:
    """A passage that a search found."""

    document: str
    title: str
    place: str
    text: str


class Index:
    """One connection, used by one thread at a time."""

    def __init__(self, path: Path | None) -> None:
        """Open the index in a file, or in memory where none is named; a file that is no index of ours is begun anew."""
        self._lock = threading.Lock()
        self._path = path
        self._connection = self._opened()

    def _opened(self) -> sqlite3.Connection:
        if self._path is None:
            return _prepared(sqlite3.connect(":memory:", check_same_thread=False))
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            return _prepared(sqlite3.connect(self._path, check_same_thread=False))
        except (
            OSError,
            sqlite3.OperationalError,
        ) as error:  # it is somebody else's, or lies where nothing may be written
            raise CorpusError(f"The index {self._path} cannot be used: {error}") from error
        except sqlite3.DatabaseError:
            for name in (
                self._path,
                *(self._path.with_name(self._path.name + end) for end in ("-wal", "-shm", "-journal")),
            ):
                name.unlink(missing_ok=True)
            return _prepared(sqlite3.connect(self._path, check_same_thread=False))

    def close(self) -> None:
        """Let go of the file."""
        with self._lock:
            self._connection.close()

    def entries(self) -> dict[str, Entry]:
        """What was read, by name."""
        with self._use() as connection:
            rows = connection.execute("SELECT name, stamp, passages, note FROM document ORDER BY name").fetchall()
        return {name: Entry(stamp, passages, note) for name, stamp, passages, note in rows}

    def replace(self, documents: Iterable[tuple[Document, str, str]], gone: Iterable[str]) -> None:
        """Take documents, each with stamp and note, for what they were, and drop others: all of it or nothing."""
        with self._use(), self._transaction():
            for name in gone:
                self._drop(name)
            for document, stamp, note in documents:
                self._drop(document.name)
                self._add(document, stamp, note)

    @contextlib.contextmanager
    def _use(self) -> Iterator[sqlite3.Connection]:
        try:
            with self._lock:
                yield self._connection
        except sqlite3.Error as error:
            raise CorpusError(f"The index {self._path or 'in memory'} cannot be used: {error}") from error

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[None]:
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._connection.execute("ROLLBACK")
            raise
        self._connection.execute("COMMIT")

    def _drop(self, name: str) -> None:
        found = self._connection.execute("SELECT id FROM document WHERE name = ?", (name,)).fetchone()
        if found is None:
            return
        rows = self._connection.execute("SELECT id, text FROM passage WHERE document = ?", found).fetchall()
        self._connection.executemany(
            "INSERT INTO word (word, rowid, roots) VALUES ('delete', ?, ?)",
            ((number, _roots(text)) for number, text in rows),
        )
        self._connection.execute("DELETE FROM passage WHERE document = ?", found)
        self._connection.execute("DELETE FROM document WHERE id = ?", found)

    def _add(self, document: Document, stamp: str, note: str) -> None:
        run = self._connection.execute
        added = run(
            "INSERT INTO document (name, title, stamp, passages, note) VALUES (?, ?, ?, ?, ?)",
            (document.name, document.title, stamp, len(document.passages), note),
        ).lastrowid
        for passage in document.passages:
            row = run(
                "INSERT INTO passage (document, place, text) VALUES (?, ?, ?)", (added, passage.place, passage.text)
            ).lastrowid
            run("INSERT INTO word (rowid, roots) VALUES (?, ?)", (row, _roots(passage.text)))

    def search(self, any_of: Sequence[Sequence[str]], part: int, most: int) -> list[Row]:
        """The passages of a part of the corpus that fit best by BM25, each of which holds one of the phrases."""
        with self._use() as connection:
            bounds = self._bounds(part)
            found = connection.execute(_SEARCH, (_match(any_of), *bounds, most)).fetchall()
            return [Row(*connection.execute(_ROW, number).fetchone()) for number in found]

    def count(self, phrase: Sequence[str], part: int) -> list[tuple[str, int]]:
        """How many passages of each document in a part of the corpus, by its title, hold a phrase."""
        with self._use() as connection:
            return connection.execute(_COUNT, (_match([phrase]), *self._bounds(part))).fetchall()

    def _bounds(self, part: int) -> tuple[int, int]:
        """The first and last passage of a part; a document lies in one part as a whole."""
        (last,) = self._connection.execute("SELECT coalesce(max(id), 0) FROM passage").fetchone()
        return self._end(last * part // PARTS) + 1, self._end(last * (part + 1) // PARTS)

    def _end(self, number: int) -> int:
        """The last passage of the document that a passage is of."""
        found = self._connection.execute(_END, (number,)).fetchone() if number else None
        return found[0] if found and found[0] else number


def _prepared(connection: sqlite3.Connection) -> sqlite3.Connection:
    connection.isolation_level = None  # transactions are begun by us
    try:
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        tables = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
        if tables and (version != _VERSION or connection.execute("PRAGMA quick_check(1)").fetchone() != ("ok",)):
            raise sqlite3.DatabaseError("an index of another version, or a broken one")
        # the folder has it all: what a crash of the machine takes is read again
        for pragma in ("journal_mode = WAL", "synchronous = NORMAL", "cache_size = -16384"):
            connection.execute(f"PRAGMA {pragma}")
        if not tables:
            connection.executescript(f"BEGIN; {_SCHEMA} PRAGMA user_version = {_VERSION}; COMMIT;")
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def _roots(text: str) -> str:
    return " ".join(roots(text))


def _match(any_of: Sequence[Sequence[str]]) -> str:
    """An FTS5 query for any of the phrases; roots hold letters, marks and digits: nothing that ends a string."""
    return " OR ".join('"{}"'.format(" ".join(phrase)) for phrase in any_of)
