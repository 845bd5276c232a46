"""Audio as clients send it: in every listed format, out of order, twice, mislabelled, and not audio at all."""

from __future__ import annotations

import random
from functools import partial
from typing import TYPE_CHECKING

from conformance.drive.recording import fits, in_words_of, markers, named_by, too_long
from conformance.journeys.leftout import ask_again
from conformance.journeys.registry import journey
from conformance.journeys.templates import PASSED_ON
from conformance.vocabulary.journey import JourneyName
from conformance.vocabulary.media import same_type
from conformance.vocabulary.name import repeat_of
from conformance.vocabulary.operation import Credential
from conformance.vocabulary.probe import Probe
from conformance.vocabulary.session import Session
from conformance.vocabulary.words import inverted, marker_positions

if TYPE_CHECKING:
    from collections.abc import Sequence

    from conformance.drive.driver import Driver
    from conformance.evidence import Exchange
    from conformance.vocabulary.naming import Naming
    from scribe_data.recordings import Fixture

#: An audio type nobody lists; RFC 6838 leaves the x- names to private use.
UNLISTED = "audio/x-nope"
#: Bytes no decoder takes for audio: they begin no container and repeat no frame header.
RUBBISH = bytes((i * 73 + 41) % 251 for i in range(4096))
#: What needs several files to a session.
_CHUNKS = ("AUD-012", "AUD-013", "SES-STATE-005")
#: Chunks of the session whose numbers are in order.
_IN_TURN = 3
#: For limits above this the kit carries no chunk long enough (AUD-020).
LONGEST_LIMIT = 60


def _of_kind(drive: Driver, kind: str) -> list[Fixture]:
    found = [fixture for fixture in drive.audio.values() if fixture.kind == kind]
    return sorted(found, key=lambda fixture: fixture.sequence or 0)


async def _in_order_of(drive: Driver, session: str, chunks: Sequence[Fixture], order: Sequence[int]) -> Exchange | None:
    """Send the chunks in the order given, each under the name of its place, and wait for the end."""
    handle = await drive.create(session, drive.body(upload_type="chunked"))
    if handle is None:
        return None
    for place in order:
        await drive.upload(handle, chunks[place].name, name=f"audio_{place}{chunks[place].path.suffix}")
    await drive.end(handle)
    return await drive.finish(handle)


async def _shuffled(drive: Driver, session: str, chunks: Sequence[Fixture], order: Sequence[int]) -> None:
    """One shuffled session; a second one only when the first shows an inversion, for it counts when it shows again."""
    final = await _in_order_of(drive, session, chunks, order)
    said = str(final.document.get("transcript") or "") if final else ""
    await ask_again(drive, session, [chunk.name for chunk in chunks], final)
    if inverted(marker_positions([chunk.text for chunk in chunks], said)):
        await _in_order_of(drive, repeat_of(session), chunks, order)


@journey(JourneyName.AUDIO_ORDER)
async def order(drive: Driver) -> None:
    """(7.2) Four chunks and twelve chunks, shuffled, each with a word of its own."""
    if "chunked" not in drive.target.upload_methods:
        drive.note("not_declared", "The target does not list chunked uploads.", *_CHUNKS)
        return
    chunks = markers(drive.audio, drive.target)
    if drive.options.printed.files == "numbered":
        await drive.together(_in_turn(drive), _gap(drive))
    many = list(range(len(chunks)))
    random.Random(drive.seed).shuffle(many)  # noqa: S311 - a reproducible order, not a secret
    await drive.together(
        _shuffled(drive, Session.ORDER_OF_FOUR, chunks[:4], (2, 0, 3, 1)),
        _shuffled(drive, Session.ORDER_OF_TWELVE, chunks, many),
    )


async def _in_turn(drive: Driver) -> None:
    """Three chunks, each sent after the answer to the one before, where their numbers stand in a header."""
    handle = await drive.create(Session.NUMBERED, drive.body(upload_type="chunked"))
    if handle is None:
        return
    for place in range(_IN_TURN):
        await drive.upload(handle, "short", name=f"audio_{place}.wav")
    await drive.end(handle)
    await drive.finish(handle)


async def _gap(drive: Driver) -> None:
    """A chunk whose number leaves one out."""
    handle = await drive.create(Session.GAP, drive.body(upload_type="chunked"))
    if handle is None:
        return
    await drive.upload(handle, "short", name="audio_0.wav")
    await drive.upload(handle, "short", name="audio_2.wav", probe=Probe.UPLOAD_GAP)
    await drive.end(handle)
    await drive.finish(handle)


@journey(JourneyName.AUDIO_FORMATS)
async def formats(drive: Driver) -> None:
    """(7.6) Good speech in every listed format the kit can produce; a failure is tried once more."""
    clips = _of_kind(drive, "short")

    async def tried(listed: str, clip: Fixture) -> None:
        if too_long(clip, drive.target, single=drive.target.upload_type == "single"):
            drive.note("no_such_audio", f"The kit's clips of {listed} are longer than the target's chunks.", "AUD-016")
            return
        final = await _whole(drive, Session.FORMAT.of(listed), clip, listed)
        if final is None or final.document.get("status") == "failed":
            await _whole(drive, repeat_of(Session.FORMAT.of(listed)), clip, listed)

    found = (
        (kind, next((c for c in clips if same_type(c.media_type, kind)), None)) for kind in drive.target.audio_formats
    )
    await drive.together(*(tried(listed, clip) for listed, clip in found if clip))


async def _whole(drive: Driver, session: str, clip: Fixture, listed: str) -> Exchange | None:
    handle = await drive.create(session)
    if handle is None:
        return None
    await drive.upload(handle, clip.name, name="audio_0" + clip.path.suffix, media_type=in_words_of(listed, clip))
    await drive.end(handle)
    return await drive.finish(handle)


async def _lone(
    drive: Driver,
    session: Session,
    probe: Probe,
    fixture: str | None = None,
    *,
    name: str,
    content: bytes | None = None,
    media_type: str | None = None,
) -> None:
    """One odd file in a session of its own, ended when it was taken."""
    handle = await drive.create(session, drive.body(additional_data=PASSED_ON))
    if handle is None:
        return
    sent = await drive.upload(handle, fixture, name=name, content=content, media_type=media_type, probe=probe)
    await drive.get(handle)
    if sent.accepted:
        await drive.end(handle)
        await drive.finish(handle)


@journey(JourneyName.AUDIO_BROKEN)
async def broken(drive: Driver) -> None:
    """(7.6, 7.9) Bytes that are no audio, under a listed type and an unlisted one; good audio under a wrong label."""
    listed = drive.target.audio_formats[0] if drive.target.audio_formats else "audio/wav"
    suffix = listed.split(";")[0].rsplit("/", 1)[-1]
    walks = [
        _lone(drive, Session.RUBBISH, Probe.ONLY_RUBBISH, name=f"audio_0.{suffix}", content=RUBBISH, media_type=listed),
        _lone(drive, Session.UNLISTED, Probe.ONLY_UNLISTED, name="audio_0.bin", content=RUBBISH, media_type=UNLISTED),
    ]
    others = [kind for kind in drive.target.audio_formats if not same_type(kind, "audio/wav")]
    if others:
        walks.append(
            _lone(
                drive,
                Session.MISLABELLED,
                Probe.ONLY_MISLABELLED,
                "short",
                name="audio_0.wav",
                media_type=others[0],
            )
        )
    await drive.together(*walks)


@journey(JourneyName.AUDIO_NOISE)
async def noise(drive: Driver) -> None:
    """(6.3, 7.6) Good speech, noise, good speech."""
    handle = await drive.create(Session.NOISE, drive.body(additional_data=PASSED_ON))
    if handle is None:
        return
    for place, fixture in enumerate(("knee_chunks/audio_0", "noise", "cough_chunks/audio_0")):
        await drive.upload(handle, fixture, name=f"audio_{place}.wav")
    await drive.end(handle)
    await drive.finish(handle)


@journey(JourneyName.AUDIO_LONG_CHUNK)
async def long_chunk(drive: Driver) -> None:
    """(7.7) One chunk of speech well above the declared limit."""
    limit = drive.target.max_chunk_seconds
    if "chunked" not in drive.target.upload_methods:
        drive.note("not_declared", "The target does not list chunked uploads.", "AUD-020", "AUD-021")
        return
    long = [f for f in _of_kind(drive, "long") if limit and f.seconds >= limit + 10 and fits(f, drive.target)]
    if not long or not limit or limit > LONGEST_LIMIT:
        told = f"The kit has no chunk ten seconds above {limit} s in a format the target lists."
        drive.note("no_such_audio", told, "AUD-020", "AUD-021")
        return
    clip, typed = long[0], named_by(long[0], drive.target)
    await _lone(
        drive, Session.LONG_CHUNK, Probe.ONLY_LONG_CHUNK, clip.name, name="audio_0" + clip.path.suffix, media_type=typed
    )


@journey(JourneyName.AUDIO_REFUSALS)
async def refusals(drive: Driver) -> None:
    """(7.1, 7.8) Uploads that have to be refused, then a good one; the list shows the good one only."""
    handle = await drive.create(Session.REFUSALS)
    if handle is None:
        return
    await drive.get(handle)
    await drive.upload(
        handle, "short", name="audio_8.wav", credential=Credential.NONE, probe=Probe.UPLOAD_WITHOUT_CREDENTIAL
    )
    await drive.upload(handle, "short", name="audio_6.wav", credential=Credential.WRONG, probe=Probe.UPLOAD_WRONG_KEY)
    if drive.options.printed.files == "named":
        await drive.upload(handle, "short", name="audio_9.wav", form="wrong-part", probe=Probe.UPLOAD_OTHER_PART)
    await drive.upload(handle, content=RUBBISH, name="audio_7.bin", media_type=UNLISTED, probe=Probe.UPLOAD_RUBBISH)
    await drive.get(handle)
    await drive.upload(handle, "short", name="audio_0.wav")
    await drive.get(handle)
    stranger = drive.stranger(handle)
    if stranger is not None:
        await drive.upload(stranger, "short", name="audio_0.wav", probe=Probe.UPLOAD_UNKNOWN_SESSION)
    await drive.end(handle)
    await drive.finish(handle)


@journey(JourneyName.AUDIO_NAMES)
async def names(drive: Driver) -> None:
    """(7.2, 7.5) The forms of an upload, the same name twice, and the one file of a single session."""
    named = drive.options.printed.files == "named"
    walks = [_form(drive, Session.MULTIPART, "multipart"), _form(drive, Session.RAW, "raw")] if named else []
    if named and drive.target.api_target is True:
        walks.append(_form(drive, Session.PUT_BY_NAME, "named-put"))
    walks.append(_twice(drive))
    if "single" in drive.target.upload_methods:
        walks.append(_single(drive))
    else:
        drive.note("not_declared", "The target does not list single uploads.", "AUD-014", "AUD-015")
    await drive.together(*walks)


async def _form(drive: Driver, session: Session, form: str) -> None:
    handle = await drive.create(session)
    if handle is None:
        return
    sent = await drive.upload(handle, "short", name="audio_0.wav", form=form, probe=Probe.UPLOAD_FORM.of(form))
    if form == "named-put" and not sent.accepted:
        # the text has it for storages alone: how an API refuses it is nobody's business
        drive.recorder.discount(sent.number)
        return
    # a list may lag (rule 3); one that is not there is not waited for, nor what a storage took (E46)
    shown = sent.accepted and drive.owns(sent.request.url)
    await drive.until(handle, partial(_lists, drive.target.naming, sent.label.file if shown else None))
    if sent.accepted:
        await drive.end(handle)
        await drive.finish(handle)


async def _twice(drive: Driver) -> None:
    handle = await drive.create(Session.TWICE)
    if handle is None:
        return
    await drive.upload(handle, "short", name="audio_0.wav")
    await drive.upload(handle, "short", name="audio_0.wav", probe=Probe.UPLOAD_AGAIN)
    await drive.end(handle)
    await drive.finish(handle)


def _lists(naming: Naming, name: str | None, x: Exchange) -> bool:
    """Whether a read lists the file; without a file or a list there is nothing to wait for."""
    files = x.document.get("audio_files")
    return name is None or not isinstance(files, list) or name in map(naming.followed, files)


async def _single(drive: Driver) -> None:
    handle = await drive.create(Session.SINGLE, drive.body(upload_type="single"))
    if handle is None:
        return
    await drive.upload(handle, "knee", name="consultation.wav")
    await drive.get(handle)
    await drive.end(handle)
    await drive.finish(handle)


@journey(JourneyName.AUDIO_ACKNOWLEDGEMENT)
async def acknowledgement(drive: Driver) -> None:
    """(7.9) Three short and three longer uploads, for the time until each is acknowledged; one where one is taken."""
    handle = await drive.create(Session.ACKNOWLEDGEMENT)
    if handle is None:
        return
    for place in range(1 if handle.single else 6):
        await drive.upload(handle, ("short", "knee_chunks/audio_0")[place % 2], name=f"audio_{place}.wav")


@journey(JourneyName.EXTRACTION_PACE, phase="alone")
async def pace(drive: Driver) -> None:
    """(9.8) Polling at the pace recommended to clients; needed only where the run's own polls were throttled."""
    handle = await drive.consult(Session.PACE, ["short"])
    if handle is None or not drive.throttled:
        return
    for wait in (2.0, 2.0, 5.0, 10.0):
        await drive.pause(wait)
        await drive.get(handle, probe=Probe.PACED)
