"""`serve --audio-store`: consultations and live sessions with their audio in a bucket, which may go away a while."""

from __future__ import annotations

import json
import random
import time
import uuid

import pytest

from tests.mock_server import weed
from tests.mock_server.cli.test_cli_socket import KEY
from tests.mock_server.cli.test_cli_socket import Server as Served
from tests.mock_server.dalston.speaking import PCM, SECOND
from tests.mock_server.dalston.speaking import Client as Speaker
from tests.mock_server.objects.serving import Uploader, digest, long_wav, serve
from tests.mock_server.stage import SHORT, keeps
from tests.mock_server.stream.test_streams_kept import LONG, spoken_until_killed
from tests.whole import costly


@pytest.fixture(scope="module")
def prefix():
    return f"served-{uuid.uuid4().hex[:8]}"


@pytest.fixture(scope="module")
def server(objects, prefix, tmp_path_factory):
    running = serve(tmp_path_factory.mktemp("data"), "--audio-store", objects.url(prefix))
    yield running
    running.stop()


def test_a_consultation_is_heard_from_the_bucket(server, objects, prefix):
    client = Uploader(server.url)
    session = client.begin()
    assert client.upload(session).status_code == 200
    assert client.end(session, 1).status_code == 202
    assert client.settled(session)["status"] == "completed"
    (path,) = [path for path in objects.paths(prefix) if path.startswith("audio/")]
    content = bytes(objects.store(prefix).get(path).bytes())
    assert digest(content) == digest(SHORT.read())


def test_a_large_file_comes_back_whole_and_by_ranges(server, objects, prefix):
    client = Uploader(server.url)
    session, content = client.begin(), long_wav(350)
    assert client.upload(session, content).status_code == 200
    whole = client.play(session)
    assert (whole.status_code, digest(whole.content)) == (200, digest(content))
    part = client.play(session, Range="bytes=6000000-6000999")
    assert (part.status_code, part.content) == (206, content[6_000_000:6_001_000])
    assert part.headers["content-range"] == f"bytes 6000000-6000999/{len(content)}"
    assert client.play(session, Range="bytes=-7").content == content[-7:]


def test_a_file_that_is_sent_again_takes_the_place_of_the_first_in_the_bucket_too(server, objects, prefix):
    client = Uploader(server.url)
    before = set(objects.paths(prefix))
    session = client.begin()
    for content in (long_wav(1), long_wav(2)):
        assert client.upload(session, content).status_code == 200
    assert client.play(session).content == content
    assert len(set(objects.paths(prefix)) - before) == 1


def test_a_live_session_is_kept_in_the_bucket_and_played_whole_and_by_ranges(server, objects, prefix):
    speaker = Speaker(server.url)
    said = PCM + bytes(SECOND) + PCM
    session_id = speaker.spoken(said)
    assert speaker.audio(session_id) == said
    part = speaker.get(session_id, "audio", headers={"Range": f"bytes=44-{44 + 999}"})
    assert (part.status_code, part.content) == (206, said[:1000])
    stored = [bytes(objects.store(prefix).get(path).bytes())[44:] for path in objects.paths(prefix) if "audio/" in path]
    assert said in stored
    assert not [path for path in objects.paths(prefix) if "growing/" in path]


def test_a_reset_removes_what_lies_in_the_bucket(server, objects, prefix):
    client = Uploader(server.url)
    client.upload(client.begin())
    assert [path for path in objects.paths(prefix) if "audio/" in path]
    assert client.http.post("/_mock/v1/reset").status_code == 200
    assert not [path for path in objects.paths(prefix) if "audio/" in path]


@costly
@pytest.mark.slow
def test_a_stream_whose_server_is_killed_again_and_again_ends_in_the_bucket_byte_for_byte(objects, tmp_path):
    prefix, chance, safe = f"streams-{uuid.uuid4().hex[:8]}", random.Random(11), 0
    url = objects.url(prefix)
    served = Served(tmp_path, "--transcriber", "scripted", "--audio-store", url)
    client = Uploader(served.url, KEY)
    session = client.create()
    for _ in range(3):
        offsets = spoken_until_killed(served, session, safe, chance.uniform(0.6, 1.4))
        assert offsets[0] >= safe
        assert offsets[-1] > offsets[0]
        safe = offsets[-1]
        served = Served(tmp_path, "--transcriber", "scripted", "--audio-store", url)
        client = Uploader(served.url, KEY)
        session = client.get(session)
    try:
        assert client.end(session).status_code == 202
        client.settled(session)
        content = client.play(session).content
        assert len(content) - 44 >= safe
        assert content[44:] == LONG[: len(content) - 44]
        (path,) = [path for path in objects.paths(prefix) if path.startswith("audio/")]
        assert bytes(objects.store(prefix).get(path).bytes()) == content
    finally:
        served.stop()


@pytest.fixture
def own(tmp_path_factory):
    """A server that the test may kill."""
    found = weed.started(tmp_path_factory.mktemp("weed"))
    yield found
    found.stop()


def refused_for_now(answer):
    """Whether an upload was refused in the profile's words, with a time to come back at."""
    assert answer.status_code == 503, answer.text
    assert int(answer.headers["retry-after"]) >= 1
    keeps("error_envelope", answer.json())
    assert answer.json()["error"]["code"] == "service_unavailable"
    return True


@pytest.mark.slow
def test_an_object_store_that_is_killed_is_waited_for_and_nothing_acknowledged_is_lost(own, tmp_path):
    served = serve(tmp_path, "--audio-store", own.url("killed"))
    client, speaker = Uploader(served.url), Speaker(served.url)
    try:
        kept, later = client.begin(), client.begin()
        contents = [long_wav(3), long_wav(200)]
        for number, content in enumerate(contents):
            assert client.upload(kept, content, f"audio_{number}.wav").status_code == 200
        assert client.upload(later).status_code == 200
        with speaker.talk(store_audio=True, store_transcript=True) as talk:
            talk.speak(PCM)
            time.sleep(1.5)  # its file has begun
            own.kill()
            assert refused_for_now(client.upload(kept, long_wav(1), "audio_2.wav"))
            begun = time.monotonic()
            assert refused_for_now(client.upload(kept, long_wav(1), "audio_2.wav"))
            assert time.monotonic() - begun < 2  # nobody waits for what was just waited for in vain
            assert "audio store" in json.dumps(client.ready().json())
            assert client.ready().status_code == 503
            assert refused_for_now(client.play(kept))
            talk.speak(bytes(SECOND) + PCM)  # who speaks is not disturbed
            talk.end()
        assert client.end(later, 1).status_code == 202  # sessions go on; their work waits for the audio
        time.sleep(1)
        assert client.get(later)["status"] == "processing"
        own.start()
        client.until_ready()
        assert client.upload(kept, long_wav(1), "audio_2.wav").status_code == 200
        for number, content in enumerate(contents):
            assert digest(client.play(kept, number).content) == digest(content)
        assert client.settled(later)["status"] == "completed"
        assert speaker.audio(talk.session_id) == PCM + bytes(SECOND) + PCM
    finally:
        served.stop()
        told = "".join(served.told)
    assert not any(secret in told for secret in weed.FULL)
    assert "Traceback" not in told


@costly
@pytest.mark.slow
def test_a_bucket_that_is_full_refuses_for_now_and_what_is_in_it_is_there(own, tmp_path):
    served = serve(tmp_path, "--audio-store", own.url("full"))
    client, speaker = Uploader(served.url), Speaker(served.url)
    try:
        kept, content = client.begin(), long_wav(3)
        assert client.upload(kept, content).status_code == 200
        with speaker.talk(store_audio=True) as talk:
            talk.speak(PCM)
            time.sleep(1.5)  # its file has begun
            own.kill()
            own.start(full=True)
            assert refused_for_now(client.upload(kept, long_wav(1), "audio_1.wav"))
            talk.speak(PCM)
            talk.end()
        assert digest(client.play(kept).content) == digest(content)
        assert speaker.audio(talk.session_id) == PCM + PCM
        assert client.ready().status_code == 503  # though it can be read
        own.kill()
        own.start()
        client.until_ready()
        assert client.upload(kept, long_wav(1), "audio_1.wav").status_code == 200
        assert client.end(kept, 2).status_code == 202
        assert client.settled(kept)["status"] in {"completed", "partial"}
    finally:
        served.stop()
