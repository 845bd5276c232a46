"""How long it takes until somebody is served again whose process, database or bucket was killed with -9."""

from __future__ import annotations

import asyncio
import json
import time
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from mock_server.auth import namespace_of
from mock_server.cluster.sharding import shard_of
from tests.asking import Asking, Lost
from tests.proof.insisting import CHUNKED, FINAL, recording

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from tests.asking import Answer
    from tests.clusters import Cluster, Member

#: Between two tries of somebody who waits for nothing else.
_AGAIN_S: Final = 0.05
_GIVES_UP_S: Final = 120.0
#: Sessions that are ended at once, so that a worker is killed in the middle of some.
_AT_ONCE: Final = 24
_WORK: Final = (
    "SELECT count(*) FROM dbos.workflow_status JOIN scribe_cluster.members ON executor_id = members.name"
    " WHERE status = 'PENDING' AND address = '{address}'"
)


class Recovery:
    """Kills, and asks until it is answered."""

    def __init__(self, cluster: Cluster, key: str, shards: int) -> None:
        self._cluster = cluster
        self._key = key
        self._shard = shard_of(namespace_of(key), shards)
        self._asking = Asking()

    async def close(self) -> None:
        """Let the connections go."""
        self._asking.close()

    async def _ask(self, member: Member, method: str, path: str, body: bytes = b"", media: str = "") -> Answer:
        """The first answer that is a success."""
        began = time.monotonic()
        while True:
            try:
                answer = await self._asking.ask(member.address, method, path, self._key, body=body, media=media)
                if answer.status < 300:
                    return answer
                assert answer.status == 503, answer
            except (Lost, TimeoutError):
                pass
            assert time.monotonic() - began < _GIVES_UP_S, f"{method} {path} was put off for too long"
            await asyncio.sleep(_AGAIN_S)

    async def _created(self, member: Member) -> str:
        body = json.dumps(CHUNKED).encode()
        answer = await self._ask(member, "POST", "/v1/sessions", body, "application/json")
        return str(answer.document["session_id"])

    async def _uploaded(self, member: Member, name: str) -> None:
        await self._ask(member, "PUT", f"/v1/sessions/{name}/audio/audio_0.wav", recording(), "audio/wav")

    async def _ended(self, member: Member) -> str:
        name = await self._created(member)
        await self._uploaded(member, name)
        await self._ask(member, "POST", f"/v1/sessions/{name}/end")
        return name

    async def _result(self, member: Member, name: str) -> None:
        while (await self._ask(member, "GET", f"/v1/sessions/{name}")).document["status"] not in FINAL:  # noqa: ASYNC110 - another process decides
            await asyncio.sleep(_AGAIN_S)

    async def _taken_over(self, asked: Callable[[Member], Member]) -> float:
        """From the end of the process that has a session to the next change of it, through another process."""
        owner = await asyncio.to_thread(self._cluster.server, self._shard)
        assert owner is not None
        member = asked(owner)
        name = await self._created(member)
        owner.kill()
        began = time.monotonic()
        await self._uploaded(member, name)
        took = time.monotonic() - began
        owner.begin()
        return took

    async def api(self) -> float:
        """A process with sessions, asked through another one."""
        return await self._taken_over(lambda owner: next(x for x in self._cluster.of("api") if x is not owner))

    async def behind_gateway(self) -> float:
        """A process with sessions, asked through a gateway."""
        return await self._taken_over(lambda _owner: self._cluster.of("gateway")[0])

    async def worker(self) -> float:
        """A worker in the middle of work, until all results are there that were waited for."""
        api, worker = self._cluster.of("api")[0], self._cluster.of("worker")[0]
        while True:
            ending = [asyncio.create_task(self._ended(api)) for _ in range(_AT_ONCE)]
            caught = False
            while not caught and not all(each.done() for each in ending):
                caught = (await asyncio.to_thread(self._cluster.sql, _WORK.format(address=worker.address))) != [["0"]]
            if caught:
                break
            await asyncio.gather(*ending)
        worker.kill()
        began = time.monotonic()
        for name in await asyncio.gather(*ending):
            await self._result(api, name)
        took = time.monotonic() - began
        worker.begin()
        return took

    async def _again(self, server: Any, depends: Callable[[], Awaitable[Any]]) -> float:
        server.kill()
        began = time.monotonic()
        server.start()  # here: it would die with a thread that ends
        await depends()
        return time.monotonic() - began

    async def postgres(self) -> float:
        """PostgreSQL, started again at once, until a session is created."""
        return await self._again(self._cluster.postgres, lambda: self._created(self._cluster.of("api")[0]))

    async def weed(self) -> float:
        """The S3 server, started again at once, until a file is taken."""
        member = self._cluster.of("api")[0]
        name = await self._created(member)
        return await self._again(self._cluster.weed, lambda: self._uploaded(member, name))


#: What is killed, and how long it takes until what depended on it is served.
KINDS: Final[Mapping[str, Callable[[Recovery], Awaitable[float]]]] = MappingProxyType(
    {
        "api, asked through another api": Recovery.api,
        "api, asked through a gateway": Recovery.behind_gateway,
        "worker, to the last result": Recovery.worker,
        "PostgreSQL, its start included": Recovery.postgres,
        "S3 server, its start included": Recovery.weed,
    }
)


async def measured(cluster: Cluster, key: str, shards: int, rounds: int) -> dict[str, list[float]]:
    """Kind -> seconds of each round."""
    found: dict[str, list[float]] = {kind: [] for kind in KINDS}
    recovery = Recovery(cluster, key, shards)
    try:
        for _ in range(rounds):
            for kind, act in KINDS.items():
                found[kind].append(await act(recovery))
                await asyncio.to_thread(cluster.wait)
    finally:
        await recovery.close()
    return found
