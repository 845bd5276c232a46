"""A cluster's own tables: who is alive, who serves what, and who is refused."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from mock_server.storage import StorageError
from mock_server.storage.directory import Directory
from mock_server.storage.postgres import PostgresStore

AGREED = {"place": "s3://audio/a", "revision": "2026-01-27", "profiles": "medscribe"}


@pytest.fixture
def opened(address):
    made = []

    def opening(shards=4, *, chosen=False, **changed):
        made.append(Directory(address, AGREED | changed, shards=shards, chosen=chosen))
        return made[-1]

    yield opening
    for each in made:
        each.close()


def cut(postgres, address, what):
    """Have the database end connections, as a network does."""
    asked = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{}' AND pid <> pg_backend_pid() {}"
    return postgres.sql(asked.format(address.name, what), address.name)


def test_members_are_those_whose_connection_is_there_with_what_they_serve(opened):
    one, two = opened(), opened()
    first, second = one.join("api", "http://127.0.0.1:1", "scripted"), two.join("worker", "http://127.0.0.1:2", "tiny")
    assert first != second
    one.tell(2, serves=True)
    seen = two.look()
    assert [(each.role, each.address, each.engine) for each in seen.members.values()] == [
        ("api", "http://127.0.0.1:1", "scripted"),
        ("worker", "http://127.0.0.1:2", "tiny"),
    ]
    assert (seen.me, seen.server(2).number, seen.server(1)) == (second, first, None)
    one.close()
    until = time.monotonic() + 5
    while len(two.look().members) > 1 and time.monotonic() < until:
        time.sleep(0.02)
    seen = two.look()
    assert ([*seen.members], seen.server(2), seen.serving[2]) == ([second], None, first)


def test_a_member_that_lost_its_connection_joins_anew_with_what_nobody_took(opened, address, postgres):
    one, two = opened(), opened()
    first = one.join("api", "http://127.0.0.1:1", "scripted")
    two.join("api", "http://127.0.0.1:2", "scripted")
    for shard in (0, 1):
        one.tell(shard, serves=True)
    cut(postgres, address, f"AND pid = (SELECT pid FROM pg_locks WHERE objid = {first} AND objsubid = 2)")
    two.tell(1, serves=True)
    with pytest.raises(StorageError, match="cannot be asked"):
        one.look()
    again = one.look()
    assert again.me != first
    assert {shard: again.server(shard) and again.server(shard).address for shard in (0, 1, 2)} == {
        0: "http://127.0.0.1:1",
        1: "http://127.0.0.1:2",
        2: None,
    }
    one.tell(1, serves=False)  # what is another's by now stays with it
    assert two.look().server(1).address == "http://127.0.0.1:2"


def test_those_that_join_at_the_same_moment_do_not_take_each_other_for_dead(opened, address, postgres):
    """As all do when the database is back."""
    made = [opened() for _ in range(6)]
    for number, each in enumerate(made):
        each.join("api", f"http://127.0.0.1:{number + 1}", "scripted")
    with ThreadPoolExecutor(len(made)) as pool:
        for _ in range(20):
            cut(postgres, address, "")
            for each in made:
                with pytest.raises(StorageError):
                    each.look()
            [*pool.map(Directory.look, made)]
            assert len(made[0].look().members) == len(made)


def test_facts_are_drawn_once_and_are_the_same_for_all(opened):
    one, two = opened(), opened(9)
    assert (one.identity, one.sealing, one.shards) == (two.identity, two.sealing, two.shards)
    assert (len(one.sealing), one.shards) == (32, 4)
    assert abs(one.ahead_s) < 1


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"shards": 5, "chosen": True}, "It has 4 shards"),
        ({"place": "s3://audio/b"}, "Its audio lies in s3://audio/a: start with that --audio-store"),
        ({"revision": "2026-01-29"}, "It serves revision 2026-01-27"),
        ({"profiles": "medscribe,dalston"}, "It serves medscribe: start with that --profile"),
    ],
)
def test_whoever_is_started_otherwise_is_refused_in_one_line(opened, given, told):
    opened()
    with pytest.raises(StorageError, match=told) as refused:
        opened(**given)
    assert "\n" not in str(refused.value)


def test_a_server_that_is_alone_and_a_cluster_leave_each_others_databases_alone(opened, address, postgres):
    opened().close()
    with pytest.raises(StorageError, match=r"it is a cluster.s\. Start with --role"):
        PostgresStore(address)
    other = postgres.database()
    PostgresStore(other).close()
    with pytest.raises(
        StorageError, match=r"holds the sessions of a server that is alone\. Start that one, without --role"
    ):
        Directory(other, AGREED, shards=4, chosen=False)


def test_a_user_who_may_make_no_schemas_is_told_what_would_help(postgres, address):
    postgres.sql(f"ALTER DATABASE {address.name} OWNER TO admin")
    with pytest.raises(StorageError, match=r"may not make schemas in it\. Give the user the database"):
        Directory(address, AGREED, shards=4, chosen=False)
