"""A run speaks as its text does: members of a create, audio in its form, and addresses from where the text has them."""

from __future__ import annotations

import pytest

import scribe_data
from conformance.drive.forms import Form, printed, variants
from conformance.drive.parcel import API_FORMS, NUMBERED_FORMS, parcel
from conformance.drive.upload_address import upload_address
from conformance.target import Options, Target

FIRST, MIDDLE, NEWEST = scribe_data.revisions()
BASE = "https://scribe.test/v1"


def form_of(revision: str) -> Form:
    return printed(scribe_data.load(revision=revision), template="soap", upload_type="chunked")


def body_of(revision: str, **changes: object) -> dict[str, object]:
    form = form_of(revision)
    return form.worded(form.body(model={"id": "lite"}, language="en") | changes)


def test_a_create_of_the_first_text_has_its_members_and_forms():
    assert body_of(FIRST, additional_data={"a": 1}) == {
        "templates": ["soap"],
        "model": "lite",
        "language_hint": "en",
        "include_transcript": True,
        "metadata": {"a": 1},
    }


@pytest.mark.parametrize("revision", [MIDDLE, NEWEST])
def test_a_create_of_the_later_texts_has_theirs(revision):
    assert body_of(revision, additional_data={"a": 1}) == {
        "templates": ["soap"],
        "model": "lite",
        "language_hint": ["en"],
        "transcript_language": ["en"],
        "upload_type": "chunked",
        "communication_protocol": "http",
        "additional_data": {"a": 1},
    }


@pytest.mark.parametrize("revision", scribe_data.revisions())
def test_the_body_a_run_sends_fits_the_schema_of_its_text(revision):
    from jsonschema import Draft202012Validator

    schema = scribe_data.load(revision=revision).schemas["create_request"]
    assert list(Draft202012Validator(schema).iter_errors(body_of(revision, additional_data={}))) == []


def test_no_other_form_is_tried_of_a_member_that_the_text_does_not_have():
    tried = list(variants(form_of(FIRST), templates=("soap", "hpi"), upload_methods=("chunked", "single")))
    assert {form.upload_type for form in tried} == {"chunked"}
    assert {form.language_hint for form in tried} == {"string", "absent"}


@pytest.mark.parametrize(
    ("name", "single", "index", "told"),
    [
        ("audio_0.wav", False, 0, {"X-Chunk-Index": "0"}),
        ("audio_12.webm", False, 3, {"X-Chunk-Index": "12"}),
        ("consultation.wav", False, 3, {"X-Chunk-Index": "3"}),
        ("audio_0.wav", True, 0, {"X-Upload-Type": "complete"}),
    ],
)
def test_numbered_audio_is_raw_and_says_its_number_or_that_it_is_complete(name, single, index, told):
    sent = parcel("numbered", f"{BASE}/x", name, "audio/wav", b"bytes", single=single, index=index)
    assert (sent.method, sent.url, sent.content) == ("POST", f"{BASE}/x", b"bytes")
    assert sent.headers == {"Content-Type": "audio/wav"} | told


def test_a_target_of_another_revision_is_still_offered_the_other_forms():
    assert NUMBERED_FORMS[1:] == API_FORMS


@pytest.mark.parametrize(
    ("given", "relative", "expected"),
    [
        ("/sessions/ses_1/audio", True, f"{BASE}/sessions/ses_1/audio"),
        ("/uploads/ses_1", True, f"{BASE}/uploads/ses_1"),
        ("/v1/sessions/ses_1/audio", True, f"{BASE}/sessions/ses_1/audio"),
        ("/sessions/ses_1/audio", False, f"{BASE}/sessions/ses_1/audio"),
        ("/uploads/ses_1", False, "https://scribe.test/uploads/ses_1"),
        ("//other.test/sessions/ses_1", True, "https://other.test/sessions/ses_1"),
        ("https://other.test/a", True, "https://other.test/a"),
    ],
)
def test_a_relative_upload_url_goes_behind_base_url_where_it_begins_there(given, relative, expected):
    url, _, odd = upload_address(Target(BASE), f"{BASE}/sessions", "built", given, relative=relative)
    assert url == expected
    assert bool(odd) == (not relative and not given.startswith("http"))


@pytest.mark.parametrize("revision", scribe_data.revisions())
def test_a_run_is_driven_by_the_text_of_its_revision(revision):
    options = Options("http://127.0.0.1:1", "a-key", revision=revision)
    assert options.text is scribe_data.load(revision=revision)
    assert options.printed.name == revision
