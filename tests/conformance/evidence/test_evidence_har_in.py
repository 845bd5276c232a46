"""An archive of the kit gives back the evidence it was made of, and says where it cannot."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

import scribe_data
from conformance.checks import all_checks
from conformance.evidence import Certificate, Dimension, Explored, Handshake, Label, Layer, Note, Shown
from conformance.evidence.har import har, sealed
from conformance.evidence.har_in import NotEvidence, edits, har_in
from conformance.evidence.recorder import Recorder
from conformance.evidence.redaction import Redactor
from conformance.evidence.socket import Frame, Socket
from conformance.run import grade
from conformance.vocabulary.operation import Credential, Operation
from scribe_data import recordings
from tests.conformance.checks.builders import Tape, error

if TYPE_CHECKING:
    from conformance.evidence import Evidence

RUN = {"target": "https://scribe.example"}


def lived() -> Evidence:
    """Something of everything that an evidence can hold."""
    note = Note("expiry", "no_clock", "No clock.", ("SES-EXP-001",), ("expired",))
    tape = Tape(note, skew=1.25, clock="test", extra={"spelling": "X-API-Key", "throttled": 0, "trace_id": None})
    tape.discovered()
    certificate = Certificate("scribe.example", "CA", datetime(2027, 1, 1, tzinfo=UTC))
    tape.heard("other", 0, handshake=Handshake("TLSv1.2", "agreed", "TLSv1.2", certificate=certificate))
    frames = (Frame("client", "text", 900, b'{"event": "', 0.25), Frame("server", "binary", 2, b"\xff\0", 0.5))
    tape.heard("other", 101, socket=Socket(frames, 52, 1, "server", 4409, "over"))
    tape.created("visit")
    tape.uploaded("visit", "audio_0.wav")
    tape.heard("upload", 200, session="visit", raw=b"\xff\xfe\x00 not text", file="ü.wav", noted={"clock_offset": 3.5})
    tape.heard("get", 401, error("unauthorized"), session="visit", credential=Credential.NONE, probe="none credential")
    tape.heard("get", 0, session="visit", graded=False, states=("recording", "created"), layer=Layer.WALK)
    tape.ended("visit", "audio_0.wav")
    tape.went_along(Dimension.TEMPLATES, expected="an object", actual=["soap"])
    shown = Shown("SES-GET-003", "recording-get", "It is wrong.", ("create", "get"), 2, 3, (3, 5), 5)
    explored = Explored(7, 25, 12, 300, 4.5, violations=(shown,), ended="deadline")
    return replace(tape.evidence, explored=explored)


def sent_raw() -> Evidence:
    """Requests that no archive has room for: audio that is cut, bytes that are no text, a body that is empty."""
    kept = Recorder(Redactor({}))
    for label, body in (
        (Label(Operation.UPLOAD, "a", "visit", file="a.wav", fixture="short"), b"RIFF\xff" * 5000),
        (Label(Operation.CREATE, "b", layer=Layer.FUZZ), b"\xff\xfe"),
        (Label(Operation.CREATE, "b", layer=Layer.MUTATION), b'{"a": "\xc3\xbc"}'),
        (Label(Operation.END, "c", "visit", states=("recording",)), b""),
    ):
        pending = kept.begin(label, "POST", "https://a.test/s?x=%20", [("X-Odd", "\x00ü")], body)
        kept.answered(pending, 400, [("Content-Type", "a/b")], body[:40], size=9)
    return replace(kept.freeze(lived().facts), recordings=recordings.load())


def written(evidence: Evidence) -> Any:
    return json.loads(json.dumps(har(evidence, run=RUN), default=repr))


@pytest.mark.parametrize("made", [lived, sent_raw])
def test_what_was_written_is_read_back(made: Any) -> None:
    evidence = made()
    archive = har_in(written(evidence), evidence.text, recordings.load())
    assert archive.run == RUN
    again = archive.evidence
    assert [vars(x) for x in again.everything] == [
        {name: value for name, value in vars(x).items() if name in vars(again.everything[0])}
        for x in evidence.everything
    ]
    for name in ("facts", "notes", "dialect", "explored"):
        assert getattr(again, name) == getattr(evidence, name), name
    assert again.recordings == dict(evidence.recordings)
    assert {layer: len(view.exchanges) for layer, view in again.views.items()} == {
        layer: len(view.exchanges) for layer, view in evidence.views.items()
    }


@pytest.mark.parametrize("reading", ["lenient", "strict"])
def test_it_is_graded_alike(reading: Any) -> None:
    evidence, text = lived(), scribe_data.load()
    again = har_in(written(evidence), text, recordings.load()).evidence
    assert len(all_checks()) > 100
    assert grade(again, text, reading) == grade(evidence, text, reading)


@pytest.mark.parametrize(
    ("path", "value", "place", "why"),
    [
        (("log", "_scribe"), None, "/log", "another tool"),
        (("log", "_scribe", "version"), 99, "/log/_scribe/version", "reads version 1"),
        (("log", "_scribe", "facts"), {"nonsense": 1}, "/log/_scribe/facts", "nonsense"),
        (("log", "_scribe", "notes"), "none", "/log/_scribe", "an array"),
        (("log", "_scribe", "dialect", 0, "dimension"), "taste", "/log/_scribe/dialect/0", "taste"),
        (("log", "_scribe", "recordings", "short"), "0" * 64, "/log/_scribe/recordings/short", "another content"),
        (("log", "_scribe", "run"), None, "/log/_scribe", "'run'"),
        (("log", "entries", 2, "_label", "layer"), "dream", "/log/entries/2", "dream"),
        (("log", "entries", 4, "request"), [], "/log/entries/4", "cannot be read"),
        (("log", "entries", 4, "_scribe", "sent"), "noon", "/log/entries/4", "noon"),
        (("log", "entries", 4, "_number"), "5", "/log/entries/4", "'5' is not an integer"),
        (("log", "entries", 4, "response", "status"), 200.5, "/log/entries/4", "200.5 is not an integer"),
        (("log", "entries", 0), 5, "/log/entries/0", "cannot be read"),
        (("log", "entries"), {}, "/log", "an array"),
        (("log",), 5, "/", "an object"),
    ],
)
def test_what_cannot_be_read_is_told_with_its_place(path: tuple[Any, ...], value: Any, place: str, why: str) -> None:
    document = written(lived())
    spot = document
    for step in path[:-1]:
        spot = spot[step]
    spot[path[-1]] = value
    with pytest.raises(NotEvidence) as refused:
        har_in(document, scribe_data.load(), recordings.load())
    assert refused.value.place == place
    assert why in str(refused.value)


def test_an_edited_entry_is_found_by_its_digest() -> None:
    document = written(lived())
    assert list(edits(document)) == []
    document["log"]["entries"][3]["response"]["status"] = 500
    document["log"]["entries"][5]["request"]["url"] += "x"
    assert list(edits(document)) == [3, 5]
    document["log"]["entries"][3] = sealed(document["log"]["entries"][3])
    assert list(edits(document)) == [5]
