"""Sockets that stay open: what is kept of both sides, how they are left, and which of them are sessions."""

from __future__ import annotations

import asyncio
import json
from contextlib import asynccontextmanager

import pytest
from websockets.asyncio.server import serve

from conformance.drive.budget import Budget
from conformance.drive.dictations import Dictations
from conformance.drive.wire import Wire
from conformance.evidence.recorder import Recorder
from conformance.target import Options, Target
from conformance.vocabulary.journey import JourneyName
from conformance.vocabulary.operation import Credential
from conformance.vocabulary.probe import Probe
from conformance.vocabulary.session import Session
from scribe_data import recordings
from scribe_data.model import Leaving

KEY = "sk_live_0123456789"
BEGUN = {"type": "session.begin", "session_id": "sess_1"}
NAME = Session.DICTATED.of("by hand")


class Service:
    """A socket that begins a session, counts the bytes of it and remembers how it was left."""

    def __init__(self, *said, closes=None, silent=False):
        self.said, self.closes, self.silent = said, closes, silent
        self.headers, self.path, self.bytes, self.left = {}, "", 0, asyncio.Event()

    async def __call__(self, socket):
        self.headers, self.path = dict(socket.request.headers.raw_items()), socket.request.path
        for each in self.said:
            await socket.send(each if isinstance(each, str) else json.dumps(each))
        if self.closes is not None:
            await socket.close(self.closes)
        try:
            async for message in socket:
                if isinstance(message, bytes):
                    self.bytes += len(message)
                elif json.loads(message)["type"] == "end" and not self.silent:
                    await socket.send(json.dumps({"type": "transcript.final", "text": "No fever. " * 200}))
                    await socket.send(json.dumps({"type": "session.end", "session_id": "sess_1"}))
                    return
        finally:
            self.left.set()


@asynccontextmanager
async def hands(service, **given):
    async with serve(service, "127.0.0.1", 0) as running:
        base = f"http://127.0.0.1:{running.sockets[0].getsockname()[1]}"
        options = Options(target=base, api_key=KEY, profile="dalston", revision="2026-02-11", **given)
        recorder = Recorder(options.redactor)
        async with Wire(options, recorder, Budget(60.0)) as wire:
            wire.trust(base)
            target = Target(base_url=base, upload_methods=(), end_form="none")
            yield Dictations(JourneyName.DICTATION, wire, target, recordings.load())


def played(service, play, **given):
    """What a play came to, and the exchanges of it."""

    async def scenario():
        async with hands(service(), **given) as drive:
            return await play(drive), drive.recorder.exchanges

    return asyncio.run(scenario())


def test_a_session_is_a_create_and_an_end_and_no_key_is_kept():
    made = []

    def service():
        made.append(Service(BEGUN))
        return made[0]

    async def play(drive):
        handle = await drive.create(NAME)
        await drive.speak_into(handle, bytes(16_000), 16_000)
        return await drive.end(handle)

    end, (create, same) = played(service, play)
    assert end is same
    assert create.document == BEGUN
    assert create.accepted
    assert (end.accepted, end.socket.by, end.socket.code, end.socket.samples) == (True, "server", 1000, 16_000)
    assert [each["type"] for each in end.socket.messages] == ["session.begin", "transcript.final", "session.end"]
    assert made[0].bytes == 16_000
    assert "store_audio=true" in made[0].path
    assert made[0].headers["Authorization"] == f"Bearer {KEY}"
    assert KEY not in repr((create, end))


def test_what_a_client_said_is_kept_so_that_it_can_be_said_again():
    async def play(drive):
        handle = await drive.create(NAME)
        await drive.speak_into(handle, bytes(16_000), 16_000)
        await drive.say(handle, "flush")
        await drive.get(handle)
        await drive.speak_into(handle, b"\1\2" * 5000, 16_000, recording="short", begin=640)
        return await drive.end(handle)

    end, exchanges = played(lambda: Service(BEGUN), play)
    silence, flush, speech = end.socket.turns
    assert (silence.recording, silence.fill, silence.begin, silence.end, silence.size) == (None, 0, 0, 16_000, 3200)
    assert json.loads(flush.text) == {"type": "flush"}
    assert (speech.recording, speech.begin, speech.end) == ("short", 640, 10_640)
    read = next(x for x in exchanges if x.label.operation == "get")
    assert (silence.after, flush.after, speech.after) == (1, 1, read.number)  # in the order in which it all was sent


def test_a_run_holds_few_sockets_at_a_time():
    counted = []

    class Many(Service):
        async def __call__(self, socket):
            counted.append(1)
            self.said = ({"type": "session.begin", "session_id": f"sess_{len(counted)}"},)
            await super().__call__(socket)

    async def play(drive):
        held = []

        async def one(number):
            handle = await drive.create(Session.DICTATED.of(f"number {number}"))
            held.append(drive._wire.held)
            await drive.pause(0.01)
            await drive.hang_up(handle)

        await drive.together(*(one(number) for number in range(14)))
        return held

    held, _ = played(Many, play)
    assert len(counted) == len(held) == 14
    assert 1 < max(held) <= 6


def test_speech_that_nobody_takes_any_more_is_not_said_to_have_been_said():
    async def play(drive):
        handle = await drive.create(NAME)
        await drive.drop(handle)
        await drive.speak_into(handle, bytes(16_000), 16_000)
        return drive._call(handle).seen()

    seen, _ = played(lambda: Service(BEGUN), play)
    assert (seen.turns[0].begin, seen.turns[0].end) == (0, 0)


@pytest.mark.parametrize(("how", "probe", "code"), [("drop", Probe.DROPPED, 1006), ("hang_up", Probe.HUNG_UP, None)])
def test_a_client_may_be_gone_in_two_ways(how, probe, code):
    service = []

    def make():
        service.append(Service(BEGUN))
        return service[0]

    async def play(drive):
        handle = await drive.create(NAME)
        await getattr(drive, how)(handle)
        async with asyncio.timeout(30):
            await service[0].left.wait()

    _, (_, end) = played(make, play)
    assert (end.label.probe, end.socket.by, end.socket.code) == (probe, "client", code)


def test_the_walk_leaves_a_session_by_the_word_of_its_lifecycle():
    async def play(drive):
        for how in Leaving:
            await drive.leave(await drive.create(NAME), how)

    _, exchanges = played(lambda: Service(BEGUN), play)
    assert [x.label.probe for x in exchanges] == [None, None, None, Probe.DROPPED]


@pytest.mark.parametrize(
    "service",
    [
        Service(closes=4001),
        Service({"type": "error", "code": "no_capacity", "message": "later"}, closes=4503),
        Service("not JSON", closes=4400),
        Service({"type": "session.begin"}),
    ],
)
def test_what_is_closed_or_tells_no_id_is_no_session(service):
    async def play(drive):
        return await drive.open(NAME, {}, probe=Probe.UNSTORED)

    (x, handle), _ = played(lambda: service, play)
    assert handle is None
    assert x.accepted == (service.closes is None)
    assert x.socket.code in (service.closes, None)


def test_a_service_that_never_closes_is_left_when_its_time_is_over():
    async def play(drive):
        return await drive.end(await drive.create(NAME))

    end, _ = played(lambda: Service(BEGUN, silent=True), play, processing_timeout=0.3)
    assert (end.socket.by, end.accepted) == ("client", True)


def test_a_socket_of_nobody_has_no_key():
    made = []

    def service():
        made.append(Service(BEGUN))
        return made[0]

    async def play(drive):
        await drive.open(NAME, {}, credential=Credential.NONE, probe=Probe.UNSTORED)

    played(service, play)
    assert "Authorization" not in made[0].headers


def test_long_messages_of_a_service_are_kept_whole_and_many_within_a_bound():
    async def play(drive):
        return await drive.end(await drive.create(NAME))

    long = {"type": "transcript.final", "text": "x" * 20_000}
    end, _ = played(lambda: Service(BEGUN, *[long] * 100), play)
    assert end.socket.messages[1] == long
    assert end.socket.heard == 103
    assert sum(len(frame.beginning) for frame in end.socket.frames) < 1_500_000


class Narrow(Service):
    """A service that takes so many sockets at a time, and tells the others that it has no room."""

    def __init__(self, places, closes=4429):
        super().__init__()
        self.places, self.refusal, self.taken, self.begun = places, closes, 0, 0
        self.full = asyncio.Event()

    async def __call__(self, socket):
        if self.taken >= self.places:
            self.full.set()
            await socket.send(json.dumps({"type": "error", "code": "rate_limit", "message": "later"}))
            return await socket.close(self.refusal)
        self.taken, self.begun = self.taken + 1, self.begun + 1
        self.said = ({"type": "session.begin", "session_id": f"sess_{self.begun}"},)
        try:
            await super().__call__(socket)
        finally:
            self.taken -= 1
        return None


def test_a_socket_that_finds_no_room_beside_others_of_the_run_is_tried_again_when_one_is_closed():
    services = []

    def service():
        services.append(Narrow(1))
        return services[0]

    async def play(drive):
        first = await drive.create(NAME)

        async def ending():
            await services[0].full.wait()
            await drive.end(first)

        (exchange, handle), _ = await asyncio.gather(drive.open(NAME, {}, probe=Probe.UNSTORED), ending())
        return exchange, handle

    (exchange, handle), exchanges = played(service, play)
    assert handle is not None
    assert (exchange.document["session_id"], exchange.label.attempt) == ("sess_2", 2)
    assert [x.socket.code for x in exchanges if x.label.attempt == 1 and x.label.probe == Probe.UNSTORED] == [4429]


@pytest.mark.parametrize(("places", "closes", "attempts"), [(0, 4429, 1), (1, 4400, 1)])
def test_a_socket_that_is_refused_for_another_reason_or_beside_none_of_ours_is_not_tried_again(
    places, closes, attempts
):
    async def play(drive):
        if places:
            await drive.create(NAME)
        return await drive.open("other", {}, probe=Probe.UNSTORED)

    (exchange, handle), exchanges = played(lambda: Narrow(places, closes), play)
    assert handle is None
    assert exchange.socket.code == closes
    assert len([x for x in exchanges if x.label.probe == Probe.UNSTORED]) == attempts
