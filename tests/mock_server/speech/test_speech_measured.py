"""What a file lasts: told before an upload is answered, for one client's files without waiting for another's."""

from __future__ import annotations

import asyncio

import pytest

from mock_server.speech.length import Lengths
from scribe_data.recordings import load


def measured(tmp_path, *names, behind=True):
    """The seconds of each fixture, behind those before it or by itself."""
    paths = []
    for number, name in enumerate(names):
        paths.append(tmp_path / str(number))
        paths[-1].write_bytes(load()[name].read())

    async def all_of_them():
        lengths = Lengths()
        try:
            return [await lengths.of("ns", path, paths[:number] if behind else ()) for number, path in enumerate(paths)]
        finally:
            await lengths.close()

    return asyncio.run(all_of_them())


def test_a_file_lasts_what_it_holds_and_nothing_where_it_holds_nothing(tmp_path):
    names = ("short.webm", "short.mp3", "short.flac", "lying_size", "random", "empty", "header_only")
    assert measured(tmp_path, *names, behind=False) == pytest.approx([5.12, 5.12, 5.12, 5.12, 0, 0, 0], abs=0.1)


def test_pieces_of_one_recording_add_up_to_it(tmp_path):
    pieces = measured(tmp_path, *(f"visit_recording/audio_{number}" for number in range(4)))
    assert all(6 < seconds < 9 for seconds in pieces)
    assert sum(pieces) == pytest.approx(30.1, abs=0.1)


def test_a_namespace_has_one_file_measured_at_a_time_and_holds_nobody_else_up(tmp_path, monkeypatch):
    running, most, order = {}, {}, []

    async def run(_job, path, *_more):
        whose = path.name
        running[whose] = running.get(whose, 0) + 1
        most[whose] = max(most.get(whose, 0), running[whose])
        await asyncio.sleep(0.02)
        running[whose] -= 1
        order.append(whose)
        return 1.0

    async def scenario():
        lengths = Lengths()
        monkeypatch.setattr(lengths._worker, "run", run)
        many = [lengths.of("many", tmp_path / "many") for _ in range(8)]
        await asyncio.gather(*many, lengths.of("one", tmp_path / "one"))
        assert not lengths._turns
        await lengths.close()

    asyncio.run(scenario())
    assert most == {"many": 1, "one": 1}
    assert order.index("one") <= 2
