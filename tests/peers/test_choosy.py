"""The choosy server conforms in every combination of its choices."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

import httpx
import jsonschema
import pytest

import scribe_data
from scribe_data import recordings

from .choices import CHOICES, drawn
from .choosy import Choosy
from .offering import CLOCK_PATH
from .serving import serving

if TYPE_CHECKING:
    from collections.abc import Iterator

SCHEMAS = scribe_data.load("medscribe", "2026-01-27").schemas


@pytest.fixture(params=range(8), ids=lambda seed: f"seed {seed}")
def peer(request: pytest.FixtureRequest) -> Choosy:
    # Every second seed keeps to what no reading fails; the others take what the lenient reading passes too.
    return Choosy(request.param, strict=request.param % 2 == 0)


@pytest.fixture
def client(peer: Choosy) -> Iterator[httpx.Client]:
    header = "Authorization" if peer.taken["spelling"] == "authorization" else "X-API-Key"
    key = f"X-API-Key {peer.key()}" if header == "Authorization" else peer.key()
    with serving(peer) as address, httpx.Client(base_url=address, headers={header: key}, timeout=30) as client:
        yield client


def create(client: httpx.Client, peer: Choosy, **changed: Any) -> httpx.Response:
    body = {
        "templates": list(peer.templates[:1]),
        "upload_type": (peer.upload_methods or ("chunked",))[0],
        "communication_protocol": "http",
        "model": next(iter(peer.limits)),
        "additional_data": {"visit": ["v-1", None]},
    }
    return client.post(f"{peer.base_url}/sessions", json={**body, **changed})


def upload(client: httpx.Client, peer: Choosy, made: dict[str, Any], name: str) -> httpx.Response:
    file = recordings.load()[name + (".webm" if "audio/wav" not in peer.formats else "")]
    sent = f"audio_0{file.path.suffix}"
    url = made["upload_url"] + (f"/{sent}" if peer.taken["named"] else "")
    if peer.taken["forms"] == "raw":
        headers = {"Content-Type": file.media_type, "Content-Disposition": f'attachment; filename="{sent}"'}
        return client.post(url, content=file.read(), headers=headers)
    return client.post(url, files={"file": (sent, file.read(), file.media_type)})


def test_there_are_forty_choices_and_more_each_with_what_allows_it() -> None:
    names = [choice.name for choice in CHOICES]
    assert len(names) == len(set(names)) >= 40
    assert all(choice.allowed_by and len(choice.both + choice.lenient) > 1 for choice in CHOICES)


def test_a_seed_draws_the_same_and_every_option_is_drawn() -> None:
    draws, strict = [drawn(seed) for seed in range(60)], [drawn(seed, strict=True) for seed in range(20)]
    assert draws[7] == drawn(7)
    for choice in CHOICES:
        seen = {json.dumps(draw[choice.name]) for draw in draws}
        assert seen == {json.dumps(option) for option in choice.both + choice.lenient}, choice.name
        assert all(draw[choice.name] in choice.both for draw in strict), choice.name


def test_a_session_goes_from_created_to_completed(peer: Choosy, client: httpx.Client) -> None:
    made = create(client, peer)
    assert made.status_code == 201
    assert 16 <= len(made.json()["session_id"]) <= 32
    session = f"{peer.base_url}/sessions/{made.json()['session_id']}"
    assert client.get(session).status_code in {200, 202}
    assert upload(client, peer, made.json(), "short").status_code in {200, 201, 204}
    time.sleep(peer.taken["lag"])
    assert client.get(session).json()["audio_files_received"] == 1
    ended = client.post(f"{session}/end")
    assert (ended.status_code, ended.json()["status"], ended.json()["audio_files_received"]) == (202, "processing", 1)
    time.sleep(peer.processing_seconds + 0.2)
    done = client.get(session)
    assert (done.status_code, done.json()["status"]) == (200, "completed")
    assert recordings.load()["short"].text in done.json()["transcript"]
    assert done.json()["additional_data"] == {"visit": ["v-1", None]}
    late = upload(client, peer, made.json(), "short")
    assert late.status_code in {400, 409}
    assert isinstance(late.json()["error"]["code"], str)


def test_a_session_that_nobody_ends_expires(peer: Choosy, client: httpx.Client) -> None:
    made = create(client, peer).json()
    moved = client.post(CLOCK_PATH, json={"advance_seconds": max(peer.limits.values()) + 1})
    expired = client.get(f"{peer.base_url}/sessions/{made['session_id']}")
    assert moved.json()["now"].endswith("Z")
    assert expired.status_code == 410
    assert expired.json().get("status", "expired") == "expired"
    refused = upload(client, peer, made, "short")
    assert 400 <= refused.status_code < 500


def test_strangers_and_wrong_requests_are_refused_in_the_envelope(peer: Choosy, client: httpx.Client) -> None:
    made = create(client, peer).json()
    session = f"{peer.base_url}/sessions/{made['session_id']}"
    refused = [
        (httpx.get(session), {401}),
        (httpx.get(session, headers={"X-API-Key": "x", "Authorization": "X-API-Key x"}), {401}),
        (client.get(f"{peer.base_url}/sessions/ses_000000000000"), {404}),
        (create(client, peer, templates="soap"), {400, 422}),
        (create(client, peer, model="none"), {400, 422}),
        (client.put(session), {404, 405}),
        (client.get(f"{peer.base_url}/nothing"), {404}),
    ]
    for answer, statuses in refused:
        assert answer.status_code in statuses, answer.request.url
        assert answer.headers["content-type"].startswith("application/json")
        assert {"code", "message"} <= answer.json()["error"].keys()


@pytest.mark.parametrize("seed", range(0, 40, 3))
def test_strict_answers_satisfy_the_schemas_of_the_text(seed: int) -> None:
    peer = Choosy(seed, strict=True, processing_seconds=0.2, lag=0.0)
    with serving(peer) as address, httpx.Client(base_url=address, headers={"X-API-Key": peer.key()}) as client:
        found = {"discovery": client.get("/.well-known/medscribealliance").json()}
        found["templates"] = client.get(f"{peer.base_url}/templates").json()
        for asked, outcome in ((["never-heard-of"], "session_partial"), ([], "session_completed")):
            made = create(client, peer, templates=[peer.templates[0], *asked]).json()
            session = f"{peer.base_url}/sessions/{made['session_id']}"
            upload(client, peer, made, "short")
            found |= {"create_response": made, "end_response": client.post(f"{session}/end").json()}
            found["error_envelope"] = client.put(session).json()
            time.sleep(0.4)
            found[outcome] = client.get(session).json()
        made = create(client, peer).json()
        client.post(CLOCK_PATH, json={"advance_seconds": 4000})
        found["session_expired"] = client.get(f"{peer.base_url}/sessions/{made['session_id']}").json()
    for name, document in found.items():
        validator = jsonschema.Draft202012Validator(SCHEMAS[name], format_checker=jsonschema.FormatChecker())
        assert not [error.message for error in validator.iter_errors(document)], name
