"""A client of a server process in the words of the revision that is served, with a namespace of its own."""

from __future__ import annotations

import itertools

import httpx

import scribe_data
from tests.mock_server.cli.test_cli_socket import Server
from tests.mock_server.stage import BODY, SHORT, keeps

#: Generous: a loaded machine, three sessions in work at a time.
PATIENCE_S = 40.0
REVISIONS = scribe_data.revisions()
_NUMBERS = itertools.count()


class Servers:
    """One server process a revision, started when the first test asks for it."""

    def __init__(self, folder):
        self._folder = folder
        self._running = {}

    def of(self, revision):
        if revision not in self._running:
            options = ("--transcriber", "scripted", "--open-namespaces", "--revision", revision)
            self._running[revision] = Server(self._folder / revision, *options)
        return self._running[revision]

    def stop(self):
        for server in self._running.values():
            server.stop()


class Client:
    """What every test does with a session, as the text of a revision has it."""

    def __init__(self, servers, revision=scribe_data.REVISION, **headers):
        self.text = scribe_data.load("medscribe", revision)
        self.numbered = self.text.printed.files == "numbered"
        self.ended = min(self.text.protocol.endpoints["end"].answers)
        #: The status of a session in work, by which a poll is told from a result.
        self.polled = self.text.lifecycle.states["processing"].status
        self.key = f"sk_test_n{next(_NUMBERS)}"
        self.url = servers.of(revision).url
        self.http = httpx.Client(base_url=self.url, headers={"X-API-Key": self.key} | headers, timeout=PATIENCE_S)
        self._sent = {}

    def body(self, **changes):
        """The body of a create that has what the text knows, and asks for the transcript where it has to."""
        known = self.text.schemas["create_request"]["properties"]
        asked = {"include_transcript": True} if self.text.printed.transcript == "asked" else {}
        return {name: value for name, value in (BODY | asked).items() if name in known} | changes

    def create(self, *templates, **changes):
        return self.http.post("/v1/sessions", json=self.body(templates=list(templates or ("soap",)), **changes))

    def upload(self, session, name="audio_0.wav", **headers):
        """Send a file by its name, or the next chunk where audio has numbers."""
        number, path = self._sent.get(session, 0), f"/v1/sessions/{session}/audio"
        if self.numbered:
            place = {"X-Chunk-Index": str(number), "Content-Type": "audio/wav"}
            sent = self.http.post(path, content=SHORT.read(), headers=place | headers)
        else:
            sent = self.http.put(f"{path}/{name}", content=SHORT.read(), headers=headers)
        self._sent[session] = number + (sent.status_code < 300)
        return sent

    def end(self, session):
        """End a session, with the count where the text asks for it."""
        count = {"json": {"audio_files_sent": self._sent.get(session, 0)}} if self.text.printed.counted_end else {}
        return self.http.post(f"/v1/sessions/{session}/end", **count)

    def get(self, session):
        return self.http.get(f"/v1/sessions/{session}")

    def ask(self, operation, session=None):
        match operation:
            case "discovery":
                return self.http.get("/.well-known/medscribealliance")
            case "templates":
                return self.http.get("/v1/templates")
            case "create":
                return self.create()
            case "get":
                return self.get(session)
            case "end":
                return self.end(session)
            case "upload":
                return self.upload(session)
        raise AssertionError(operation)

    def wait(self, session, state, seconds=PATIENCE_S):
        return self.http.get("/_mock/v1/wait", params={"session": session, "state": state, "seconds": seconds})

    def advance(self, seconds):
        assert self.http.post("/_mock/v1/clock", json={"advance_seconds": seconds}).status_code == 200

    def processed(self, state, *templates, files=1, **changes):
        """The id of a session that came to a state, and what a read of it answers."""
        session = self.create(*templates, **changes).json()["session_id"]
        for number in range(files):
            assert self.upload(session, f"audio_{number}.wav").status_code == 200
        assert self.end(session).status_code == self.ended
        told = self.wait(session, state)
        assert told.status_code == 200, told.text
        return session, self.get(session)

    def fits(self, schema, value):
        """Whether a body keeps a schema of the revision; says how it does not."""
        return keeps(schema, value, self.text)
