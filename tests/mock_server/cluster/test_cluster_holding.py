"""Who of a cluster opens which shard, against a directory in memory: no database, and no server but its outline."""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import replace
from types import SimpleNamespace

import pytest
from starlette.applications import Starlette

from mock_server.cluster import holding as room
from mock_server.cluster.holding import Holding
from mock_server.storage import InUseError, StorageError
from mock_server.storage.directory import Member, Sight


class World:
    """What the database of a cluster knows, and who has the lock of which shard."""

    def __init__(self, shards=8):
        self.shards = shards
        self.members = {}
        self.serving = dict.fromkeys(range(shards))
        self.locks = {}
        self.opened = []
        #: Shards at whose opening two processes met.
        self.met = []

    def renumber(self, process, number):
        """Let a member have another number, as one has that joins anew."""
        self.members[number] = replace(self.members.pop(process.directory.me), number=number)
        process.directory.me = number


class Directory:
    def __init__(self, world):
        self.world = world
        self.shards = world.shards
        self.me = 0
        self.away = False

    def join(self, role):
        self.me = max(self.world.members, default=0) + 1
        self.world.members[self.me] = Member(self.me, f"p{self.me}", role, f"http://127.0.0.1:{self.me}", "scripted")
        return self.look()

    def look(self):
        if self.away:
            raise StorageError("The database is away.")
        return Sight(self.me, dict(self.world.members), dict(self.world.serving))

    def tell(self, shard, *, serves):
        if self.away:
            raise StorageError("The database is away.")
        if serves:
            self.world.serving[shard] = self.me
        elif self.world.serving[shard] == self.me:
            self.world.serving[shard] = None


class Process:
    """A member, its holding, and the outlines of its servers."""

    def __init__(self, world, role="api", failing=()):
        self.world = world
        self.directory = Directory(world)
        self.failing = set(failing)
        self.faces = {}
        self.holding = Holding(self.directory, self.directory.join(role), self.app, grace_s=0.2)

    def app(self, shard):
        @contextlib.asynccontextmanager
        async def lifespan(_app):
            if shard in self.failing:
                raise StorageError(f"shard {shard} is broken")
            if shard in self.world.locks:
                self.world.met.append(shard)
                raise InUseError("another has it")
            self.world.locks[shard] = self.directory.me
            self.world.opened.append((shard, self.directory.me))
            await asyncio.sleep(0)
            try:
                yield
            finally:
                if self.world.locks.get(shard) == self.directory.me:
                    del self.world.locks[shard]

        async def write(change):
            if self.world.locks.get(shard, self.directory.me) != self.directory.me:
                raise InUseError("another has it")
            return change(None)

        made = Starlette(lifespan=lifespan)
        service = SimpleNamespace(superseded=False, store=SimpleNamespace(write=write))
        face = SimpleNamespace(stopping=False, settings=SimpleNamespace(base_path=""), service=service)
        made.state.face = self.faces[shard] = face
        return made

    def die(self):
        """Killed: its connections end, and with them its place among the members and its locks."""
        self.holding._loop.cancel()
        del self.world.members[self.directory.me]
        self.world.locks = {shard: who for shard, who in self.world.locks.items() if who != self.directory.me}


@pytest.fixture(autouse=True)
def hurried(monkeypatch):
    monkeypatch.setattr(room, "_LOOK_S", 0.005)
    monkeypatch.setattr(room, "_REST_S", 0.01)
    monkeypatch.setattr(room, "_COUNTS_S", 0.2)


async def until(seen, seconds=5.0):
    async with asyncio.timeout(seconds):
        while not seen():  # noqa: ASYNC110 - what is waited for is in several places
            await asyncio.sleep(0.005)


def numbers(*processes):
    return sorted(len(process.holding.here) for process in processes)


def scene(play):
    """Run a play in a world, and close whoever is left."""

    async def run():
        world, made = World(), []

        def process(*given, **more):
            made.append(Process(world, *given, **more))
            return made[-1]

        try:
            return await play(world, process)
        finally:
            for each in made:
                await each.holding.close()

    return asyncio.run(run())


def test_one_member_serves_all_and_those_that_join_get_their_share():
    async def play(world, process):
        one = process()
        await one.holding.start(5)
        assert (sorted(one.holding.here), one.holding.unserved) == ([*range(8)], [])
        two = process("all")
        await two.holding.start(5)
        await until(lambda: numbers(one, two) == [4, 4])
        three = process()
        await three.holding.start(5)
        await until(lambda: numbers(one, two, three) == [2, 3, 3])
        await asyncio.sleep(0.1)
        assert numbers(one, two, three) == [2, 3, 3]
        assert world.locks == {shard: number for shard, number in world.serving.items() if number}

    scene(play)


def test_gateways_and_workers_have_no_shards():
    async def play(_world, process):
        gateway, worker, api = process("gateway"), process("worker"), process()
        await asyncio.gather(*(each.holding.start(5) for each in (gateway, worker, api)))
        assert numbers(gateway, worker, api) == [0, 0, 8]
        await until(lambda: not gateway.holding.unserved)
        assert gateway.holding.sight.server(3).number == api.directory.me

    scene(play)


def test_what_a_killed_member_had_is_opened_by_those_that_are_left():
    async def play(world, process):
        one, two, three = process(), process(), process()
        await asyncio.gather(*(each.holding.start(5) for each in (one, two, three)))
        await until(lambda: numbers(one, two, three) == [2, 3, 3])
        two.die()
        await until(lambda: numbers(one, three) == [4, 4])
        assert set(world.locks) == set(range(8))
        assert not {*one.holding.here} & {*three.holding.here}

    scene(play)


def test_a_shard_that_another_has_taken_is_given_up_and_so_is_one_that_was_lost():
    async def play(world, process):
        one, two = process(), process()
        await asyncio.gather(*(each.holding.start(5) for each in (one, two)))
        await until(lambda: numbers(one, two) == [4, 4])
        taken = min(one.holding.here)
        world.serving[taken] = two.directory.me  # its connection was lost, and the other one was quicker
        await until(lambda: taken not in one.holding.here)
        lost = min(one.holding.here)
        before = one.faces[lost]
        before.service.superseded = True  # whoever had it meanwhile is gone again
        await until(lambda: one.faces.get(lost) is not before or lost in two.holding.here)

    scene(play)


def test_why_a_shard_cannot_be_opened_is_told_until_it_can():
    async def play(_world, process):
        one = process(failing=[5])
        await one.holding.start(0.1)
        assert (one.holding.unserved, one.holding.failing) == ([5], {5: "shard 5 is broken"})
        one.failing.clear()
        await until(lambda: not one.holding.unserved)
        assert one.holding.failing == {}

    scene(play)


def test_a_directory_that_is_away_changes_nothing_and_what_could_not_be_told_is_told_later():
    async def play(world, process):
        one = process()
        await one.holding.start(5)
        one.directory.away = True
        world.serving[2] = None  # as if it could not have been told
        await until(lambda: one.holding.away)
        assert len(one.holding.here) == 8
        one.directory.away = False
        await until(lambda: world.serving[2] == one.directory.me)
        assert one.holding.away is None

    scene(play)


def test_a_shard_is_given_away_once_its_requests_are_answered_and_its_sockets_closed():
    async def play(world, process):
        one = process()
        await one.holding.start(5)
        hosted = one.holding.here[0]
        said, answered = [], asyncio.Event()

        async def app(scope, receive, send):
            if scope["type"] == "http":
                await answered.wait()
                return
            await send({"type": "websocket.accept"})
            said.append(await receive())
            said.append(await receive())

        hosted._app = app
        messages = [{"type": "websocket.receive", "text": "one"}]

        async def receive():
            if not messages:
                await asyncio.Event().wait()
            return messages.pop()

        async def send(message):
            said.append(message)

        request = asyncio.create_task(hosted({"type": "http"}, receive, send))
        socket = asyncio.create_task(hosted({"type": "websocket"}, receive, send))
        await until(lambda: len(said) == 2)
        closing = asyncio.create_task(one.holding.close())
        await until(socket.done)
        assert (hosted.face.stopping, 0 in one.holding.here) == (True, False)
        assert [message["type"] for message in said] == [
            "websocket.accept", "websocket.receive", "websocket.close", "websocket.disconnect",
        ]  # fmt: skip
        assert said[2]["code"] == said[3]["code"] == 1012
        assert 0 in world.locks, "a request is still being answered"
        answered.set()
        await closing
        assert (world.locks, request.done(), request.cancelled()) == ({}, True, False)

    scene(play)


def test_what_does_not_end_within_the_grace_is_cancelled():
    async def play(_world, process):
        one = process()
        await one.holding.start(5)
        ended = []

        async def app(*_given):
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                ended.append("cancelled")

        one.holding.here[3]._app = app
        request = asyncio.create_task(one.holding.here[3]({"type": "http"}, None, None))
        await asyncio.sleep(0.01)
        began = asyncio.get_running_loop().time()
        await one.holding.close()
        assert (ended, request.done()) == (["cancelled"], True)
        assert 0.15 < asyncio.get_running_loop().time() - began < 2

    scene(play)


def test_a_member_that_others_call_dead_tells_anew_what_it_serves():
    async def play(world, process):
        one = process()
        await one.holding.start(5)
        world.renumber(one, 7)
        world.serving = dict.fromkeys(world.serving)
        await until(lambda: set(world.serving.values()) == {7})
        assert len(one.holding.here) == 8

    scene(play)


def test_nobody_answers_for_a_shard_who_has_not_looked_for_a_while():
    async def play(_world, process):
        one = process()
        await one.holding.start(5)
        assert all(one.holding.at(shard) for shard in range(8))
        one.directory.away = True
        await until(lambda: not any(one.holding.at(shard) for shard in range(8)), 1)
        assert len(one.holding.here) == 8
        one.directory.away = False
        await until(lambda: all(one.holding.at(shard) for shard in range(8)))

    scene(play)


def test_nobody_answers_for_a_shard_of_a_lost_member_before_what_that_has_seen_counts_no_more():
    async def play(_world, process):
        one, two = process(), process()
        await asyncio.gather(*(each.holding.start(5) for each in (one, two)))
        await until(lambda: numbers(one, two) == [4, 4])
        one.die()
        told = [shard for shard in range(8) if one.holding.at(shard)]
        assert len(told) == 4
        while told:
            assert not any(two.holding.at(shard) for shard in told)
            await asyncio.sleep(0.005)
            told = [shard for shard in told if one.holding.at(shard)]
        await until(lambda: numbers(two) == [8])

    scene(play)


def test_a_member_that_was_away_answers_only_for_what_nobody_has_taken_meanwhile():
    async def play(world, process):
        one = process()
        await one.holding.start(5)
        world.renumber(one, 7)
        world.serving = {shard: 7 for shard in world.serving}  # noqa: C420 - as a member that joins anew has it
        world.locks = {shard: 7 for shard in world.locks} | {3: 8}  # noqa: C420 - another one is opening the shard
        await until(lambda: one.holding.sight.me == 7 and one.holding.at(0))
        await asyncio.sleep(0.05)
        assert [shard for shard in range(8) if one.holding.at(shard)] == [0, 1, 2, 4, 5, 6, 7]
        world.locks[3] = 7  # it gave up
        await until(lambda: one.holding.at(3))

    scene(play)


def test_a_socket_that_comes_as_its_shard_leaves_is_opened_and_closed_and_the_next_one_goes_elsewhere():
    async def play(_world, process):
        one = process()
        await one.holding.start(5)
        hosted = one.holding.here[0]
        said = []

        async def app(_scope, receive, send):
            said.append(await receive())
            await send({"type": "websocket.accept"})
            said.append(await receive())

        async def receive():
            return {"type": "websocket.connect"}

        async def send(message):
            said.append(message)

        hosted._app = app
        hosted.leaving.set()
        assert one.holding.at(0) is None
        await hosted({"type": "websocket"}, receive, send)
        assert [message["type"].removeprefix("websocket.") for message in said] == [
            "connect", "accept", "close", "disconnect",
        ]  # fmt: skip

    scene(play)
