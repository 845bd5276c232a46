"""A service on a real directory with real DBOS; only ears and rules are small and of our own making."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from mock_server.assembly import open_service
from mock_server.conduct import HONEST
from mock_server.session.model import Order
from mock_server.session.table import State
from mock_server.settings import Limits
from mock_server.speech.model import Failure, FileIssue, Transcription


class Ears:
    """Hears text in a file's bytes; `?` is noise, `*` goes unheard, `!` breaks it, `~` waits for `patience`."""

    engine = "ears"
    languages = ("en",)

    def __init__(self):
        self.broken: dict[bytes, int] = {}
        self.calls: list[list[str]] = []
        self.hints: list[str | None] = []
        self.patience = asyncio.Event()
        self.waited_for = asyncio.Event()

    async def transcribe(self, recordings, *, language_hint, max_chunk_seconds=None):
        self.calls.append([recording.name for recording in recordings])
        self.hints.append(language_hint)
        heard, issues = {}, []
        for recording in recordings:
            content = recording.path.read_bytes()
            if content.startswith(b"!"):
                self.broken[content] = self.broken.get(content, 0) + 1
                if self.broken[content] <= int(content[1:2]):
                    raise RuntimeError("the worker died")
            if content.startswith(b"~"):
                self.waited_for.set()
                await self.patience.wait()
            if content.startswith(b"*"):
                continue
            if content.startswith(b"?"):
                issues.append(FileIssue(recording.name, "audio_undecodable", "noise"))
            else:
                heard[recording.name] = content.decode()
        if not heard:
            return Transcription("ears", "en", issues=tuple(issues), failure=Failure("processing_failed", "only noise"))
        return Transcription("ears", "en", text="\n".join(heard.values()), used=tuple(heard), issues=tuple(issues))


@dataclass(frozen=True)
class Note:
    data: Any
    unsaid: tuple[str, ...] = ()


@dataclass(frozen=True)
class Gap:
    code: str
    message: str


class Rules:
    """`soap` holds the transcript, `vitals` needs a number in it, `cursed` and `clumsy` break."""

    TEMPLATES = ("soap", "vitals", "cursed", "clumsy")

    def extract(self, template_id, transcript):
        if template_id == "clumsy":
            return Note({}["something it looked for"])
        if template_id == "cursed":
            raise ZeroDivisionError
        if template_id == "vitals" and not any(character.isdigit() for character in transcript):
            return Gap("insufficient_audio", "no vitals were spoken")
        return Note({template_id: transcript})


class Sundial:
    """A clock that a test sets back or forth."""

    def __init__(self):
        self.shift = timedelta()

    def now(self):
        return datetime.now(UTC) + self.shift


class Office:
    """A service with its loop, and the few gestures the tests make."""

    def __init__(self, runner, directory, ears=None, **given):
        self.runner = runner
        self.run = runner.run
        self.ears = ears or Ears()
        self.sundial = Sundial()
        self.directory = directory
        self.conduct = HONEST
        self.given = given
        self.open()

    def open(self):
        self.service = self.run(
            open_service(
                self.directory,
                transcriber=self.ears,
                extractor=Rules(),
                conduct=lambda _namespace: self.conduct,
                clock=self.sundial,
                **self.given,
            )
        )

    def close(self):
        self.run(self.service.close())

    def stray(self, **changes):
        """Misbehave in these respects until the test is over."""
        self.conduct = replace(HONEST, **changes)

    def create(self, namespace="ns", templates=("soap",), lifetime_s=600, **asked):
        return self.run(self.service.create(namespace, Order(tuple(templates), "lite", **asked), lifetime_s))

    def upload(self, session, content=b"Doctor: hello", name="audio_1.wav", **given):
        async def body():
            yield content[:3]
            yield content[3:]

        call = {"name": name, "content_type": "audio/wav", "body": body(), "declared_size": None} | given
        return self.run(self.service.reception.receive(session.namespace, session.id, **call))

    def end(self, session, **given):
        return self.run(self.service.end(session.namespace, session.id, **given))

    def get(self, session):
        return self.run(self.service.get(session.namespace, session.id))

    def kinds(self, session):
        return [line.kind for line in self.run(self.service.journal(session.namespace, session.id))]

    def settle(self, session, timeout_s=10.0):
        """Wait for the end state: work starts when the queue is looked at, a moment later."""

        async def settled():
            async with asyncio.timeout(timeout_s):
                while True:
                    found, state = await self.service.get(session.namespace, session.id)
                    if state not in (State.CREATED, State.RECORDING, State.PROCESSING):
                        return found, state
                    await asyncio.sleep(0.02)

        return self.run(settled())

    def rest(self, timeout_s=10.0):
        """Wait until no work has a place: a session is seen completed a moment before its place is free."""

        async def rested():
            async with asyncio.timeout(timeout_s):
                while True:
                    if not self.service._work._running:
                        return
                    await asyncio.sleep(0.02)

        self.run(rested())

    def processed(self, *contents, templates=("soap",), namespace="ns", **ending):
        session = self.create(namespace, templates)
        for number, content in enumerate(contents, 1):
            self.upload(session, content, f"audio_{number}.wav")
        self.end(session, **ending)
        return self.settle(session)


@pytest.fixture(scope="module")
def office(tmp_path_factory):
    with asyncio.Runner() as runner:
        opened = Office(
            runner,
            tmp_path_factory.mktemp("data"),
            limits=Limits(upload_bytes=1000, session_bytes=1500, files=3, reconcile_s=0.2),
        )
        yield opened
        opened.close()


@pytest.fixture(autouse=True)
def _straight(office):
    """Whoever strays comes back."""
    yield
    office.conduct = HONEST
