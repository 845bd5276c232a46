"""Chapters 3, 4 and 8: discovery, versions and the template list."""

from __future__ import annotations

import pytest

from mock_server.api.label import checked_label
from mock_server.opening import _try_out
from mock_server.speech import SpeechUnavailable
from tests.mock_server.stage import HOST, KEYS, MINE, code_of, keeps

PATH = "/.well-known/medscribealliance"


def test_discovery_is_open_complete_and_cacheable(mock):
    answer = mock.get(PATH, key=None)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/json")
    assert answer.headers["cache-control"] == "public, max-age=3600"
    body = answer.json()
    assert keeps("discovery", body)
    assert body["endpoints"] == {"base_url": f"{HOST}/v1"}
    assert {model["id"]: model["max_session_duration_seconds"] for model in body["models"]} == {
        "lite": 600,
        "pro": 3600,
    }
    assert "scripted" in body["service"]["name"]


def test_discovery_declares_nothing_it_does_not_serve(mock):
    body = mock.get(PATH, key=None).json()
    assert body["authentication"] == {"supported_methods": ["api_key"]}
    assert body["capabilities"]["webhook_delivery"] is body["capabilities"]["client_sdk_delivery"] is False
    assert "webhooks_url" not in body["endpoints"]
    assert None not in body.values()


def test_every_declared_format_is_a_label_an_upload_may_have(mock):
    for media_type in mock.get(PATH, key=None).json()["capabilities"]["audio_formats"]:
        assert checked_label(media_type) == media_type


def test_discovery_stands_under_the_base_url_too(mock):
    assert mock.get("/v1" + PATH, key=None).json() == mock.get(PATH, key=None).json()


def test_what_a_cache_has_is_not_sent_again(mock):
    first = mock.get(PATH, key=None)
    again = mock.get(PATH, key=None, headers={"If-None-Match": f'"other", {first.headers["etag"]}'})
    assert (again.status_code, again.content) == (304, b"")
    assert mock.get(PATH, key=None, headers={"If-None-Match": '"other"'}).status_code == 200


@pytest.mark.parametrize("host", ["evil.example/path", "a b", "[", "x@y", "a:99999999", "é", ""])
def test_a_host_that_is_none_never_gets_into_an_address(mock, host):
    body = mock.get(PATH, key=None, headers={"Host": host.encode()}).json()
    assert body["endpoints"]["base_url"] == "http://mock.example:8080/v1"


def test_the_host_a_client_used_is_the_host_it_is_given(mock):
    for host in ("localhost:9", "scribe_mock:80", "[::1]:8080"):
        body = mock.get(PATH, key=None, headers={"Host": host}).json()
        assert body["endpoints"]["base_url"] == f"http://{host}/v1"


def test_a_base_url_behind_a_proxy_is_told_as_set(mock):
    mock.set(base_url="https://scribe.example/")
    assert mock.get(PATH, key=None).json()["endpoints"]["base_url"] == "https://scribe.example/v1"
    assert mock.create()["upload_url"].startswith("https://scribe.example/v1/sessions/ses_")


def test_open_namespaces_show_in_the_services_name(mock):
    mock.set(open_namespaces=True)
    assert "open namespaces" in mock.get(PATH, key=None).json()["service"]["name"]


def test_templates_are_behind_authentication_and_described(mock):
    assert code_of(mock.get("/v1/templates", key=None)) == "authentication_failed"
    body = mock.get("/v1/templates").json()
    assert keeps("templates", body)
    assert {entry["id"] for entry in body["templates"]} == {
        "transcript",
        "soap",
        "medications",
        "discharge_summary",
        "referral_letter",
        "hpi",
        "vitals",
    }


def test_an_unknown_version_is_refused_with_the_known_ones(mock):
    answer = mock.get("/v1/templates", headers={"MSA-Version": "99.0"})
    assert (answer.status_code, code_of(answer)) == (400, "unsupported_version")
    assert answer.json()["error"]["details"] == {"requested_version": "99.0", "supported_versions": ["0.1"]}


def test_a_known_version_changes_nothing(mock):
    assert mock.get("/v1/templates", headers={"MSA-Version": "0.1"}).status_code == 200


def test_a_wrong_key_with_a_wrong_version_is_told_of_the_key_only(mock):
    answer = mock.get("/v1/templates", key="nobody", headers={"MSA-Version": "99.0"})
    assert (answer.status_code, code_of(answer)) == (401, "invalid_api_key")


def test_health_says_ready_only_after_the_trial(mock):
    assert mock.get("/health/live", key=None).json() == {"status": "live"}
    told = mock.get("/health/ready", key=None).json()
    parts = told.pop("parts")
    assert told == {"status": "ready", "engine": "scripted"}
    assert {part: each["ready"] for part, each in parts.items()} == dict.fromkeys(
        ("server", "engine", "storage", "queue"), True
    )
    mock.face.ready = False
    try:
        answer = mock.get("/health/ready", key=None)
    finally:
        mock.face.ready = True
    assert (answer.status_code, code_of(answer), answer.headers["retry-after"]) == (503, "service_unavailable", "1")


def test_health_says_of_each_part_what_it_lacks(mock, monkeypatch):
    monkeypatch.setattr(mock.face, "ready", False)
    monkeypatch.setattr(mock.face, "unready_because", "The model is being tried out.")
    monkeypatch.setattr(mock.face.service, "shortage", lambda: "The disk is full.")
    monkeypatch.setattr(mock.face, "stopping", True)
    answer = mock.get("/health/ready", key=None)
    parts = answer.json()["parts"]
    assert answer.status_code == 503
    assert parts["server"] == {"ready": False, "because": "The server is stopping."}
    assert parts["engine"] == {"ready": False, "because": "The model is being tried out."}
    assert parts["storage"] == {"ready": False, "because": "The disk is full."}
    assert parts["queue"] == {"ready": True, "waiting": 0, "in_work": 0, "oldest_s": 0.0}
    assert answer.json()["error"]["message"] == "The server is stopping."


@pytest.mark.parametrize(
    ("trouble", "told"),
    [
        (SpeechUnavailable("The speech worker stopped."), "worker stopped"),
        (RuntimeError("secret path"), "log says why"),
    ],
)
def test_a_model_that_fails_its_trial_is_never_ready(mock, monkeypatch, trouble, told):
    async def fails():
        raise trouble

    monkeypatch.setattr(mock.face.transcriber, "ready", fails)
    monkeypatch.setattr(mock.face, "ready", False)
    monkeypatch.setattr(mock.face, "unready_because", "")
    mock.run(_try_out(mock.face))
    answer = mock.get("/health/ready", key=None)
    assert answer.status_code == 503
    assert told in answer.json()["error"]["message"]
    assert "secret" not in answer.text


def test_the_documentation_is_the_specs_and_names_no_key(mock):
    assert mock.get("/openapi.json", key=None).json()["openapi"].startswith("3.1")
    page = mock.get("/docs", key=None)
    assert page.headers["content-type"].startswith("text/html")
    assert "/sessions/{session_id}/end" in page.text
    assert not any(key in page.text for key in (MINE, *KEYS))
