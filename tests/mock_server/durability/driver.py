"""Run as a process of its own to be killed: a service under load that reports what it was told, line by line.

driver.py load DIR    work until killed; a line `tried …` before and `acked …` after each upload, `created`, `ended`
driver.py insist DIR  the same, and whoever is refused because nothing can be stored now begins anew a moment later
driver.py check DIR   do nothing but wait for every session to settle, then print what is there as one JSON document

Sessions are kept in the database that SCRIBE_DATABASE names, or else in DIR. Audio lies in the directory, or where
SCRIBE_AUDIO_STORE says. SCRIBE_SIZES are those of files, in bytes with commas.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import random
import sys
from pathlib import Path
from types import SimpleNamespace

from mock_server.assembly import open_service
from mock_server.database import database_url
from mock_server.problems import Problem
from mock_server.session.model import Order
from mock_server.settings import Limits
from mock_server.speech.model import Transcription
from mock_server.storage import StorageError
from mock_server.storage.place import place

CLIENTS = 6
LIMITS = Limits(queue=100_000, reconcile_s=0.5)
STORE = os.environ.get("SCRIBE_AUDIO_STORE")
SIZES = [int(size) for size in os.environ.get("SCRIBE_SIZES", "100,20000,1500000").split(",")]


def tell(*words: str) -> None:
    """In one write, so that a kill leaves no half line."""
    os.write(1, (" ".join(words) + "\n").encode())


class SlowEars:
    """Names the digests of what it was given, after a while in which it can be killed."""

    engine = "slow"
    languages = ("en",)

    async def transcribe(self, recordings, *, language_hint, max_chunk_seconds=None):
        await asyncio.sleep(random.uniform(0, 0.3))
        digests = [hashlib.sha256(recording.path.read_bytes()).hexdigest() for recording in recordings]
        return Transcription("slow", "en", text=" ".join(digests), used=tuple(r.name for r in recordings))


class Rules:
    TEMPLATES = ("soap",)

    def extract(self, template_id, transcript):
        return SimpleNamespace(data={"words": len(transcript.split())}, unsaid=())


async def client(service, number):
    names = [f"audio_{n}.wav" for n in (1, 2, 3, 2)]  # the second is sent again, as after a lost answer
    while True:
        session = await service.create("load", Order(("soap",), "lite"), 3600)
        tell("created", session.id)
        for name in names:
            content = os.urandom(random.choice(SIZES))
            sha256 = hashlib.sha256(content).hexdigest()

            async def body(content=content):
                for start in range(0, len(content), 65536):
                    yield content[start : start + 65536]

            tell("tried", session.id, name, sha256)
            await service.reception.receive("load", session.id, name=name, content_type="audio/wav", body=body())
            tell("acked", session.id, name, sha256)
        if number % 3:  # a third of the clients leave their sessions open
            await service.end("load", session.id, audio_files_sent=3)
            tell("ended", session.id)


async def load(service):
    await asyncio.gather(*(client(service, number) for number in range(CLIENTS)))


async def insist(service):
    async def insisting(number):
        while True:
            try:
                await client(service, number)
            except Problem as problem:
                if problem.code != "service_unavailable":
                    raise
                tell("refused")
                await asyncio.sleep(0.05)

    await asyncio.gather(*(insisting(number) for number in range(CLIENTS)))


async def digest(service, key):
    async with service.audio.fetch([key]) as (path,):
        return hashlib.sha256(path.read_bytes()).hexdigest() if path.exists() else None


async def check(service):
    async with asyncio.timeout(25):
        while await service.store.read(lambda view: view.unfinished()):  # noqa: ASYNC110 - the event is a row in a database
            await asyncio.sleep(0.05)
    found = {}
    for name in sys.stdin.read().split():
        session, state = await service.get("load", name)
        lines = await service.journal("load", name)
        found[name] = {
            "state": state.value,
            "transcript": session.transcript,
            "files": {file.name: [file.sha256, await digest(service, file.key)] for file in session.files},
            "order": [file.name for file in session.files],
            "journal": [line.kind for line in lines],
            "results": [result.status for result in session.results],
        }
    if STORE:
        on_disk = len(service.audio._bucket.listed("audio"))
    else:
        on_disk = sum(path.is_file() for path in service.audio._root.rglob("*"))
    listed = len(await service.store.read(lambda view: view.audio_keys()))
    sys.stdout.write(json.dumps({"sessions": found, "on_disk": on_disk, "listed": listed}) + "\n")


async def main(mode, directory):
    named = os.environ.get("SCRIBE_DATABASE")
    service = await open_service(
        Path(directory),
        transcriber=SlowEars(),
        extractor=Rules(),
        limits=LIMITS,
        database=database_url(named) if named else None,
        audio_store=place(STORE) if STORE else None,
    )
    tell("open")
    await {"load": load, "insist": insist, "check": check}[mode](service)
    await service.close()


if __name__ == "__main__":
    try:
        asyncio.run(main(*sys.argv[1:]))
    except StorageError as error:
        sys.exit(str(error))
