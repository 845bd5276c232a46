"""One request carried to another member looks to its client as if that member had been asked itself."""

from __future__ import annotations

import hashlib
import json
import socket

import httpx
import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from mock_server.cluster import mark
from tests.mock_server.cluster.asking import HOST, JSON, KEY, asked, connected, heard, length, said
from tests.mock_server.cluster.standing import SECRET, Front, Serving, until
from tests.mock_server.stream.talking import PATIENCE_S

_ONE_HOP = {"connection", "keep-alive", "transfer-encoding", "date"}


def comparable(answer):
    status, headers, body, _ = answer
    return status, [(name, value) for name, value in headers if name.lower() not in _ONE_HOP], body


#: What the whole mock answers alike however often it is asked.
SAME = [
    ("GET", "/.well-known/medscribealliance", [HOST], b""),
    ("GET", "/.well-known/medscribealliance", [HOST, ("Origin", "https://page.example")], b""),
    ("HEAD", "/.well-known/medscribealliance", [HOST], b""),
    ("GET", "/.well-known/medscribealliance", [HOST, ("If-None-Match", "*")], b""),
    ("GET", "/v1/templates", [HOST, KEY], b""),
    ("HEAD", "/v1/templates", [HOST, KEY], b""),
    ("GET", "/v1/templates", [HOST], b""),
    ("GET", "/v1/templates", [HOST, ("x-api-key", "wrong")], b""),
    ("GET", "/v1/templates", [HOST, KEY, ("MSA-Version", "9")], b""),
    ("GET", "/v1/models?a=%20&a=b%2Fc", [HOST, KEY], b""),
    ("OPTIONS", "/v1/sessions", [HOST, ("Origin", "https://page.example")], b""),
    ("OPTIONS", "*", [HOST], b""),
    ("DELETE", "/v1/templates", [HOST, KEY], b""),
    ("BREW", "/v1/templates", [HOST, KEY], b""),
    ("GET", "/v1/sessions/%2e%2e/no%2Fsuch", [HOST, KEY], b""),
    ("GET", "//v1//templates", [HOST, KEY], b""),
    ("GET", "http://mock.example:8080/v1/templates", [HOST, KEY], b""),
    ("GET", "/v1/sessions/ses_unknown", [HOST, KEY], b""),
    ("POST", "/v1/sessions", [HOST, KEY, JSON, length(b"{")], b"{"),
    ("POST", "/v1/sessions", [HOST, KEY, JSON, length(b"")], b""),
    ("POST", "/v1/sessions", [HOST, KEY, JSON, ("Transfer-Encoding", "chunked")], b"1\r\n{\r\n0\r\n\r\n"),
    ("POST", "/v1/sessions", [HOST, JSON, length(b"x" * 70_000)], b"x" * 70_000),
    ("POST", "/v1/sessions", [HOST, KEY, ("Content-Type", "text/plain"), length(b"{}")], b"{}"),
    ("POST", "/v1/sessions", [HOST, KEY, JSON, ("Content-Encoding", "br"), length(b"{}")], b"{}"),
    ("GET", "/v1/docs", [HOST], b""),
    ("GET", "/openapi.json", [HOST], b""),
    ("GET", "/console/", [HOST], b""),
    ("GET", "/health/live", [HOST], b""),
    ("GET", "/_mock/v1/scenarios", [HOST, KEY], b""),
    ("GET", "/_mock/v1/openapi.json", [HOST, KEY], b""),
    ("GET", "/v1/streams/no/audio", [HOST, ("Connection", "Upgrade"), ("Upgrade", "h2c")], b""),
]


@pytest.mark.parametrize(("method", "target", "headers", "body"), SAME)
def test_the_whole_mock_answers_alike_through_another_member(pair, method, target, headers, body):
    direct, carried = (asked(server, method, target, *headers, body=body) for server in (pair.owner, pair.front))
    assert comparable(carried) == comparable(direct)
    dates = [[name.lower() for name, _ in answer[1]].count("date") for answer in (direct, carried)]
    assert dates == [dates[0]] * 2
    assert carried[3] == direct[3], "whether the connection goes on"


#: What has to arrive at the application as it was sent.
ARRIVING = [
    ("GET", "/a%2Fb/%7e/%C3%A9?x=%26&x=+&y", [("X-Twice", "1"), ("x-other", "caf\xe9"), ("x-twice", "2")], b""),
    ("GET", "/a?", [], b""),
    ("GET", "/a;b=c/%00?%zz", [("Cookie", "a=b"), ("Cookie", "c=d"), ("Accept-Encoding", "zstd")], b""),
    ("HEAD", "/a", [], b""),
    ("POST", "/a", [("Content-Length", "0")], b""),
    ("POST", "/a", [], b""),
    ("PUT", "/a", [("Content-Length", "5"), ("User-Agent", "")], b"hello"),
    ("PATCH", "/a", [("Transfer-Encoding", "chunked"), ("X-After", "1")], b"3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n"),
    ("DELETE", "/a", [("Content-Length", "2"), ("Expect", "100-continue")], b"no"),
    ("GET", "/a", [("X-Forwarded-Proto", "https"), ("X-Forwarded-For", "203.0.113.9"), ("Forwarded", "for=a")], b""),
]


@pytest.mark.parametrize("sent", ARRIVING)
@pytest.mark.parametrize("version", ["1.1", "1.0"])
def test_a_request_arrives_as_it_was_sent(odds, sent, version):
    method, target, headers, body = sent
    if version == "1.0" and ("Transfer-Encoding", "chunked") in headers:
        headers = [("Content-Length", "5")]
        body = b"hello"
    for server in (odds.member, odds.front):
        asked(server, method, target, HOST, *headers, body=body, version=version)
    direct, carried = odds.app.seen
    for name in ("method", "path", "raw_path", "query_string", "scheme", "http_version"):
        assert carried[name] == direct[name], name
    assert sorted(carried["headers"]) == sorted(direct["headers"])
    kept = [field for field in direct["headers"] if field[0] != b"transfer-encoding"]
    assert [field for field in carried["headers"] if field[0] != b"transfer-encoding"] == kept
    assert carried["client"][0] == direct["client"][0]


@pytest.mark.parametrize("body", [b"", b"hello", b"x" * 300_000])
@pytest.mark.parametrize("chunked", [False, True])
def test_a_body_arrives_as_it_was_sent(odds, body, chunked):
    content = (body[at : at + 7_000] for at in range(0, len(body), 7_000)) if chunked else body
    told = httpx.put(f"{odds.front.url}/a", content=content, timeout=PATIENCE_S).json()
    assert (told["length"], told["digest"]) == (len(body), hashlib.sha256(body).hexdigest())


def test_what_is_for_one_connection_goes_no_further(odds):
    hop = [("Connection", "X-Hop, keep-alive, host, content-length"), ("X-Hop", "1"), ("Keep-Alive", "timeout=9")]
    hop += [("TE", "trailers"), ("Proxy-Connection", "close"), ("X-End", "1"), ("Content-Length", "2")]
    told = json.loads(asked(odds.front, "POST", "/a", HOST, *hop, body=b"ok")[2])
    assert told["headers"] == [["host", HOST[1]], ["x-end", "1"], ["content-length", "2"]]
    assert told["length"] == 2


def test_the_owner_knows_its_client_by_what_the_first_member_saw(odds):
    """The front trusts a proxy of this machine; the member goes by that and not by what the headers say."""
    with connected(odds.front) as sock:
        sock.sendall(said("GET", "/client", HOST, ("X-Forwarded-Proto", "https"), ("X-Forwarded-For", "203.0.113.9")))
        told = json.loads(heard("GET", sock)[2])
        assert told == ["https", ["203.0.113.9", 0], ["127.0.0.1", odds.front.port]]
    with connected(odds.front) as sock:
        sock.sendall(said("GET", "/client", HOST))
        assert json.loads(heard("GET", sock)[2])[:2] == ["http", list(sock.getsockname())]


@pytest.mark.parametrize("status", [200, 201, 204, 304, 404, 599])
@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("query", ["", "&length=1", "&named=1"])
def test_every_kind_of_answer_is_framed_alike(odds, method, status, query):
    target = f"/status?of={status}{query}"
    if "length" in query and (status == 204 or (status == 304 and method == "GET")):
        pytest.skip("the server that runs applications sends no such answer")
    with connected(odds.front) as sock:
        answers = []
        for _ in range(2):  # whatever is left over of the first would be read as the second
            sock.sendall(said(method, target, HOST))
            answers.append(heard(method, sock))
    direct = asked(odds.member, method, target, HOST)
    gone = {"x-for-one-hop"}
    for carried in answers:
        wanted = comparable(direct)
        fields = [field for field in wanted[1] if field[0] not in gone]
        assert comparable(carried) == (wanted[0], fields, wanted[2])
        names = [name for name, _ in carried[1]]
        assert names.count("date") == 2, "one of the server, and one that the application gave"
        assert ("transfer-encoding" in names) == ("transfer-encoding" in [name for name, _ in direct[1]])
        assert "keep-alive" not in names
        assert "x-for-one-hop" not in names


def test_requests_one_after_the_other_go_over_one_connection(odds):
    with connected(odds.front) as sock:
        for _ in range(3):
            sock.sendall(said("GET", "/client", HOST))
            heard("GET", sock)
    lines = odds.behind.forwarder._lines._idle[odds.member.url]
    assert len({scope["client"] for scope in odds.app.seen}) == 1
    assert lines


# What a client says of itself


@pytest.mark.parametrize("forged", ["1.W10.00", "3", "", "2." + "0" * 64])
def test_a_mark_of_a_clients_own_is_neither_believed_nor_passed_on(odds, forged):
    answer = asked(odds.front, "GET", "/a", HOST, ("X-Scribe-Forwarded", forged))
    assert answer[0] == 200
    assert json.loads(answer[2])["headers"] == [["host", HOST[1]]]
    assert (
        mark.hops({"type": "http", "method": "GET", "path": "/a", "headers": [(mark.HEADER, forged.encode())]}, SECRET)
        == 0
    )


def _scope(path="/a", **given):
    return {
        "type": "http", "method": "GET", "path": path, "raw_path": path.encode(), "query_string": b"", "headers": [],
        "scheme": "http", "client": ["10.0.0.1", 5], "server": ["10.0.0.2", 6],
    } | given  # fmt: skip


def _marked(scope, *values):
    return {**scope, "headers": [(mark.HEADER, value) for value in values]}


def test_a_mark_counts_for_what_it_was_made_for():
    made = mark.mark(_scope(), 2, SECRET)
    assert mark.hops(_marked(_scope(), made), SECRET) == 2
    assert mark.hops(_marked(_scope(), made), b"another secret") == 0
    assert mark.hops(_marked(_scope("/b"), made), SECRET) == 0
    assert mark.hops(_marked(_scope(method="POST"), made), SECRET) == 0
    assert mark.hops(_marked(_scope(query_string=b"x"), made), SECRET) == 0
    assert mark.hops(_marked(_scope(), b"1" + made[1:]), SECRET) == 0
    assert mark.hops(_marked(_scope(), made, made), SECRET) == 0
    assert SECRET not in made


def test_a_request_goes_round_three_times_and_no_further(odds):
    """Two members, each of which takes the other for the one that answers."""
    one = Serving(first := Front(""))
    other = Serving(Front(one.url))
    first.address = other.url
    try:
        status, _, body, _ = asked(one, "GET", "/a", HOST)
        assert (status, json.loads(body)["error"]["message"]) == (503, "unreachable")
        assert first.forwarder is not None
    finally:
        one.stop()
        other.stop()


def test_nobody_there_is_told_before_anything_of_the_body_is_read(odds):
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    front = Serving(Front(f"http://127.0.0.1:{port}"))
    try:
        with connected(front) as sock:
            sock.sendall(said("PUT", "/a", HOST, ("Content-Length", 5), ("Expect", "100-continue")))
            status, _, body, _ = heard("PUT", sock)  # a 100 before it would be told as such
        assert (status, json.loads(body)["error"]["message"]) == (503, "unreachable")
    finally:
        front.stop()


def test_nobody_waits_for_a_member_that_is_lost_and_only_hangs(odds):
    with connected(odds.front) as sock, connect(f"ws://127.0.0.1:{odds.front.port}/echo") as talked:
        sock.sendall(said("POST", "/lasts", HOST, length(b"")))
        talked.recv()
        until(lambda: len(odds.app.seen) == 2)
        odds.behind.loop.call_soon_threadsafe(odds.behind.forwarder.lose, odds.member.url)
        status, _, body, _ = heard("POST", sock)
        assert (status, json.loads(body)["error"]["message"]) == (503, "broken")
        with pytest.raises(ConnectionClosed):
            talked.recv(timeout=PATIENCE_S)
    assert asked(odds.front, "GET", "/a", HOST)[0] == 200
