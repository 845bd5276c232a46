"""Reads the files of a corpus: short texts here, and all that may take long in a process that may be killed."""

from __future__ import annotations

import contextlib
import pickle
from typing import TYPE_CHECKING, Self

from mock_server.research import paper, prose
from mock_server.research.folder import Unreadable, content
from mock_server.research.letters import cut, line

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from mock_server.research.folder import Source
    from mock_server.research.passage import Document
    from mock_server.speech.child import Answer, Child

#: What reading one file may take, of processor and clock: a book takes ten, a busy machine some times that.
_SECONDS = 120.0
_MEMORY_BYTES = 1 << 30
#: A text of so many bytes is read in less time than that process takes to start, whatever it holds.
_SHORT_BYTES = 64 << 10

_TEXT: dict[str, Callable[[str, bytes], Document]] = {".txt": prose.plain, ".md": prose.markdown}
_PAPER: dict[str, Callable[[str, bytes], tuple[Document, str]]] = {".pdf": paper.pdf, ".docx": paper.docx}


class Reader:
    """Reads one file after the other; its process is started by the first file that is no short text."""

    def __init__(self, seconds: float = _SECONDS) -> None:
        """Read nothing yet; a file may take so many seconds."""
        self._seconds = seconds
        self._child: Child | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._end()

    def read(self, source: Source) -> tuple[Document, str]:
        """A file as a document, and what is to be told of it; Unreadable where it has no text that can be had."""
        ending = source.path.suffix.lower()
        if ending in _TEXT and len(start := content(source.path, _SHORT_BYTES + 1)) <= _SHORT_BYTES:
            return _text(ending, source.name, start)
        answer = self._asked(pickle.dumps((read_long, (ending, source.name, source.path, self._seconds), {})))
        if answer.error is None:
            found: tuple[Document, str] = answer.value
            return found
        if isinstance(answer.error, Unreadable):
            raise answer.error
        if isinstance(answer.error, (MemoryError, RecursionError)):
            raise Unreadable("takes more memory than a file may") from answer.error
        raise Unreadable(f"is broken: {_told(answer.error)}") from answer.error

    def _asked(self, work: bytes) -> Answer:
        from mock_server.speech.child import NotBegun
        from mock_server.speech.model import SpeechInterrupted, SpeechOvertime

        try:
            try:
                return self._started().do(work)
            except NotBegun:  # it ended while it had nothing to do
                self._end()
                return self._started().do(work)
        except NotBegun as error:
            self._end()
            raise Unreadable("the process that reads such files does not start") from error
        except SpeechOvertime as error:
            self._end()
            raise Unreadable(f"takes longer than {self._seconds:g} s to read") from error
        except SpeechInterrupted as error:
            self._end()
            raise Unreadable("brings the program down that reads it, or takes more memory than a file may") from error

    def _started(self) -> Child:
        from mock_server.speech.child import Child

        if self._child is None:
            self._child = Child(_MEMORY_BYTES, pickle.dumps((ready, (), {})), idle_seconds=None)
            self._child.start()
        return self._child

    def _end(self) -> None:
        if self._child is not None:
            with contextlib.suppress(OSError):
                self._child.end()
        self._child = None


def ready() -> None:
    """Prepare the process: nothing is loaded before a file needs it."""


def read_long(ending: str, name: str, path: Path, seconds: float) -> tuple[Document, str]:
    """Read a file of any kind, inside the process."""
    import logging

    from mock_server.speech.child import grant

    logging.disable(logging.CRITICAL)  # pypdf tells of every flaw it mends
    grant(seconds)
    return _text(ending, name, content(path)) if ending in _TEXT else _PAPER[ending](name, content(path))


def _text(ending: str, name: str, data: bytes) -> tuple[Document, str]:
    document = _TEXT[ending](name, data)
    if not document.passages:
        raise Unreadable("holds no text")
    return document, ""


def _told(error: Exception) -> str:
    told = cut(line(str(error)[:1_000]), 200)
    return f"{type(error).__name__}: {told}" if told else type(error).__name__
