"""One walk through the protocol, the same for every peer, and what each step was answered."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass, field
from typing import Any

import httpx

from scribe_data import recordings

from .offering import CLOCK_PATH

BODY = {
    "templates": ["soap"],
    "model": "lite",
    "upload_type": "chunked",
    "communication_protocol": "http",
    "additional_data": {"visit": "v-1"},
}
#: Longer than any peer of this walk processes, short enough for a test.
PROCESSED = 0.6


@dataclass
class Walk:
    """The answers of a peer by step: status and document, with what differs from run to run taken out."""

    address: str
    key: str
    templates: tuple[str, ...] = ("soap", "medications")
    answers: dict[str, tuple[int, Any]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.client = httpx.Client(base_url=self.address, follow_redirects=True, timeout=30)
        self.keyed = {"X-API-Key": self.key}

    def step(self, name: str, method: str, path: str, *, keyed: bool = True, **more: Any) -> Any:
        """One request; its answer is kept under the name."""
        headers = {**(self.keyed if keyed else {}), **more.pop("headers", {})}
        answer = self.client.request(method, path, headers=headers, **more)
        try:
            document = answer.json()
        except ValueError:
            document = answer.text
        self.answers[name] = (answer.status_code, plain(document))
        return document

    def body(self, **changed: Any) -> dict[str, Any]:
        return {**BODY, "templates": [self.templates[0]], **changed}

    def run(self) -> dict[str, tuple[int, Any]]:
        with self.client:
            self.offers()
            self.refusals()
            self.whole_session()
            self.expiry()
        return self.answers

    def offers(self) -> None:
        self.step("discovery", "GET", "/.well-known/medscribealliance", keyed=False)
        self.step("templates", "GET", "/v1/templates")
        self.step("templates, no key", "GET", "/v1/templates", keyed=False)
        self.step("templates, wrong key", "GET", "/v1/templates", headers={"X-API-Key": "nobody"})
        self.step("templates, version 99.0", "GET", "/v1/templates", headers={"MSA-Version": "99.0"})

    def refusals(self) -> None:
        path = "/v1/sessions"
        for member, value in (("templates", "soap"), ("model", "none"), ("upload_type", "pigeon")):
            self.step(f"create, {member} {value}", "POST", path, json=self.body(**{member: value}))
        self.step("create, no templates", "POST", path, json={"upload_type": "chunked"})
        self.step("create, broken", "POST", path, content=b"{", headers={"Content-Type": "application/json"})
        self.step("create, no key", "POST", path, json=self.body(), keyed=False)
        self.step("create, strings", "POST", path, json=self.body(language_hint="en", transcript_language="en"))
        self.step("create, arrays", "POST", path, json=self.body(language_hint=["en"], transcript_language=["en"]))
        self.step("unknown", "GET", "/v1/sessions/ses_000000000000")
        self.step("unknown end", "POST", "/v1/sessions/ses_000000000000/end", json={"audio_files_sent": 0})
        self.step("nowhere", "GET", "/v1/nothing")

    def whole_session(self) -> None:
        """A session with eleven files, the tenth before the second, and one unknown template."""
        asked = self.body(templates=[self.templates[0], "never-heard-of"])
        made = self.step("create", "POST", "/v1/sessions", json=asked)
        session = f"/v1/sessions/{made['session_id']}"
        self.step("created", "GET", session)
        for n in (0, 10, 2):
            file = recordings.load()[f"markers/audio_{n}"]
            form = {"file": (f"audio_{n}.wav", file.read(), "audio/wav")}
            self.step(f"upload {n}", "POST", f"{session}/audio", files=form)
        self.step("upload, no key", "POST", f"{session}/audio", files=form, keyed=False)
        self.step("recording", "GET", session)
        self.step("end, no body", "POST", f"{session}/end")
        self.step("end, with count", "POST", f"{session}/end", json={"audio_files_sent": 3})
        self.step("processing", "GET", session)
        time.sleep(PROCESSED)
        self.step("done", "GET", session)
        self.step("late upload", "POST", f"{session}/audio", files=form)

    def expiry(self) -> None:
        made = self.step("create again", "POST", "/v1/sessions", json=self.body())
        self.step("clock", "POST", CLOCK_PATH, json={"advance_seconds": 700})
        self.step("expired", "GET", f"/v1/sessions/{made['session_id']}")
        del self.answers["clock"]


def plain(document: Any) -> Any:
    """A document without what differs from run to run: ids, addresses, instants and the names of servers."""
    if isinstance(document, dict):
        return {name: plain(value) for name, value in document.items() if name not in {"service", "session_id"}}
    if isinstance(document, list):
        return [plain(item) for item in document]
    if isinstance(document, str):
        document = re.sub(r"http://127\.0\.0\.1:\d+", "http://here", document)
        document = re.sub(r"sessions/[^/]+", "sessions/{id}", document)
        return re.sub(r"\d{4}-\d\d-\d\dT[0-9:.]+Z", "{instant}", document)
    return document
