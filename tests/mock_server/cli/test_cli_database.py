"""`serve --database`: what is refused at start, in one line without a password, and a database that goes away."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import replace
from urllib.parse import quote, quote_plus

import httpx
import pytest
from typer.testing import CliRunner

from mock_server.cli.commands import app
from mock_server.database import database_url
from mock_server.storage.keeping import open_keeping
from mock_server.storage.postgres import PostgresStore
from tests.mock_server.postgres import PASSWORD, USER, free_port, written
from tests.mock_server.stage import BODY, SHORT, keeps
from tests.mock_server.storage.test_storage_contract import file, session
from tests.proof.process import ready

#: What a password looks like on its way through an address, a JSON document, a Python literal or a log.
SPELLINGS = (PASSWORD, quote(PASSWORD, safe=""), quote(PASSWORD), quote_plus(PASSWORD), repr(PASSWORD)[1:-1], "s3cret")
KEY = {"X-API-Key": "sk_test_development"}


def _hidden(text):
    assert not [spelling for spelling in SPELLINGS if spelling in text], "a password is told"
    return text


def refused(*arguments):
    """Exit code and message of a `serve` that does not get as far as serving."""
    words = ["serve", "--port", "0", "--transcriber", "scripted", *map(str, arguments)]
    result = CliRunner().invoke(app, words)
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    lines = _hidden(result.output).strip().splitlines()
    assert len(lines) == 1, lines
    return result.exit_code, lines[0]


@pytest.mark.parametrize(
    "url",
    [
        "",
        "scribe",
        "s3cret",
        "sqlite:///s3cret",
        "mysql://u:s3cret@h/d",
        "postgresql:/u:s3cret@h/d",
        "postgresql://",
        "postgresql://u:s3cret@h",
        "postgresql://u:s3cret@h/",
        "postgresql://u:s3cret@h:port/d",
        "postgresql://u:s3cret@h:70000/d",
        "postgresql://u:s3/cret@h/d",
        "postgresql://u:s3cret/@h/d",
        "postgresql://u:s3cret#@h/d",
        "postgresql://u:s3cret?@h/d",
        "postgresql://u:s3cret%@h/d",
        "postgresql://u:s3cret%zz@h/d",
        "postgresql://u:s3cret@[h/d",
        "postgresql://u:s3cret @h/d",
        "postgresql://u:s3cret\n@h/d",
        "postgresql://ü:s3cret@h/d",
        "postgresql://u:s3cret@h/%00",
        "postgresql://u@h/d?password=s3cret",
        "postgresql://u@h/d?s3cret=1",
        "postgresql://u@h/d?sslmode=require&sslmode=disable",
        f"postgresql://u:s3cret@h/d?{'&'.join(f'options={n}' for n in range(40))}",
        f"postgresql://u:{'s3cret' * 400}@h/d",
    ],
)
def test_an_address_that_is_none_is_refused_and_nothing_of_it_is_told(tmp_path, url):
    code, line = refused("--data-dir", tmp_path / "data", f"--database={url}")
    assert code == 2
    assert "--database" in line
    assert not (tmp_path / "data").exists()


def test_an_address_is_read_as_it_was_meant():
    whole = database_url(f"postgres://us%40er:{quote(PASSWORD, safe='')}@[::1]:5433/n%2Fame?sslmode=require")
    assert (whole.user, whole.password, whole.host, whole.port) == ("us@er", PASSWORD, "::1", 5433)
    assert (whole.name, whole.options) == ("n/ame", (("sslmode", "require"),))
    assert _hidden(f"{whole} {whole!r} {[whole]} {whole.name}").startswith("postgresql://us@er@[::1]:5433/n/ame")
    least = database_url("postgresql:///d?host=/run/pg")
    assert (least.user, least.password, least.host, least.port) == (None, None, None, None)
    assert str(least) == "postgresql:///run/pg/d"


def test_memory_and_a_database_are_refused_together(postgres):
    code, line = refused("--in-memory", "--database", f"postgresql://{USER}@127.0.0.1:{postgres.port}/x")
    assert code == 2
    assert "--in-memory" in line
    assert "--database" in line


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"password": "wr0ng"}, "The user or the password is wrong"),
        ({"password": None}, "give one in the address, or in PGPASSWORD"),
        ({"user": "nobody_here"}, "The user or the password is wrong"),
        ({"name": "no_such_database"}, "Create it (createdb), or name one that is there"),
        ({"host": "no.such.host.invalid"}, "The host is not known here"),
        ({"port": 0}, "Nobody listens there: start PostgreSQL, or name its host and port"),
    ],
)
def test_a_database_that_lets_nobody_in_is_told_with_what_to_do(tmp_path, address, changes, told):
    if "port" in changes:
        changes = {"port": free_port()}
    other = replace(address, **changes)
    code, line = refused("--data-dir", tmp_path, "--database", written(other))
    assert code == 3
    assert f"The database {other} cannot be used" in line
    assert told in line
    assert "wr0ng" not in line


def test_the_password_may_stand_in_the_environment(address):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PGPASSWORD", PASSWORD)
        PostgresStore(replace(address, password=None)).close()


def test_a_user_without_rights_is_told_which_are_missing(tmp_path, address, postgres):
    postgres.sql(f"ALTER DATABASE {address.name} OWNER TO admin")
    code, line = refused("--data-dir", tmp_path, "--database", written(address))
    assert code == 3
    assert "may not make tables and schemas in it. Give the user the database (ALTER DATABASE" in line
    assert postgres.sql("SELECT count(*) FROM pg_tables WHERE tablename LIKE 'scribe%'", address.name) == "0"


def test_tables_that_the_user_may_not_use_are_told(tmp_path, address, postgres):
    PostgresStore(address).close()
    postgres.sql("ALTER TABLE scribe_meta OWNER TO admin", address.name)
    code, line = refused("--data-dir", tmp_path, "--database", written(address))
    assert code == 3
    assert "permission denied for table scribe_meta" in line


@pytest.mark.parametrize("foreign", ["CREATE TABLE patients (id int)", "CREATE SCHEMA dbos"])
def test_a_database_of_something_else_is_refused_and_left_alone(tmp_path, address, postgres, foreign):
    postgres.sql(f"SET ROLE {USER}; {foreign}", address.name)
    code, line = refused("--data-dir", tmp_path, "--database", written(address))
    assert code == 3
    assert "Give this server an empty database of its own" in line
    assert postgres.sql("SELECT count(*) FROM pg_tables WHERE tablename LIKE 'scribe%'", address.name) == "0"


def test_a_database_of_another_encoding_is_refused(tmp_path, address, postgres):
    postgres.drop(address)
    made = f"CREATE DATABASE {address.name} OWNER {USER} TEMPLATE template0 ENCODING 'LATIN1' LOCALE 'C'"
    postgres.sql(made)
    code, line = refused("--data-dir", tmp_path, "--database", written(address))
    assert code == 3
    assert "its encoding is LATIN1. Create one with UTF8" in line


def test_a_database_of_a_newer_version_is_refused(tmp_path, address, postgres):
    PostgresStore(address).close()
    postgres.sql("UPDATE scribe_meta SET value = '999' WHERE key = 'schema_version'", address.name)
    code, line = refused("--data-dir", tmp_path, "--database", written(address))
    assert code == 3
    assert "newer version" in line
    assert "use another database" in line


def test_a_database_of_another_revision_is_refused(tmp_path, address):
    open_keeping(tmp_path, "2026-01-19", address).close()
    code, line = refused("--data-dir", tmp_path / "other", "--database", written(address))
    assert code == 3
    assert f"The database {address} holds sessions of revision '2026-01-19', and this server speaks 2026-01-27" in line


def test_a_database_without_the_audio_that_it_refers_to_is_refused(tmp_path, address):
    open_keeping(tmp_path / "first", database=address).close()
    open_keeping(tmp_path / "second", database=address).close()  # nothing is lost where there is no audio
    store = PostgresStore(address)
    held = replace(session(), files=(file(),))
    asyncio.run(store.write(lambda unit: (unit.create(session()), unit.save(session(), held))))
    store.close()
    code, line = refused("--data-dir", tmp_path / "third", "--database", written(address))
    assert code == 3
    assert "is not the one that the database" in line
    assert "Give the server the --data-dir that it had" in line
    open_keeping(tmp_path / "second", database=address).close()


def test_a_missing_library_is_told_with_the_extra_that_brings_it(tmp_path, address):
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, "psycopg", None)
        code, line = refused("--data-dir", tmp_path, "--database", written(address))
    assert code == 3
    assert "--database needs psycopg" in line
    assert "[postgres]" in line


@contextmanager
def serving(folder, address, *more):
    """A server on a database, its address and its process; what it says on stderr stands in a file `….log`."""
    log = folder / f"{len(list(folder.glob('*.log')))}.log"
    command = [sys.executable, "-m", "mock_server.cli", "serve", "--port", "0", "--data-dir", str(folder / "data")]
    command += ["--transcriber", "scripted", "--database", written(address), *more]
    with log.open("w") as kept:
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=kept)
    try:
        told = lambda: next((w for w in log.read_text().split() if w.startswith("http://")), None)  # noqa: E731
        yield ready(told, process, log), process
    finally:
        process.terminate()
        process.wait(30)


def _created(client):
    return client.post("/v1/sessions", json=BODY)


def _uploaded(client, session):
    files = {"file": ("audio_0.wav", SHORT.read(), "audio/wav")}
    return client.post(session["upload_url"], files=files)


def _settled(client, session, within_s=90.0):
    until = time.monotonic() + within_s
    while True:
        answer = client.get(f"/v1/sessions/{session['session_id']}")
        if answer.status_code == 200 or time.monotonic() > until:
            return answer
        time.sleep(0.1)


@pytest.mark.slow
def test_a_database_that_is_killed_while_it_serves_costs_503_and_nothing_that_was_acknowledged(
    tmp_path, address, postgres
):
    with serving(tmp_path, address) as (url, process), httpx.Client(base_url=url, headers=KEY, timeout=20) as client:
        done, opened, ended = _created(client).json(), _created(client).json(), _created(client).json()
        for session in (done, ended):
            assert _uploaded(client, session).status_code == 200
        assert client.post(f"/v1/sessions/{done['session_id']}/end").status_code == 202
        assert _settled(client, done).status_code == 200

        assert client.post(f"/v1/sessions/{ended['session_id']}/end").status_code == 202
        postgres.kill()
        for ask in (
            lambda: _created(client),
            lambda: _uploaded(client, opened),
            lambda: client.post(f"/v1/sessions/{opened['session_id']}/end"),
            lambda: client.get("/v1/sessions/ses_of_nobody"),
        ):
            began = time.monotonic()
            answer = ask()
            assert answer.status_code == 503, answer.text
            assert answer.json()["error"]["code"] == "service_unavailable"
            assert keeps("error_envelope", answer.json())
            assert int(answer.headers["retry-after"]) > 0
            assert time.monotonic() - began < 8
        health = client.get("/health/ready")
        assert health.status_code == 503
        assert "cannot be reached" in health.text
        assert client.get("/health/live").status_code == 200

        postgres.start()
        until = time.monotonic() + 20
        while client.get("/health/ready").status_code != 200:
            assert time.monotonic() < until, "it does not go on by itself"
            time.sleep(0.1)
        assert _created(client).status_code == 201
        assert _uploaded(client, opened).status_code == 200
        assert client.post(f"/v1/sessions/{opened['session_id']}/end").status_code == 202
        for session in (done, opened, ended):
            answer = _settled(client, session)
            assert answer.status_code == 200, answer.text
            assert answer.json()["status"] == "completed"
        process.terminate()
        assert process.wait(30) in (0, -15)
    assert "postgresql://scribe@127.0.0.1" in _hidden((tmp_path / "0.log").read_text())


@pytest.mark.slow
def test_a_server_ends_in_order_while_its_database_is_away(tmp_path, address, postgres):
    with serving(tmp_path, address) as (url, process):
        with httpx.Client(base_url=url, headers=KEY, timeout=20) as client:
            opened = _created(client).json()
            _uploaded(client, opened)
            postgres.kill()
            assert client.post(f"/v1/sessions/{opened['session_id']}/end").status_code == 503
        process.terminate()
        assert process.wait(30) in (0, -15)
    postgres.start()
    with serving(tmp_path, address) as (url, _), httpx.Client(base_url=url, headers=KEY, timeout=20) as client:
        assert client.post(f"/v1/sessions/{opened['session_id']}/end").status_code == 202
        assert _settled(client, opened).json()["status"] == "completed"
    for log in tmp_path.glob("*.log"):
        _hidden(log.read_text())


@pytest.mark.slow
def test_each_profile_refuses_in_its_own_words_and_research_goes_on_where_it_was(tmp_path, address, postgres):
    more = ("--profile", "medscribe,prsm,dalston", "--research-seconds", "4")
    key = {"Authorization": "Bearer sk_test_development"}
    with serving(tmp_path, address, *more) as (url, _), httpx.Client(base_url=url, headers=key, timeout=20) as client:
        asked = {"prompt": "What does the protocol say of session_expired?"}
        research = client.post("/api/v1/sessions", json=asked).json()["session_id"]
        time.sleep(1)
        postgres.kill()
        for path, named in (
            ("/v1/sessions/ses_of_nobody", lambda body: body["error"]["code"]),
            (f"/api/v1/sessions/{research}", lambda body: body["error"]),
            ("/v1/realtime/sessions", lambda body: body["code"]),
        ):
            answer = client.get(path)
            assert answer.status_code == 503, answer.text
            assert int(answer.headers["retry-after"]) > 0
            assert named(answer.json()) == "service_unavailable"
        postgres.start()
        until = time.monotonic() + 30
        while (found := client.get(f"/api/v1/sessions/{research}")).json().get("status") != "completed":
            assert time.monotonic() < until, found.text
            time.sleep(0.2)
        kinds = [line["kind"] for line in client.get(f"/_mock/v1/journal/{research}").json()["journal"]]
        assert kinds.count("created") == kinds.count("completed") == 1
