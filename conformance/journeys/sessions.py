"""Ordinary consultations, read in every state they pass: most checks live on these."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from conformance.drive.hands import REMOVE
from conformance.drive.recording import fitting, pieces
from conformance.journeys.leftout import ask_again
from conformance.journeys.registry import journey
from conformance.vocabulary.journey import JourneyName
from conformance.vocabulary.session import Session

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from conformance.drive.driver import Driver, Handle
    from conformance.evidence import Exchange

#: Members that break careless servers: nesting, null, numbers, repeats, Unicode beyond the BMP and not composed (in a
#: name, too), text that looks like something else, long text; below 4 KB and ten levels (§6.6).
TRICKY: dict[str, Any] = {
    "emr_encounter_id": "enc_0815",
    "absent": None,
    "no members": {},
    "no items": [],
    "nested": {"list": [1, "two", None, [], {}, [[3.5]]], "empty": "", "": "an empty name", "null": None},
    "deep": {"a": {"b": {"c": {"d": {"e": {"f": ["as deep as this"]}}}}}},
    "numbers": [0, -1, 1.5, 1e-7, 9007199254740991, -0.25],
    "flags": [True, False, None],
    "repeats": ["twice", "twice", 1, 1],
    "looks": ["007", "1e5", "true", "null", " padded ", "2026-01-27T10:00:00Z", "2026-01-27T10:00:00.000+05:30"],
    "Case": "upper",
    "case": "lower",
    "unicode": "Zoë 東京 हिन्दी 🩺 e\u0301 \u202eright to left",
    "e\u0301tat": "a name that is not composed",
    "markup": '<b>&amp;</b> "quoted" back\\slash tab\t line\nbreak',
    "status": "failed",
    "long": "consultation " * 60,
}

#: Members of a create body that the field table calls optional.
_OPTIONAL = ("model", "language_hint", "transcript_language", "include_transcript")
#: Uploads after which a list that lags is waited for, besides the last.
_WAITED_FOR = (0, 1)
#: Reads of the visit's results: a service that forgets or moves on may do so at any of them (SES-STATE-010).
_READS = 6


def spoken(drive: Driver, *consultations: str) -> tuple[dict[str, Any], Sequence[str]]:
    """How to send the first of the consultations that fits the target: what to ask for, and the files in order.

    In chunks where the target takes them, else as one file of a single session; nothing when none fits.
    """
    for whole in consultations:
        chunks = pieces(drive.audio, whole, drive.target)
        if chunks and "chunked" in drive.target.upload_methods:
            return {"upload_type": "chunked"}, chunks
    for whole in consultations:
        if "single" in drive.target.upload_methods and fitting(drive.audio, whole, drive.target):
            return {"upload_type": "single"}, [whole]
    return {}, []


async def upload_and_watch(drive: Driver, handle: Handle, fixtures: Sequence[str]) -> None:
    """Upload one file after the other and read after each, until the read shows what was acknowledged (rule 3).

    A service that did not show one in time is not waited for again in this session; nor is each of many: a service
    that lags is asked about the first, the second and the last.
    """
    patient = drive.target.api_target is True and drive.owns(handle.upload_url)
    for place, fixture in enumerate(fixtures):
        await drive.upload(handle, fixture, name=f"audio_{place}{drive.audio[fixture].path.suffix}")
        shown = _shows(len(handle.sent))
        waited_for = patient and (place in _WAITED_FOR or place == len(fixtures) - 1)
        read = await (drive.until(handle, shown) if waited_for else drive.get(handle))
        patient = patient and (shown(read) or not waited_for)


def _shows(count: int) -> Callable[[Exchange], bool]:
    """Whether a read counts so many files in a session no longer new; what it does not tell is not waited for."""
    return lambda x: (
        x.document.get("audio_files_received", count) == count and x.document.get("status", "recording") != "created"
    )


async def conclude(drive: Driver, handle: Handle, fixtures: Sequence[str], *, reads: int = 2) -> None:
    """End, read through processing to the results, read those again, and ask again for what they leave out."""
    await drive.end(handle)
    final = await drive.finish(handle)
    for _ in range(reads - 1 if final else 0):
        await drive.get(handle)
    if len(fixtures) > 1:
        await ask_again(drive, handle.key, fixtures, final)


@journey(JourneyName.SESSIONS_VISIT, long=True)
async def visit(drive: Driver) -> None:
    """(6.2-6.4, 6.6) A long consultation of two voices in chunks, with additional_data, read in every state."""
    how, files = spoken(drive, "visit", "cough", "knee")
    asked = drive.body(templates=list(drive.target.templates[:2]) or ["soap"], additional_data=TRICKY, **how)
    handle = await drive.create(Session.VISIT, asked)
    if handle is None:
        return
    await drive.get(handle)
    await drive.get(handle)
    await upload_and_watch(drive, handle, files or ["short"])
    await conclude(drive, handle, files, reads=_READS)


@journey(JourneyName.SESSIONS_SHORT)
async def short(drive: Driver) -> None:
    """(8.3, 9.5) Two recordings with different words, each with a transcript of its own."""
    await drive.together(*(_recorded(drive, recording) for recording in ("knee", "cough")))


async def _recorded(drive: Driver, recording: str) -> None:
    how, files = spoken(drive, recording)
    if not files:
        drive.note("no_such_audio", f"The kit has no {recording!r} that fits the target's formats and chunk limit.")
        return
    handle = await drive.create(Session.SHORT.of(recording), drive.body(**how))
    if handle is not None:
        await upload_and_watch(drive, handle, files)
        await conclude(drive, handle, files)


@journey(JourneyName.SESSIONS_PLAIN)
async def plain(drive: Driver) -> None:
    """(6.2) A create without any member the field table calls optional."""
    handle = await drive.create(Session.PLAIN, drive.body(**dict.fromkeys(_OPTIONAL, REMOVE)))
    if handle is None:
        # A target that needs one of them shows without each of the others what it does by default.
        alone = {name: drive.body(**{name: REMOVE}) for name in _OPTIONAL if name in drive.body()}
        await drive.together(*(drive.consult(Session.PLAIN_WITHOUT.of(name), ["short"], alone[name]) for name in alone))
        return
    await drive.get(handle)
    await drive.get(handle)
    await upload_and_watch(drive, handle, ["short"])
    await conclude(drive, handle, ["short"])
