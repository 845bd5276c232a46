"""Audio over a socket, where discovery lists streams: sessions of it, and sockets that lead nowhere."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from conformance.evidence.socket import SAMPLES, Turn
from conformance.journeys.registry import journey
from conformance.vocabulary.journey import JourneyName
from conformance.vocabulary.probe import Probe
from conformance.vocabulary.session import Session

if TYPE_CHECKING:
    from collections.abc import Sequence

    from conformance.drive.driver import Driver
    from conformance.drive.handle import Handle

#: The upload type of audio over a socket.
STREAM: Final = "stream"
#: What a stream may go over, the one with a known wire first.
_OVER: Final = ("websocket", "http", "rpc")
#: Seconds of a message: what browsers and telephones send is of that order.
_MESSAGE_S: Final = 0.1
#: What the kit streams.
_SPEECH: Final = "short"
_HEAD: Final = 44
_PASSED_ON: Final = {"ward": "7"}
#: Messages to a socket that should take none.
_FEW: Final = 10


@journey(JourneyName.AUDIO_STREAM)
async def stream(drive: Driver) -> None:
    """(6.2, 7.1) A session for each form of the wire, a socket of nobody, and one of a session that was ended."""
    wire = drive.options.text.stream
    if wire is None or not drive.target.streams:
        return
    samples = drive.audio[_SPEECH].read()[_HEAD:]
    size = int(wire.rate * _MESSAGE_S) * wire.sample_bytes
    spoken = Turn(0, recording=_SPEECH, end=len(samples), size=size)
    begin = {"event": wire.start, "start": {"mediaFormat": {"encoding": wire.encoding, "sampleRate": wire.rate}}}
    media = {"event": wire.media, "media": {"payload": SAMPLES}}
    over = Turn(0, json.dumps({"event": wire.stop}))
    words = [Turn(0, json.dumps(begin)), replace(spoken, inside=json.dumps(media)), over]
    handle = await _created(drive, Session.STREAMED.of("binary"))
    if handle is None:
        return
    await drive.together(_binary(drive, handle, spoken, over, samples), _json(drive, words, samples))


async def _created(drive: Driver, session: str) -> Handle | None:
    """A session of the type over the first protocol that is taken; None where its address is not one of a socket."""
    for protocol in _OVER:
        # a service that wants something passed on is not to be told one that takes no streams
        body = drive.body(upload_type=STREAM, communication_protocol=protocol, additional_data=_PASSED_ON)
        handle = await drive.create(session, body, probe=Probe.STREAM_OVER.of(protocol))
        if handle is not None:
            known = protocol == _OVER[0] and urlsplit(handle.told_url).scheme in ("ws", "wss")
            return handle if known else None
    return None


async def _binary(drive: Driver, handle: Handle, spoken: Turn, over: Turn, samples: bytes) -> None:
    """Sockets of nobody, of the session, and of the session once it was ended."""
    apart = _MESSAGE_S if drive.networked else 0.0
    few = [replace(spoken, end=_FEW * spoken.size), over]
    await drive.speak(handle.key, _of_nobody(handle.told_url), few, samples, probe=Probe.STREAM_UNKNOWN)
    await drive.speak(handle.key, handle.told_url, [spoken, over], samples, probe=Probe.STREAM, apart=apart)
    await drive.get(handle)
    ended = await drive.end(handle)
    if ended.accepted:
        await drive.speak(handle.key, handle.told_url, few, samples, probe=Probe.STREAM_LATE)
    await drive.finish(handle)


async def _json(drive: Driver, turns: Sequence[Turn], samples: bytes) -> None:
    handle = await _created(drive, Session.STREAMED.of("json"))
    if handle is None:
        return
    apart = _MESSAGE_S if drive.networked else 0.0
    await drive.speak(handle.key, handle.told_url, turns, samples, probe=Probe.STREAM, apart=apart)
    await drive.get(handle)
    await drive.end(handle)
    await drive.finish(handle)


def _of_nobody(url: str) -> str:
    """The address with another id: the longest part of its path is what nobody can guess."""
    longest = max(urlsplit(url).path.split("/"), key=len)
    kept = len(longest) // 3
    made_up = hashlib.sha256(url.encode()).hexdigest() * (1 + len(longest) // 64)
    return url.replace(longest, longest[:kept] + made_up[: len(longest) - kept])
