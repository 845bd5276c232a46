"""The driver speaks the protocol to a server that is not ours, and keeps what happened."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from math import inf
from time import monotonic

import pytest

from conformance.drive import lingering, watcher
from conformance.drive.budget import BudgetSpent
from conformance.drive.hands import REMOVE
from conformance.evidence import Dimension
from conformance.journeys.leftout import ask_again
from conformance.vocabulary.probe import Probe
from tests.conformance.miniature import KEY, STORAGE, Answer, refusal
from tests.conformance.stage import miniature, on_stage


def play(app, act, **changes):
    """Run `act(stage)` before the app."""

    async def run():
        async with on_stage(app, **changes) as stage:
            return await asyncio.wait_for(act(stage), 20)

    return asyncio.run(run())


@pytest.mark.parametrize("form", ["multipart", "raw", "named-post", "named-put"])
def test_a_consultation_gets_through_in_whichever_form_the_target_takes(form):
    app = miniature(dialects=(form,))

    async def act(stage):
        handle = await stage.drive.consult("visit", ["markers/audio_1", "markers/audio_0"])
        return stage.drive.target.upload_form, handle, stage.evidence

    chosen, handle, evidence = play(app, act)
    story = evidence.stories["visit"]
    assert chosen == form
    assert handle.sent == ["audio_0.wav", "audio_1.wav"]
    assert story.final.document["transcript"] == "bridge\napple"
    assert [x.attempt for x in (upload.label for upload in story.uploads)] == [1, 1]


def test_storage_gets_the_audio_and_never_a_key():
    app = miniature(storage=True)

    async def act(stage):
        await stage.drive.consult("visit", ["markers/audio_0", "markers/audio_1"])
        one = await stage.drive.create("one", stage.drive.body(upload_type="single"))
        for credential in ("right", "second", "wrong"):
            await stage.drive.upload(one, "knee", name="audio_0.wav", credential=credential)
        return stage.drive.target, stage.evidence

    target, evidence = play(app, act)
    there = [asked for asked in app.seen if asked.url.startswith(STORAGE)]
    assert (target.api_target, target.upload_form) == (False, "storage-put")
    assert evidence.stories["visit"].final.document["transcript"] == "apple\nbridge"
    assert len(there) == 5
    assert not [a for a in there if {"x-api-key", "authorization", "cookie"} & a.headers.keys() or KEY in repr(a)]
    assert {a.url.partition("?")[2] for a in there} == {"signature=s3cr%2Ft&expires=60"}


def test_a_key_the_server_repeats_everywhere_is_not_in_the_evidence():
    def echo(operation, asked, answer):
        given = asked.headers.get("x-api-key", "nobody")
        document = answer.document | {"echo": {given: [given]}} if isinstance(answer.document, dict) else None
        return Answer(answer.status, document, {"X-Echo": given, "Set-Cookie": f"k={given}"}, answer.raw)

    async def act(stage):
        await stage.drive.consult("visit", ["short"])
        await stage.drive.send("other", "GET", stage.drive.url("templates") + f"?api_key={KEY}", credential="second")
        return stage.evidence

    evidence = play(miniature(twist=echo), act)
    assert KEY not in repr(evidence)
    assert "<second-key>" in repr(evidence)
    assert "api_key=<key>" in evidence.exchanges[-1].request.url


def test_no_cookie_is_sent_back():
    app = miniature(twist=lambda _o, _a, answer: Answer(answer.status, answer.document, {"Set-Cookie": "a=b"}))
    play(app, lambda stage: stage.drive.consult("visit", ["short"]))
    assert not [asked for asked in app.seen if "cookie" in asked.headers]


def test_a_create_that_fails_now_and_then_is_tried_again_and_every_answer_kept():
    bad = iter([Answer(500, {}), Answer(201, {"status": "created"}), Answer(201, raw=b"<p>"), Answer(502, raw=b"")])

    def twist(operation, asked, answer):
        mine = b'"visit"' in asked.body
        return next(bad, answer) if operation == "create" and mine else answer

    async def act(stage):
        body = stage.drive.body(additional_data={"name": "visit"})
        return await stage.drive.create("visit", body), stage.evidence

    handle, evidence = play(miniature(twist=twist), act)
    tries = [(x.label.attempt, x.status) for x in evidence.about("visit")]
    graded = [x.status for x in evidence.select("create", session="visit")]
    assert handle is not None
    assert tries == [(1, 500), (2, 201), (3, 201), (4, 502), (5, 201)]
    assert graded == [500, 201, 201, 201]  # the gateway's error says nothing of the service


@pytest.mark.parametrize("status, tries", [(400, 2), (500, 6), (200, 6)])
def test_a_create_that_never_works_ends_with_a_note(status, tries):
    def twist(operation, asked, answer):
        return Answer(status, {}) if operation == "create" else answer

    async def act(stage):
        return await stage.drive.create("visit"), stage.evidence

    handle, evidence = play(miniature(twist=twist), act)
    assert handle is None
    assert len(list(evidence.select("create", session="visit"))) == tries
    assert [note.reason for note in evidence.notes if note.journey == "trial"] == ["set_up_refused"]


def test_a_refused_probe_is_sent_once_and_noted_nowhere():
    async def act(stage):
        drive = stage.drive
        return await drive.create("odd", drive.body(templates=REMOVE), probe="templates missing"), stage.evidence

    handle, evidence = play(miniature(), act)
    (sent,) = evidence.select("create", probe="templates missing")
    assert (handle, sent.status, evidence.notes) == (None, 400, ())
    assert "templates" not in sent.request.json
    assert "odd" not in evidence.stories


def test_busy_answers_are_waited_out_and_other_trouble_is_repeated_once():
    answers = iter([Answer(503, {}, {"Retry-After": "0"}), Answer(429, {}, {"Retry-After": "0"}), Answer(500, {})])

    async def act(stage):
        handle = await stage.drive.create("visit")
        app.twist = lambda operation, asked, answer: next(answers, answer)
        return await stage.drive.get(handle), stage.evidence, stage.drive.throttled

    app = miniature()
    last, evidence, throttled = play(app, act)
    assert (last.status, last.label.attempt, throttled) == (202, 4, True)
    assert [x.status for x in evidence.select("get", session="visit")] == [503, 429, 500, 202]


def test_who_is_throttled_sends_nothing_else_meanwhile():
    sent = []

    def twist(operation, asked, answer):
        sent.append((operation, monotonic()))
        told = [name for name, _ in sent]
        slow = operation == "get" and told.count("get") == 1
        return Answer(429, {}, {"retry-after": "1"}) if slow else answer

    async def act(stage):
        handle = await stage.drive.create("visit")
        sent.clear()
        await stage.drive.get(handle)
        await stage.drive.create("another")

    async def at_once(stage):
        handle = await stage.drive.create("visit")
        sent.clear()
        first = asyncio.create_task(stage.drive.get(handle))
        await asyncio.sleep(0.2)
        await stage.drive.create("another")
        await first

    for walk in (act, at_once):
        play(miniature(twist=twist), walk)
        assert all(at - sent[0][1] > 0.9 for _, at in sent[1:])


def test_a_probe_is_asked_again_when_the_service_had_no_time():
    answers = iter([Answer(503, {}, {"retry-after": "0"}), Answer(429, {}, {"retry-after": "0"})])

    async def act(stage):
        handle = await stage.drive.create("visit")
        app.twist = lambda operation, asked, answer: next(answers, answer)
        return await stage.drive.get(handle, credential="none", probe="without a key")

    app = miniature()
    last = play(app, act)
    assert (last.status, last.label.attempt) == (401, 3)


def test_a_model_is_asked_for_in_a_language_of_its_own():
    async def act(stage):
        models = ({"id": "lite", "languages": ["en"]}, {"id": "hindi", "languages": ["hi", "ta"]})
        stage.drive.target = replace(stage.drive.target, models=models, model=models[0])
        return stage.drive.body(), stage.drive.body(model="hindi")

    usual, other = play(miniature(), act)
    assert (usual["language_hint"], usual["transcript_language"]) == (["en"], ["en"])
    assert (other["language_hint"], other["transcript_language"]) == (["hi"], ["hi"])


@pytest.mark.parametrize(("named", "keys"), [((), 0), ((STORAGE,), 2)])
def test_another_origin_gets_the_key_only_when_the_operator_names_it(named, keys):
    async def act(stage):
        await stage.drive.consult("visit", ["markers/audio_0"])

    app = miniature(storage=True)
    play(app, act, extra_origins=named)
    there = [asked for asked in app.seen if asked.url.startswith(STORAGE)]
    assert there
    assert len([asked for asked in there if "x-api-key" in asked.headers]) >= keys
    assert keys or not [asked for asked in there if "x-api-key" in asked.headers]


def test_what_a_transcript_leaves_out_is_sent_once_more_between_what_it_has():
    def deaf(operation, asked, answer):
        if answer.document and "\n" in answer.document.get("transcript", ""):
            *heard, _ = answer.document["transcript"].splitlines()
            return Answer(answer.status, answer.document | {"transcript": "\n".join(heard)})
        return answer

    async def act(stage):
        files = [f"knee_chunks/audio_{number}" for number in range(2)] + ["cough_chunks/audio_0"]
        for session in ("whole", "deaf"):
            app.twist = deaf if session == "deaf" else lambda _operation, _asked, answer: answer
            await stage.drive.consult(session, files)
            await ask_again(stage.drive, session, files, stage.evidence.stories[session].final)
        return stage.evidence

    app = miniature()
    evidence = play(app, act)
    assert "left out of whole" not in evidence.stories
    again = [x.label.fixture for x in evidence.stories["left out of deaf"].uploads]
    assert again == ["knee_chunks/audio_0", "cough_chunks/audio_0", "knee_chunks/audio_1"]


def test_audio_in_no_listed_format_is_a_probe_whatever_was_asked():
    async def act(stage):
        stage.drive.target = replace(stage.drive.target, audio_formats=("audio/amr",))
        handle = await stage.drive.create("visit")
        asked = [None, "upload as multipart", "upload without credential"]
        return [(await stage.drive.upload(handle, "short", name="a.wav", probe=p)).label.probe for p in asked]

    assert play(miniature(), act) == [Probe.UPLOAD_FORMAT] * 3


def test_a_wrong_credential_is_sent_once_and_is_no_key_of_the_run():
    async def act(stage):
        handle = await stage.drive.create("visit")
        for credential in ("none", "wrong", "second"):
            await stage.drive.get(handle, credential=credential)
        return stage.evidence

    app = miniature()
    evidence = play(app, act)
    answers = {x.label.credential: x.status for x in evidence.select("get", session="visit")}
    assert answers == {"none": 401, "wrong": 401, "second": 404}
    assert "sk_test" not in app.seen[-2].headers["x-api-key"]
    assert not {"x-api-key", "authorization"} & app.seen[-3].headers.keys()


@pytest.mark.parametrize(
    "wanted, status, taken",
    [
        (b"{", 400, ("empty", {})),
        (b"audio_files_sent", 400, ("count", {"audio_files_sent": 1})),
        (b"{", 500, ("empty", {})),
    ],
)
def test_an_end_that_wants_a_body_gets_the_least_that_is_taken(wanted, status, taken):
    def twist(operation, asked, answer):
        refused = operation == "end" and wanted not in asked.body
        return refusal(status, "missing_required_field", "Say how many.") if refused else answer

    async def act(stage):
        handle = await stage.drive.create("visit")
        await stage.drive.upload(handle, "short", name="audio_0.wav")
        return await stage.drive.end(handle), stage.evidence

    # What is refused here has ended the session all the same, so that it must not be over before the next try.
    ended, evidence = play(miniature(twist=twist, processing=60), act)
    assert (ended.status, ended.request.json) == (202, taken[1])
    assert [x.status for x in evidence.select("end", session="visit")] == [202]
    assert [(each.dimension, each.actual) for each in evidence.dialect] == [(Dimension.END, taken[0])]


def test_a_session_that_never_ends_is_noted_and_not_waited_for_longer():
    async def act(stage):
        handle = await stage.drive.create("visit")
        await stage.drive.end(handle)
        return await stage.drive.finish(handle), stage.evidence

    last, evidence = play(miniature(processing=60.0), act, processing_timeout=0.2)
    assert last is None
    assert [note.reason for note in evidence.notes] == ["deadline"]


def cooking(until):
    """A server whose sessions show a word of its own after their end, until a moment."""

    def twist(operation, _asked, answer):
        held = operation == "get" and answer.document.get("status") not in {"created", "recording"}
        return Answer(202, answer.document | {"status": "cooking"}) if held and monotonic() < until() else answer

    return miniature(twist=twist)


def test_a_word_that_no_text_has_is_waited_for_once_and_said_so(monkeypatch):
    monkeypatch.setattr(lingering, "_NO_LONGER", 0.1)

    async def act(stage):
        took = []
        for number in range(3):
            began = monotonic()
            await stage.drive.consult(f"dish {number}", ["short"])
            took.append(monotonic() - began)
        return took, stage.evidence

    took, evidence = play(cooking(lambda: inf), act, processing_timeout=1.5)
    assert took[0] >= 1.5
    assert max(took[1:]) < 1.0
    first, *others = (note.text for note in evidence.notes)
    assert "still showed cooking after 1.5 s (--processing-timeout)" in first
    assert "the text has no such state, so others that show it are waited for 0.1 s at most" in first
    assert len(others) == 2
    said = "after 0.1 s; the text has no such state, and another session stayed at it for 1.5 s"
    assert all(said in each for each in others)
    assert {note.reason for note in evidence.notes} == {"deadline"}


def test_a_word_from_which_a_session_went_on_is_waited_for_like_any(monkeypatch):
    monkeypatch.setattr(lingering, "_NO_LONGER", 0.3)
    until = {"moment": inf}

    async def act(stage):
        async def rests(seconds):
            handle = await stage.drive.create(f"{seconds} s")
            await stage.drive.upload(handle, "short", name="audio_0.wav")
            await stage.drive.end(handle)
            until["moment"] = monotonic() + seconds
            return await stage.drive.finish(handle) is not None

        return [await rests(seconds) for seconds in (inf, 0.8, 0.1, 0.8)]

    assert play(cooking(lambda: until["moment"]), act, processing_timeout=1.0) == [False, False, True, True]


@pytest.mark.parametrize(("takes", "reads"), [(6.0, 2), (4.0, 3), (2.0, 4)])
def test_the_last_read_of_a_wait_is_sent_when_its_seconds_are_over(monkeypatch, takes, reads):
    clock = {"now": 0.0}
    sent = []

    def slow(operation, asked, answer):
        if operation == "get" and waiting:
            sent.append(clock["now"])
            clock["now"] += takes
        return answer

    waiting = []

    async def act(stage):
        handle = await stage.drive.create("visit")
        monkeypatch.setattr(watcher, "monotonic", lambda: clock["now"])
        monkeypatch.setattr(stage.drive, "pause", passes)
        waiting.append(handle)
        await stage.drive.until(handle, lambda x: False, within=5.0)
        waiting.clear()

    async def passes(seconds):
        clock["now"] += seconds

    play(miniature(twist=slow), act)
    assert len(sent) == reads
    assert sent[-2] < 5.0 <= sent[-1]


def test_a_session_is_waited_for_as_long_as_the_target_finishes_others():
    slow = {"id": "", "until": 0.0}

    def twist(operation, asked, answer):
        held = operation == "get" and asked.path.endswith(slow["id"]) and monotonic() < slow["until"]
        return Answer(202, answer.document | {"status": "processing"}) if held else answer

    async def act(stage):
        async def other(number):
            await stage.drive.pause(0.15 * number)
            await stage.drive.consult(f"other {number}", ["short"])

        async def last():
            handle = await stage.drive.create("last")
            slow.update(id=handle.session_id, until=monotonic() + 1.2)
            await stage.drive.end(handle)
            assert await stage.drive.finish(handle) is not None

        await stage.drive.together(last(), *(other(number) for number in range(8)))
        return stage.evidence

    # Alone it would have been given up after 0.4 s, as the test above shows.
    assert play(miniature(twist=twist), act, processing_timeout=0.4).notes == ()


def test_a_request_that_hangs_is_trouble_and_not_an_exception():
    app = miniature()

    async def act(stage):
        handle = await stage.drive.create("visit")
        app.delay = 0.5
        return await stage.drive.upload(handle, "short", name="audio_0.wav")

    sent = play(app, act, request_timeout=0.05)
    assert (sent.status, sent.response, sent.trouble) == (0, None, "no complete answer within 0.05 s")


def test_when_the_time_of_the_run_is_over_nothing_more_is_sent_or_judged():
    app = miniature()

    async def act(stage):
        handle = await stage.drive.create("visit")
        app.delay = 5.0
        with pytest.raises(BudgetSpent):
            await stage.drive.get(handle)
        with pytest.raises(BudgetSpent):
            await stage.drive.pause(1.0)
        return stage.evidence

    evidence = play(app, act, budget=0.5)
    assert (evidence.exchanges[-1].response, evidence.exchanges[-1].label.graded) == (None, False)


def test_a_stranger_has_an_id_of_the_same_shape_that_nobody_made():
    async def act(stage):
        handle = await stage.drive.create("visit")
        stranger = stage.drive.stranger(handle)
        return handle, stranger, await stage.drive.upload(stranger, "short", name="a.wav", probe="unknown session")

    handle, stranger, sent = play(miniature(), act)
    assert sent.status == 404
    assert len(stranger.session_id) == len(handle.session_id)
    assert stranger.session_id.startswith("ses_")
    assert stranger.session_id in sent.request.url


def test_the_body_is_valid_in_all_readings():
    async def act(stage):
        return stage.drive.body()

    assert play(miniature(), act) == {
        "templates": ["soap"],
        "model": "lite",
        "language_hint": ["en"],
        "transcript_language": ["en"],
        "upload_type": "chunked",
        "communication_protocol": "http",
    }


def test_an_answer_longer_than_the_bound_is_cut_and_says_so(monkeypatch):
    monkeypatch.setattr("conformance.drive.wire.ANSWER_BOUND", 1000)
    app = miniature()

    async def act(stage):
        app.twist = lambda _o, _a, _answer: Answer(200, raw=b"[" + b" " * 5000 + b"]")
        return await stage.drive.send("templates", "GET", stage.drive.url("templates"))

    got = play(app, act)
    assert got.response is not None
    assert len(got.response.body) == 1000
    assert "cut" in got.notes


def test_json_goes_out_as_json():
    async def act(stage):
        return await stage.drive.send("create", "POST", stage.drive.url("sessions"), json=None, probe="null body")

    sent = play(miniature(), act)
    assert sent.request.header("content-type") == "application/json"
    assert json.loads(sent.request.body) is None
