"""What a file is, told from its first bytes alone: labels and names are not believed.

Only these containers ever reach the demuxer, and by name, because FFmpeg's own guess also follows text that
names other files and hosts (SDP, ffconcat, HLS).
"""

from __future__ import annotations

import re
from typing import Literal, TypeAlias, overload

from mock_server.speech import mpeg
from mock_server.speech.source import Octets, Sought, Source, literal, search

Container: TypeAlias = Literal["matroska", "ogg", "wav", "mp4", "flac", "mp3", "aac"]

# How each container begins, with as much behind the magic as keeps it apart from chance in the middle of other data.
BEGINNING = Sought(
    re.compile(
        rb"\x1a\x45\xdf\xa3(?=.{0,60}?\x42\x82.{1,8}?(?:webm|matroska))"
        rb"|OggS\x00[\x02\x03\x06\x07]"  # the beginning of a stream, not a later page
        rb"|(?:RIFF|RF64)....WAVE"
        rb"|\x00\x00..ftyp"
        rb"|fLaC[\x00\x80]\x00\x00\x22",
        re.DOTALL,
    ),
    (b"\x1a\x45\xdf\xa3", b"OggS", b"WAVE", b"ftyp", b"fLaC"),
)
# The same for the first bytes of a file, where the magic alone is enough.
_MAGIC = re.compile(
    rb"(?P<matroska>\x1a\x45\xdf\xa3)|(?P<ogg>OggS.[\x02\x03\x06\x07])|(?P<wav>(?:RIFF|RF64)....WAVE)"
    rb"|(?P<mp4>....ftyp)|(?P<flac>fLaC)",
    re.DOTALL,
)
_MAGIC_BYTES = 12
_CONTAINERS: tuple[Container, ...] = ("matroska", "ogg", "wav", "mp4", "flac")
# A client that posts a form to a raw upload URL: the boundary line, then the part's own headers.
_ENVELOPE = re.compile(
    rb"\A--(?P<boundary>[^\r\n]{1,200})\r\n(?:[A-Za-z-]{1,40}:[^\r\n]{0,1000}\r\n){1,8}\r\n", re.ASCII
)
_ENVELOPE_LIMIT = 16_384


def opens(data: Octets) -> Container | None:
    """The container the bytes begin with: such a file can be decoded on its own."""
    if (container := signed(data)) is not None:
        return container
    at = mpeg.first_frame(data)
    frame = mpeg.frame_at(data, at) if at is not None else None
    return frame.kind if frame else None


def signed(data: Octets, at: int = 0) -> Container | None:
    """The container whose signature stands here, behind tags if it must be; bare MPEG audio has none."""
    for place in (at, mpeg.behind_tags(data, at)):
        if found := _MAGIC.match(data[place : place + _MAGIC_BYTES]):
            return next(name for name in _CONTAINERS if found[name])
    return None


def unfinished(data: Octets) -> bool:
    """Whether more bytes may show what this is: a tag that is longer, or less than a signature or frame needs."""
    if len(data) < _MAGIC_BYTES:
        return True
    at = mpeg.behind_tags(data)
    if at >= len(data):
        return True
    frame = mpeg.frame_at(data, at)
    return frame is not None and at + 3 * frame.size > len(data)


@overload
def unwrap(data: bytes) -> bytes: ...
@overload
def unwrap(data: Source) -> Source: ...
def unwrap(data: bytes | Source) -> bytes | Source:
    """The file inside a multipart/form-data envelope that was stored as it came, else all bytes."""
    found = _ENVELOPE.match(data[:_ENVELOPE_LIMIT])
    if found is None or b"content-disposition:" not in found.group(0).lower():
        return data
    end = search(data, literal(b"\r\n--" + found.group("boundary")), found.end())
    end = len(data) if end is None else end
    if isinstance(data, Source):
        return data.window(found.end(), end)
    return data[found.end() : end]
