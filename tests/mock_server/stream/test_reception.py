"""A reception without a socket: what it does with time, with a disk that refuses, and with what is broken."""

from __future__ import annotations

import asyncio
import json

import pytest

import scribe_data
from mock_server import problems
from mock_server.stream import closing
from mock_server.stream.reception import STEP_BYTES, STEP_S, Reception
from mock_server.stream.resumption import Resumption
from mock_server.stream.tape import head

WIRE = scribe_data.load().stream


class Tape:
    """Keeps steps in a list, or refuses them."""

    def __init__(self, refuses=None, over=None):
        self.steps, self.settled, self.secured, self._refuses, self._over = [], 0, False, refuses, over

    async def find(self):
        """Nothing is there yet."""

    @property
    def samples(self):
        return sum(map(len, self.steps))

    async def secure(self):
        self.secured = True

    async def admit(self):
        if self._over is not None:
            raise self._over

    async def keep(self, samples):
        if self._refuses is not None:
            raise self._refuses
        self.steps.append(samples)

    async def settle(self):
        self.settled += 1


def run(tape, *messages, idle_s=30.0, pace=0.0, say=None):
    async def scenario():
        coming = iter(messages)

        async def receive():
            await asyncio.sleep(pace)
            message = next(coming, None)
            if message is None:
                await asyncio.sleep(60)
            return message

        resumption = say and Resumption(WIRE.resumable, WIRE.sample_bytes, say)
        reception = Reception(tape, WIRE, receive, idle_s=idle_s, resumption=resumption)
        return await asyncio.wait_for(reception.run(), 20), reception

    return asyncio.run(scenario())


def binary(samples):
    return {"type": "websocket.receive", "bytes": samples}


GONE = {"type": "websocket.disconnect", "code": 1001, "reason": ""}


def test_samples_are_kept_in_steps_of_a_second():
    tape = Tape()
    run(tape, *[binary(b"ab")] * 12, GONE, pace=STEP_S / 5)
    assert b"".join(tape.steps) == b"ab" * 12
    assert 2 <= len(tape.steps) <= 5
    assert tape.settled == 1


def test_a_disk_that_refuses_is_told_as_something_that_may_pass():
    why, reception = run(Tape(problems.service_unavailable("Full.", 5)), binary(b"ab"))
    assert (why.code, why.reason, reception.kept) == (1013, "Full.", 0)


def test_a_session_that_is_over_while_nothing_comes_is_told_so():
    why, _ = run(Tape(over=problems.session_expired("ses_1", "2026-01-27T09:00:00Z")))
    assert why.code == 4410


def test_what_breaks_here_is_told_as_such_and_in_no_detail():
    why, _ = run(Tape(RuntimeError("secret")), binary(b"ab"))
    assert why.code == 1011
    assert "secret" not in why.reason


def test_whoever_ends_a_session_waits_for_no_client_that_goes_on_and_on_and_loses_nothing_at_hand():
    tape = Tape()

    async def scenario(count):
        left = iter(range(count))

        async def receive():
            await asyncio.sleep(0)
            if next(left, None) is None:
                await asyncio.sleep(60)
            return binary(b"ab")

        reception = Reception(tape, WIRE, receive, idle_s=30.0)
        running = asyncio.ensure_future(reception.run())
        await asyncio.sleep(0)
        await asyncio.wait_for(reception.stop(closing.ended("It was ended.")), 2)
        return await running

    assert asyncio.run(scenario(10_000_000)).code == 4409
    tape.steps.clear()
    assert asyncio.run(scenario(50)).code == 4409
    assert b"".join(tape.steps) == b"ab" * 50


def test_messages_that_come_one_behind_another_cost_no_task_and_no_timer_each():
    tape, made = Tape(), []

    async def scenario():
        loop = asyncio.get_running_loop()
        coming = iter([*[binary(b"ab")] * 500, GONE])

        async def receive():
            await asyncio.sleep(0)
            return next(coming)

        def task(loop, coroutine, **given):
            made.append("task")
            return asyncio.Task(coroutine, loop=loop, **given)

        def timer(*given, **named):
            made.append("timer")
            return later(*given, **named)

        reception = Reception(tape, WIRE, receive, idle_s=30.0)
        later, loop.call_later = loop.call_later, timer
        loop.set_task_factory(task)
        return await reception.run()

    assert asyncio.run(scenario()).code == 1001
    assert b"".join(tape.steps) == b"ab" * 500
    assert len(made) < 10


@pytest.mark.parametrize("samples", [0, 2, 163_840])
def test_the_head_is_that_of_a_wav_file(samples):
    made = head(WIRE, samples)
    assert len(made) == len(head(WIRE)) == 44
    assert int.from_bytes(made[4:8], "little") == samples + 36
    assert (made[:4], made[8:16], made[36:40]) == (b"RIFF", b"WAVEfmt ", b"data")


def text(said):
    return {"type": "websocket.receive", "text": said}


def media(beside="", payload="AAA="):
    return text(f'{{"event":"media","media":{{"payload":"{payload}"}},"x":[{beside}0]}}')


def about(number):
    """What is left to a client comes back with time: on a machine that is full some more messages are taken."""
    return range(number, number + 10)


def test_text_that_says_nothing_is_taken_up_to_a_bound():
    mark = text('{"event":"mark","x":"' + "x" * 16_000 + '"}')
    tape = Tape()
    why, reception = run(tape, binary(b"\0" * 640), *[mark] * 200)
    assert why.code == 4429
    assert reception.messages.ignored in about(130)
    assert tape.steps == [b"\0" * 640]


@pytest.mark.parametrize("sample", ["AAA=", ""])
def test_what_a_message_has_beside_its_samples_counts_as_text_without_any(sample):
    why, reception = run(Tape(), *[media("0," * 7_500, sample)] * 200)
    assert why.code == 4429
    assert reception.messages.came in about(140)


@pytest.mark.parametrize("sample", ["AAA=", ""])
def test_a_message_that_is_large_beside_its_samples_is_not_even_parsed(sample, monkeypatch):
    parsed = []
    monkeypatch.setattr("mock_server.stream.message.loads", parsed.append)
    why, _ = run(Tape(), media("[]," * 300_000, sample))
    assert (why.code, parsed) == (1009, [])


def test_samples_are_no_text_however_large_their_messages_are_and_whatever_they_are_stamped_with():
    tape, stamp = Tape(), '{"sequenceNumber":"17","at":"2026-01-29T09:00:00Z"},' * 5
    large, small = "AAAA" * 200_000, r"AAAAAA\/+"
    why, _ = run(tape, *[media(stamp, large)] * 20, *[media(stamp, small)] * 10_000, GONE)
    assert (why.code, tape.samples) == (1001, 20 * 600_000 + 10_000 * 6)


def said(*offsets):
    return [json.dumps({"event": "kept", "kept": {"offset": offset}}) for offset in offsets]


def test_whoever_asks_for_it_is_told_of_every_step_once_it_is_kept():
    tape, heard = Tape(), []

    async def say(text):
        heard.append((text, tape.samples))
        assert tape.secured  # what an earlier socket left is told of too

    step = b"ab" * (STEP_BYTES // 2)
    run(tape, binary(step), binary(b"cd"), GONE, pace=0.05, say=say)
    assert [text for text, _ in heard] == said(0, STEP_BYTES, STEP_BYTES + 2)
    assert [samples for _, samples in heard] == [0, STEP_BYTES, STEP_BYTES + 2]


def test_a_client_that_reads_no_acknowledgement_holds_up_nothing_and_one_of_them_waits():
    tape, asked = Tape(), []

    async def say(text):
        asked.append(text)
        await asyncio.sleep(3600)

    step = b"ab" * (STEP_BYTES // 2)
    why, _ = run(tape, *[binary(step)] * 40, GONE, say=say)
    assert why.code == 1001
    assert tape.samples == 40 * STEP_BYTES
    assert asked == said(0)


def test_of_several_acknowledgements_that_wait_the_last_one_goes_out():
    heard, enough = [], asyncio.Event()

    class Third(Tape):
        async def keep(self, samples):
            await super().keep(samples)
            if len(self.steps) == 3:
                enough.set()

    async def say(text):
        heard.append(text)
        await enough.wait()

    run(Third(), *[binary(b"ab" * (STEP_BYTES // 2))] * 3, GONE, say=say)
    assert heard == said(0, 3 * STEP_BYTES)


def test_nothing_is_acknowledged_that_a_disk_refuses():
    heard = []

    async def say(text):
        heard.append(text)

    why, _ = run(Tape(problems.service_unavailable("Full.", 5)), binary(b"ab" * STEP_BYTES), say=say)
    assert (why.code, heard) == (1013, said(0))


def test_an_acknowledgement_to_a_client_that_is_gone_costs_nothing():
    tape = Tape()

    async def say(_):
        raise BrokenPipeError

    assert run(tape, binary(b"ab"), GONE, say=say)[0].code == 1001
    assert tape.steps == [b"ab"]
