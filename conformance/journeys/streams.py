"""Audio over a socket, where discovery lists streams: sessions of it, and sockets that lead nowhere."""

from __future__ import annotations

import hashlib
import json
from base64 import b64encode
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from conformance.journeys.registry import journey
from conformance.vocabulary.journey import JourneyName
from conformance.vocabulary.probe import Probe
from conformance.vocabulary.session import Session

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from conformance.drive.driver import Driver
    from conformance.drive.handle import Handle
    from scribe_data.stream import Stream

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
    over = json.dumps({"event": wire.stop})
    binary: list[bytes | str] = [*_pieces(wire, samples), over]
    begin = {"event": wire.start, "start": {"mediaFormat": {"encoding": wire.encoding, "sampleRate": wire.rate}}}
    words = [json.dumps(begin), *(_media(wire, piece) for piece in _pieces(wire, samples)), over]
    handle = await _created(drive, Session.STREAMED.of("binary"))
    if handle is None:
        return
    await drive.together(_binary(drive, handle, binary), _json(drive, words))


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


async def _binary(drive: Driver, handle: Handle, messages: Sequence[bytes | str]) -> None:
    """Sockets of nobody, of the session, and of the session once it was ended."""
    apart = _MESSAGE_S if drive.networked else 0.0
    few = [*messages[:_FEW], messages[-1]]
    await drive.speak(handle.key, _of_nobody(handle.told_url), few, probe=Probe.STREAM_UNKNOWN)
    await drive.speak(handle.key, handle.told_url, messages, probe=Probe.STREAM, apart=apart)
    await drive.get(handle)
    ended = await drive.end(handle)
    if ended.accepted:
        await drive.speak(handle.key, handle.told_url, few, probe=Probe.STREAM_LATE)
    await drive.finish(handle)


async def _json(drive: Driver, messages: Sequence[str]) -> None:
    handle = await _created(drive, Session.STREAMED.of("json"))
    if handle is None:
        return
    apart = _MESSAGE_S if drive.networked else 0.0
    await drive.speak(handle.key, handle.told_url, messages, probe=Probe.STREAM, apart=apart)
    await drive.get(handle)
    await drive.end(handle)
    await drive.finish(handle)


def _pieces(wire: Stream, samples: bytes) -> list[bytes]:
    size = int(wire.rate * _MESSAGE_S) * wire.sample_bytes
    return list(_cut(samples, size))


def _cut(samples: bytes, size: int) -> Iterator[bytes]:
    for at in range(0, len(samples), size):
        yield samples[at : at + size]


def _media(wire: Stream, samples: bytes) -> str:
    return json.dumps({"event": wire.media, "media": {"payload": b64encode(samples).decode("ascii")}})


def _of_nobody(url: str) -> str:
    """The address with another id: the longest part of its path is what nobody can guess."""
    longest = max(urlsplit(url).path.split("/"), key=len)
    kept = len(longest) // 3
    made_up = hashlib.sha256(url.encode()).hexdigest() * (1 + len(longest) // 64)
    return url.replace(longest, longest[:kept] + made_up[: len(longest) - kept])
