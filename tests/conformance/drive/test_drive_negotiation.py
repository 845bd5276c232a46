"""What preparation finds out, and when it says that there is nothing to grade."""

from __future__ import annotations

import asyncio

import pytest

from conformance.drive.doors import REDIRECTS
from conformance.target import BadOption, CredentialsRefused, Options, TargetUnreachable, is_public
from tests.conformance.miniature import HOST, OTHER_KEY, Answer, refusal
from tests.conformance.stage import miniature, on_stage

WELL_KNOWN = "/.well-known/medscribealliance"


def prepared(app, **changes):
    """Target, spelling and evidence after preparation."""

    async def run():
        async with on_stage(app, **changes) as stage:
            return stage.drive.target, stage.wire.spelling, stage.evidence

    return asyncio.run(run())


def discovery_as(answer):
    return miniature(twist=lambda operation, asked, usual: answer(asked) if operation == "discovery" else usual)


def test_the_target_is_what_discovery_and_the_list_say():
    target, _, evidence = prepared(miniature())
    assert target.base_url == f"{HOST}/scribe/api"
    assert target.templates == ("soap", "medications", "transcript")
    assert (target.model["id"], target.upload_methods, target.upload_type) == ("lite", ("chunked", "single"), "chunked")
    assert (target.max_chunk_seconds, target.audio_formats) == (20.0, ("audio/wav",))
    assert evidence.discovery["protocol"] == "medscribealliance"
    assert evidence.template_ids == target.templates


def test_discovery_is_asked_without_any_credential():
    app = miniature()
    prepared(app)
    assert not {"x-api-key", "authorization"} & app.seen[0].headers.keys()


def test_discovery_behind_a_key_still_says_where_the_api_is():
    def closed(asked):
        if "x-api-key" not in asked.headers:
            return refusal(401, "authentication_failed", "Who are you?")
        return Answer(200, miniature().discovery())

    target, _, evidence = prepared(discovery_as(closed))
    assert target.base_url == f"{HOST}/scribe/api"
    assert evidence.discovery == {}


@pytest.mark.parametrize(
    "taken, chosen",
    [
        (("X-API-Key",), "X-API-Key header"),
        (("Authorization",), "Authorization X-API-Key"),
        (("Bearer",), "Authorization Bearer"),
        (("Authorization", "X-API-Key"), "X-API-Key header"),
    ],
)
def test_each_spelling_is_tried_and_the_run_goes_on_with_one_that_works(taken, chosen):
    _, spelling, evidence = prepared(miniature(spellings=taken))
    tried = {x.label.probe: x.status for x in evidence.exchanges if x.label.probe and x.label.operation == "templates"}
    assert spelling == chosen
    assert tried.keys() == {
        "credential: X-API-Key header",
        "credential: Authorization X-API-Key",
        "credential: Authorization Bearer",
    }
    assert tried[f"credential: {chosen}"] == 200
    assert [x.status for x in evidence.select("templates", valid=True)] == [200]


def test_a_refused_key_is_said_so_and_not_graded():
    with pytest.raises(CredentialsRefused, match="check --api-key"):
        prepared(miniature(), api_key="sk_test_of_nobody")


def test_redirects_of_discovery_are_followed_and_kept():
    app = miniature()
    usual = app.route
    hops = iter(range(1, REDIRECTS + 1))

    def route(asked):
        if asked.path == f"{WELL_KNOWN}/{REDIRECTS}":
            return "discovery", Answer(200, app.discovery())
        if asked.path.startswith(WELL_KNOWN):
            return "discovery", Answer(302, {}, {"Location": f"{WELL_KNOWN}/{next(hops)}"})
        return usual(asked)

    app.route = route
    target, _, evidence = prepared(app)
    assert target.base_url == f"{HOST}/scribe/api"
    assert [x.status for x in evidence.select("discovery")] == [302] * REDIRECTS + [200]


def test_an_endless_redirect_ends():
    app = discovery_as(lambda asked: Answer(302, {}, {"Location": WELL_KNOWN}))
    app.root = "/v1"
    target, _, evidence = prepared(app)
    assert len(list(evidence.select("discovery"))) == REDIRECTS + 1
    assert target.base_url == f"{HOST}/v1"


@pytest.mark.parametrize("root", ["/v1", "/api"])
def test_a_service_without_discovery_is_graded_from_where_its_templates_are(root):
    app = discovery_as(lambda asked: refusal(404, "invalid_request", "No such page."))
    app.root = root
    target, _, _ = prepared(app, target=HOST + ("" if root == "/v1" else root))
    assert target.base_url == HOST + root
    assert target.model == {}
    assert target.upload_form == "multipart"


def test_web_pages_are_no_service():
    app = miniature(
        twist=lambda _o, _a, _answer: Answer(200, raw=b"<!DOCTYPE html>", headers={"content-type": "text/html"})
    )
    with pytest.raises(TargetUnreachable, match="web pages"):
        prepared(app)


def test_nonsense_in_discovery_and_the_list_is_not_driven_by():
    odd = {
        "endpoints": {"base_url": f"{HOST}/scribe/api/"},
        "capabilities": {"audio_formats": "wav", "upload_methods": [1, "stream"], "max_chunk_duration_seconds": True},
        "models": [None, {"id": 5}, {"id": "pro", "languages": "en"}],
    }

    def twist(operation, asked, answer):
        if operation == "templates":
            return Answer(200, {"templates": [{"id": 3}, "soap", {"id": "transcript"}, {"id": "soap"}, {"id": "soap"}]})
        return Answer(200, odd) if operation == "discovery" else answer

    target, _, _ = prepared(miniature(twist=twist))
    assert target.templates == ("soap", "transcript")
    assert (target.model["id"], target.audio_formats, target.max_chunk_seconds) == ("pro", (), None)
    assert target.upload_methods == ("chunked", "single")


def test_preparing_is_never_graded_but_for_discovery_and_the_list():
    _, _, evidence = prepared(miniature())
    assert {x.label.operation for x in evidence.exchanges if x.label.graded} == {"discovery", "templates"}
    assert evidence.stories == {}


@pytest.mark.parametrize(
    "url", ["scribe.example.com", "ftp://scribe.example.com", "https://", "http://[", "//a.test", ""]
)
def test_an_address_without_http_is_a_usage_error(url):
    with pytest.raises(BadOption, match="https://") as said:
        Options(url, "sk_test_x")
    assert said.value.exit_code == 2
    assert "\n" not in str(said.value)


@pytest.mark.parametrize("key", ["", " sk", "sk_test\n", "schlüssel"])
def test_a_key_that_fits_no_header_is_a_usage_error(key):
    with pytest.raises(BadOption, match="--api-key"):
        Options(HOST, key)


def test_a_second_key_must_be_another():
    with pytest.raises(BadOption, match="both are the same"):
        Options(HOST, OTHER_KEY, OTHER_KEY)


@pytest.mark.parametrize("url", ["https://me:secret@a.test", "https://a.test/?api_key=sk_test_x", "https://a.test/#x"])
def test_a_key_or_password_in_the_address_is_a_usage_error(url):
    with pytest.raises(BadOption, match="--api-key"):
        Options(url, "sk_test_x")


@pytest.mark.parametrize(
    "url, public",
    [
        ("https://api.scribe.com/v1", True),
        ("https://8.8.8.8", True),
        ("http://127.0.0.1:8080", False),
        ("http://[::1]", False),
        ("http://10.1.2.3", False),
        ("http://localhost", False),
        ("http://scribe", False),
        ("http://scribe.local", False),
    ],
)
def test_a_host_is_public_by_its_name(url, public):
    assert is_public(url) is public
