"""Audio of a session as it came: a file, or the range of it that is asked for (RFC 9110 §14)."""

from __future__ import annotations

import asyncio
import re
from typing import TYPE_CHECKING, Final, NamedTuple

from fastapi import Response

from mock_server import problems
from mock_server.api.control.stream import begin
from mock_server.api.label import FORMATS
from mock_server.speech.sniff import opens
from mock_server.storage import StorageError

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator
    from pathlib import Path

    from mock_server.api.control.route import Asking
    from mock_server.shelves.shelf import File
    from mock_server.storage import AudioStore

_RANGE: Final = re.compile(r"bytes=([0-9]{0,15})-([0-9]{0,15})\Z")
_PIECE: Final = 256 * 1024
#: What tells a container.
_HEAD: Final = 64 * 1024
#: Container -> a word that the media type of it has. What a client called its file decides nothing in a browser.
_TYPES: Final = {"matroska": "webm", "ogg": "ogg", "wav": "wav", "mp4": "mp4", "flac": "flac", "mp3": "mpeg"}
_UNKNOWN: Final = "application/octet-stream"


class Range(NamedTuple):
    """Bytes from the first up to the last, which belongs to it."""

    first: int
    last: int


def asked_range(header: str | None, size: int) -> Range | None:
    """The range of a file that a header asks for, None where it asks for none that is understood; 416 beyond the file.

    A range that is not understood is no error: the whole file answers it, as RFC 9110 §14.2 has it.
    """
    found = _RANGE.match(header.strip()) if header else None
    if found is None or found[1] == found[2] == "":
        return None
    if found[1]:
        asked = Range(int(found[1]), min(int(found[2] or size), size - 1))
        if found[2] and int(found[2]) < asked.first:
            return None
    else:
        asked = Range(max(0, size - int(found[2])), size - 1)
    if asked.first > asked.last:
        raise problems.range_not_satisfiable(size)
    return asked


async def play(asked: Asking, file: File) -> Response:
    """The answer to a request for a file."""
    call, audio = asked.call, asked.face.service.audio
    wanted = asked_range(call.request.headers.get("range"), file.size)
    first, last = wanted or Range(0, file.size - 1)
    try:
        head = b"".join([piece async for piece in pieces(audio, file, Range(0, min(file.size, _HEAD) - 1))])
    except StorageError as error:
        raise asked.face.service.unavailable(error) from error
    begin(call, asked.face.places, pieces(audio, file, Range(first, last)), last - first + 1)
    headers = {
        "Accept-Ranges": "bytes",
        "X-Content-Type-Options": "nosniff",
        "Content-Disposition": "attachment",
        "Content-Security-Policy": "sandbox; default-src 'none'",
    }
    if wanted is not None:
        headers["Content-Range"] = f"bytes {first}-{last}/{file.size}"
    return Response(b"", 206 if wanted else 200, headers, _media_type(head))


def _media_type(head: bytes) -> str:
    """That of the container, which is told from the bytes."""
    word = _TYPES.get(opens(head) or "", "")
    return next(
        (name.partition(";")[0] for name in FORMATS if word and name.partition(";")[0].endswith(word)), _UNKNOWN
    )


async def pieces(audio: AudioStore, file: File, wanted: Range) -> AsyncGenerator[bytes, None]:
    """A range of a file, read as its reader comes on."""
    at, left = wanted.first, wanted.last - wanted.first + 1
    async with audio.fetch([file.key]) as (path,):
        while left > 0:
            piece = await asyncio.to_thread(_read, path, at, min(left, _PIECE))
            if not piece:
                return  # it was removed meanwhile: the client sees that its answer is too short
            yield piece
            at, left = at + len(piece), left - len(piece)


def _read(path: Path, at: int, most: int) -> bytes:
    try:
        with path.open("rb") as handle:
            handle.seek(at)
            return handle.read(most)
    except FileNotFoundError:
        return b""
