"""The archive has what HAR 1.2 requires of each entry."""

from __future__ import annotations

import json
from datetime import datetime

from conformance.evidence import Facts, Label
from conformance.evidence.har import har
from conformance.evidence.recorder import Recorder
from conformance.evidence.redaction import Redactor

ENTRY = {"startedDateTime", "time", "request", "response", "cache", "timings"}
REQUEST = {"method", "url", "httpVersion", "cookies", "headers", "queryString", "headersSize", "bodySize"}
RESPONSE = {
    "status",
    "statusText",
    "httpVersion",
    "cookies",
    "headers",
    "content",
    "redirectURL",
    "headersSize",
    "bodySize",
}


def archive():
    kept = Recorder(Redactor({"<key>": "sk_test_secret"}))
    label = Label("create", "a", session="visit", probe="templates missing")
    pending = kept.begin(label, "POST", "https://a.test/s?x=1&x=", [("X-API-Key", "sk_test_secret")], b'{"a": 1}')
    kept.answered(pending, 400, [("Content-Type", "application/json")], b'{"error": {}}')
    audio = kept.begin(Label("upload", "a", fixture="knee"), "PUT", "https://a.test/u", (), b"RIFF\xff" * 200)
    kept.troubled(audio, "could not connect")
    return har(kept.freeze(Facts("https://a.test", "2026-01-27")), version="0.1.0")["log"]


def test_every_entry_has_the_members_har_requires():
    for entry in archive()["entries"]:
        assert entry.keys() >= ENTRY
        assert entry["request"].keys() >= REQUEST
        assert entry["response"].keys() >= RESPONSE
        assert datetime.fromisoformat(entry["startedDateTime"]).tzinfo is not None
    json.dumps(archive(), allow_nan=False)


def test_text_is_spelled_out_and_audio_is_told_by_size_and_digest():
    created, uploaded = archive()["entries"]
    assert created["request"]["postData"]["text"] == '{"a": 1}'
    assert created["request"]["queryString"] == [{"name": "x", "value": "1"}, {"name": "x", "value": ""}]
    assert created["response"]["content"]["text"] == '{"error": {}}'
    assert uploaded["request"]["postData"]["text"] == ""
    assert uploaded["request"]["postData"]["comment"].startswith("1000 bytes, sha256 ")


def test_an_exchange_without_an_answer_has_status_zero_and_its_trouble():
    entry = archive()["entries"][1]
    assert (entry["response"]["status"], entry["_trouble"]) == (0, "could not connect")


def test_labels_and_redaction_come_along():
    entry = archive()["entries"][0]
    assert entry["_label"]["probe"] == "templates missing"
    assert entry["request"]["headers"] == [{"name": "X-API-Key", "value": "<key>"}]
