"""Whether a Redis server does what is asked of it, found out before anybody is served."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

from mock_server.mirror.client import AwayError, Client

if TYPE_CHECKING:
    from mock_server.mirror.address import RedisUrl

#: Keys that no session and no server has.
_LIVE, _LIMITS = "dalston:realtime:session:of-nobody", "scribe:limits:of-nobody"
#: A channel of no namespace: who listens to all of them passes over it.
_CHANNEL: Final = "scribe:changes::"


def try_out(address: RedisUrl) -> None:
    """Do once what a server does there; raises AwayError where that is not to be had. On no event loop."""
    try:
        asyncio.run(_tried(address))
    except AwayError as error:
        raise AwayError(f"Redis at {address} cannot be used: {error}") from error


async def _tried(address: RedisUrl) -> None:
    client = Client(address)
    try:
        await client.ask(
            [
                *(("HSET", key, "tried", "1") for key in (_LIVE, _LIMITS)),
                *(("PEXPIRE", key, 1000) for key in (_LIVE, _LIMITS)),
                ("PEXPIREAT", _LIMITS, 1),
                ("HGETALL", _LIMITS),
                ("HDEL", _LIMITS, "tried"),
                ("DEL", _LIVE),
                ("TIME",),
                ("PUBLISH", _CHANNEL, "{}"),
            ]
        )
    finally:
        await client.close()
