"""A shell gives the printed line the very words that were sent, with the key from the environment."""

from __future__ import annotations

import json
import os
import subprocess

from hypothesis import given, settings
from hypothesis import strategies as st

from conformance.drive.parcel import parcel
from conformance.evidence import Label
from conformance.evidence.curl import INLINE_BOUND, curl
from conformance.evidence.recorder import Recorder
from conformance.evidence.redaction import Redactor

KEY = "sk_test_secret"


def line(label, method, url, headers, body=b""):
    kept = Recorder(Redactor({"<key>": KEY}))
    return curl(kept.answered(kept.begin(label, method, url, headers, body), 200, (), b""))


def words(text):
    """The arguments a POSIX shell makes of the line."""
    script = f"curl() {{ printf '%s\\0' \"$@\"; }}; {text}"
    ran = subprocess.run(
        ["/bin/sh", "-c", script], capture_output=True, check=True, env=os.environ | {"SCRIBE_API_KEY": KEY}
    )
    return ran.stdout.decode("utf-8", "surrogateescape").split("\0")[:-1]


def test_the_key_comes_from_the_environment():
    told = line(Label("get", "a"), "GET", "https://a.test/v1/templates", [("Host", "a.test"), ("X-API-Key", KEY)])
    assert KEY not in told
    assert words(told) == ["-sS", "-i", "-X", "GET", "https://a.test/v1/templates", "-H", f"X-API-Key: {KEY}"]


@given(st.text(st.characters(exclude_characters="\0", exclude_categories=("Cs",)), min_size=1, max_size=60))
@settings(max_examples=15, deadline=None)  # each one starts a shell
def test_a_json_body_survives_the_shell(value):
    body = json.dumps({"name": value, "cost": "$HOME `id` !"}, ensure_ascii=False).encode()
    told = line(Label("create", "a"), "POST", "https://a.test/s", [("Content-Type", "application/json")], body)
    assert json.loads(words(told)[-1]) == json.loads(body)


def test_a_long_body_is_a_file():
    told = line(Label("create", "a"), "POST", "https://a.test/s", (), b"[" + b"1," * INLINE_BOUND + b"1]")
    assert words(told)[-2:] == ["--data-binary", "@body-" + told.rsplit("body-", 1)[1]]


def test_a_multipart_upload_names_the_fixture_and_lets_curl_wrap_it():
    sent = parcel("multipart", "https://a.test/up?x=[1]", "audio_0.wav", "audio/wav", b"RIFF" * 1000)
    label = Label("upload", "a", file="audio_0.wav", fixture="knee")
    told = words(line(label, sent.method, sent.url, list(sent.headers.items()), sent.content))
    assert "--globoff" in told
    assert told[-2:] == ["-F", 'file=@knee.wav;filename="audio_0.wav";type=audio/wav']
    assert not [word for word in told if "boundary" in word]


def test_a_raw_upload_keeps_its_headers():
    sent = parcel("raw", "https://a.test/up", "audio_0.wav", "audio/wav", b"RIFF")
    label = Label("upload", "a", file="audio_0.wav", fixture="knee")
    told = words(line(label, sent.method, sent.url, list(sent.headers.items()), sent.content))
    assert 'Content-Disposition: attachment; filename="audio_0.wav"' in told
    assert told[-2:] == ["--data-binary", "@knee.wav"]


def test_a_socket_is_opened_as_rfc_6455_says_with_the_same_parameters():
    headers = [("Host", "a.test"), ("Authorization", f"Bearer {KEY}")]
    told = line(Label("create", "a"), "GET", "wss://a.test/v1/stream?store_audio=true", headers)
    assert KEY not in told
    found = words(told)
    assert "https://a.test/v1/stream?store_audio=true" in found
    asked = dict(each.split(": ", 1) for place, each in enumerate(found) if found[place - 1] == "-H")
    assert asked["Authorization"] == f"Bearer {KEY}"
    assert (asked["Connection"], asked["Upgrade"], asked["Sec-WebSocket-Version"]) == ("Upgrade", "websocket", "13")
    assert "--max-time" in found  # a socket that is open says nothing more by itself
