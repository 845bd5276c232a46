"""The client as a reader: what counts as reading, where as many bytes wait as at the last look."""

from __future__ import annotations

import asyncio
import socket

import uvicorn
from uvicorn.server import ServerState

from mock_server.cli import reader

UNREAD_S = 0.1


class Full:
    """A transport in which as much waits whenever somebody looks."""

    def __init__(self, end):
        self._end = end
        self.aborted = False

    def get_extra_info(self, name, default=None):
        return self._end if name == "socket" else default

    def get_write_buffer_size(self):
        return 100_000

    def is_closing(self):
        return self.aborted

    def abort(self):
        self.aborted = True


async def nothing(scope, receive, send):
    """Nobody asks."""


async def watched(end):
    protocol = reader.Reader(uvicorn.Config(nothing), ServerState(), {})
    transport = Full(end)
    protocol.connection_made(transport)
    protocol.pause_writing()
    for _ in range(10):  # five looks
        await asyncio.sleep(UNREAD_S / 4)
        protocol.resume_writing()
        protocol.pause_writing()
    kept = not transport.aborted
    await asyncio.sleep(UNREAD_S * 2)
    return kept, transport.aborted


def test_who_makes_room_for_the_next_piece_reads_though_as_much_waits_as_before(monkeypatch):
    monkeypatch.setattr(reader, "UNREAD_S", UNREAD_S)
    ours, theirs = socket.socketpair()
    with ours, theirs:
        assert asyncio.run(watched(ours)) == (True, True)
