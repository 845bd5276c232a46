"""Exchanges are kept in the order of sending, bounded."""

from __future__ import annotations

import hashlib

from conformance.evidence import Facts, Label
from conformance.evidence.recorder import AUDIO_BOUND, TEXT_BOUND, Recorder
from conformance.evidence.redaction import Redactor


def recorder() -> Recorder:
    return Recorder(Redactor({"<key>": "sk_test_secret"}))


def test_numbers_follow_the_order_of_sending_not_of_answering():
    kept = recorder()
    first = kept.begin(Label("get", "a"), "GET", "https://a.test/1", (), b"")
    second = kept.begin(Label("get", "b"), "GET", "https://a.test/2", (), b"")
    kept.answered(second, 200, (), b"")
    kept.answered(first, 202, (), b"")
    assert [(x.number, x.status) for x in kept.exchanges] == [(1, 202), (2, 200)]


def test_audio_is_kept_by_size_and_digest_with_its_first_bytes():
    kept, audio = recorder(), b"RIFF" + bytes(10_000)
    pending = kept.begin(Label("upload", "a", fixture="knee"), "POST", "https://a.test", (), audio)
    request = kept.answered(pending, 200, (), b"").request
    assert (len(request.body), request.size, request.whole) == (AUDIO_BOUND, len(audio), False)
    assert request.sha256 == hashlib.sha256(audio).hexdigest()


def test_json_is_kept_whole_up_to_the_bound_and_says_when_it_is_not():
    kept = recorder()
    small = kept.begin(Label("create", "a"), "POST", "https://a.test", (), b"1" * TEXT_BOUND)
    large = kept.begin(Label("create", "a"), "POST", "https://a.test", (), b"1" * (TEXT_BOUND + 1))
    assert kept.answered(small, 400, (), b"").request.whole
    answered = kept.answered(large, 413, (), b"2" * (TEXT_BOUND + 1))
    assert not answered.request.whole
    assert answered.response is not None
    assert len(answered.response.body) == TEXT_BOUND
    assert answered.notes["size"] == TEXT_BOUND + 1


def test_what_the_kit_gave_up_on_is_not_graded():
    kept = recorder()
    cut = kept.troubled(kept.begin(Label("get", "a"), "GET", "https://a.test", (), b""), "cut off", graded=False)
    assert not cut.label.graded
    assert list(kept.freeze(Facts("https://a.test", "2026-01-27")).select("get")) == []


def test_how_far_the_clock_was_moved_is_noted_on_what_is_sent_after():
    kept = recorder()
    before = kept.begin(Label("get", "a"), "GET", "https://a.test", (), b"")
    kept.ambient["clock_offset"] = 3600.0
    after = kept.begin(Label("get", "a"), "GET", "https://a.test", (), b"")
    assert kept.answered(before, 200, (), b"").notes == {"clock_offset_then": 3600.0}, "it was moved meanwhile"
    assert kept.answered(after, 200, (), b"").notes == {"clock_offset": 3600.0}
