"""Every kind of store, to be held to the same promises."""

from __future__ import annotations

import asyncio

import pytest

from mock_server.storage.memory import MemoryStore
from mock_server.storage.postgres import PostgresStore
from mock_server.storage.sqlite import SqliteStore


@pytest.fixture(params=["sqlite", "memory", "postgres"])
def opening(request, tmp_path):
    """Opens the store of this test, once more where it keeps things for longer than a process lives."""
    opened = []
    postgres = request.getfixturevalue("postgres") if request.param == "postgres" else None
    address = postgres.furnished(lambda new: PostgresStore(new).close()) if postgres else None

    def made():
        if request.param == "memory":
            return MemoryStore()
        if request.param == "sqlite":
            return SqliteStore(tmp_path / "scribe.sqlite")
        return PostgresStore(address)

    def once():
        for store in opened:
            if request.param == "memory":
                return store
            store.close()
        opened.append(made())
        return opened[-1]

    yield once
    for store in opened:
        store.close()
    if address:
        postgres.start()
        postgres.drop(address)


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
