"""A process that is a worker: it is told what to do by one argument, says where it is seen, and ends by SIGTERM."""

from __future__ import annotations

import asyncio
import contextlib
import json
import signal
import sys
from pathlib import Path

import uvicorn

from mock_server.cluster import worker
from mock_server.database import database_url
from mock_server.settings import Settings
from mock_server.storage.place import place
from tests.mock_server.cluster.ears import Ears
from tests.mock_server.cluster.members import Members, tell


async def main(given):
    if given["engine"] == "ears":
        worker.open_transcriber = lambda *_given, **_named: Ears(Path(given["log"]))
    members = Members(Path(given["members"]))
    opened = await worker.Worker.open(
        database_url(given["database"]),
        place(given["place"]),
        Settings(Path(given["folder"]), transcriber="scripted"),
        executor_id=members.join(given["name"]),
        living=members.living,
    )
    server = uvicorn.Server(uvicorn.Config(opened.app, port=given["port"], log_level="error"))
    server.capture_signals = contextlib.nullcontext
    stopping = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopping.set)
    serving = asyncio.create_task(server.serve())
    tell("up")
    await stopping.wait()
    await opened.close(given["grace_s"])
    server.should_exit = True
    await serving
    tell("down")


if __name__ == "__main__":
    asyncio.run(main(json.loads(sys.argv[1])))
