"""A cluster under the load of clients that insist, and what is left of all that they were told."""

from __future__ import annotations

import asyncio
import contextlib
import time
from typing import TYPE_CHECKING, Any, TypeVar

from tests.asking import Asking
from tests.clusters import clustered
from tests.proof.insisting import Client, Record
from tests.proof.reckoning import Reckoning

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine, Iterator, Sequence

    from tests.clusters import Cluster

T = TypeVar("T")

SHARDS = 8
KEYS = tuple(f"sk_test_clinic{number}" for number in range(24))
_NEVER = 10**9


@contextlib.contextmanager
def standing(**given: object) -> Iterator[Cluster]:
    """A cluster of three processes that serve, two that work and one that forwards."""
    usual = {
        "api": 3,
        "workers": 2,
        "gateways": 1,
        "shards": SHARDS,
        "keys": KEYS,
        "more": ["--transcriber", "scripted"],
    }
    with clustered(**{**usual, **given}) as cluster:
        yield cluster


def mended(cluster: Cluster) -> Cluster:
    """The same with everything that a test has ended."""
    cluster.postgres.start()
    if cluster.weed.process.poll() is not None:
        cluster.weed.start()
    for member in cluster.members:
        if not member.runs:
            member.begin()
    cluster.wait()
    return cluster


class Load:
    """Clients of all namespaces, at work until they are to stop."""

    def __init__(
        self, cluster: Cluster, *, clients: int = 12, speakers: int = 4, seconds: float = _NEVER, most: int = _NEVER
    ) -> None:
        """It is over so many seconds after it begins to run, or with so many sessions."""
        self.record = Record()
        self.asking = Asking()
        self._cluster = cluster
        self._clients, self._speakers = clients, speakers
        self._seconds, self._until = seconds, float(_NEVER)
        self._most = most

    @property
    def over(self) -> bool:
        """Whether no more sessions are begun."""
        return time.monotonic() >= self._until or len(self.record.sessions) >= self._most

    def stop(self) -> None:
        """Begin no more sessions."""
        self._most = 0

    def client(self, number: int, addresses: Sequence[str] = ()) -> Client:
        """One that asks at these addresses, or at all."""
        key = KEYS[number % len(KEYS)]
        return Client(self.asking, lambda: addresses or self.addresses(), key, self.record, lambda: self.over)

    def addresses(self) -> list[str]:
        """Where clients ask."""
        return [each.address for each in self._cluster.of("api", "all", "gateway")]

    async def run(self) -> None:
        """All of it, to the end of the last session."""
        self._until = time.monotonic() + self._seconds
        async with asyncio.TaskGroup() as group:
            for number in range(self._clients):
                group.create_task(self.client(number).work())
            for number in range(self._speakers):
                group.create_task(self.client(number).dictate())

    async def reckoned(self) -> list[str]:
        """What is wrong once everybody who was ended is up."""
        return await Reckoning(self._cluster, self.record, SHARDS, KEYS).wrong(self.asking)


def run(load: Load, work: Coroutine[Any, Any, T]) -> T:
    """What somebody finds who asks by the load's connections."""

    async def whole() -> T:
        try:
            return await work
        finally:
            load.asking.close()

    return asyncio.run(whole())


def loaded(load: Load, meanwhile: Callable[[], Awaitable[T]]) -> tuple[T, list[str]]:
    """What somebody found who did something meanwhile, and what is wrong of all that clients were told."""

    async def work() -> tuple[T, list[str]]:
        working = asyncio.create_task(load.run())
        try:
            found = await meanwhile()
        finally:
            load.stop()
        await working
        return found, await load.reckoned()

    return run(load, work())
