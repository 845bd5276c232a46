"""What happens to sessions is taken in one place, whoever brings it about and whatever it is kept in."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from mock_server.conduct import HONEST
from mock_server.ids import RandomIds
from mock_server.ledger import Ledger
from mock_server.pipeline.hands import LocalHands
from mock_server.pipeline.process import Process
from mock_server.problems import Problem
from mock_server.service import Service
from mock_server.session.happening import DeadlinePassed, Refused
from mock_server.session.model import AudioFile, Order
from mock_server.session.step import AudioAccepted, EndRequested, Extracted, Processed, Requested, Transcribed
from mock_server.session.table import MEDSCRIBE_2026_01_27, State
from mock_server.settings import Limits
from mock_server.storage.memory import MemoryStore, open_memory
from mock_server.storage.sqlite import SqliteStore
from mock_server.testclock import Clocks
from tests.mock_server.pipeline.conftest import Ears, Rules, Sundial

START = datetime(2026, 1, 27, 12, tzinfo=UTC)
LATE = START + timedelta(seconds=600)
HEARD = Transcribed("fake", "en", "Doctor: hello", ("a.wav",))


class Book:
    """A ledger on a store, and who was told to start."""

    def __init__(self, store, **limits):
        self.store = store
        self.started = []
        self.ledger = Ledger(
            machine=MEDSCRIBE_2026_01_27,
            conduct=lambda _namespace: HONEST,
            limits=Limits(**limits),
            start=lambda namespace, name: self.started.append((namespace, name)),
        )

    async def begin(self, name="ses_1", namespace="ns"):
        asked = Requested(name, namespace, Order(("soap",), "lite"), LATE)
        return await self.store.write(lambda unit: self.ledger.apply(unit, None, asked, START))

    async def take(self, name, *events, now=START):
        def change(unit):
            for event in events:
                self.ledger.apply(unit, unit.load(name), event, now)
            return unit.load(name)

        return await self.store.write(change)

    async def told(self, name):
        return [line.kind for line in await self.store.read(lambda view: view.history(name))]


@pytest.fixture(params=["sqlite", "memory"])
def book(request, tmp_path):
    store = MemoryStore() if request.param == "memory" else SqliteStore(tmp_path / "scribe.sqlite")
    yield Book(store, queue=2)
    store.close()


def file(name="a.wav"):
    return AudioFile(name, "0" * 32, "ab", 5, "audio/wav", START, None)


def test_a_session_is_kept_and_told_of_from_its_request_to_its_end(book):
    async def scenario():
        await book.begin()
        await book.take("ses_1", AudioAccepted(file()))
        await book.take("ses_1", EndRequested())
        done = await book.take("ses_1", HEARD, Extracted(()), Processed())
        return done, await book.store.read(lambda view: view.load("ses_1")), await book.told("ses_1")

    done, kept, told = asyncio.run(scenario())
    assert kept == done
    assert (done.state, done.created_at, done.transcript) == (State.COMPLETED, START, "Doctor: hello")
    assert told == ["created", "audio_accepted", "ended", "transcribed", "extracted", "completed"]
    assert book.started == [("ns", "ses_1")]


def test_a_second_end_is_taken_and_starts_and_tells_nothing(book):
    async def scenario():
        await book.begin()
        first = await book.take("ses_1", EndRequested(3))
        return first, await book.take("ses_1", EndRequested(7), now=LATE), await book.told("ses_1")

    first, second, told = asyncio.run(scenario())
    assert second == first
    assert told == ["created", "ended"]
    assert book.started == [("ns", "ses_1")]


@pytest.mark.parametrize(
    ("events", "now"),
    [
        ((AudioAccepted(file()),), LATE),
        ((EndRequested(),), LATE),
        ((DeadlinePassed(),), START),
        ((Processed(),), START),
        ((EndRequested(), AudioAccepted(file())), START),
    ],
)
def test_what_has_no_place_leaves_nothing_of_its_change(book, events, now):
    async def scenario():
        before = await book.begin()
        with pytest.raises(Refused):
            await book.take("ses_1", *events, now=now)
        return before, await book.store.read(lambda view: view.load("ses_1")), await book.told("ses_1")

    before, after, told = asyncio.run(scenario())
    assert after == before
    assert told == ["created"]
    assert book.started == []


def test_a_full_queue_refuses_an_end_and_keeps_nothing_of_it(book):
    async def scenario():
        for number, namespace in enumerate(("one", "two", "three")):
            await book.begin(f"ses_{number}", namespace)
        await book.take("ses_0", EndRequested())
        await book.take("ses_1", EndRequested())
        with pytest.raises(Problem) as refused:
            await book.take("ses_2", EndRequested())
        return refused.value, await book.store.read(lambda view: view.load("ses_2")), await book.told("ses_2")

    problem, session, told = asyncio.run(scenario())
    assert (problem.status, session.state, told) == (503, State.CREATED, ["created"])
    assert book.started == [("one", "ses_0"), ("two", "ses_1")]


def test_no_work_starts_for_a_change_that_is_not_kept(book):
    def change(unit):
        book.ledger.apply(unit, unit.load("ses_1"), EndRequested(), START)
        raise LookupError

    async def scenario():
        await book.begin()
        with pytest.raises(LookupError):
            await book.store.write(change)
        await book.store.write(lambda unit: None)
        return await book.store.read(lambda view: view.load("ses_1"))

    assert asyncio.run(scenario()).state is State.CREATED
    assert book.started == []


class Errands:
    """The work without its engine: each session's steps, one after the other, as soon as it is offered."""

    def __init__(self):
        self.tasks = []

    async def launch(self, steps):
        self.steps = steps

    def offer(self, _namespace, session_id, _begun=0):
        self.tasks.append(asyncio.create_task(self.run(session_id)))

    async def run(self, session_id):
        for step in (self.steps.transcribe, self.steps.extract, self.steps.finish):
            await step(session_id)

    async def close(self):
        await asyncio.gather(*self.tasks)


class Idle:
    """No upkeep: what fell cannot be taken up by a process that is no more."""

    def start(self):
        pass

    async def close(self):
        pass


async def _in_memory():
    keeping, work, limits = open_memory(), Errands(), Limits()
    clocks = await Clocks.of(keeping.store, Sundial())
    ledger = Ledger(machine=MEDSCRIBE_2026_01_27, conduct=lambda _namespace: HONEST, limits=limits, start=work.offer)
    process = Process(
        store=keeping.store,
        hands=LocalHands(Ears(), Rules(), keeping.audio),
        ledger=ledger,
        conduct=lambda _namespace: HONEST,
        now_of=clocks.now,
    )
    service = Service(
        keeping=keeping,
        work=work,
        process=process,
        upkeep=Idle(),
        clocks=clocks,
        ids=RandomIds(),
        limits=limits,
        ledger=ledger,
        conduct=lambda _namespace: HONEST,
    )
    await service.start()
    return service, work


async def pieces(*parts):
    for part in parts:
        yield part


def test_a_service_needs_nothing_of_a_disk():
    async def scenario():
        service, work = await _in_memory()
        session = await service.create("ns", Order(("soap",), "lite"), 600)
        for name, body in (("a_2.wav", b"Patient: hi"), ("a_1.wav", b"Doctor: hello"), ("a_2.wav", b"Patient: hello")):
            await service.reception.receive("ns", session.id, name=name, content_type="audio/wav", body=pieces(body))
        await service.end("ns", session.id)
        await asyncio.gather(*work.tasks)
        done, state = await service.get("ns", session.id)
        kinds = [line.kind for line in await service.journal("ns", session.id)]
        gone = await service.reset("ns")
        with pytest.raises(Problem):
            await service.get("ns", session.id)
        left = await service.store.read(lambda view: view.audio_keys()), service.audio.shortage()
        await service.close()
        return done, state, kinds, gone, left

    done, state, kinds, gone, left = asyncio.run(scenario())
    assert (state, done.transcript) == (State.COMPLETED, "Patient: hello\nDoctor: hello")
    assert kinds[:4] == ["created", "audio_accepted", "audio_accepted", "audio_replaced"]
    assert kinds[4:] == ["ended", "transcribed", "extracted", "completed"]
    assert (gone, left) == (1, (set(), None))
