"""Ordinary consultations, read in every state they pass: most checks live on these."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from conformance.journeys.driver import REMOVE
from conformance.journeys.registry import journey

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from conformance.evidence import Exchange
    from conformance.journeys.driver import Driver, Handle

#: Members that break careless servers: nesting, null, numbers, Unicode beyond the BMP, long text; below 4 KB (§6.6).
TRICKY: dict[str, Any] = {
    "emr_encounter_id": "enc_0815",
    "nested": {"list": [1, "two", None, [], {}, [[3.5]]], "empty": "", "": "an empty name"},
    "numbers": [0, -1, 1.5, 1e-7, 9007199254740991, -0.25],
    "flags": [True, False, None],
    "unicode": "Zoë 東京 हिन्दी 🩺 e\u0301 \u202eright to left",
    "markup": '<b>&amp;</b> "quoted" back\\slash tab\t line\nbreak',
    "status": "failed",
    "long": "consultation " * 60,
}


def chunks_of_visit(drive: Driver) -> Sequence[str]:
    """The long consultation in its order: its chunks, or the one recording when there are none."""
    found = sorted(
        (fixture for fixture in drive.audio.values() if fixture.kind == "chunk"), key=lambda f: f.sequence or 0
    )
    if found and drive.target.upload_type == "chunked":
        return [fixture.name for fixture in found]
    whole = [fixture.name for fixture in drive.audio.values() if fixture.kind == "long"]
    return whole[:1]


async def upload_and_watch(drive: Driver, handle: Handle, fixtures: Sequence[str]) -> None:
    """Upload one file after the other and read after each, until the read shows what was acknowledged (rule 3).

    A service that did not show one in time is not waited for again in this session.
    """
    patient = drive.target.api_target is True
    for place, fixture in enumerate(fixtures):
        await drive.upload(handle, fixture, name=f"audio_{place}{drive.audio[fixture].path.suffix}")
        shown = _shows(len(handle.sent))
        read = await (drive.until(handle, shown) if patient else drive.get(handle))
        patient = patient and shown(read)


def _shows(count: int) -> Callable[[Exchange], bool]:
    """Whether a read counts so many files; one that counts none at all has nothing to wait for."""
    return lambda x: x.document.get("audio_files_received", count) == count


async def conclude(drive: Driver, handle: Handle) -> None:
    """End, read through processing to the results, and read those twice."""
    await drive.end(handle)
    if await drive.finish(handle) is not None:
        await drive.get(handle)


@journey("sessions/visit", long=True)
async def visit(drive: Driver) -> None:
    """(6.2-6.4, 6.6) A long consultation of two voices in chunks, with additional_data, read in every state."""
    asked = drive.body(templates=list(drive.target.templates[:2]) or ["soap"], additional_data=TRICKY)
    handle = await drive.create("visit", asked)
    if handle is None:
        return
    await drive.get(handle)
    await drive.get(handle)
    await upload_and_watch(drive, handle, chunks_of_visit(drive))
    await conclude(drive, handle)


@journey("sessions/short")
async def short(drive: Driver) -> None:
    """(8.3, 9.5) Two short recordings with different words, one after the other, each with a transcript of its own."""
    for recording in ("knee", "cough"):
        handle = await drive.create(f"short/{recording}")
        if handle is None:
            return
        await upload_and_watch(drive, handle, [recording])
        await conclude(drive, handle)


@journey("sessions/plain")
async def plain(drive: Driver) -> None:
    """(6.2) A create without any member the field table calls optional."""
    asked = drive.body(model=REMOVE, language_hint=REMOVE, transcript_language=REMOVE)
    handle = await drive.create("plain", asked)
    if handle is None:
        return
    await drive.get(handle)
    await drive.get(handle)
    await upload_and_watch(drive, handle, ["short"])
    await conclude(drive, handle)
