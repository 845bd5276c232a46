"""Chapter 7 of the first revision: raw audio whose number, or completeness, stands in a header, and its durations."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

from conformance.checks.audio import settled_uploads
from conformance.checks.documents import whole
from conformance.checks.ending import after_end
from conformance.checks.expiry import too_late
from conformance.checks.refusals import busy, put_off, refused
from conformance.checks.registry import check
from conformance.finding import departs, holds, tolerated, violates
from conformance.vocabulary.operation import Operation
from conformance.vocabulary.probe import Probe
from conformance.vocabulary.session import Session

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from typing import Any

    from conformance.evidence import Evidence, Exchange, Story
    from conformance.finding import Finding

#: What a chunk's duration may differ by from the audio's, and a sum by for each chunk, milliseconds.
_SHARE, _ROUNDING_MS = 0.1, 50
_ABSENT = (404, 405, 501)
#: No chunk has a number of more digits.
_DIGITS = 9


def _chunks(evidence: Evidence) -> Iterator[tuple[Story, list[Exchange]]]:
    """Sessions with the chunks that were taken, in order."""
    for story in evidence.stories.values():
        taken = [x for x in story.uploads if x.accepted and x.request.header("x-chunk-index") is not None]
        if taken:
            yield story, taken


def _with_probes(evidence: Evidence, story: Story, taken: list[Exchange]) -> list[Exchange]:
    """Some chunks of a session, and those that were taken though sent to see what becomes of them: all are audio."""
    ours = evidence.select(Operation.UPLOAD, session=story.key)
    others = [x for x in ours if x.accepted and x.label.probe and x.request.header("x-chunk-index") is not None]
    return sorted([*taken, *others], key=lambda x: x.number)


def _singles(evidence: Evidence) -> Iterator[tuple[Story, Exchange]]:
    """Uploads that were marked as complete and answered for good, with their story."""
    for story in evidence.stories.values():
        for x in settled_uploads(story):
            if x.request.header("x-upload-type") is not None:
                yield story, x


@check("AUD-006")
def the_upload_endpoint_takes_audio(evidence: Evidence) -> Iterable[Finding]:
    """(7.2) POST {base_url}/sessions/{session_id}/audio takes audio."""
    for story in evidence.stories.values():
        here = f"{evidence.facts.base_url.rstrip('/')}/sessions/{quote(story.session_id or '', safe='')}/audio"
        for x in settled_uploads(story):
            # a query may hold a credential (AUD-030) and leaves the endpoint what it is
            if x.request.url.partition("?")[0] != here or x.request.method != "POST":
                continue
            if x.accepted:
                yield holds(x)
            elif x.status in _ABSENT or not any(each.accepted for each in story.uploads):
                told = "The required endpoint for audio does not take any."
                yield violates(x, told, expected="2xx", actual=x.status)


@check("AUD-008")
def a_chunk_answer_tells_durations(evidence: Evidence) -> Iterable[Finding]:
    """(7.3) session_id, chunk_index, chunk_duration_ms, total_duration_ms and status received, all of them right."""
    for story, taken in _chunks(evidence):
        sums: dict[str, int] = {}  # a chunk that is sent again counts once
        judged = {x.number for x in taken}
        for x in _with_probes(evidence, story, taken):
            index = x.request.header("x-chunk-index") or ""
            if not index.isdecimal() or len(index) > _DIGITS:
                continue  # a recording of somebody else's traffic may have anything there
            lasts = whole(x.document.get("chunk_duration_ms"))
            sums[index] = lasts or 0
            if x.number not in judged:
                continue
            wrong = _wrong_chunk(evidence, story, x, int(index), sum(sums.values()), len(sums))
            for pointer, (expected, actual) in wrong.items():
                told = f"The answer to a chunk has a wrong {pointer}, or none."
                yield violates(x, told, pointer=f"/{pointer}", expected=expected, actual=actual)
            if not wrong:
                yield holds(x)


def _wrong_chunk(  # noqa: PLR0917 - one answer and all it has to agree with
    evidence: Evidence, story: Story, x: Exchange, index: int, so_far: int, count: int
) -> Mapping[str, tuple[Any, Any]]:
    """Member -> what it should be and what it is."""
    told, recording = x.document, evidence.recording(x)
    lasts, total = whole(told.get("chunk_duration_ms")), whole(told.get("total_duration_ms"))
    wanted: dict[str, tuple[Any, bool]] = {
        "session_id": (story.session_id, told.get("session_id") == story.session_id),
        "chunk_index": (index, whole(told.get("chunk_index")) == index),
        "status": ("received", told.get("status") == "received"),
        "chunk_duration_ms": ("milliseconds", lasts is not None and lasts >= 0),
        "total_duration_ms": (so_far, total is not None and abs(total - so_far) <= _ROUNDING_MS * count),
    }
    if recording is not None and lasts is not None and recording.media_type.startswith("audio/wav"):
        real = recording.seconds * 1000
        wanted["chunk_duration_ms"] = (round(real), abs(lasts - real) <= _SHARE * real)
    return {name: (expected, told.get(name)) for name, (expected, good) in wanted.items() if not good}


@check("AUD-009")
def a_single_answer_tells_its_duration(evidence: Evidence) -> Iterable[Finding]:
    """(7.4) session_id, duration_ms and status received."""
    for story, x in _singles(evidence):
        if not x.accepted:
            continue
        lasts = whole(x.document.get("duration_ms"))
        good = {
            "session_id": x.document.get("session_id") == story.session_id,
            "duration_ms": lasts is not None and lasts >= 0,
            "status": x.document.get("status") == "received",
        }
        lacking = [name for name, right in good.items() if not right]
        told = "The answer to a single upload lacks what its example has."
        yield violates(x, told, expected=lacking, actual=x.document) if lacking else holds(x)


@check("AUD-010")
def chunks_go_by_their_header(evidence: Evidence) -> Iterable[Finding]:
    """(7.3) 0, 1, 2 are each taken; a number that leaves one out is 400 invalid_request, or taken all the same."""
    story = evidence.stories.get(Session.NUMBERED)
    for x in settled_uploads(story) if story else ():
        told = "A chunk in the order of its number is refused."
        yield holds(x) if x.accepted else violates(x, told, expected="2xx", actual=x.status)
    for x in evidence.select(Operation.UPLOAD, probe=Probe.UPLOAD_GAP):
        if x.accepted:
            told = "A chunk whose number leaves one out is accepted."
            yield departs(x, "E83", told, expected="400 invalid_request", actual=x.status)
        else:
            lenient = range(400, 500)
            codes = ("invalid_request",)
            yield refused(x, "A chunk that leaves a number out", codes=codes, lenient=lenient, erratum="E83")


@check("AUD-011")
def a_single_upload_is_marked_complete(evidence: Evidence) -> Iterable[Finding]:
    """(7.4) A raw body with X-Upload-Type: complete is taken."""
    for _, x in _singles(evidence):
        told = "A single upload, marked as complete, is refused."
        yield holds(x) if x.accepted else violates(x, told, expected="2xx", actual=x.status)


@check("AUD-023", everywhere=True)
def audio_after_end_is_an_invalid_request(evidence: Evidence) -> Iterable[Finding]:
    """(7.7) 400 invalid_request; leniently another refusal with the envelope."""
    for x in after_end(evidence):
        if not x.accepted:
            yield _refusal(x, "An upload after end", 400, "invalid_request", "E41")


@check("AUD-024", everywhere=True)
def audio_after_expiry_is_gone(evidence: Evidence) -> Iterable[Finding]:
    """(7.7, 11.4) 410 session_expired; leniently another refusal with the envelope."""
    for _, x in too_late(evidence):
        if not x.accepted:
            yield _refusal(x, "An upload after expiry", 410, "session_expired", "E42")


def _refusal(x: Exchange, what: str, status: int, code: str, erratum: str) -> Finding:
    if busy(x):
        return put_off(x) or holds(x)
    shown = x.response.error_code if x.response else None
    if (x.status, shown) == (status, code):
        return holds(x)
    told, seen = f"{what} is refused in another way.", f"{x.status} {shown or ''}".strip()
    if 400 <= x.status < 500 and shown is not None:
        return tolerated(x, erratum, told, expected=f"{status} {code}", actual=seen)
    return violates(x, told, expected=f"{status} {code}", actual=seen)
