"""One container into 16 kHz mono samples, bounded whatever the bytes claim."""

from __future__ import annotations

import io
from bisect import bisect_right
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, cast

import av

from mock_server.speech import plain
from mock_server.speech.bounds import Limits, Spent, TooMuch, Undecodable
from mock_server.speech.boxes import samples_named
from mock_server.speech.mix import RATE, Pcm, Tape, Track
from mock_server.speech.structure import riff_seconds

if TYPE_CHECKING:
    from collections.abc import Sequence

    from av.stream import Stream

    from mock_server.speech.sniff import Container
    from mock_server.speech.source import Source

__all__ = ["RATE", "Decoded", "Limits", "Pcm", "Undecodable", "decode", "reason", "riff_seconds"]

# Containers whose packets carry the time: where the last one ends is how far the recording reaches. In the others
# samples follow each other without gaps, and their number is the length.
_TIMED = frozenset({"matroska", "mp4"})
# How far FFmpeg looks into WAV for what the header does not tell. Its default of 5 MB searches all samples for DTS.
_WAV_PROBE = {"probesize": "4096"}
# A second of 16 channels at the highest rate; decoders make all of a packet into samples at once.
_PACKET_BYTES = 16 << 20
_CHANNELS = 64  # the most that FFmpeg converts
_TAG_BYTES = 256  # an ID3v1 tag at the end and some


def reason(error: BaseException) -> str:
    """What went wrong in words for the one who sent the file: no name or address out of a program."""
    if isinstance(error, Undecodable):
        return str(error)
    if isinstance(error, MemoryError):
        return "it needs more memory than a recording may"
    told = error.strerror if isinstance(error, av.error.FFmpegError) else None
    return f"the decoder gave up: {told}" if told else "the decoder gave up"


@dataclass(frozen=True, slots=True)
class Decoded:
    """How much one take gave, by file, and what the decoder noticed on the way."""

    length: int  # in samples of 16 kHz
    shares: tuple[int, ...]
    touched: frozenset[int]  # files that a packet lay in
    declared: float | None  # seconds the container claims
    reach: float  # seconds up to which it holds something
    capped: bool
    flaw: str | None
    unheard: tuple[str, ...] = ()  # tracks that are not heard, and why

    @property
    def seconds(self) -> float:
        """Length of the samples in seconds."""
        return self.length / RATE


@dataclass(slots=True)
class _Reading:
    """A take while it is read: its tracks by stream, what it may cost, what was met."""

    container: Container
    limits: Limits
    tape: Tape
    spent: Spent
    offsets: Sequence[int]
    longest: int  # bytes a packet can have
    begin: int
    tracks: dict[int, Track] = field(default_factory=dict)
    unheard: list[str] = field(default_factory=list)
    bases: dict[int, float] = field(default_factory=dict)  # seconds a tick of each stream's clock
    touched: set[int] = field(default_factory=set)
    declared: float | None = None
    origin: float = 0.0  # where the clock stands when the first track begins
    last: float = 0.0
    allowance: int = 0  # of samples, with those that were spent before
    damaged: int = 0
    stray: int = 0  # bytes that FFmpeg added to a packet because they are none
    capped: bool = False
    flaw: str | None = None


def decode(
    data: bytes | Source,
    container: Container,
    limits: Limits,
    offsets: Sequence[int] = (0,),
    *,
    tape: Tape | None = None,
    spent: Spent | None = None,
) -> Decoded:
    """Decode all audio tracks of one take onto a tape; `offsets` are where each joined file begins in the bytes.

    Raises Undecodable when not one sample can be had. Damage behind the first sample ends or thins the audio
    and is told in `flaw`.
    """
    tape = Tape(round(limits.seconds * RATE)) if tape is None else tape
    longest = _longest_frame(data) if container == "flac" else _PACKET_BYTES
    reading = _Reading(container, limits, tape, spent or Spent(), offsets, longest, len(tape))
    try:
        if not _copied(data, reading):
            _read(data, reading)
    except Exception as error:  # whatever a library raises over bytes that came from outside is these bytes' fault
        reading.flaw = reason(error)
        if len(tape) == reading.begin:
            raise error if isinstance(error, Undecodable) else Undecodable(reading.flaw) from error
    return _decoded(reading)


def _copied(data: bytes | Source, reading: _Reading) -> bool:
    """Lay down samples that are the tape's already, all of one file; False where FFmpeg has to decode or to judge."""
    limits, spent, tape = reading.limits, reading.spent, reading.tape
    if reading.container != "wav" or len(reading.offsets) > 1:
        return False
    number = plain.number(data)
    allowed = limits.lowest_rate <= RATE <= min(limits.highest_rate, limits.density) and spent.packets < limits.packets
    if not 0 < number <= min(tape.room, limits.samples - spent.samples) or not allowed:
        return False
    track = reading.tracks[0] = Track(tape, 1)
    for block in plain.blocks(data):
        track.kept[0] += tape.put(len(tape), block)
    spent.samples += number
    spent.packets += 1
    reading.touched.add(0)
    reading.declared = number / RATE
    return True


def _read(data: bytes | Source, reading: _Reading) -> None:
    file = io.BytesIO(data) if isinstance(data, bytes) else data
    if reading.container == "mp4" and (named := samples_named(data)) > reading.limits.packets:
        raise TooMuch(f"its index names {named} packets, of which a session may have {reading.limits.packets}")
    probe = _WAV_PROBE if reading.container == "wav" else {}
    with av.open(file, "r", format=reading.container, options=probe, metadata_errors="ignore") as source:
        streams = _heard(source, reading)
        reading.declared = _declared(data, source, streams, reading)
        _allow(streams, reading)
        try:
            _drain(source, reading)
        finally:
            for track in reading.tracks.values():
                track.settle(end=True)  # what came before the damage is heard


def _heard(source: av.container.InputContainer, reading: _Reading) -> list[av.AudioStream]:
    """The audio streams that can be decoded, up to the limit; of the others it is said why not."""
    streams: list[av.AudioStream] = []
    refusals: list[str] = []
    for stream in source.streams.audio:
        if (refusal := _refusal(stream, reading.limits)) is not None:
            refusals.append(refusal)
        elif len(streams) < reading.limits.tracks:
            streams.append(stream)
        else:
            refusals.append(f"only {reading.limits.tracks} audio tracks are heard")
    if not streams:
        raise Undecodable(refusals[0] if refusals else "it has no audio track")
    reading.unheard += refusals
    reading.tracks = {stream.index: Track(reading.tape, len(reading.offsets)) for stream in streams}
    return streams


def _refusal(stream: av.AudioStream, limits: Limits) -> str | None:
    """Why a stream cannot be decoded, None if it can."""
    if stream.codec_context is None:
        return "its codec is unknown"
    rate = stream.rate
    if not rate or not limits.lowest_rate <= rate <= limits.highest_rate:
        return f"its sample rate of {rate or 0} Hz is outside {limits.lowest_rate} to {limits.highest_rate}"
    if stream.channels > _CHANNELS:
        return f"it has {stream.channels} channels, and {_CHANNELS} are heard at most"
    return None


def _declared(
    data: bytes | Source, source: av.container.InputContainer, streams: Sequence[av.AudioStream], reading: _Reading
) -> float | None:
    """The seconds the container claims, to be compared with how far it reaches; the clock may have begun late."""
    container = reading.container
    if container == "wav":
        return riff_seconds(data)
    starts = [float(s.start_time * s.time_base) for s in streams if s.start_time is not None and s.time_base]
    reading.origin = min(starts, default=0.0)
    whole = source.duration / av.time_base if source.duration else None
    if container == "mp4":
        ends = [float(((s.start_time or 0) + s.duration) * s.time_base) for s in streams if s.duration and s.time_base]
        return min([*([max(ends)] if ends else []), *([whole] if whole else [])], default=None)
    # Ogg tells its length on the last page that is there, and FFmpeg guesses that of bare MPEG audio from the bit rate.
    return whole if container in {"matroska", "flac"} else None


def _allow(streams: Sequence[av.AudioStream], reading: _Reading) -> None:
    """How many samples the take may cost.

    One of many channels or a high rate has all that is left only if it says its length: else such a file could use up
    what the good ones behind it need.
    """
    limits, left = reading.limits, max(0, reading.limits.samples - reading.spent.samples)
    density = sum(stream.rate * stream.channels for stream in streams)
    if density <= limits.density:
        reading.allowance = limits.samples
        return
    claim = 0
    if reading.declared is not None:
        late = reading.origin if reading.container in _TIMED and reading.origin <= reading.declared else 0.0
        claim = round((reading.declared - late) * density)
    if claim > left:
        raise TooMuch(f"it has {claim} samples, of which a session may have {limits.samples} and {left} are left")
    reading.allowance = reading.spent.samples + max(claim, left // 2)


def _drain(source: av.container.InputContainer, reading: _Reading) -> None:
    """Decode until the end or a limit; a packet that cannot be decoded is left out and counted."""
    position = 0
    timed = reading.container in _TIMED or len(reading.tracks) > 1
    reading.bases = {stream.index: float(stream.time_base) for stream in source.streams if stream.time_base}
    for packet in source.demux():
        reading.spent.packets += 1
        track = reading.tracks.get(packet.stream_index)
        time = _time(packet, reading, heard=track is not None) if timed else None
        if track is not None:
            if packet.pos is not None and packet.pos >= 0:
                position = packet.pos
            _play(cast("av.Packet[av.AudioStream]", packet), track, position, time, reading)
        over = reading.spent.packets > reading.limits.packets or reading.spent.samples > reading.allowance
        if over or all(track.full for track in reading.tracks.values()):
            reading.capped = True
            return
    if reading.damaged and not any(any(track.kept) or track.waiting for track in reading.tracks.values()):
        raise Undecodable(f"none of its {reading.damaged} packets can be decoded")


def _time(packet: av.Packet[Stream], reading: _Reading, *, heard: bool) -> float | None:
    """Seconds at which a packet begins; how far the recording reaches is noted."""
    pts = packet.pts
    if pts is None:
        return None
    base = reading.bases.get(packet.stream_index, 0.0)
    # A Matroska file has one length for all its tracks, an MP4 one for each.
    if heard or reading.container == "matroska":
        reading.last = max(reading.last, (pts + (packet.duration or 0)) * base)
    return pts * base


def _play(
    packet: av.Packet[av.AudioStream], track: Track, position: int, time: float | None, reading: _Reading
) -> None:
    first = _file(reading, position)
    try:
        if packet.size > _PACKET_BYTES:
            raise av.error.InvalidDataError(1, "too large for a packet of audio")
        frames = packet.decode()
    except av.error.EOFError:
        return
    except av.error.FFmpegError:
        # Bare MPEG audio that was cut out of a stream begins with frames that lean on bytes before them.
        reading.damaged += reading.container not in {"mp3", "aac"} or any(track.kept) or track.waiting > 0
        return
    if packet.size:
        stray = _stray(packet, reading)
        reading.stray += stray
        last = position if stray else position + min(packet.size, reading.longest) - 1
        reading.touched.update(range(first, _file(reading, last) + 1))
    at = None
    if len(reading.tracks) > 1 and time is not None:
        at = reading.begin + max(0, round((time - reading.origin) * RATE))
    for frame in frames:
        if not isinstance(frame, av.AudioFrame):
            continue
        if not reading.limits.lowest_rate <= frame.sample_rate <= reading.limits.highest_rate:
            raise Undecodable(f"its sample rate changes to {frame.sample_rate} Hz")
        reading.spent.samples += frame.samples * frame.layout.nb_channels
        track.take(frame, first, at)
        at = None


def _stray(packet: av.Packet[av.AudioStream], reading: _Reading) -> int:
    """Bytes in a FLAC packet that no frame of the file is long enough for; tags behind the last one are fine."""
    over = packet.size - reading.longest
    if reading.container != "flac" or over <= _TAG_BYTES:
        return 0
    behind = bytes(packet)[reading.longest :]
    return over if behind.count(0) < over and b"APETAGEX" not in behind else 0


def _file(reading: _Reading, position: int) -> int:
    return max(0, bisect_right(reading.offsets, position) - 1)


def _decoded(reading: _Reading) -> Decoded:
    length = len(reading.tape) - reading.begin
    if reading.container in _TIMED:
        late = reading.declared is not None and reading.origin > reading.declared
        reach = reading.last - (reading.origin if late else 0.0)  # a length, not the time at the end
    else:
        reach = length / RATE
    flaw = reading.flaw
    if flaw is None and reading.damaged:
        flaw = f"{reading.damaged} damaged packets were left out"
    if flaw is None and reading.stray:
        flaw = f"{reading.stray} of its bytes are no audio"
    return Decoded(
        length,
        tuple(map(sum, zip(*(track.kept for track in reading.tracks.values()), strict=True))),
        frozenset(reading.touched),
        reading.declared,
        reach,
        reading.capped or any(track.full for track in reading.tracks.values()),
        flaw,
        tuple(reading.unheard),
    )


def _longest_frame(data: bytes | Source) -> int:
    """The bytes the longest frame of a FLAC file has by its header; FFmpeg adds to the last one what follows."""
    return int.from_bytes(data[15:18], "big") or _PACKET_BYTES
