"""A service whose sessions others hear, in this process or in one of its own that a test kills."""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path

from mock_server import extraction
from mock_server.assembly import open_service
from mock_server.cluster.board import Board
from mock_server.cluster.remote import RemoteHands
from mock_server.conduct import HONEST
from mock_server.database import database_url
from mock_server.session.model import Order
from mock_server.session.table import State
from mock_server.settings import Limits
from mock_server.storage.place import place
from tests.mock_server.cluster.members import tell

WAITS_S = 60


class Silent:
    """What hears where nobody may ask it to."""

    engine = "nobody"
    languages = ("en",)


class Owner:
    """`given`: the database, the place of audio and a folder; that of jobs, and the engine."""

    def __init__(self, given):
        self.given = given
        self.conduct = HONEST

    async def __aenter__(self):
        given = self.given
        self.board = Board(database_url(given["jobs"]))
        await self.board.open()
        where = place(given["place"])
        self.service = await open_service(
            Path(given["folder"]),
            transcriber=Silent(),
            extractor=extraction,
            conduct=lambda _namespace: self.conduct,
            limits=Limits(reconcile_s=0.5, files=3),
            database=database_url(given["database"]),
            audio_store=type(where)(where.scheme, where.bucket, f"{where.prefix}/shard-03", where.options),
            hands=RemoteHands(self.board, "shard-03", given["engine"], fills=given.get("fills", True)),
        )
        return self

    async def __aexit__(self, *_told):
        await self.service.close()
        await self.board.close()

    async def send(self, content, namespace="ns", templates=("transcript",), *, end=True):
        session = await self.service.create(namespace, Order(templates, "lite"), 600)

        async def body():
            yield content

        await self.service.reception.receive(
            namespace, session.id, name="audio_1.wav", content_type="audio/wav", body=body(), declared_size=None
        )
        if end:
            await self.service.end(namespace, session.id)
        return session.id

    async def done(self, session_id, namespace="ns"):
        async with asyncio.timeout(WAITS_S):
            while True:
                found, state = await self.service.get(namespace, session_id)
                if state not in (State.CREATED, State.RECORDING, State.PROCESSING):
                    return found, state
                await asyncio.sleep(0.02)

    async def kinds(self, session_id, namespace="ns"):
        return [line.kind for line in await self.service.journal(namespace, session_id)]


async def main(given):
    """Send what is to be sent, tell the ids, and go on until killed."""
    async with Owner(given) as owner:
        for content in given["contents"]:
            tell(await owner.send(content.encode()))
        tell("sent")
        await asyncio.sleep(WAITS_S)


if __name__ == "__main__":
    asyncio.run(main(json.loads(sys.argv[1])))
