"""The whole mock in this process, scripted ears aside all real, and the gestures its tests make."""

from __future__ import annotations

import asyncio
import logging
from contextlib import asynccontextmanager, contextmanager
from dataclasses import replace

import httpx
from jsonschema import Draft202012Validator

import scribe_data
from mock_server.app import create_app
from mock_server.settings import Limits, Settings
from scribe_data import recordings

HOST = "http://mock.example:8080"
MINE, ALSO_MINE, OTHERS, LIVE = "sk_test_mine", "sk_test_mine_2", "sk_test_other", "live-key-0123456789"
KEYS = (MINE, ALSO_MINE, OTHERS, LIVE)
#: Above the short fixtures, below what a test can send in an instant.
LIMITS = Limits(upload_bytes=400_000, session_bytes=2_000_000, files=20, reconcile_s=0.5)
BODY = {
    "templates": ["soap"],
    "upload_type": "chunked",
    "communication_protocol": "http",
    "model": "lite",
}
SHORT = recordings.load()["short"]


@contextmanager
def complaints():
    """Records of what uvicorn complains of within the block."""
    heard, listener = [], logging.Handler()
    listener.emit = heard.append
    logging.getLogger("uvicorn.error").addHandler(listener)
    try:
        yield heard
    finally:
        logging.getLogger("uvicorn.error").removeHandler(listener)


def keeps(schema: str, value: object, spec: scribe_data.Spec | None = None) -> bool:
    """Whether a body keeps a schema of the spec; says how it does not."""
    schemas = (spec or scribe_data.load()).schemas
    validator = Draft202012Validator(schemas[schema], format_checker=Draft202012Validator.FORMAT_CHECKER)
    found = [f"{error.json_path}: {error.message}" for error in validator.iter_errors(value)]
    assert not found, found
    return True


def code_of(answer: httpx.Response) -> str:
    """The code of an error answer, which is an envelope as JSON or no error answer at all."""
    assert answer.headers["content-type"] == "application/json"
    keeps("error_envelope", answer.json())
    return answer.json()["error"]["code"]


class Mock:
    """A started server and a client without credentials of its own."""

    def __init__(self, runner: asyncio.Runner, app, client: httpx.AsyncClient) -> None:
        self.run = runner.run
        self.app = app
        self.face = app.state.face
        self.client = client

    def send(self, method, path, *, key=MINE, headers=None, **given) -> httpx.Response:
        sent = {"X-API-Key": key} if key else {}
        url = path if path.startswith("http") else HOST + path
        return self.run(self.client.request(method, url, headers=sent | (headers or {}), **given))

    def get(self, path, **given):
        return self.send("GET", path, **given)

    def post(self, path, **given):
        return self.send("POST", path, **given)

    def create(self, *, key=MINE, **changes) -> dict:
        answer = self.post("/v1/sessions", key=key, json=BODY | changes)
        assert answer.status_code == 201, answer.text
        return answer.json()

    def upload(self, session, content=None, name="audio_0.wav", *, label="audio/wav", **given) -> httpx.Response:
        content = SHORT.read() if content is None else content
        return self.post(session["upload_url"], files={"file": (name, content, label)}, **given)

    def end(self, session, **given) -> httpx.Response:
        return self.post(f"/v1/sessions/{session['session_id']}/end", **given)

    def read(self, session, **given) -> httpx.Response:
        return self.get(f"/v1/sessions/{session['session_id']}", **given)

    def settled(self, session, timeout_s=20.0) -> httpx.Response:
        """The answer once processing is over; the queue is looked at in moments without requests."""

        async def wait() -> httpx.Response:
            url = f"{HOST}/v1/sessions/{session['session_id']}"
            async with asyncio.timeout(timeout_s):
                while True:
                    answer = await self.client.get(url, headers={"X-API-Key": MINE})
                    if answer.status_code != 202:
                        return answer
                    await asyncio.sleep(0.05)

        return self.run(wait())

    def processed(self, *contents, ending=None, **changes) -> httpx.Response:
        session = self.create(**changes)
        for number, content in enumerate(contents):
            assert self.upload(session, content, f"audio_{number}.wav").status_code == 200
        assert self.end(session, **({"json": ending} if ending is not None else {})).status_code == 202
        return self.settled(session)

    def advance(self, seconds, **given) -> httpx.Response:
        return self.post("/_mock/v1/clock", json={"advance_seconds": seconds}, **given)

    def set(self, **changes) -> None:
        """Change settings while the server runs."""
        self.face.settings = replace(self.face.settings, **changes)


@asynccontextmanager
async def started(directory, **given):
    """The application with its lifespan, and a client on it."""
    app = create_app(
        Settings(data_dir=directory, **{"api_keys": KEYS, "transcriber": "scripted", "limits": LIMITS} | given)
    )
    async with app.router.lifespan_context(app), httpx.AsyncClient(transport=httpx.ASGITransport(app)) as client:
        yield app, client
