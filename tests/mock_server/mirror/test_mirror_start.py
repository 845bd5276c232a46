"""`serve --redis`: what is refused at start, in one line without a password, and what is told of one that is there."""

from __future__ import annotations

import sys
from urllib.parse import quote, quote_plus

import pytest
import trustme
from typer.testing import CliRunner

from mock_server.cli.commands import app
from mock_server.mirror.address import redis_url
from mock_server.mirror.client import COMMANDS
from mock_server.mirror.trial import try_out
from tests.mock_server.redis_server import PASSWORD, free_port, served

#: What a password looks like on its way through an address, a JSON document, a Python literal or a log.
SPELLINGS = (PASSWORD, quote(PASSWORD, safe=""), quote(PASSWORD), quote_plus(PASSWORD), repr(PASSWORD)[1:-1], "s3cret")
RIGHTS = ("~dalston:realtime:session:*", "~scribe:limits:*", "&scribe:changes:*")


def hidden(text):
    assert not [spelling for spelling in SPELLINGS if spelling in text], "a password is told"
    return text


def refused(*arguments):
    """Exit code and message of a `serve` that does not get as far as serving."""
    result = CliRunner().invoke(app, ["serve", "--port", "0", "--transcriber", "scripted", *map(str, arguments)])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    lines = hidden(result.output).strip().splitlines()
    assert len(lines) == 1, lines
    return result.exit_code, lines[0]


@pytest.mark.parametrize(
    "url",
    [
        "",
        "s3cret",
        "127.0.0.1:6379",
        "http://u:s3cret@h",
        "s3cret://h",
        "redis:/u:s3cret@h",
        "redis://",
        "redis://:s3cret@",
        "redis://:s3cret@:6379",
        "redis://u:s3cret@h:port",
        "redis://u:s3cret@h:70000",
        "redis://u:s3/cret@h",
        "redis://u:s3cret#@h",
        "redis://u:s3cret?@h",
        "redis://u:s3cret%@h",
        "redis://u:s3cret%zz@h",
        "redis://u:s3cret@[h",
        "redis://u:s3cret @h",
        "redis://ü:s3cret@h",
        "redis://u:s3cret@h/one",
        "redis://u:s3cret@h/-1",
        "redis://u:s3cret@h/0/1",
        "redis://u:s3cret@h/%00",
        "redis://h?password=s3cret",
        "redis://h?s3cret",
        "rediss://h?ssl_ca_certs=a&ssl_ca_certs=b",
        "rediss://h?ssl_cert_reqs=none",
        "unix://u:s3cret@h/run/redis.sock",
        "unix://",
        "unix:///",
        f"redis://u:{'s3cret' * 400}@h",
    ],
)
def test_an_address_that_is_none_is_refused_and_nothing_of_it_is_told(tmp_path, url):
    code, line = refused("--data-dir", tmp_path / "data", f"--redis={url}")
    assert (code, "--redis" in line) == (2, True)
    assert not (tmp_path / "data").exists()


def test_an_address_is_read_as_it_was_meant(monkeypatch):
    whole = redis_url(f"redis://us%40er:{quote(PASSWORD, safe='')}@[::1]:6380/3")
    assert (whole.user, whole.secret, whole.host, whole.port, whole.number) == ("us@er", PASSWORD, "::1", 6380, 3)
    assert hidden(f"{whole} {whole!r}").startswith("redis://[::1]:6380/3 ")
    monkeypatch.setenv("REDIS_PASSWORD", PASSWORD)
    least = redis_url("redis://h")
    assert (least.user, least.secret, str(least), least.tls) == (None, PASSWORD, "redis://h:6379/0", False)
    assert hidden(repr(least))
    assert str(redis_url("redis://s3cret@h")) == "redis://h:6379/0"
    beside = redis_url("unix://:s3cret@/run/redis/a.sock?db=2")
    assert (beside.path, beside.number, beside.secret) == ("/run/redis/a.sock", 2, "s3cret")
    assert str(beside) == "unix:///run/redis/a.sock?db=2"
    assert redis_url("rediss://h?ssl_ca_certs=/ca.pem").authorities == "/ca.pem"


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"password": "wr0ng"}, "The user or the password is wrong"),
        ({"user": "nobody_here"}, "The user or the password is wrong"),
        ({"password": None}, "give one in the address, or in REDIS_PASSWORD"),
        ({"number": 99}, "no database of this number"),
        ({"host": "no.such.host.invalid"}, "The host is not known here"),
        ({"port": 0}, "Nobody listens there: start Redis, or name its host and port"),
        ({"user": "poor"}, "+publish"),
    ],
)
def test_a_redis_that_lets_nobody_in_is_told_with_what_to_do(tmp_path, redis, changes, told, monkeypatch):
    monkeypatch.delenv("REDIS_PASSWORD", raising=False)
    given = [f"+{name}" for name in COMMANDS if name != "publish"]
    with redis.client() as client:
        client.execute_command("ACL", "SETUSER", "poor", "reset", "on", f">{PASSWORD}", *RIGHTS, *given)
    at = {"user": "", "password": PASSWORD, "host": "127.0.0.1", "port": redis.port, "number": 0} | changes
    secret = "" if at["password"] is None else f"{at['user']}:{quote(at['password'], safe='')}@"
    port = at["port"] or free_port()
    code, line = refused("--data-dir", tmp_path, "--redis", f"redis://{secret}{at['host']}:{port}/{at['number']}")
    assert (code, told in line) == (3, True), line
    assert f"Redis at redis://{at['host']}:{port}/{at['number']} cannot be used" in line
    assert "wr0ng" not in line


def test_one_that_takes_nothing_or_hangs_is_refused_and_so_is_a_server_without_the_library(tmp_path, redis):
    asked = ("--data-dir", tmp_path, "--redis", redis.url())
    with redis.client() as client:
        client.config_set("maxmemory", "1")
        assert "It is full" in refused(*asked)[1]
        client.config_set("maxmemory", "0")
        client.execute_command("REPLICAOF", "127.0.0.1", "1")
        assert "name its primary" in refused(*asked)[1]
        client.execute_command("REPLICAOF", "NO", "ONE")
    redis.pause()
    assert "does not answer within 1 s" in refused(*asked)[1]
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, "redis", None)
        code, line = refused(*asked)
    assert (code, "[redis]" in line) == (3, True), line


def test_the_rights_that_are_named_are_enough_and_the_password_may_stand_in_the_environment(redis, monkeypatch):
    with redis.client() as client:
        given = [f"+{name}" for name in COMMANDS]
        client.execute_command("ACL", "SETUSER", "enough", "reset", "on", f">{PASSWORD}", *RIGHTS, *given)
        monkeypatch.setenv("REDIS_PASSWORD", PASSWORD)
        try_out(redis_url(f"redis://enough@127.0.0.1:{redis.port}"))
        try_out(redis_url(f"unix://{redis.socket}?db=1"))
        assert client.dbsize() == 0


def test_it_is_spoken_to_over_tls(tmp_path):
    authority = trustme.CA()
    made = authority.issue_cert("127.0.0.1")
    made.private_key_pem.write_to_path(tmp_path / "key.pem")
    made.cert_chain_pems[0].write_to_path(tmp_path / "cert.pem")
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    port = free_port()
    files = ("--tls-cert-file", tmp_path / "cert.pem", "--tls-key-file", tmp_path / "key.pem")
    words = ("--tls-port", port, *files, "--tls-ca-cert-file", tmp_path / "ca.pem", "--tls-auth-clients", "no")
    with served(*map(str, words), password=None):
        try_out(redis_url(f"rediss://127.0.0.1:{port}/0?ssl_ca_certs={tmp_path / 'ca.pem'}"))
        code, line = refused("--data-dir", tmp_path, "--redis", f"rediss://127.0.0.1:{port}/0")
        assert (code, "its certificate is not trusted" in line) == (3, True), line
