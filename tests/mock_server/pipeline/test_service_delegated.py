"""Sessions whose heavy part is done elsewhere: the queue of whoever has them."""

from __future__ import annotations

import asyncio
from collections import Counter

import pytest

from mock_server.conduct import HONEST
from mock_server.pipeline import attempts
from mock_server.session.model import TemplateResult
from mock_server.session.table import State
from mock_server.settings import Limits
from mock_server.speech.model import Transcription
from mock_server.storage import StorageError
from tests.mock_server.pipeline.conftest import Office


class Elsewhere:
    """Hears the names of files, once it may."""

    engine = "elsewhere"

    def __init__(self):
        self.may = asyncio.Event()
        self.may.set()
        self.asked = []
        self.kept_ids = []
        self.errors = []
        self.at_once = Counter()
        self.most = 0

    async def hear(self, asked, took):
        self.asked.append(asked.session_id)
        self.at_once[asked.namespace] += 1
        self.most = max(self.most, self.at_once.total())
        try:
            await self.may.wait()
            if self.errors:
                raise self.errors.pop(0)
        finally:
            self.at_once[asked.namespace] -= 1
        return Transcription("elsewhere", "en", text="heard", used=tuple(each.name for each in asked.recordings))

    async def fill(self, asked):
        return tuple(TemplateResult(name, "success", {"said": asked.transcript}) for name in asked.templates)

    def kept(self, session_id):
        self.kept_ids.append(session_id)


@pytest.fixture
def hands():
    return Elsewhere()


@pytest.fixture
def office(tmp_path, hands):
    with asyncio.Runner() as runner:
        opened = Office(runner, tmp_path, hands=hands, limits=Limits(reconcile_s=0.2, queue=64))
        yield opened
        hands.may.set()
        opened.close()


def sent(office, namespace="ns"):
    session = office.create(namespace)
    office.upload(session)
    office.end(session)
    return session


def test_a_session_is_worked_on_and_its_hands_are_told_that_it_is_kept(office, hands):
    found, state = office.settle(sent(office))
    assert (state, found.transcript, found.engine) == (State.COMPLETED, "heard", "elsewhere")
    assert found.results[0].data == {"said": "heard"}
    assert office.kinds(found)[-3:] == ["transcribed", "extracted", "completed"]
    assert hands.kept_ids == [found.id]


def test_what_a_process_leaves_the_next_one_takes_up(office, hands):
    hands.may.clear()
    session = sent(office)
    office.run(asyncio.sleep(0.1))
    assert hands.asked == [session.id]
    office.close()
    hands.may.set()
    office.open()
    assert office.settle(session)[1] is State.COMPLETED
    assert hands.asked == [session.id] * 2
    assert office.kinds(session).count("completed") == 1


def test_sixteen_are_in_work_at_once_and_one_place_is_left_to_others(office, hands):
    hands.may.clear()
    many = [sent(office, "lone") for _ in range(20)]
    office.run(asyncio.sleep(0.3))
    assert (hands.most, office.service.queue.number, office.service.queue.in_work) == (15, 5, 15)
    other = sent(office, "other")
    office.run(asyncio.sleep(0.1))
    assert hands.asked[-1] == other.id
    hands.may.set()
    assert {office.settle(session)[1] for session in many} == {State.COMPLETED}


def test_what_breaks_again_and_again_is_given_up(office, hands, monkeypatch):
    monkeypatch.setattr(attempts, "_PAUSE_S", 0.01)

    async def broken(_session):
        raise ZeroDivisionError

    office.stray(course=broken)
    session = sent(office)
    found, state = office.settle(session)
    assert (state, found.failure.code) == (State.FAILED, "internal_error")
    assert hands.kept_ids == [session.id]


def test_audio_that_is_not_to_be_had_is_waited_for(office, hands, monkeypatch):
    monkeypatch.setattr("mock_server.pipeline.process._AWAY_S", 0.01)
    hands.errors = [StorageError("away")] * 10
    _, state = office.settle(sent(office))
    assert (state, len(hands.asked)) == (State.COMPLETED, 11)


def test_a_session_that_is_gone_is_waited_for_no_longer(office, hands, monkeypatch):
    monkeypatch.setattr("mock_server.pipeline.process._AWAY_S", 0.05)
    hands.errors = [StorageError("away")] * 1000
    session = sent(office)
    office.run(asyncio.sleep(0.2))
    office.run(office.service.reset("ns"))
    office.rest()
    assert office.service.queue.in_work == 0
    assert hands.kept_ids == [session.id]


def test_what_a_scenario_holds_takes_no_place(office, hands):
    gate = asyncio.Event()
    office.stray(holds=lambda _namespace, _session_id: gate.wait())
    session = sent(office)
    office.run(asyncio.sleep(0.1))
    assert (hands.asked, office.service.queue.in_work, office.service.queue.number) == ([], 0, 0)
    gate.set()
    assert office.settle(session)[1] is State.COMPLETED
    office.conduct = HONEST
