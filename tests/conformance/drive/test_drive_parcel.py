"""A file reaches the server in each form, under its name and with its bytes."""

from __future__ import annotations

from email import message_from_bytes
from urllib.parse import unquote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conformance.drive.parcel import below, parcel

NAMES = st.text(st.characters(exclude_categories=("Cs",)), min_size=1, max_size=40)
SIGNED = "https://store.test/b/ses_1?X-Amz-Signature=a%2Fb%2Bc&X-Amz-Expires=60"


@given(NAMES)
def test_a_name_goes_into_the_path_and_the_query_stays_as_signed(name):
    parts = urlsplit(below(SIGNED, name))
    assert parts.query == urlsplit(SIGNED).query
    assert parts.path.startswith("/b/ses_1/")
    assert unquote(parts.path.removeprefix("/b/ses_1/")) == name
    assert "/" not in parts.path.removeprefix("/b/ses_1/")


@given(st.binary(max_size=200))
def test_multipart_carries_the_bytes_in_a_part_named_file(content):
    sent = parcel("multipart", SIGNED, "audio_0.wav", "audio/wav", content)
    head = f"Content-Type: {sent.headers['Content-Type']}\r\n\r\n".encode()
    (part,) = message_from_bytes(head + sent.content).get_payload()
    assert part.get_param("name", header="Content-Disposition") == "file"
    assert (part.get_filename(), part.get_content_type()) == ("audio_0.wav", "audio/wav")
    body = sent.content.split(b"\r\n\r\n", 1)[1]
    assert body.startswith(content + b"\r\n--")
    assert (sent.method, sent.url) == ("POST", SIGNED)


@given(NAMES)
def test_no_name_breaks_out_of_its_header(name):
    for form in ("multipart", "raw"):
        sent = parcel(form, SIGNED, name, "audio/wav", b"RIFF")
        head = sent.content.split(b"\r\n\r\n")[0] if form == "multipart" else "\r\n".join(sent.headers).encode()
        assert head.count(b"\r\n") == (2 if form == "multipart" else len(sent.headers) - 1)
        assert all("\n" not in value and "\r" not in value for value in sent.headers.values())


@pytest.mark.parametrize(
    "form, method, path",
    [
        ("raw", "POST", "/b/ses_1"),
        ("named-post", "POST", "/b/ses_1/audio_3.wav"),
        ("named-put", "PUT", "/b/ses_1/audio_3.wav"),
        ("storage-put", "PUT", "/b/ses_1/audio_3.wav"),
    ],
)
def test_the_other_forms_send_the_bare_bytes(form, method, path):
    sent = parcel(form, SIGNED, "audio_3.wav", "audio/wav", b"RIFF")
    assert (sent.method, urlsplit(sent.url).path, sent.content) == (method, path, b"RIFF")
    assert sent.headers["Content-Type"] == "audio/wav"
    assert sent.headers.get("X-Chunk-Index") == (None if form == "storage-put" else "3")


def test_the_one_file_of_a_session_goes_to_the_very_storage_url():
    assert parcel("storage-put", SIGNED, "a.wav", "audio/wav", b"", single=True).url == SIGNED


def test_an_unknown_form_is_a_mistake_of_the_journey():
    with pytest.raises(ValueError, match="carrier pigeon"):
        parcel("carrier pigeon", SIGNED, "a.wav", "audio/wav", b"")
