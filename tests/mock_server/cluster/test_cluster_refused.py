"""`serve --role`: what no cluster can be made of is refused at start, in one line that says what to do."""

from __future__ import annotations

import uuid
from dataclasses import replace

import pytest

from mock_server.storage.directory import Directory
from mock_server.storage.keeping import bind
from mock_server.storage.place import place
from tests.mock_server import weed
from tests.mock_server.cli.test_cli_database import refused
from tests.mock_server.postgres import written

DATABASE = ("--database", "postgresql://scribe@127.0.0.1:1/scribe")
STORE = ("--audio-store", "s3://audio/a?endpoint=http://127.0.0.1:1&region=us-east-1")


@pytest.fixture
def store(objects):
    """A prefix of its own, as a place and as somebody writes it."""
    prefix = f"cluster-{uuid.uuid4().hex[:8]}"
    return objects.url(prefix)


def agreed(store):
    return {"place": str(place(store)), "revision": "2026-01-27", "profiles": "medscribe"}


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--role", "api", *STORE), "give it --database postgresql://"),
        (("--role", "worker", *DATABASE), "give it --audio-store s3://"),
        (("--role", "gateway"), "give it --database postgresql://"),
        (("--role", "all", "--in-memory"), "give it --database postgresql://"),
        (
            ("--role", "api", *DATABASE, *STORE, "--profile", "medscribe,prsm"),
            "prsm keeps what it has in the directory",
        ),
        (("--role", "api", *DATABASE, *STORE, "--profile", "session_manager"), "Serve it by a server without --role"),
        (("--role", "api", *DATABASE, *STORE, "--advertise", "10.0.0.5"), "no address such as http://10.0.0.5:8080"),
        (("--role", "api", *DATABASE, *STORE, "--advertise", "http://u:p@h:1"), "no address such as"),
        (("--shards", "4"), "--shards is for a process of a cluster: give it a --role too"),
        (("--advertise", "http://10.0.0.5:8080"), "--advertise is for a process of a cluster"),
    ],
)
def test_what_makes_no_cluster_is_bad_usage(arguments, told, tmp_path):
    more = () if "--in-memory" in arguments else ("--data-dir", tmp_path / "data")
    code, line = refused(*arguments, *more)
    assert (code, told in line) == (2, True), line
    assert not (tmp_path / "data").exists()


def test_a_database_that_is_not_there_is_told_as_ever(tmp_path):
    code, line = refused("--role", "api", *DATABASE, *STORE, "--data-dir", tmp_path)
    assert (code, "Nobody listens there: start PostgreSQL" in line) == (3, True), line


def test_a_wrong_password_and_one_line_that_does_not_repeat_it(address, store, tmp_path):
    given = ("--database", written(replace(address, password="wrong#one")), "--audio-store", store)
    code, line = refused("--role", "gateway", *given, "--data-dir", tmp_path)
    assert (code, "The user or the password is wrong" in line, "wrong#one" in line) == (3, True, False), line


def test_a_cluster_of_other_shards_another_bucket_or_another_revision(address, store, tmp_path):
    Directory(address, agreed(store), shards=4, chosen=True).close()
    given = ("--role", "api", "--database", written(address), "--data-dir", tmp_path, "--audio-store")
    for arguments, told in (
        ((store, "--shards", "5"), "It has 4 shards: start without --shards, or with that number"),
        (
            (store.replace("?", "-other?"),),
            f"Its audio lies in {agreed(store)['place']}: start with that --audio-store",
        ),
        ((store, "--revision", "2026-01-29"), "It serves revision 2026-01-27: start with that --revision"),
        ((store, "--profile", "medscribe,dalston"), "It serves medscribe: start with that --profile"),
    ):
        code, line = refused(*given, *arguments)
        assert (code, told in line) == (3, True), line


def test_two_clusters_on_one_prefix(postgres, address, store, tmp_path):
    first = Directory(address, agreed(store), shards=4, chosen=True)
    bind(place(store), first.identity)
    first.close()
    other = postgres.database()
    try:
        given = ("--database", written(other), "--audio-store", store, "--data-dir", tmp_path)
        code, line = refused("--role", "api", *given)
        assert (code, "holds the audio of another server's database" in line) == (3, True), line
    finally:
        postgres.drop(other)


def test_a_bucket_that_is_not_there(address, objects, tmp_path):
    store = objects.url("a", bucket="nowhere")
    code, line = refused(
        "--role", "all", "--database", written(address), "--audio-store", store, "--data-dir", tmp_path
    )
    assert (code, "bucket" in line, weed.FULL[1] in line) == (3, True, False), line


def test_a_database_of_a_server_that_is_alone(address, store, tmp_path):
    from mock_server.storage.postgres import PostgresStore

    PostgresStore(address).close()
    given = ("--database", written(address), "--audio-store", store, "--data-dir", tmp_path)
    code, line = refused("--role", "api", *given)
    assert (code, "Start that one, without --role" in line) == (3, True), line
