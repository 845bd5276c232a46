"""Inside the process that writes audio for a server (`filing.py`), started as a script.

It imports the standard library alone, so that it begins at once and stays small. An upload belongs to one thread,
which does what is asked for it in the order in which it was asked.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import queue
import signal
import socket
import struct
import sys
import threading
from functools import cache
from typing import Final, NamedTuple

#: What is asked: the upload it is for, a number for the answer, what to do, and the bytes of path and content behind.
ASKED: Final = struct.Struct("<QQBHI")
#: What came of it: its number, an errno (0 for none), and the SHA-256 of what is settled.
ANSWER: Final = struct.Struct("<QI32s")
APPEND, SETTLE, DROP = range(3)
#: What the server says before it closes; without that, it has been killed.
FINISH: Final = b"F"
#: What it says with the descriptor of a line.
LINE: Final = b"L"

#: Each waits for the disk most of the time, and a file system commits at once what is synced at the same time.
_THREADS: Final = 8
#: Errands that are received before a thread has them, a megabyte each at most: the rest waits in the server.
_MOST_WAITING: Final = 16


class _File:
    """One file on its way to the disk."""

    def __init__(self, path: str) -> None:
        self.path = path
        self._handle: int | None = None
        self._digest = hashlib.sha256()

    def append(self, content: bytes | bytearray, flags: int = 0) -> int:
        """Write behind what there is; raises OSError."""
        if self._handle is None:
            self._handle = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | flags, 0o600)
        self._digest.update(content)
        rest = memoryview(content)
        while rest:
            rest = rest[os.write(self._handle, rest) :]
        return self._handle

    def settle(self, content: bytes | bytearray) -> bytes:
        """Append the rest and make it durable, its name included; returns the digest, raises OSError."""
        begun = self._handle is not None
        handle = self.append(content, 0 if begun else os.O_SYNC)
        if begun:  # what is written by one call is durable with that
            os.fsync(handle)
        self.close()
        os.fsync(_folder(self.path.rpartition("/")[0]))
        return self._digest.digest()

    def close(self) -> None:
        """Let go of it, whatever there is of it."""
        if self._handle is not None:
            handle, self._handle = self._handle, None
            os.close(handle)


@cache
def _folder(path: str) -> int:
    """A folder, held open: opening one for every upload costs as much as the upload's own file."""
    return os.open(path, os.O_RDONLY | os.O_DIRECTORY)


class _Line:
    """One event loop of the server."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self._lock = threading.Lock()

    def exactly(self, size: int) -> bytearray | None:
        """So many bytes; None where the line ends before them."""
        content = bytearray(size)
        rest = memoryview(content)
        while rest:
            try:
                got = self._sock.recv_into(rest)
            except OSError:
                return None
            if not got:
                return None
            rest = rest[got:]
        return content

    def answer(self, number: int, code: int, digest: bytes) -> None:
        """Tell what came of an errand; nobody may listen any more."""
        with self._lock, contextlib.suppress(OSError):
            self._sock.sendall(ANSWER.pack(number, code, digest))


class _Errand(NamedTuple):
    line: _Line
    upload: int = 0
    number: int = 0
    what: int | None = None  # None: the line has ended
    path: str = ""
    content: bytes | bytearray = b""


class _Writer(threading.Thread):
    """Has the uploads of its number."""

    def __init__(self, room: threading.Semaphore) -> None:
        super().__init__()
        self.errands: queue.SimpleQueue[_Errand | None] = queue.SimpleQueue()
        self._room = room
        self._files: dict[tuple[_Line, int], _File] = {}

    def run(self) -> None:
        while (errand := self.errands.get()) is not None:
            if errand.what is None:
                self._end(errand.line)
                continue
            self._room.release()
            code, digest = 0, b""
            try:
                digest = self._do(errand)
            except OSError as error:
                code = error.errno or errno.EIO
            errand.line.answer(errand.number, code, digest)

    def _do(self, errand: _Errand) -> bytes:
        which = errand.line, errand.upload
        if errand.what == DROP:
            self._drop(which, errand.path)
            return b""
        file = self._files.get(which)
        if file is None:
            file = self._files[which] = _File(errand.path)
        if errand.what == APPEND:
            file.append(errand.content)
            return b""
        digest = file.settle(errand.content)
        del self._files[which]
        return digest

    def _drop(self, which: tuple[_Line, int], path: str) -> None:
        """Forget what was written so far, also where all was: nobody was told of it."""
        file = self._files.pop(which, None)
        with contextlib.suppress(OSError):  # a disk that refuses this as well; the next start sweeps
            if file is not None:
                file.close()
            os.unlink(path)  # noqa: PTH108 - nothing is imported that the script can do without

    def _end(self, line: _Line) -> None:
        """Nobody was told of what is not settled."""
        for which in [which for which in self._files if which[0] is line]:
            self._drop(which, self._files[which].path)


class _Reader(threading.Thread):
    """Hands what comes on a line to the writers."""

    def __init__(self, line: _Line, writers: list[_Writer], room: threading.Semaphore) -> None:
        super().__init__()
        self._line = line
        self._writers = writers
        self._room = room

    def run(self) -> None:
        while head := self._line.exactly(ASKED.size):
            upload, number, what, path_size, size = ASKED.unpack(head)
            path = self._line.exactly(path_size)
            content = self._line.exactly(size)
            if path is None or content is None:
                break
            self._room.acquire()
            errand = _Errand(self._line, upload, number, what, os.fsdecode(bytes(path)), content)
            self._writers[upload % len(self._writers)].errands.put(errand)
        for writer in self._writers:
            writer.errands.put(_Errand(self._line))


def _fail(failed: threading.ExceptHookArgs) -> None:
    """A process that lacks a thread would leave uploads waiting: its server finds it gone, and starts another."""
    sys.excepthook(failed.exc_type, failed.exc_value or failed.exc_type(), failed.exc_traceback)
    os._exit(1)


def main() -> None:
    """Write for whoever is at the other end of the descriptor that is the first argument, until that end closes."""
    threading.excepthook = _fail
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)  # they reach whole groups; the server says when its process ends
    control = socket.socket(fileno=int(sys.argv[1]))
    room = threading.Semaphore(_MOST_WAITING)
    writers = [_Writer(room) for _ in range(_THREADS)]
    readers: list[_Reader] = []
    for writer in writers:
        writer.start()
    while True:
        said, handles, _, _ = socket.recv_fds(control, len(FINISH), 1)
        if not handles:
            break
        readers = [reader for reader in readers if reader.is_alive()]
        readers.append(_Reader(_Line(socket.socket(fileno=handles[0])), writers, room))
        readers[-1].start()
    if said != FINISH:
        os._exit(1)  # nobody is told any more, and whoever starts next looks for what was left
    for reader in readers:  # the server has shut its lines
        reader.join()
    for writer in writers:
        writer.errands.put(None)
        writer.join()


if __name__ == "__main__":
    main()
