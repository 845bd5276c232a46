"""What a file is, by its first bytes; its name, its label and its multipart wrapping are not believed."""

from __future__ import annotations

import re
from typing import Final

#: FFmpeg demuxer by container signature. Playlists, SDP and concat scripts have no signature here, so none is opened.
_EBML: Final = b"\x1a\x45\xdf\xa3"
_ENVELOPE = re.compile(rb"\A--([^\r\n]{1,70})\r\n(?:[^\r\n]{1,1000}\r\n){0,20}\r\n", re.DOTALL)


def unwrapped(data: bytes) -> bytes:
    """The file inside a multipart envelope that was sent as if it were audio (seen in the field), or the data itself."""
    found = _ENVELOPE.match(data)
    if found is None or b"content-disposition: form-data" not in found.group(0).lower():
        return data
    closing = data.find(b"\r\n--" + found.group(1), found.end())
    return data[found.end() : closing if closing >= 0 else len(data)]


def container(data: bytes) -> str | None:
    """The FFmpeg demuxer for these bytes, or None when they begin no audio container that is taken here."""
    if data.startswith(_EBML):
        return "matroska"
    if data.startswith(b"OggS"):
        return "ogg"
    if data.startswith(b"RIFF") and data[8:12] == b"WAVE":
        return "wav"
    if data[4:8] in (b"ftyp", b"styp"):
        return "mp4"
    if data.startswith(b"fLaC"):
        return "flac"
    if data.startswith(b"ID3"):
        return "mp3"
    return _frames(data)


def _frames(data: bytes) -> str | None:
    """MPEG audio and ADTS have no signature but a frame header: 11 or 12 set bits and fields that make sense."""
    if len(data) < 4 or data[0] != 0xFF:
        return None
    if data[1] & 0xF6 == 0xF0:
        return "aac" if (data[2] >> 2) & 0xF < 13 else None
    sensible = data[1] & 0xE0 == 0xE0 and data[1] & 0x18 != 0x08 and data[1] & 0x06 != 0
    return "mp3" if sensible and data[2] & 0xF0 != 0xF0 and data[2] & 0x0C != 0x0C else None


def begins_file(data: bytes) -> bool:
    """Whether a chunk is a file of its own; any other continues the one before it (fragments of a recording)."""
    if data.startswith(b"OggS"):
        return len(data) > 5 and bool(data[5] & 0x02)
    signed = data.startswith((_EBML, b"fLaC", b"ID3")) or (data.startswith(b"RIFF") and data[8:12] == b"WAVE")
    return signed or data[4:8] == b"ftyp"
