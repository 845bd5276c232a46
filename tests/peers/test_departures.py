"""Every peer departs from the honest server as it says, and in nothing else."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from scribe_data import recordings

from .offering import CLOCK_PATH
from .production import TOKEN_PATH, Production
from .roll import PEERS
from .serving import serving
from .walk import BODY, Walk

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .honest import Honest

#: What a walk shows of each peer that is different from the honest server.
DEPARTS = {
    "framework_defaults": {
        "templates, no key", "templates, wrong key", "templates, version 99.0", "create, templates soap",
        "create, model none", "create, upload_type pigeon", "create, no templates", "create, broken", "create, no key",
        "create, strings", "create, arrays", "unknown", "unknown end", "nowhere", "create", "created", "upload, no key",
        "recording", "end, with count", "processing", "done", "late upload", "create again", "expired",
    },
    "strings_only": {"create, arrays"},
    "arrays_only": {"create, strings"},
    "foreign_host": set(),
    "counting_end": {"end, no body", "end, with count"},
    "never_finishes": {"done"},
    "gateway": set(),
    "web_pages": {
        "templates, no key", "templates, wrong key", "templates, version 99.0", "create, templates soap",
        "create, model none", "create, upload_type pigeon", "create, no templates", "create, broken", "create, no key",
        "unknown", "unknown end", "nowhere", "upload, no key", "end, with count", "late upload",
    },
    "text_order_in_lists": {"recording", "end, no body", "processing", "done"},
    "text_order_in_transcripts": {"recording", "end, no body", "processing", "done"},
    "unknown_template_unsaid": {"done"},
}  # fmt: skip


def walked(peer: Honest, **more: Any) -> dict[str, tuple[int, Any]]:
    with serving(peer) as address:
        return Walk(address, peer.key(), **more).run()


@pytest.fixture(scope="module")
def honest() -> dict[str, tuple[int, Any]]:
    return walked(PEERS["honest"]())


@pytest.mark.parametrize("name", DEPARTS)
def test_a_peer_departs_as_it_says_and_in_nothing_else(name: str, honest: dict[str, tuple[int, Any]]) -> None:
    answers = walked(PEERS[name]())
    differing = {step for step, answer in answers.items() if answer != honest[step]}
    assert answers.keys() == honest.keys()
    assert differing == DEPARTS[name]


def test_the_honest_server_tells_what_was_said(honest: dict[str, tuple[int, Any]]) -> None:
    status, done = honest["done"]
    said = [recordings.load()[f"markers/audio_{n}"].text for n in (0, 2, 10)]
    assert (status, done["status"], done["transcript"]) == (206, "partial", " ".join(said))
    assert done["templates"]["never-heard-of"]["error"]["code"] == "template_not_found"
    assert honest["expired"][0] == 410


def test_framework_defaults_have_statuses_and_errors_of_their_own() -> None:
    answers = walked(PEERS["framework_defaults"]())
    assert answers["create"][0] == 200
    assert [answers[state][0] for state in ("created", "processing", "done", "expired")] == [200] * 4
    assert answers["create, no templates"][0] == 422
    assert isinstance(answers["create, broken"][1]["detail"], list)
    assert answers["unknown"] == (404, {"detail": "there is no such session"})


def test_web_pages_are_html_and_a_login_page() -> None:
    peer = PEERS["web_pages"]()
    with serving(peer) as address, httpx.Client(base_url=address) as client:
        missing = client.get("/v1/templates")
        wrong = client.get("/v1/templates", headers={"X-API-Key": "nobody"})
        assert (missing.status_code, missing.headers["location"]) == (302, f"{address}/login")
        assert client.get("/login").status_code == 200
        assert (wrong.status_code, wrong.headers["content-type"]) == (401, "text/html; charset=utf-8")


def test_a_foreign_host_is_told_and_nobody_answers_there() -> None:
    peer = PEERS["foreign_host"]()
    with serving(peer) as address, httpx.Client(base_url=address, headers={"X-API-Key": peer.key()}) as client:
        base_url = client.get("/.well-known/medscribealliance").json()["endpoints"]["base_url"]
        upload_url = client.post("/v1/sessions", json=BODY).json()["upload_url"]
        assert base_url == "http://127.0.0.1:1/v1"
        assert upload_url.startswith(base_url)
        with pytest.raises(httpx.ConnectError):
            client.get(f"{base_url}/templates")


@pytest.mark.parametrize(
    "name, listed", [("bare_ids", "clinic-a"), ("bare_entries", {"template_id": "clinic-a"})], ids=["ids", "entries"]
)
def test_own_templates_stand_in_a_bare_list_and_the_standard_ones_fail(name: str, listed: Any) -> None:
    answers = walked(PEERS[name](), templates=("clinic-a", "clinic-b"))
    assert answers["templates"][1][0] == listed
    assert answers["done"][1]["templates"]["clinic-a"]["status"] == "success"
    standard = walked(PEERS[name]())["done"][1]["templates"]["soap"]
    assert standard["error"]["code"] == "template_not_found"


def test_without_a_templates_route_the_standard_ids_work() -> None:
    answers = walked(PEERS["no_templates_route"]())
    assert [answers[step][0] for step in ("templates", "templates, no key")] == [404, 404]
    assert answers["done"][1]["templates"]["soap"]["status"] == "success"


def test_an_end_that_counts_needs_its_body() -> None:
    peer = PEERS["counting_end"]()
    with serving(peer) as address, httpx.Client(base_url=address, headers={"X-API-Key": peer.key()}) as client:
        end = f"/v1/sessions/{client.post('/v1/sessions', json=BODY).json()['session_id']}/end"
        answers = [client.post(end), client.post(end, json={}), client.post(end, json={"audio_files_sent": 0})]
    assert [answer.status_code for answer in answers] == [500, 400, 202]


def test_a_gateway_redirects_zips_and_chunks() -> None:
    peer = PEERS["gateway"]()
    with serving(peer) as address, httpx.Client(base_url=address, headers={"X-API-Key": peer.key()}) as client:
        codes = [client.get("/.well-known/medscribealliance").status_code, client.post("/v1/sessions").status_code]
        answer = client.get("/v1/templates/")
        raw = [name for name, _ in answer.headers.raw]
        assert [*codes, client.get("/v1/templates").status_code] == [301, 307, 308]
        assert answer.headers["content-encoding"] == "gzip"
        assert answer.headers["transfer-encoding"] == "chunked"
        assert b"VIA" in raw
        assert answer.json()["templates"]


def test_an_unavailable_server_is_503_to_everything() -> None:
    with serving(PEERS["unavailable"]()) as address:
        answers = [httpx.get(f"{address}/.well-known/medscribealliance"), httpx.post(f"{address}/v1/sessions")]
    assert [(answer.status_code, answer.headers["retry-after"]) for answer in answers] == [(503, "30")] * 2


def test_an_upload_cut_short_loses_the_end_and_says_nothing() -> None:
    peer = PEERS["upload_cut_short"]()
    file = recordings.load()["knee"]
    with serving(peer) as address, httpx.Client(base_url=address, headers={"X-API-Key": peer.key()}) as client:
        made = client.post("/v1/sessions", json={**BODY, "upload_type": "single"}).json()
        sent = client.post(made["upload_url"], files={"file": ("knee.wav", file.read(), "audio/wav")})
        session = f"/v1/sessions/{made['session_id']}"
        client.post(f"{session}/end")
        time.sleep(peer.processing_seconds + 0.2)
        done = client.get(session).json()
    assert (sent.status_code, done["status"], done["audio_files"]) == (200, "completed", ["knee.wav"])
    assert file.text.startswith(done["transcript"].split(".")[0])
    assert len(done["transcript"]) < len(file.text) / 3


def test_a_file_reaches_storage_through_the_signed_form_alone() -> None:
    peer = PEERS["object_upload"]()
    file = {"file": ("audio_0.wav", recordings.load()["short"].read(), "audio/wav")}
    with serving(peer) as address, httpx.Client(base_url=address) as client:
        client.headers["X-API-Key"] = peer.key()
        made = client.post("/v1/sessions", json=BODY).json()
        data = made["upload_url"]["uploadData"]
        assert not data["url"].startswith(address)
        assert httpx.post(data["url"], files=file).status_code == 403
        assert httpx.post(data["url"], data=data["fields"], files=file).status_code == 204
        assert client.post(f"/v1/sessions/{made['session_id']}/audio", files=file).status_code == 404
        assert client.get(f"/v1/sessions/{made['session_id']}").json()["audio_files"] == ["audio_0.wav"]


class TestProduction:
    """The production server, one told shape at a time."""

    @pytest.fixture
    def peer(self) -> Production:
        return Production(hold_seconds=2.0, processing_seconds=0.6)

    @pytest.fixture
    def client(self, peer: Production) -> Iterator[httpx.Client]:
        with serving(peer) as address, httpx.Client(base_url=address, timeout=30) as client:
            client.headers["Authorization"] = f"Bearer {peer.key()}"
            yield client

    @staticmethod
    def create(client: httpx.Client, **changed: Any) -> httpx.Response:
        body = {**BODY, "model": "pro", "language_hint": ["en"], "templates": ["visit-summary"], **changed}
        return client.post("/sessions", json={name: value for name, value in body.items() if value is not None})

    def test_the_origin_has_nothing(self, client: httpx.Client) -> None:
        origin = str(client.base_url).partition("/voice")[0]
        assert str(client.base_url).rstrip("/").endswith("/voice/v1")
        assert httpx.get(f"{origin}/.well-known/medscribealliance").status_code == 404
        assert client.get("/.well-known/medscribealliance").status_code == 200

    def test_only_living_tokens_are_let_in(self, client: httpx.Client) -> None:
        missing = httpx.get(f"{client.base_url}templates")
        with_key = httpx.get(f"{client.base_url}templates", headers={"X-API-Key": "peer-key-one"})
        assert (missing.status_code, missing.json()) == (403, {"detail": "missing_token"})
        assert with_key.status_code == 403
        short = Production(token_seconds=2.0)
        with serving(short) as address:
            headers = {"Authorization": f"Bearer {short.mint()}"}
            assert httpx.get(f"{address}/note-templates", headers=headers).status_code == 200
            time.sleep(2.2)
            assert httpx.get(f"{address}/note-templates", headers=headers).status_code == 401
            headers = {"Authorization": f"Bearer {httpx.post(address + TOKEN_PATH).json()['access_token']}"}
            assert httpx.get(f"{address}/note-templates", headers=headers).status_code == 200

    def test_templates_are_elsewhere(self, client: httpx.Client) -> None:
        discovery = client.get("/.well-known/medscribealliance").json()
        listed = client.get(discovery["endpoints"]["templates_url"]).json()["items"]
        assert client.get("/templates").status_code == 500
        assert listed[0] == {"id": "visit-summary", "title": "Visit-Summary"}
        assert client.post(discovery["endpoints"]["webhooks_url"], json={}).status_code == 404
        assert client.get(CLOCK_PATH).status_code == 404

    def test_a_create_needs_a_hint_and_a_template_it_knows(self, client: httpx.Client) -> None:
        assert self.create(client).status_code == 201
        refused = [self.create(client, language_hint=None), self.create(client, templates=["soap"])]
        assert [(answer.status_code, answer.json()["error"]["code"]) for answer in refused] == [
            (400, "BAD_REQUEST")
        ] * 2

    def test_a_session_goes_its_own_way(self, client: httpx.Client) -> None:
        made = self.create(client).json()
        session, url = f"/sessions/{made['session_id']}", made["upload_url"]
        content, raw = recordings.load()["short.webm"].read(), {"Content-Type": "audio/webm;codecs=opus"}
        assert client.post(url, content=content, headers=raw).status_code == 400
        sent = client.post(f"{url}/audio_0.webm", content=content, headers=raw)
        assert sent.json() == {
            "session_id": made["session_id"], "success": True, "original_filename": "audio_0.webm",
        }  # fmt: skip
        open_ = client.get(session).json()
        assert (open_["status"], open_["audio_files"]) == ("initialized", ["0.webm"])
        assert open_["additional_data"] == {"visit": "v-1", "_protocol": "medscribealliance"}
        assert client.post(f"{session}/end").status_code == 202
        asked = time.monotonic()
        done = client.get(session)
        assert time.monotonic() - asked > 0.3, "the answer is held while the session is processed"
        assert (done.status_code, done.json()["templates"][0]["visit-summary"]["status"]) == (200, "success")
        late = client.post(f"{url}/audio_1.webm", content=content, headers=raw)
        assert (late.status_code, late.json()["error"]["code"]) == (400, "session_ended")
        assert late.json()["status"] == "failed"

    def test_losses_have_words_of_their_own(self, client: httpx.Client) -> None:
        told = []
        for files in (("short", "noise"), ("noise",)):
            made = self.create(client).json()
            for n, name in enumerate(files):
                content = recordings.load()[name].read()
                client.post(f"{made['upload_url']}/a_{n}.wav", content=content, headers={"Content-Type": "audio/wav"})
            client.post(f"/sessions/{made['session_id']}/end")
            answer = client.get(f"/sessions/{made['session_id']}")
            told.append((answer.status_code, answer.json()["templates"][0]["visit-summary"]["status"]))
        assert told == [(206, "partial_success"), (200, "failure")]
