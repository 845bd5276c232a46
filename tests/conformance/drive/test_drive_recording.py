"""The kit sends what the target can be expected to take."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import PurePosixPath

import pytest

from conformance.drive.recording import fits, fitting, markers, named_by, pieces
from conformance.journeys.sessions import spoken
from conformance.target import Target
from tests.conformance.stage import AUDIO, miniature, on_stage

WEBM = replace(
    AUDIO["short"], name="short.webm", path=PurePosixPath("short.webm"), media_type="audio/webm;codecs=opus", data=b"w"
)


def target(*formats, **changes):
    return Target("https://a.test", audio_formats=formats, **changes)


@pytest.mark.parametrize("listed", ["audio/wav", "Audio/WAV; rate=16000", "audio/x-wav", "audio/vnd.wave"])
def test_a_format_is_listed_under_any_of_its_names(listed):
    assert fits(AUDIO["short"], target("audio/flac", listed))
    assert not fits(AUDIO["short"], target("audio/flac"))


@pytest.mark.parametrize(
    "listed, fit", [("audio/webm", True), ('audio/webm; codecs="opus"', True), ("audio/webm;codecs=pcm", False)]
)
def test_a_codec_counts_where_it_is_named(listed, fit):
    assert fits(WEBM, target(listed)) is fit


def test_without_a_list_everything_fits():
    assert fits(WEBM, target())


def test_the_same_words_stand_in_for_a_format_that_is_not_listed():
    audio = AUDIO | {"short.webm": WEBM}
    assert fitting(audio, "short", target("audio/webm")) is WEBM
    assert fitting(audio, "short", target("audio/wav")) is AUDIO["short"]
    assert fitting(audio, "knee", target("audio/webm")) is None


@pytest.mark.parametrize(
    ("listed", "named"),
    [("audio/wav", "audio/wav"), ("audio/x-wav", "audio/x-wav"), ("Audio/WAV; rate=16000", "audio/wav")],
)
def test_a_format_goes_by_the_name_in_the_list(listed, named):
    assert named_by(AUDIO["short"], target("audio/flac", listed)) == named


def test_a_shorter_clip_stands_in_where_chunks_have_to_be_short():
    short = replace(AUDIO["short"], seconds=5.0)
    audio = AUDIO | {"short": short}
    brief = target("audio/wav", max_chunk_seconds=1.0)
    assert fitting(audio, "short", brief, single=True) is short
    assert fitting(audio, "short", brief, single=False).kind == "marker"
    assert fitting(audio, "short", target("audio/wav", max_chunk_seconds=0.1), single=False) is short
    assert fitting(audio, "markers/audio_3", target("audio/wav", max_chunk_seconds=0.1), single=False).sequence == 3


def test_markers_come_in_one_format_and_in_order():
    webm = {f"m/{n}": replace(WEBM, name=f"m/{n}", kind="marker", sequence=n) for n in (1, 0)}
    audio = AUDIO | webm
    assert [marker.name for marker in markers(audio, target("audio/webm"))] == ["m/0", "m/1"]
    assert [marker.sequence for marker in markers(audio, target("audio/wav"))] == list(range(12))


def test_chunks_longer_than_the_limit_are_not_sent():
    assert len(pieces(AUDIO, "visit", target("audio/wav", max_chunk_seconds=0.2))) == 3
    assert pieces(AUDIO, "visit", target("audio/wav", max_chunk_seconds=0.1)) == ()


def driven(act, **changes):
    async def run():
        async with on_stage(miniature()) as stage:
            stage.drive.target = replace(stage.drive.target, **changes)
            return await act(stage)

    return asyncio.run(run())


@pytest.mark.parametrize(
    "changes, how, count",
    [
        ({}, {"upload_type": "chunked"}, 3),
        ({"upload_methods": ("single",)}, {"upload_type": "single"}, 1),
        ({"max_chunk_seconds": 0.1}, {"upload_type": "single"}, 1),
        ({"audio_formats": ("audio/flac",)}, {}, 0),
    ],
)
def test_a_consultation_goes_the_way_the_target_takes(changes, how, count):
    async def act(stage):
        return spoken(stage.drive, "visit")

    asked, files = driven(act, **changes)
    assert (asked, len(files)) == (how, count)


def test_a_recording_in_no_listed_format_is_sent_as_a_probe_and_noted():
    async def act(stage):
        handle = await stage.drive.create("visit")
        sent = await stage.drive.upload(handle, "knee", name="audio_0.wav")
        return sent, stage.evidence

    sent, evidence = driven(act, audio_formats=("audio/flac",))
    assert sent.label.probe is not None
    assert [note.reason for note in evidence.notes] == ["no_such_audio"]
    assert evidence.stories["visit"].uploads == ()


def test_a_stand_in_goes_under_its_own_suffix_and_label():
    async def act(stage):
        stage.drive.audio = AUDIO | {"short.webm": WEBM}
        handle = await stage.drive.create("visit")
        return await stage.drive.upload(handle, "short", name="audio_0.wav"), handle

    sent, handle = driven(act, audio_formats=("audio/webm;codecs=opus",))
    assert (sent.label.file, sent.label.fixture) == ("audio_0.webm", "short.webm")
    assert handle.sent == ["audio_0.webm"]
