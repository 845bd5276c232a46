"""Every operation without a credential, with a made-up one, and with another client's."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlencode

from conformance.journeys.registry import journey
from conformance.vocabulary.journey import JourneyName
from conformance.vocabulary.operation import Credential, Operation
from conformance.vocabulary.probe import UNCREDENTIALED, Probe
from conformance.vocabulary.session import Session

if TYPE_CHECKING:
    from conformance.drive.driver import Driver, Handle

#: Credentials that open nothing.
BAD: tuple[Credential, ...] = (Credential.NONE, Credential.WRONG)
#: What only the first client's session holds; an answer to anybody else that has it tells too much (AUTH-026).
SECRET = "kept-by-the-first-client"  # noqa: S105 - no password


async def _knock(drive: Driver, handle: Handle, state: str) -> None:
    """GET and end without and with a made-up credential, and a control read on either side."""
    await drive.get(handle)
    for credential in BAD:
        probe = UNCREDENTIALED[credential].of(state)
        await drive.get(handle, probe=probe, credential=credential)
        await drive.end(handle, probe=probe, credential=credential)
    await drive.get(handle)


@journey(JourneyName.AUTHENTICATION_OPERATIONS)
async def operations(drive: Driver) -> None:
    """(5.1, 5.5) Templates and create, then GET and end in every state a session passes."""
    for credential in BAD:
        probe = UNCREDENTIALED[credential]
        await drive.send(Operation.TEMPLATES, "GET", drive.url("templates"), probe=probe, credential=credential)
        await drive.send(
            Operation.CREATE, "POST", drive.url("sessions"), probe=probe, credential=credential, json=drive.body()
        )
    handle = await drive.create(Session.STATES)
    if handle is None:
        return
    await _knock(drive, handle, "created")
    await drive.upload(handle, "short", name="audio_0.wav")
    await _knock(drive, handle, "recording")
    await drive.end(handle)
    await _knock(drive, handle, "processing")
    if await drive.finish(handle) is not None:
        await _knock(drive, handle, "rest")


@journey(JourneyName.AUTHENTICATION_QUERY)
async def query(drive: Driver) -> None:
    """(5.1, 12.2) The tester's own key in the query string opens nothing."""
    for name in ("api_key", "apikey", "X-API-Key"):
        url = f"{drive.url('templates')}?{urlencode({name: drive.key})}"
        await drive.send(Operation.TEMPLATES, "GET", url, probe=Probe.KEY_IN_QUERY.of(name), credential=Credential.NONE)


@journey(JourneyName.AUTHENTICATION_STRANGERS)
async def strangers(drive: Driver) -> None:
    """(11.2, 12.5) Another client's session, in every state: all is refused, and it stays as it was."""
    if not drive.target.second_key:
        name = drive.options.named("second-api-key")
        told = f"Give {name}, a key of another client, to see that clients are kept apart."
        drive.note("no_second_key", told, "AUTH-026")
        return
    # The control: if this session ends too, the service ends sessions by itself (E70), and no stranger ended it.
    alone = await drive.create(Session.LEFT_ALONE)
    if alone is not None:
        await drive.upload(alone, "short", name="audio_0.wav")
    handle = await drive.create(Session.FOREIGN, drive.body(additional_data={"whose": SECRET}))
    if handle is None:
        return
    await drive.get(handle, probe=Probe.FOREIGN, credential=Credential.SECOND)
    await drive.upload(handle, "short", name="audio_0.wav")
    await drive.until(handle, lambda x: x.document.get("audio_files_received", 1) == 1)
    await drive.get(handle, probe=Probe.FOREIGN, credential=Credential.SECOND)
    if drive.target.api_target is not False:
        # Storage is opened by its URL, not by a key: a second client's PUT would only be a second file of the first.
        await drive.upload(handle, "short", name="audio_1.wav", probe=Probe.FOREIGN, credential=Credential.SECOND)
    await drive.end(handle, probe=Probe.FOREIGN, credential=Credential.SECOND)
    await drive.get(handle)
    if alone is not None:
        await drive.get(alone)
    await drive.end(handle)
    await drive.get(handle, probe=Probe.FOREIGN, credential=Credential.SECOND)
    if await drive.finish(handle) is not None:
        await drive.get(handle, probe=Probe.FOREIGN, credential=Credential.SECOND)
        await drive.end(handle, probe=Probe.FOREIGN, credential=Credential.SECOND)
        await drive.get(handle)
