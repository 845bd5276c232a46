"""Audio that goes past the service: to a storage that its sessions name, or to which a PUT is sent on."""

from __future__ import annotations

import pytest

from conformance.drive.course import sent_on
from conformance.evidence import Dimension, Evidence, Facts
from conformance.vocabulary.operation import Credential, Operation
from tests.conformance.checks.builders import Tape
from tests.conformance.drive.test_drive_driver import play
from tests.conformance.miniature import KEY, STORAGE, Answer, Miniature, refusal
from tests.conformance.stage import TEXTS, miniature

GATEWAY = (("X-Gateway-Key", "g4t3way-s3cret"), ("X-API-Version", "7"))


class SendsOn(Miniature):
    """Takes no audio by itself: a PUT with a name is sent on to a storage, as where addresses are signed one by one."""

    status = 307

    def upload(self, session, asked, named):
        if self.state(session) not in ("created", "recording"):
            return super().upload(session, asked, named)
        if asked.method != "PUT" or not named:
            return refusal(405, "invalid_request", "PUT it under its name.")
        return Answer(
            self.status, {}, {"location": f"{STORAGE}/incoming/{session.id}/{named[0]}?signature=s3cr%2Ft&expires=60"}
        )


class Mixed(Miniature):
    """Signs an address for the one file of a session, and takes chunks by itself."""

    def create(self, asked, owner):
        answer = super().create(asked, owner)
        if answer.status == 201 and self.sessions[answer.document["session_id"]].asked.get("upload_type") == "single":
            name = answer.document["session_id"]
            answer.document["upload_url"] = f"{STORAGE}/incoming/{name}?signature=s3cr%2Ft&expires=60"
        return answer


def keys_in(asked):
    secret = {"x-api-key", "authorization", "cookie", "x-gateway-key", "x-api-version"} & asked.headers.keys()
    return secret or KEY in repr(asked) or "g4t3way" in repr(asked)


async def _consulted(stage):
    return await stage.drive.consult("visit", ["markers/audio_0", "markers/audio_1"]), stage.drive.target, stage


@pytest.mark.parametrize("status", [307, 308])
def test_a_put_that_is_sent_on_is_followed_and_takes_no_key_along(status):
    app = SendsOn(TEXTS, processing=0.05)
    app.status = status
    handle, target, stage = play(app, _consulted, headers=GATEWAY)
    assert (target.api_target, target.upload_form) == (False, "storage-put")
    assert handle.sent == ["audio_0.wav", "audio_1.wav"]
    assert stage.evidence.stories["visit"].final.document["transcript"] == "apple\nbridge"
    there = [asked for asked in app.seen if asked.url.startswith(STORAGE)]
    assert len(there) == 3
    assert not any(map(keys_in, there))
    here = [asked for asked in app.seen if not asked.url.startswith(STORAGE) and "/sessions" in asked.path]
    assert all(asked.headers["x-gateway-key"] == "g4t3way-s3cret" for asked in here)
    assert [x.status for x in stage.evidence.stories["visit"].uploads] == [200, 200]
    assert {each.dimension for each in stage.evidence.dialect} == {Dimension.REDIRECT}


@pytest.mark.parametrize("status", [301, 302, 303])
def test_a_redirect_that_may_lose_the_file_is_not_followed_to_another_origin(status):
    app = SendsOn(TEXTS, processing=0.05)
    app.status = status

    async def act(stage):
        return stage.drive.target

    assert play(app, act).upload_form in (None, "multipart")
    assert not [asked for asked in app.seen if asked.url.startswith(STORAGE)]


def test_a_storage_gets_no_header_that_the_operator_gave_for_the_service():
    app = miniature(storage=True)
    _, target, _ = play(app, _consulted, headers=GATEWAY)
    assert target.api_target is False
    there = [asked for asked in app.seen if asked.url.startswith(STORAGE)]
    assert there
    assert not any(map(keys_in, there))
    assert [asked for asked in app.seen if asked.headers.get("x-api-version") == "7"]


def test_a_header_of_the_operator_gives_way_to_what_a_request_needs():
    app = miniature()
    play(app, _consulted, headers=(("content-type", "text/odd"), ("Traceparent", "00-mine"), ("X-Tenant", "seven")))
    made = next(asked for asked in app.seen if asked.method == "POST" and asked.path.endswith("/sessions"))
    assert made.headers["content-type"] == "application/json"
    assert made.headers["traceparent"] == "00-mine"
    assert made.headers["x-tenant"] == "seven"


def test_sessions_of_one_service_may_differ_in_who_takes_their_audio():
    app = Mixed(TEXTS, processing=0.05)

    async def act(stage):
        await stage.drive.consult("visit", ["markers/audio_0"])
        await stage.drive.consult("alone", ["knee"], stage.drive.body(upload_type="single"))
        facts = Facts(
            stage.drive.target.base_url,
            stage.wire.options.revision,
            api_target=stage.drive.target.api_target,
            extra={"origins": stage.wire.origins},
        )
        return stage.wire.recorder.freeze(facts)

    evidence: Evidence = play(app, act)
    assert evidence.facts.api_target is True
    assert (evidence.at_storage("visit"), evidence.at_storage("alone"), evidence.at_storage(None)) == (
        False,
        True,
        False,
    )
    assert evidence.stories["alone"].final.document["audio_files"] == ["recording"]
    assert not any(keys_in(asked) for asked in app.seen if asked.url.startswith(STORAGE))


@pytest.mark.parametrize(
    ("location", "changes", "expected"),
    [
        ("https://store.test/a?sig=1", {}, "https://store.test/a?sig=1"),
        ("/elsewhere", {}, None),  # within the origin: another rule's
        ("file:///etc/passwd", {}, None),
        ("https://sso.test/login", {}, None),
        ("", {}, None),
        ("https://store.test/a", {"credential": Credential.WRONG}, None),
        ("https://store.test/a", {"method": "POST"}, None),
        ("https://store.test/a", {"operation": Operation.END}, None),
    ],
)
def test_only_a_file_of_the_run_is_taken_to_another_origin(location, changes, expected):
    tape = Tape()
    given = {"operation": Operation.UPLOAD, "method": "PUT", "credential": Credential.RIGHT} | changes
    headers = {"location": location} if location else {}
    x = tape.heard(given["operation"], 307, credential=given["credential"], method=given["method"], headers=headers)
    assert sent_on(x, x.request.url) == expected
