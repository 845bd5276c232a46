"""Run as a process of its own to be killed: a session manager under load that reports what it was told."""

from __future__ import annotations

import asyncio
import os
import random
import sys
import uuid
from pathlib import Path

from mock_server.clock import SystemClock
from mock_server.ids import WindowIds
from mock_server.schemas import SessionManagerEndInput, SessionManagerStartInput
from mock_server.session_manager import SessionManager
from mock_server.storage.memory import MemoryStore
from mock_server.testclock import Clocks

CLIENTS = 8


def tell(*words: str) -> None:
    """In one write, so that a kill leaves no half line."""
    os.write(1, (" ".join(words) + "\n").encode())


def record(**members):
    return {
        "schema_version": "1.1.0",
        "record_id": str(uuid.uuid4()),
        "user_id": f"Benutzer/{random.randrange(4)}",
        "timestamp": "2026-01-27T09:00:00.000Z",
    } | members


async def client(manager, number):
    while True:
        started = await manager.start("load", SessionManagerStartInput(**record()))
        tell("started", started.session_id, started.record_id)
        if number % 3:  # a third of the clients leave their sessions open
            members = record(session_id=started.session_id, user_id=started.user_id)
            tell("ending", started.session_id)
            ended = await manager.end("load", SessionManagerEndInput(**members))
            tell("ended", started.session_id, ended.record_id)


async def main(directory):
    clocks = await Clocks.of(MemoryStore(), SystemClock())
    manager = await SessionManager.open(Path(directory), clocks=clocks, ids=WindowIds(), limit_s=3600)
    tell("open")
    await asyncio.gather(*(client(manager, number) for number in range(CLIENTS)))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
