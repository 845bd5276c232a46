"""Every kind of store, to be held to the same promises."""

from __future__ import annotations

import asyncio

import pytest

from mock_server.storage.memory import MemoryStore
from mock_server.storage.sqlite import SqliteStore


@pytest.fixture(params=["sqlite", "memory"])
def opening(request, tmp_path):
    """Opens the store of this test, once more where it keeps things for longer than a process lives."""
    opened = []

    def once():
        for store in opened:
            if request.param == "memory":
                return store
            store.close()
        store = MemoryStore() if request.param == "memory" else SqliteStore(tmp_path / "scribe.sqlite")
        opened.append(store)
        return store

    yield once
    for store in opened:
        store.close()


@pytest.fixture
def store(opening):
    return opening()


@pytest.fixture
def reopened(opening):
    """Runs changes in a store and a query in the one that is opened after it."""

    def run(*changes, look):
        async def all_of_them():
            store = opening()
            for change in changes:
                await store.write(change)

        asyncio.run(all_of_them())
        return asyncio.run(opening().read(look))

    return run
