"""Uploads that go straight to a store: the kit follows them, finds nothing wrong, and finds what is lost of them."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.parse import unquote

import httpx
import pytest

from conformance.certification import certify
from conformance.target import Options
from conformance.verdict import Overall, Verdict
from conformance.vocabulary.probe import Probe
from mock_server.app import create_app
from mock_server.direct import DirectUploads
from mock_server.faults.catalogue import DIRECT
from mock_server.settings import Settings
from tests.mock_server import weed
from tests.mock_server.cli.test_cli_socket import Server
from tests.mock_server.test_direct import Folder
from tests.peers.runs import reread
from tests.proof.bench import KEYS, options
from tests.proof.test_faults import kit_errors, red
from tests.whole import some

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from conformance.run import Run

STORE = "store.test"


class Both(httpx.AsyncBaseTransport):
    """The server, and a store on another host that takes what is PUT to it and looks for keys that are none of its."""

    def __init__(self, app, folder: Folder) -> None:
        self.app = app
        self._folder = folder
        self._served = httpx.ASGITransport(app=app)
        self.seen: list[httpx.Request] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if request.url.host != STORE:
            return await self._served.handle_async_request(request)
        self.seen.append(request)
        content = await request.aread()
        if request.method != "PUT" or "X-Amz-Signature" not in str(request.url):
            return httpx.Response(403, content=b"<Error/>", headers={"Content-Type": "application/xml"})
        session_id, _, name = unquote(request.url.raw_path.decode().partition("?")[0]).lstrip("/").partition("/")
        self._folder.put(session_id, name, content, request.headers.get("content-type", ""))
        return httpx.Response(200)


def driven(folder: Path, faults: tuple[str, ...] = (), **changes: object) -> tuple[Run, Both]:
    """A run, and what the store saw of it."""

    async def run() -> tuple[Run, Both]:
        settings = Settings(folder, api_keys=KEYS, transcriber="scripted", in_memory=True, direct_uploads="put")
        app = create_app(replace(settings, faults=faults))
        async with app.router.lifespan_context(app):
            service = app.state.face.service
            store = Folder()
            service.direct = DirectUploads(store, "put", service, service.reception)
            both = Both(app, store)
            asked = replace(options(app, 5), transport=both, headers=(("X-Gateway", "for-the-service-alone"),))
            asked = replace(asked, processing_timeout=60)  # a busy machine takes its time
            return await certify(replace(asked, **changes), reading="strict"), both

    return asyncio.run(run())


def test_a_service_that_sends_audio_to_a_store_is_conformant_in_both_readings(tmp_path: Path) -> None:
    strict, both = driven(tmp_path)
    for run in (strict, reread(strict, "lenient")):
        assert red(run) == set(), run.reading
        assert kit_errors(run) == []
        assert run.overall is Overall.CONFORMANT
    by = {each.requirement.id: each for each in strict.graded}
    assert by["AUD-005"].verdict is Verdict.PASS
    assert by["AUD-014"].verdict is Verdict.NOT_APPLICABLE  # the address has a name of its own
    assert by["SES-END-007"].verdict is Verdict.PASS
    secret = {"x-api-key", "authorization", "cookie", "x-gateway"}
    assert both.seen
    assert not [request.url for request in both.seen if secret & {name.lower() for name in request.headers}]
    assert not [request.url for request in both.seen if any(key in str(request.headers.raw) for key in KEYS)]
    sent_on = [x for x in strict.evidence.exchanges if x.label.probe == Probe.UPLOAD_FORM.of("named-put")]
    assert [x.status for x in sent_on] == [307, 200]


@pytest.mark.parametrize("name", sorted(DIRECT))
def test_a_fault_of_what_lies_in_the_store_turns_exactly_its_requirements_red(tmp_path: Path, name: str) -> None:
    run, _ = driven(tmp_path, (name,))
    assert kit_errors(run) == []
    assert red(run) == set(DIRECT[name].breaks)
    assert run.overall is Overall.NON_CONFORMANT


@pytest.fixture(scope="module")
def objects(tmp_path_factory: pytest.TempPathFactory) -> Iterator[weed.Weed]:
    server = weed.started(tmp_path_factory.mktemp("weed"))
    yield server
    server.stop()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("way", "revision", "broken"),
    some(
        2,
        [
            ("put", "2026-01-27", set()),
            ("put", "2026-01-29", set()),
            # no text has an upload_url that is an object
            ("form", "2026-01-27", {"SES-CREATE-003", "SES-CREATE-007"}),
        ],
    ),
)
def test_a_server_whose_clients_put_audio_into_a_real_store_is_judged_by_the_text(
    objects: weed.Weed, tmp_path: Path, way: str, revision: str, broken: set[str]
) -> None:
    store = objects.url(f"judged-{way}-{revision}")
    keys = [part for key in KEYS for part in ("--api-key", key)]
    told = ("--transcriber", "scripted", "--audio-store", store, "--direct-uploads", way, "--revision", revision)
    served = Server(tmp_path, *told, *keys)
    try:
        asked = Options(
            target=served.url,
            api_key=KEYS[0],
            second_api_key=KEYS[1],
            test_clock=f"{served.url}/_mock/v1/clock",
            processing_timeout=60,
            examples=5,
            revision=revision,
        )
        strict = asyncio.run(certify(asked, reading="strict"))
    finally:
        served.stop()
    for run in (strict, reread(strict, "lenient")):
        assert red(run) == broken, run.reading
        assert kit_errors(run) == []
        assert run.overall is (Overall.NON_CONFORMANT if broken else Overall.CONFORMANT)
