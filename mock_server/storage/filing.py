"""The server's handle on a process of its own that writes what is uploaded.

A thread of the server would wait for the interpreter after each of the calls that an upload takes at the disk, and the
event loop after each of those waits.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import itertools
import os
import socket
import subprocess
import sys
import threading
from collections import deque
from pathlib import Path
from typing import TYPE_CHECKING, Final

from mock_server.storage import filing_process
from mock_server.storage.filing_process import ANSWER, APPEND, ASKED, DROP, FINISH, LINE, SETTLE

if TYPE_CHECKING:
    from collections.abc import Sequence

#: Of the socket to the process: an ordinary upload goes out by one call.
_SENT_BYTES: Final = 1024 * 1024
_HEARD_BYTES: Final = 64 * 1024
#: Uploads of all servers of this process: their writers take turns by these numbers.
_uploads = itertools.count()


class _Line:
    """What one event loop asks, and what it is answered; by that loop's thread alone, but for `close`."""

    def __init__(self, loop: asyncio.AbstractEventLoop, sock: socket.socket) -> None:
        self.lost = False
        self._loop = loop
        self._sock = sock
        self._numbers = itertools.count()
        self._asked: dict[int, asyncio.Future[bytes]] = {}
        self._unsent: deque[memoryview] = deque()
        self._heard = b""
        sock.setblocking(False)
        loop.add_reader(sock, self._hear)

    def ask(self, upload: int, what: int, path: bytes, content: bytes) -> asyncio.Future[bytes]:
        """What will come of it: a digest, or OSError."""
        done = self._loop.create_future()
        if self.lost:
            _lose(done)
            return done
        number = next(self._numbers)
        self._asked[number] = done
        head = ASKED.pack(upload, number, what, len(path), len(content)) + path
        waits = bool(self._unsent)
        self._unsent += [memoryview(head), memoryview(content)]
        if not waits:
            self._send()
            if self._unsent:
                self._loop.add_writer(self._sock, self._send_rest)
        return done

    def _send(self) -> None:
        try:
            while self._unsent:
                self._sent(self._sock.sendmsg(list(itertools.islice(self._unsent, 64))))
        except (BlockingIOError, InterruptedError):
            pass
        except OSError:
            self._end()

    def _sent(self, size: int) -> None:
        while self._unsent and size >= len(self._unsent[0]):
            size -= len(self._unsent.popleft())
        if size:
            self._unsent[0] = self._unsent[0][size:]

    def _send_rest(self) -> None:
        self._send()
        if not self._unsent and not self.lost:
            self._loop.remove_writer(self._sock)

    def _hear(self) -> None:
        try:
            heard = self._sock.recv(_HEARD_BYTES)
        except (BlockingIOError, InterruptedError):
            return
        except OSError:
            heard = b""
        if not heard:
            self._end()
            return
        heard = self._heard + heard
        whole = len(heard) - len(heard) % ANSWER.size
        self._heard = heard[whole:]
        for number, code, digest in ANSWER.iter_unpack(heard[:whole]):
            done = self._asked.pop(number)
            if done.done():
                continue
            if code:
                done.set_exception(OSError(code, os.strerror(code)))
            else:
                done.set_result(digest)

    def _end(self) -> None:
        """The process is gone, and with it all that it was asked."""
        self.lost = True
        self._unsent.clear()
        self._loop.remove_reader(self._sock)
        self._loop.remove_writer(self._sock)
        self._sock.close()
        for done in self._asked.values():
            if not done.done():
                _lose(done)
        self._asked.clear()

    def close(self) -> None:
        """Ask nothing more, from any thread; a loop that runs still hears what comes of what was sent."""
        if self.lost:
            return
        self.lost = True
        with contextlib.suppress(OSError):
            self._sock.shutdown(socket.SHUT_WR)
        if not self._loop.is_running():
            if not self._loop.is_closed():
                self._loop.remove_reader(self._sock)
                self._loop.remove_writer(self._sock)
            self._sock.close()


def _lose(done: asyncio.Future[bytes]) -> None:
    done.set_exception(OSError(errno.EPIPE, "the process that writes it has ended"))
    done.exception()  # where nobody waits, nobody is told


class _Process:
    """A process that writes, as its server sees it."""

    def __init__(self) -> None:
        self._control, inside = socket.socketpair()
        with inside:
            handle = inside.fileno()
            # isolated: what is installed, and what the environment says, is none of its business
            command = [sys.executable, "-IS", filing_process.__file__, str(handle)]
            # in a session of its own: what a terminal sends to the server does not end the process before it
            self._process = subprocess.Popen(  # noqa: S603 - our own script
                command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, pass_fds=(handle,), start_new_session=True
            )

    def connected(self) -> socket.socket:
        """A socket to it; whoever asks there hears it end, if it has."""
        ours, theirs = socket.socketpair()
        ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SENT_BYTES)
        with theirs, contextlib.suppress(OSError):
            socket.send_fds(self._control, [LINE], [theirs.fileno()])
        return ours

    def end(self) -> None:
        """What has closed a line does nothing more, and is gone in a moment."""
        self._process.kill()
        self._control.close()

    def finish(self) -> None:
        """Let it write what it has, and wait for that."""
        with contextlib.suppress(OSError):
            self._control.send(FINISH)
        self._control.close()
        self.wait()

    def wait(self) -> None:
        """Until it is gone."""
        self._process.wait()

    @property
    def lingers(self) -> bool:
        """Whether the system still has it."""
        return self._process.poll() is None


class Filing:
    """Has uploads written; the process begins with the first of them, and another one where it was killed."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process: _Process | None = None
        self._ended: list[_Process] = []
        self._lines: dict[asyncio.AbstractEventLoop, tuple[_Process, _Line]] = {}

    def upload(self, path: str) -> Upload:
        """A file to be, written by the running loop; raises OSError where no process can be had."""
        return Upload(self._line(asyncio.get_running_loop()), path)

    def close(self) -> None:
        """Finish what was sent to be written."""
        with self._lock:
            for _, line in self._lines.values():
                line.close()
            self._lines.clear()
            if self._process is not None:
                self._process.finish()
            for process in self._ended:
                process.wait()

    def _line(self, loop: asyncio.AbstractEventLoop) -> _Line:
        process, line = self._lines.get(loop, (None, None))
        if line is not None and not line.lost:
            return line
        with self._lock:
            for closed in [each for each in self._lines if each.is_closed()]:
                self._lines.pop(closed)[1].close()
            if process is not None and process is self._process:
                # it may still be seen, and even take what is sent to it
                process.end()
                self._ended = [each for each in (*self._ended, process) if each.lingers]
                self._process = None
            if self._process is None:
                self._process = _Process()
            line = _Line(loop, self._process.connected())
            self._lines[loop] = self._process, line
        return line


class Upload:
    """One file on its way to the disk."""

    def __init__(self, line: _Line, path: str) -> None:
        self._line = line
        self._number = next(_uploads)
        self._path = path
        self._encoded = os.fsencode(path)

    async def write(self, pieces: Sequence[bytes]) -> None:
        """Append pieces; raises OSError."""
        await self._line.ask(self._number, APPEND, self._encoded, b"".join(pieces))

    async def settle(self, pieces: Sequence[bytes]) -> str:
        """Append the rest and make it durable, its name included; returns the digest, raises OSError."""
        return (await self._line.ask(self._number, SETTLE, self._encoded, b"".join(pieces))).hex()

    def drop(self) -> asyncio.Future[bytes]:
        """Forget what was written so far; to be awaited by whoever wants to know it gone, and raises OSError then."""
        if self._line.lost:  # nobody writes any more
            with contextlib.suppress(OSError):  # a disk that refuses this as well; the next start sweeps
                Path(self._path).unlink()
        return self._line.ask(self._number, DROP, self._encoded, b"")
