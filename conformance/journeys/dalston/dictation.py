"""Dictation: speech over sockets with and without parameters, and everything that is kept of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from urllib.parse import urljoin

from conformance.drive.dictations import KEPT
from conformance.drive.hands import REMOVE
from conformance.journeys.dalston.speech import SPEECH, floating, say, silence, slow, spoken, telephone
from conformance.journeys.dalston.way import way
from conformance.vocabulary.journey import JourneyName
from conformance.vocabulary.operation import Operation
from conformance.vocabulary.probe import Probe
from conformance.vocabulary.session import Session

if TYPE_CHECKING:
    from collections.abc import Mapping

    from conformance.drive.dictations import Dictations
    from conformance.drive.handle import Handle
    from conformance.evidence import Exchange
    from conformance.journeys.dalston.speech import Speech

#: The first bytes of a file, as a player asks for them.
_RANGE: Final = "bytes=0-43"
#: Seconds of audio by which figures of an active session may lag, and seconds until they are refreshed (E28).
_LAG_S: Final = 10.0
#: Seconds of audio beyond those, and seconds that a refresh may take.
_BEYOND_S: Final = 2.0
_LATE_S: Final = 1.0
#: Parameters with values that they cannot have (E18).
_ODD: Final = ({"store_audio": "perhaps"}, {"sample_rate": "fast"}, {"encoding": "morse"})
#: A session of which nothing is kept, by the parameter of each text.
_NOTHING: Final[Mapping[str, str]] = {"retention": "0"}


@way(JourneyName.DICTATION)
async def dictation(drive: Dictations) -> None:
    """(WebSocket Parameters, Audio Recording) Speech in several encodings, kept and not kept, and silence."""
    speech = spoken(drive, SPEECH)
    nothing = {name: value for name, value in _NOTHING.items() if name in drive.words.query["properties"]}
    await drive.together(
        _dictated(drive, "kept", speech, KEPT),
        _dictated(drive, "not kept", speech, nothing),
        _dictated(drive, "8 kHz", slow(speech), KEPT),
        _dictated(drive, "floating point", floating(speech), KEPT),
        _dictated(drive, "mulaw", telephone(), KEPT),
        _silent(drive),
        _enhanced(drive, speech),
    )


async def _dictated(drive: Dictations, name: str, speech: Speech, kept: Mapping[str, str]) -> None:
    handle = await drive.create(Session.DICTATED.of(name), {**kept, **speech.parameters})
    if handle is None:
        return
    await drive.get(handle)
    await say(drive, handle, speech, 0.0, 0.6)
    await drive.get(handle)
    await say(drive, handle, speech, 0.6, 1.0)
    await drive.end(handle)
    await drive.finish(handle)
    await kept_of(drive, handle)


async def kept_of(drive: Dictations, handle: Handle) -> None:
    """Everything that can be fetched of a session, a part of its audio too, then its details; links are followed."""
    shown = await _downloaded(drive, handle)
    if shown.accepted and not addresses(shown):
        await drive.send(
            Operation.AUDIO,
            "GET",
            drive.at(Operation.AUDIO, handle.session_id),
            session=handle.key,
            probe=Probe.PART_OF_AUDIO,
            headers={"Range": _RANGE},
        )
    await drive.ask(Operation.TRANSCRIPT, handle)
    if Operation.EXPORT in drive.options.text.lifecycle.operations:
        await drive.ask(Operation.EXPORT, handle)
    await drive.get(handle)


async def _downloaded(drive: Dictations, handle: Handle) -> Exchange:
    """The answer to a download of audio, whose address is followed where it tells one."""
    shown = await drive.ask(Operation.AUDIO, handle)
    for address in addresses(shown):
        await drive.fetch(handle, address)
    return shown


def addresses(x: Exchange) -> list[str]:
    """Where an answer says that the audio is: of a redirect, or the first address in an object (E20)."""
    here = x.response.header("location") if x.response and 300 <= x.status < 400 else None
    told = [here] if here else [each for each in x.document.values() if _is_address(each)]
    return [urljoin(x.request.url, each) for each in told[:1]]


def _is_address(value: object) -> bool:
    return isinstance(value, str) and value.startswith(("http://", "https://", "/"))


async def _silent(drive: Dictations) -> None:
    """A session that is to keep audio, and gets none."""
    handle = await drive.create(Session.SILENT)
    if handle is None:
        return
    await drive.end(handle)
    await drive.finish(handle)
    await _downloaded(drive, handle)


async def _enhanced(drive: Dictations, speech: Speech) -> None:
    """A session whose end begins a job, where the text knows one."""
    if "enhance_on_end" not in drive.options.text.schemas["session_ended"]["properties"]:
        return
    handle = await drive.create(Session.ENHANCED, drive.body(enhance_on_end="true", store_transcript=REMOVE))
    if handle is None:
        return
    await say(drive, handle, speech)
    await drive.end(handle)
    await drive.finish(handle)
    await drive.get(handle)


@way(JourneyName.DICTATION_PARAMETERS)
async def parameters(drive: Dictations) -> None:
    """(WebSocket Parameters) Sockets with values that parameters cannot have, and with a job without audio."""
    for odd in _ODD:
        for name, value in odd.items():
            await _odd(drive, odd, Probe.PARAMETER_ODD.of(f"{name} {value}"))
    if "enhance_on_end" in drive.options.text.schemas["session_ended"]["properties"]:
        await _odd(drive, {"enhance_on_end": "true"}, Probe.UNSTORED)


@way(JourneyName.DICTATION_FIGURES, long=True)
async def figures(drive: Dictations) -> None:
    """(Statistics Tracking) More silence than a read may lag behind, and then nothing for as long, read at the end."""
    handle = await drive.create(Session.WATCHED, {})
    if handle is None:
        return
    await say(drive, handle, silence(drive, _LAG_S + _BEYOND_S))
    await drive.pause(_LAG_S + _LATE_S)
    await drive.get(handle)
    await drive.end(handle)
    await drive.finish(handle)


async def _odd(drive: Dictations, query: Mapping[str, str], probe: str) -> None:
    _, handle = await drive.open(Session.DICTATED.of(probe), query, probe=probe)
    if handle is not None:
        await drive.end(handle)
        await drive.finish(handle)
        await _downloaded(drive, handle)
