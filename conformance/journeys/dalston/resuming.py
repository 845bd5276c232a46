"""Resume: a session goes on from another one, and from what it may not."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.drive.dictations import KEPT
from conformance.journeys.dalston.dictation import kept_of
from conformance.journeys.dalston.speech import OTHER, SPEECH, say, spoken
from conformance.journeys.dalston.way import way
from conformance.vocabulary.journey import JourneyName
from conformance.vocabulary.operation import Credential, Operation
from conformance.vocabulary.probe import Probe
from conformance.vocabulary.session import Session

if TYPE_CHECKING:
    from conformance.drive.dictations import Dictations
    from conformance.drive.handle import Handle

#: The parameter that names the session to go on from.
_RESUMES = "resume_session_id"


@way(JourneyName.RESUMING)
async def resuming(drive: Dictations) -> None:
    """(Session Resume) A session is resumed by its tenant and by another one, and so is one that nobody made."""
    first = await drive.create(Session.PREDECESSOR)
    if first is None:
        return
    await say(drive, first, spoken(drive, SPEECH))
    await drive.end(first)
    await drive.finish(first)
    await kept_of(drive, first)
    stranger = drive.stranger(first)
    await _odd(drive, "nobody's", stranger.session_id if stranger else "nobody", Credential.RIGHT)
    if drive.target.second_key:
        await _odd(drive, "another tenant's", first.session_id, Credential.SECOND)
    await _resumed(drive, first)
    await kept_of(drive, first)


async def _resumed(drive: Dictations, first: Handle) -> None:
    """The session that resumes, spoken into and read; then its predecessor is deleted, last of all."""
    handle = await drive.create(Session.RESUMED.of("an ended one"), {**KEPT, _RESUMES: first.session_id})
    if handle is None:
        return
    await drive.get(handle)
    await say(drive, handle, spoken(drive, OTHER))
    await drive.end(handle)
    await drive.finish(handle)
    await kept_of(drive, handle)


async def _odd(drive: Dictations, whose: str, session_id: str, credential: Credential) -> None:
    """A socket that resumes what it may not; a session that begins all the same is ended by whoever has it."""
    probe = Probe.RESUMING.of(whose)
    _, handle = await drive.open(Session.RESUMED.of(whose), {_RESUMES: session_id}, probe=probe, credential=credential)
    if handle is not None:
        await drive.end(handle, probe=probe, credential=credential)
        if credential == Credential.RIGHT:
            await drive.get(handle, probe=probe)


@way(JourneyName.REMOVAL, phase="alone")
async def removal(drive: Dictations) -> None:
    """(Delete Session) Sessions are deleted: active, ended, by another tenant, and one that another refers to."""
    handle = await drive.create(Session.REMOVED.of("its tenant"))
    if handle is not None:
        await _deleted(drive, handle)
    await _predecessor(drive)


async def _deleted(drive: Dictations, handle: Handle) -> None:
    speech = spoken(drive, OTHER)
    await say(drive, handle, speech, 0.0, 0.5)
    await drive.ask(Operation.DELETE, handle, probe=Probe.OUT_OF_TURN.of("delete (active)"))
    await drive.get(handle)
    await say(drive, handle, speech, 0.5, 1.0)
    await drive.end(handle)
    await drive.finish(handle)
    if drive.target.second_key:
        await drive.ask(Operation.DELETE, handle, probe=Probe.FOREIGN, credential=Credential.SECOND)
        await drive.get(handle)
    gone = await drive.ask(Operation.DELETE, handle)
    if not gone.accepted:
        return
    after = Probe.OUT_OF_TURN.of("deleted")
    await drive.get(handle, probe=after)
    for operation in (Operation.AUDIO, Operation.TRANSCRIPT, Operation.DELETE):
        await drive.ask(operation, handle, probe=after)
    await drive.list()


async def _predecessor(drive: Dictations) -> None:
    """A session that another one refers to is deleted, and the other one is read."""
    first = await drive.create(Session.REMOVED.of("one that is resumed"), {})
    if first is None:
        return
    await drive.end(first)
    await drive.finish(first)
    second = await drive.create(Session.RESUMED.of("one that is deleted"), {_RESUMES: first.session_id})
    if second is None:
        return
    await drive.end(second)
    await drive.finish(second)
    await drive.ask(Operation.DELETE, first)
    await drive.get(first, probe=Probe.OUT_OF_TURN.of("deleted"))
    await drive.get(second)
