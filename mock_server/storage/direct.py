"""What clients put into the bucket by themselves: a folder for each session, which nobody but its client is let into.

`direct/SESSION/coded/CODE` is a file that went to an address for itself, its name coded by us, and
`direct/SESSION/named/NAME` one of a form, whose name is the client's and is never more than text to us. The session's
own audio is elsewhere: what lies here may be overwritten for as long as its address is good.
"""

from __future__ import annotations

import base64
import binascii
import contextlib
import logging
import re
from functools import partial
from typing import TYPE_CHECKING, Final, TypeVar
from urllib.parse import unquote_plus
from xml.etree import ElementTree

from mock_server.storage import Form, Lying
from mock_server.storage.bucket import Absent
from mock_server.storage.signing import Signing, told
from mock_server.storage.together import Together, each_alone

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Collection, Iterator

    from mock_server.storage.bucket import Bucket
    from mock_server.storage.place import Keys

T = TypeVar("T")

log = logging.getLogger("scribe.mock")

_ROOT: Final = "direct"
_CODED, _NAMED = "coded", "named"
_SESSION: Final = re.compile(r"[A-Za-z0-9_-]{1,64}\Z")
#: S3 takes 1024 bytes for a key; this is what prefix and folders leave of them.
_LONGEST_CODE: Final = 700
#: Objects and folders that one answer of the bucket lists.
_PAGE: Final = 1000
#: Seven days are the most that S3 lets an address be good for.
_LONGEST_S: Final = 7 * 86_400
#: Requests to the bucket at once.
_REQUESTS: Final = 4
#: What the library takes as a path as it is: it refuses control characters, and takes empty names for none.
_PLAIN: Final = re.compile(r"(?!\.{1,2}(?:/|\Z))[^\x00-\x1f\x7f/\\]+(?:/(?!\.{1,2}(?:/|\Z))[^\x00-\x1f\x7f/\\]+)*\Z")


class Direct:
    """A `DirectFolder` on a bucket of S3 whose keys are known."""

    def __init__(self, bucket: Bucket, known: Keys) -> None:
        self._bucket = bucket
        self._signing = Signing(bucket.place, known)
        self._net: Together[Callable[[], object]] = Together("scribe-direct", each_alone, most=1, threads=_REQUESTS)

    def close(self) -> None:
        """Finish what is on its way."""
        self._net.close()

    async def address(self, session_id: str, name: str, seconds: float) -> str | None:
        """Where a client may put one file; None where the name or the session's id is too long for a key."""
        code = base64.urlsafe_b64encode(name.encode()).decode().rstrip("=")
        if not _SESSION.match(session_id) or not 0 < len(code) <= _LONGEST_CODE:
            return None
        path = f"{_ROOT}/{session_id}/{_CODED}/{code}"
        return await self._ask(partial(self._bucket.put_address, path, _lasting(seconds)))

    def form(self, session_id: str, seconds: float, most: int) -> Form | None:
        """What a client posts its files with, each of up to `most` bytes; None as for `address`."""
        if not _SESSION.match(session_id):
            return None
        folder = self._bucket.place.path(_ROOT, session_id, _NAMED, "")
        made = self._signing.form(folder, seconds=_lasting(seconds), most=most)
        return Form(made.url, made.fields, folder)

    async def lying(self, session_id: str, most: int) -> list[Lying]:
        """Up to `most` objects in a session's folder; raises StorageError."""
        if not _SESSION.match(session_id):
            return []
        return await self._ask(partial(self._lying, session_id, most))

    def _lying(self, session_id: str, most: int) -> list[Lying]:
        self._bucket.check_there()
        folder = self._bucket.place.path(_ROOT, session_id, "")
        found = []
        for key, size in self._listed(folder, most):
            kind, _, rest = key.removeprefix(folder).partition("/")
            found.append(Lying(key, _decoded(rest) if kind == _CODED else _plain(rest), size))
        return found

    def _listed(self, folder: str, most: int) -> Iterator[tuple[str, int]]:
        """Keys and sizes below a folder: the library's own listing breaks off at a key that it cannot read."""
        for page in self._pages({"prefix": folder, "max-keys": str(min(most, _PAGE)), "encoding-type": "url"}):
            # blanks of a key are told as plus signs
            found = [(unquote_plus(each.get("Key", "")), int(each.get("Size", "0"))) for each in told(page, "Contents")]
            yield from found[:most]
            most -= len(found)
            if most <= 0:
                return

    def _pages(self, query: dict[str, str]) -> Iterator[bytes]:
        """Each page of a listing; raises StorageError."""
        token = ""
        while True:
            try:
                page = self._signing.ask("GET", "", {"list-type": "2", **query} | _following(token))
                (whole,) = told(page, "ListBucketResult")
            except (OSError, ValueError, ElementTree.ParseError) as error:
                place = self._bucket.place
                raise Absent(f"The audio store {place} could not be listed ({type(error).__name__}).") from None
            yield page
            token = whole.get("NextContinuationToken", "")
            if not token:
                return

    @contextlib.asynccontextmanager
    async def opened(self, key: str) -> AsyncIterator[tuple[str, AsyncIterator[bytes]]]:
        """The media type an object was put with, and its bytes; raises FileNotFoundError for none, and StorageError."""
        path = key.removeprefix(self._bucket.place.path(""))
        label, pieces = await self._ask(partial(self._bucket.typed, path))

        async def read() -> AsyncIterator[bytes]:
            while (piece := await self._ask(partial(next, pieces, None))) is not None:
                yield piece

        yield label, read()

    async def remove(self, keys: Collection[str]) -> None:
        """Remove objects; what a bucket that is not there keeps of them is swept later."""
        try:
            for key in keys:
                await self._ask(partial(self._signing.ask, "DELETE", key, {}))
        except OSError as error:
            log.warning("what clients put into the audio store stays for a while: %s", type(error).__name__)

    async def sessions(self) -> list[str]:
        """The sessions in whose folders anything lies; raises StorageError."""
        return await self._ask(self._sessions)

    def _sessions(self) -> list[str]:
        self._bucket.check_there()
        folder = self._bucket.place.path(_ROOT, "")
        pages = self._pages({"prefix": folder, "delimiter": "/", "max-keys": str(_PAGE)})
        prefixes = (each.get("Prefix", "") for page in pages for each in told(page, "CommonPrefixes"))
        return [prefix.removeprefix(folder).strip("/") for prefix in prefixes if prefix.startswith(folder)]

    async def _ask(self, errand: Callable[[], T]) -> T:
        found: T = await self._net.ask(errand)
        return found


def _following(token: str) -> dict[str, str]:
    return {"continuation-token": token} if token else {}


def _lasting(seconds: float) -> int:
    return max(1, min(_LONGEST_S, int(seconds)))


def _plain(name: str) -> str | None:
    """A client's own name, where it can be read at all."""
    return name if _PLAIN.match(name) else None


def _decoded(code: str) -> str | None:
    try:
        return base64.b64decode(code + "=" * (-len(code) % 4), altchars=b"-_", validate=True).decode()
    except (binascii.Error, UnicodeDecodeError, ValueError):
        return None
