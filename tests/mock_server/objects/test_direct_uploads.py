"""`serve --direct-uploads`: audio that clients put into a real S3 store by themselves, without a key of the server."""

from __future__ import annotations

import random
import socket
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from threading import Thread
from urllib.parse import quote

import httpx
import pytest

from tests.mock_server import weed
from tests.mock_server.objects.serving import Uploader, digest, long_wav, serve
from tests.mock_server.objects.test_objects_served import refused_for_now
from tests.mock_server.stage import keeps
from tests.mock_server.stream.talking import MINE, PATIENCE_S, SHORT
from tests.whole import costly, some


class Sender(Uploader):
    """Somebody who puts audio where upload_url leads, and gives the store no key."""

    def __init__(self, url):
        super().__init__(url)
        self.plain = httpx.Client(timeout=PATIENCE_S)

    def single(self):
        return self.create(upload_type="single", communication_protocol="http")

    def put(self, url, content=None):
        content = SHORT.read() if content is None else content
        return self.plain.put(url, content=content, headers={"Content-Type": "audio/wav"})

    def sent_on(self, session, name):
        """Where in the store a file goes that is PUT to upload_url with its name."""
        answer = self.http.put(f"{session['upload_url']}/{quote(name, safe='')}", content=b"", follow_redirects=False)
        assert answer.status_code == 307, answer.text
        return answer.headers["location"]

    def post(self, session, name, content=None, **changed):
        data = session["upload_url"]["uploadData"]
        content = SHORT.read() if content is None else content
        fields = data["fields"] | {"Content-Type": "audio/wav"} | changed
        return self.plain.post(data["url"], data=fields, files={"file": (name, content, "audio/wav")})

    def ended(self, session, sent=None):
        body = {} if sent is None else {"audio_files_sent": sent}
        return self.http.post(f"/v1/sessions/{session['session_id']}/end", json=body)

    def journal(self, session):
        lines = self.http.get(f"/_mock/v1/journal/{session['session_id']}").json()["journal"]
        return [line["kind"] for line in lines]


def serving(directory, store, way, prefix=None):
    prefix = prefix or f"direct-{uuid.uuid4().hex[:8]}"
    return serve(directory, "--audio-store", store.url(prefix), "--direct-uploads", way), prefix


@pytest.fixture(scope="module")
def putting(objects, tmp_path_factory):
    running, prefix = serving(tmp_path_factory.mktemp("put"), objects, "put")
    yield running.url, prefix
    running.stop()


@pytest.fixture(scope="module")
def posting(objects, tmp_path_factory):
    running, prefix = serving(tmp_path_factory.mktemp("form"), objects, "form")
    yield running.url, prefix
    running.stop()


def lying(objects, prefix, session):
    return objects.paths(f"{prefix}/direct/{session['session_id']}")


def swept(objects, prefix, session):
    until = time.monotonic() + PATIENCE_S
    while lying(objects, prefix, session):
        assert time.monotonic() < until
        time.sleep(0.1)
    return True


def test_a_single_file_goes_to_an_address_that_the_store_has_signed(putting, objects):
    url, prefix = putting
    client = Sender(url)
    session = client.single()
    keeps("create_response", session)
    assert session["upload_url"].startswith(objects.endpoint)
    assert client.get(session)["upload_url"].startswith(objects.endpoint)
    assert client.put(session["upload_url"]).status_code == 200
    assert client.get(session)["status"] == "created"  # the server knows nothing of it yet (E46)
    ended = client.ended(session, 1)
    assert ended.status_code == 202
    assert ended.json()["audio_files"] == ["recording"]
    assert client.settled(session)["transcript"]
    assert digest(client.play(session).content) == digest(SHORT.read())
    assert client.journal(session)[:3] == ["created", "audio_accepted", "ended"]
    assert swept(objects, prefix, session)


def test_files_that_are_put_by_name_are_sent_on_and_come_to_stand_in_the_order_of_their_numbers(putting, objects):
    url, prefix = putting
    client = Sender(url)
    session = client.begin()
    assert session["upload_url"].startswith(url)
    names = [f"audio_{number}.wav" for number in (10, 2, 0, 9)] + ["ä b/%gg#+?.wav"]
    for name in names:
        assert client.put(client.sent_on(session, name), long_wav(1)).status_code == 200
    assert len(lying(objects, prefix, session)) == 5
    assert client.upload(session, name="audio_11.wav").status_code == 200  # what comes to the server is taken there
    ended = client.ended(session, 6).json()
    in_order = ["audio_0.wav", "audio_2.wav", "audio_9.wav", "audio_10.wav", "ä b/%gg#+?.wav"]
    assert ended["audio_files"] == ["audio_11.wav", *in_order]
    assert ended["audio_files_received"] == 6
    assert client.settled(session)["status"] in {"completed", "partial"}


def test_who_is_sent_on_need_not_have_sent_a_body_for_it(putting):
    client = Sender(putting[0])
    session = client.begin()
    path = f"{session['upload_url'].partition('/v1')[1]}{session['upload_url'].partition('/v1')[2]}/audio_0.wav"
    asked = f"PUT {path} HTTP/1.1\r\nHost: mock\r\nX-API-Key: {MINE}\r\nContent-Length: 30000000\r\n"
    with socket.create_connection(("127.0.0.1", int(putting[0].rpartition(":")[2])), timeout=PATIENCE_S) as connection:
        connection.sendall(f"{asked}Expect: 100-continue\r\n\r\n".encode())
        told = b""
        while piece := connection.recv(65_536):
            told += piece
    assert told.startswith(b"HTTP/1.1 307 ")
    assert b"X-Amz-Signature" in told
    # one that did is told as well
    answer = client.http.put(f"{session['upload_url']}/audio_0.wav", content=bytes(3_000_000), follow_redirects=False)
    assert answer.status_code == 307
    assert client.put(answer.headers["location"]).status_code == 200


def test_who_asks_to_be_sent_on_needs_a_key_and_an_open_session(putting):
    client = Sender(putting[0])
    session = client.begin()
    address = f"{session['upload_url']}/audio_0.wav"
    assert client.plain.put(address, content=b"").status_code == 401
    assert client.http.put(f"{session['upload_url']}/{'n' * 256}", content=b"").status_code == 400
    assert client.http.put(f"{session['upload_url']}/a%07b", content=b"").status_code == 400
    client.ended(session)
    late = client.http.put(address, content=b"")
    assert late.status_code == 400
    assert late.json()["error"]["code"] == "session_ended"
    assert client.http.put("/v1/sessions/ses_nobody0000000000/audio/a.wav", content=b"").status_code == 404


def test_the_store_refuses_what_was_not_signed(putting, objects):
    client = Sender(putting[0])
    session, other = client.single(), client.single()
    url = session["upload_url"]
    forged = url[:-1] + ("0" if url[-1] != "0" else "1")
    elsewhere = url.replace(session["session_id"], other["session_id"])
    another_name = url.replace("/coded/", "/coded/x")
    for address in (forged, elsewhere, another_name, url.partition("?")[0]):
        assert client.put(address).status_code == 403, address
    assert client.plain.get(url).status_code == 403  # nor is anything read with it
    assert client.plain.delete(url).status_code == 403
    assert not lying(objects, putting[1], session)
    assert not lying(objects, putting[1], other)


def test_a_form_puts_files_under_the_names_they_have(posting, objects):
    url, prefix = posting
    client = Sender(url)
    session = client.begin()
    for name in ("audio_1.wav", "audio_0.wav"):
        assert client.post(session, name).status_code == 204
    assert client.get(session)["upload_url"]["uploadData"]["url"].startswith(objects.endpoint)
    ended = client.ended(session, 2).json()
    assert ended["audio_files"] == ["audio_0.wav", "audio_1.wav"]
    assert client.settled(session)["status"] == "completed"
    assert swept(objects, prefix, session)


def test_a_form_is_good_for_its_session_its_size_and_nothing_else(posting, objects):
    url, prefix = posting
    client = Sender(url)
    session, other = client.begin(), client.begin()
    folder = session["upload_url"]["folderPath"]
    assert session["session_id"] in folder
    another = other["upload_url"]["uploadData"]["fields"]
    for changed in (
        {"key": other["upload_url"]["folderPath"] + "audio_0.wav"},
        {"key": f"{prefix}/audio/0123456789abcdef0123456789abcdef"},
        {"key": f"{folder}../../{other['session_id']}/named/a.wav"},
        {"x-amz-signature": "0" * 64},
        {"policy": another["policy"]},
    ):
        assert 400 <= client.post(session, "audio_0.wav", **changed).status_code < 500, changed
    assert client.post(session, "audio_0.wav", b"").status_code == 400
    assert not lying(objects, prefix, session)
    assert not lying(objects, prefix, other)


def test_whatever_a_client_calls_its_files_is_text(posting, objects):
    url, prefix = posting
    client = Sender(url)
    session = client.begin()
    folder = session["upload_url"]["folderPath"]
    odd = ["50% [1]~.wav", "a+b %2B.wav", "a/b.wav", "q?x=1#f.wav", "é😀.wav", "..hidden", "<script>.wav", "%2e%2e%2fx"]
    unreadable = ["line\nbreak", "\x7f.wav", "n" * 230 + "\x01"]
    for name in odd + unreadable:
        assert client.post(session, "x", key=folder + name).status_code == 204, name
    ended = client.ended(session).json()
    assert sorted(ended["audio_files"]) == sorted(odd)
    found = client.settled(session)
    assert found["status"] == "partial"
    assert [each["type"] for each in found["processing_errors"]].count("audio_file_refused") == len(unreadable)
    assert swept(objects, prefix, session)


def test_what_an_upload_would_be_refused_for_is_told_when_it_is_worked_on(putting):
    client = Sender(putting[0])
    session = client.begin()
    assert client.put(client.sent_on(session, "audio_0.wav")).status_code == 200
    assert client.put(client.sent_on(session, "audio_1.wav"), b"").status_code == 200
    ended = client.ended(session, 2).json()
    assert ended["audio_files"] == ["audio_0.wav"]
    found = client.settled(session)
    assert found["status"] == "partial"
    told = {each["type"]: each for each in found["processing_errors"]}
    assert "audio_1.wav" in told["audio_file_refused"]["message"]
    assert "empty" in told["audio_file_refused"]["message"]
    assert "audio_files_missing" in told


def test_an_end_that_comes_twice_or_at_once_takes_each_file_once(putting):
    client = Sender(putting[0])
    session = client.begin()
    names = [f"audio_{number}.wav" for number in range(8)]
    for name in names:
        client.put(client.sent_on(session, name), long_wav(1))
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: client.ended(session, 8), range(4)))
    assert {answer.status_code for answer in answers} == {202}
    assert [answer.json()["audio_files"] for answer in answers] == [names] * 4
    assert client.ended(session, 8).json()["audio_files"] == names
    assert client.journal(session).count("audio_accepted") == 8
    assert client.journal(session).count("ended") == 1


def test_what_is_put_after_the_end_is_nobodys_and_goes(putting, objects):
    url, prefix = putting
    client = Sender(url)
    session = client.single()
    client.put(session["upload_url"])
    assert client.ended(session).status_code == 202
    assert client.put(session["upload_url"], long_wav(1)).status_code == 200  # the address is good for its time
    assert client.settled(session)["audio_files"] == ["recording"]
    assert digest(client.play(session).content) == digest(SHORT.read())  # what was taken is not what is overwritten
    client.ended(session)  # whatever is ended next, the folder is looked at
    assert swept(objects, prefix, session)


def test_what_lies_there_of_sessions_that_expired_or_were_reset_goes_and_that_of_living_ones_stays(putting, objects):
    url, prefix = putting
    client = Sender(url)
    expired, living = client.create(model="lite", upload_type="single", communication_protocol="http"), None
    client.put(expired["upload_url"])
    assert client.http.post("/_mock/v1/clock", json={"advance_seconds": 700}).status_code == 200
    living = client.single()
    client.put(living["upload_url"])
    client.ended(client.begin())
    assert swept(objects, prefix, expired)
    assert lying(objects, prefix, living)
    assert client.http.post("/_mock/v1/reset").status_code == 200
    assert swept(objects, prefix, living)


@pytest.mark.parametrize("way", some(2, ["put", "form"]))
def test_a_server_that_is_killed_after_the_store_took_a_file_knows_of_it_at_the_end(objects, tmp_path, way):
    served, prefix = serving(tmp_path, objects, way)
    client = Sender(served.url)
    session = client.single() if way == "put" else client.begin()
    sent = client.put(session["upload_url"]) if way == "put" else client.post(session, "audio_0.wav")
    assert sent.status_code in (200, 204)
    served.stop(9)
    served, _ = serving(tmp_path, objects, way, prefix)
    try:
        client = Sender(served.url)
        assert lying(objects, prefix, session)
        time.sleep(1)  # the start has swept what is nobody's
        assert client.ended(session, 1).json()["audio_files_received"] == 1
        assert client.settled(session)["status"] == "completed"
    finally:
        served.stop()


@costly
@pytest.mark.slow
def test_a_server_that_is_killed_while_it_learns_of_files_loses_and_doubles_none(objects, tmp_path):
    chance = random.Random(7)
    served, prefix = serving(tmp_path, objects, "form")
    client = Sender(served.url)
    session = client.begin()
    names = [f"audio_{number}.wav" for number in range(40)]
    contents = {name: long_wav(1) for name in names}
    for name in names:
        assert client.post(session, name, contents[name]).status_code == 204

    def end(client):
        with suppress(httpx.HTTPError):
            client.ended(session, len(names))

    for _ in range(3):
        ending = Thread(target=end, args=(client,))
        ending.start()
        time.sleep(chance.uniform(0.1, 0.4))
        served.stop(9)
        ending.join()
        served, _ = serving(tmp_path, objects, "form", prefix)
        client = Sender(served.url)
    try:
        assert client.ended(session, len(names)).status_code == 202
        found = client.settled(session)
        assert found["audio_files"] == names
        for number, name in enumerate(names):
            assert digest(client.play(session, number).content) == digest(contents[name])
        assert client.journal(session).count("ended") == 1
    finally:
        served.stop()


@pytest.mark.slow
@costly
def test_an_end_waits_for_a_store_that_went_away(tmp_path, tmp_path_factory):
    own = weed.started(tmp_path_factory.mktemp("weed"))
    served, _ = serving(tmp_path, own, "put")
    client = Sender(served.url)
    try:
        session = client.single()
        assert client.put(session["upload_url"]).status_code == 200
        own.kill()
        assert refused_for_now(client.ended(session, 1))
        assert client.get(session)["status"] == "created"
        assert client.single()["upload_url"].startswith(own.endpoint)  # nobody has to be asked for a signature
        own.start()
        client.until_ready()
        assert client.ended(session, 1).json()["audio_files"] == ["recording"]
        assert client.settled(session)["status"] == "completed"
    finally:
        served.stop()
        own.stop()
    assert not any(secret in "".join(served.told) for secret in weed.FULL)
    assert "X-Amz-Signature" not in "".join(served.told)
