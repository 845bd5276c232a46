"""Servers that are not ours and choose what some part of the text allows: none of them is ever failed."""

from __future__ import annotations

import asyncio
import hashlib
from dataclasses import replace
from time import monotonic
from typing import Any, ClassVar

import pytest

import scribe_data
from conformance.run import grade
from conformance.runner import drive_all
from conformance.verdict import Verdict
from scribe_data import recordings
from tests.conformance.miniature import HOST, Answer, Miniature, refusal
from tests.conformance.stage import AUDIO, options

REAL = recordings.load()
#: The tones, which claim to be the recordings they are named after.
PRETENDED = {name: replace(tone, text=REAL[name].text, seconds=REAL[name].seconds) for name, tone in AUDIO.items()}
HEARD = {tone.sha256: tone.text for tone in PRETENDED.values()}
SECONDS = {tone.sha256: tone.seconds for tone in PRETENDED.values()}


class Whole(Miniature):
    """Honest in all chapters."""

    def results(self, session, told):
        super().results(session, told)
        heard = [data for data in session.files.values() if self.text(data)]
        told["audio_files_processed"] = len(heard)


class Capable(Whole):
    """Declares other capabilities than usual."""

    capabilities: ClassVar[dict[str, Any]] = {}

    def discovery(self):
        told = super().discovery()
        return told | {"capabilities": told["capabilities"] | self.capabilities}


class OtherNames(Capable):
    """Lists WAV under names in use, and takes what it lists to the letter."""

    capabilities: ClassVar[dict[str, Any]] = {"audio_formats": ["audio/x-wav", "audio/wave"]}

    def upload(self, session, asked, named):
        sent = asked.body + asked.headers.get("content-type", "").encode()
        if b"audio/x-wav" not in sent and b"audio/wave" not in sent:
            return refusal(400, "invalid_audio_format", "Not listed.", supported_formats=["audio/x-wav", "audio/wave"])
        return super().upload(session, asked, named)


class ShortChunks(Capable):
    """Takes chunks of ten seconds, and refuses longer ones as §11.4 says."""

    capabilities: ClassVar[dict[str, Any]] = {"max_chunk_duration_seconds": 10}

    def upload(self, session, asked, named):
        before = dict(session.files)
        answer = super().upload(session, asked, named)
        chunked = session.asked.get("upload_type", "chunked") == "chunked"
        long = [data for data in session.files.values() if SECONDS.get(hashlib.sha256(data).hexdigest(), 0) > 10]
        if chunked and long:
            session.files = before
            return refusal(400, "chunk_too_large", "That is too long a chunk.")
        return answer


class OneFile(Capable):
    """Takes one file to a session and no chunks."""

    capabilities: ClassVar[dict[str, Any]] = {"upload_methods": ["single"]}


class Chunks(Capable):
    """Takes chunks and no single file."""

    capabilities: ClassVar[dict[str, Any]] = {"upload_methods": ["chunked"]}


class Signed(Whole):
    """Hands out an upload_url that is its own credential."""

    def create(self, asked, owner):
        answer = super().create(asked, owner)
        if answer.status == 201:
            answer.document["upload_url"] += "?signature=s3cret"
        return answer

    def route(self, asked):
        if not asked.url.endswith("?signature=s3cret"):
            return super().route(asked)
        session_id = asked.path.rsplit("/", 2)[1]
        if session_id not in self.sessions:
            return super().route(asked)
        return "upload", self.upload(self.sessions[session_id], asked, [])


class Silence(Whole):
    """Ends a session by itself when no audio has come for a while (§6.4: a vendor's capability)."""

    def state(self, session):
        last = getattr(session, "last", None)
        if session.ended is None and last is not None and monotonic() - last > 0.15:
            session.ended = monotonic()
        return super().state(session)

    def upload(self, session, asked, named):
        answer = super().upload(session, asked, named)
        if answer.status == 200:
            session.last = monotonic()
        return answer


class Lagging(Whole):
    """Reads trail writes by a third of a second."""

    def operate(self, asked, owner, parts):
        now = monotonic()
        for session in self.sessions.values():
            seen = session.__dict__.setdefault("seen", [])
            state = (session.ended, dict(session.files))
            if not seen or seen[-1][1] != state:
                seen.append((now, state))
        return super().operate(asked, owner, parts)

    def read(self, session):
        now = monotonic()
        settled = [state for at, state in session.__dict__.get("seen", []) if now - at > 0.3]
        ended, files = settled[-1] if settled else (None, {})
        kept = session.ended, session.files
        session.ended, session.files = ended, files
        try:
            return super().read(session)
        finally:
            session.ended, session.files = kept


class Cut(Whole):
    """Writes the same stamp now with and now without a fraction."""

    def results(self, session, told):
        super().results(session, told)
        session.reads = getattr(session, "reads", 0) + 1
        if session.reads > 1:
            told["completed_at"] = f"{told['completed_at'][:19]}Z"


class Strict(Whole):
    """Refuses a create with an unknown template, as one reading of E27 has it."""

    def create(self, asked, owner):
        answer = super().create(asked, owner)
        if answer.status == 201:
            session = self.sessions[answer.document["session_id"]]
            if set(session.asked["templates"]) - set(self.templates_offered):
                del self.sessions[session.id]
                return refusal(404, "invalid_template", "There is no such template.")
        return answer


class Throttled(Whole):
    """Answers every eleventh request of the protocol with 429."""

    def operate(self, asked, owner, parts):
        operation, answer = super().operate(asked, owner, parts) if len(self.seen) % 11 else ("throttled", None)
        if answer is None:
            told = {"error": {"code": "rate_limit_exceeded", "message": "Not so fast."}}
            return operation, Answer(429, told, {"retry-after": "0"})
        return operation, answer


def judged(server, reading="lenient"):
    asked = options(server(HEARD, processing=0.2), test_clock=f"{HOST}/scribe/api/tick")
    evidence = asyncio.run(drive_all(asked, audio=PRETENDED))
    assert [note for note in evidence.notes if note.reason == "kit_error"] == []
    return grade(evidence, scribe_data.load("medscribe", "2026-01-27"), reading, ())


@pytest.mark.parametrize(
    "server",
    [Whole, OtherNames, ShortChunks, OneFile, Chunks, Signed, Silence, Lagging, Cut, Strict, Throttled],
    ids=lambda server: server.__name__,
)
def test_what_some_part_of_the_text_allows_is_never_a_failure(server):
    bad = {g.requirement.id: g.findings for g in judged(server) if g.verdict in (Verdict.FAIL, Verdict.ERROR)}
    assert bad == {}


@pytest.mark.parametrize(("server", "silent"), [(OneFile, {"AUD-012", "AUD-013"}), (Chunks, {"AUD-014", "AUD-015"})])
def test_what_is_not_offered_does_not_apply(server, silent):
    verdicts = {g.requirement.id: g.verdict for g in judged(server)}
    assert {verdicts[name] for name in silent} == {Verdict.NOT_APPLICABLE}
