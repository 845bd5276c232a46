"""Run as a process of its own to be killed: clients of research sessions that tell, by lines, what was done."""

from __future__ import annotations

import asyncio
import os
import random
import sys
from pathlib import Path

from tests.mock_server.prsm.conftest import ANN, KEYS, SESSIONS
from tests.mock_server.stage import HOST, started

CLIENTS = 6
PROMPT = "pause, resume and cancel of a running session that has expired"


def tell(*words: str) -> None:
    """In one write, so that a kill leaves no half line."""
    os.write(1, (" ".join(words) + "\n").encode())


async def post(client, path, **given):
    return await client.post(f"{HOST}{SESSIONS}{path}", headers={"X-API-Key": ANN}, **given)


async def one(client):
    """Make sessions, and do something to each of them."""
    while True:
        made = await post(client, "", json={"prompt": PROMPT, "session_type": random.choice(("research", "analysis"))})
        session_id = made.json()["session_id"]
        tell("created", session_id)
        for _ in range(random.randrange(6)):
            await asyncio.sleep(random.uniform(0, 0.1))
            deed = random.choice(("pause", "resume", "resume", "cancel", "comments"))
            answer = await post(
                client, f"/{session_id}/{deed}", **({"json": {"content": "x"}} if deed == "comments" else {})
            )
            if answer.status_code < 300:
                tell(deed, session_id)


async def main(directory):
    async with started(Path(directory), profiles=("prsm",), api_keys=KEYS, research_s=0.4) as (_, client):
        tell("open")
        await asyncio.gather(*(one(client) for _ in range(CLIENTS)))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
