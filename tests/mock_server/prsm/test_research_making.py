"""Files take their time, and nobody but whoever asked for too many of them waits for it."""

from __future__ import annotations

import asyncio
import threading
from dataclasses import replace
from types import MappingProxyType

import pytest

from mock_server.api.prsm import views
from mock_server.prsm import bounds, product
from tests.mock_server.prsm.conftest import ANN, OTHERS, PROMPT, SESSIONS, word_of

HOST = "http://mock.example:8080"


class Slow:
    """The writer of Word files, which writes none before it may."""

    def __init__(self):
        self.free = threading.Event()
        self.made = []

    def __call__(self, _report, meta):
        assert self.free.wait(20)
        self.made.append(meta.session_id)
        return b"word"


@pytest.fixture
def slow(monkeypatch):
    writer = Slow()
    formats = {**views.FORMATS, "docx": replace(views.FORMATS["docx"], render=writer)}
    monkeypatch.setattr(views, "FORMATS", MappingProxyType(formats))
    yield writer
    writer.free.set()


def asked(quick, session_id, key=ANN):
    url = f"{HOST}{SESSIONS}/{session_id}/export?format=docx"
    return quick.client.get(url, headers={"X-API-Key": key})


def completed(quick, key=ANN):
    session_id = quick.made(key=key)
    quick.until(session_id, "completed", key=key)
    return session_id


def test_while_one_namespace_has_many_files_made_others_read_plan_and_have_theirs(quick, slow, monkeypatch):
    monkeypatch.setattr(quick.face.research._products._making, "_most", 7)
    crowd, other = [completed(quick) for _ in range(9)], completed(quick, OTHERS)
    began = []

    async def all_of_them():
        tasks = [asyncio.create_task(asked(quick, each)) for each in crowd]
        async with asyncio.timeout(10):
            began.extend([(await task) for task in [await first_done(tasks)]])
            headers = {"X-API-Key": OTHERS}
            results = await quick.client.get(f"{HOST}{SESSIONS}/{other}/results", headers=headers)
            made = await quick.client.post(f"{HOST}{SESSIONS}", json={"prompt": PROMPT}, headers=headers)
            pdf = await quick.client.get(f"{HOST}{SESSIONS}/{other}/export?format=markdown", headers=headers)
            own = await quick.client.get(f"{HOST}{SESSIONS}/{crowd[0]}/results", headers={"X-API-Key": ANN})
            await asyncio.get_running_loop().run_in_executor(None, lambda: None)  # what everybody else shares is free
        assert slow.made == []
        slow.free.set()
        return [results, made, pdf, own], await asyncio.gather(*tasks)

    async def first_done(tasks):
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        return done.pop()

    beside, files = quick.run(all_of_them())
    assert [each.status_code for each in beside] == [200, 201, 200, 200]
    (refused,) = began
    assert (refused.status_code, word_of(refused)) == (503, "service_unavailable")
    assert int(refused.headers["retry-after"]) > 0
    # one at work, seven that wait
    assert sorted(each.status_code for each in files) == [200] * 8 + [503]
    assert all(each.content == b"word" for each in files if each.status_code == 200)


def test_a_file_that_many_ask_for_is_made_once_and_kept_for_a_while(quick, slow):
    session_id = completed(quick)

    async def all_of_them():
        tasks = [asyncio.create_task(asked(quick, session_id)) for _ in range(40)]
        await asyncio.sleep(0.1)
        slow.free.set()
        return await asyncio.gather(*tasks)

    assert {(each.status_code, each.content) for each in quick.run(all_of_them())} == {(200, b"word")}
    assert quick.read(session_id, "export", format="docx").content == b"word"
    assert slow.made == [session_id]
    raw = quick.read(session_id, "export", format="docx", include_raw_data="true")
    assert (raw.status_code, slow.made) == (200, [session_id] * 2)


def test_a_file_that_is_kept_is_for_those_who_may_see_its_session(quick, slow):
    slow.free.set()
    session_id = completed(quick)
    assert quick.run(asked(quick, session_id)).status_code == 200
    assert quick.run(asked(quick, session_id, OTHERS)).status_code == 404
    quick.post("/_mock/v1/reset", key=ANN)
    assert quick.run(asked(quick, session_id)).status_code == 404


def test_what_is_kept_of_files_is_bounded(monkeypatch):
    monkeypatch.setattr(bounds, "KEPT_BYTES", 10)
    made = []

    async def scenario():
        products = product.Products()
        for name in ("a", "b", "a", "c", "b", "huge", "a"):
            size = 100 if name == "huge" else 4
            assert await products.file("ns", name, lambda name=name, size=size: made.append(name) or b"x" * size)
            assert sum(map(len, products._kept.values())) <= 10
        products.close()

    asyncio.run(scenario())
    assert made == ["a", "b", "c", "b", "huge", "a"]
