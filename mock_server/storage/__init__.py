"""What is kept for good: sessions with their journal, and audio.

Callers know the protocols here and in `unit`: a `Store` keeps a change of many things as a whole, an `AudioStore` keeps
bytes. Where these two put them is nobody's business outside this room.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping, Sequence
    from contextlib import AbstractAsyncContextManager
    from pathlib import Path
    from typing import TypeAlias

    from mock_server.storage.unit import Store

    #: The size of what grew -> how many bytes of it count, and those that it begins with from then on.
    Made: TypeAlias = Callable[[int], tuple[int, bytes]]


class StorageError(Exception):
    """The data directory cannot be used, or not now; the message says why and what would help."""


class InUseError(StorageError):
    """Another server has it."""


class Later(StorageError):  # noqa: N818 - nothing is wrong with what was asked
    """All that is kept of some audio is there, and what was asked of it can be done once its stores are there again."""


class TooLarge(Exception):  # noqa: N818 - the client's affair, not an error
    """The body goes on beyond the limit; nothing of it was kept."""


@dataclass(frozen=True)
class Stored:
    """What was kept, by its key: `size` in bytes and the digest of exactly those bytes."""

    key: str
    sha256: str
    size: int


@dataclass(frozen=True)
class Lying:
    """What a client put into a session's folder, by its key there: `name` is None where it cannot be told as text."""

    key: str
    name: str | None
    size: int


@dataclass(frozen=True)
class Form:
    """Where a client posts a form, and the fields that go before its file; `folder` is where that will lie."""

    url: str
    fields: Mapping[str, str]
    folder: str


class DirectFolder(Protocol):
    """Where clients put audio by themselves, without a key of this server: a folder of each session.

    What lies there is the client's until it is taken into an `AudioStore`: it may be overwritten at any time.
    """

    async def address(self, session_id: str, name: str, seconds: float) -> str | None:
        """Where a client may put the one file of a name, for so many seconds; None where there is no such address.

        Raises StorageError.
        """

    def form(self, session_id: str, seconds: float, most: int) -> Form | None:
        """What a client posts files of up to `most` bytes with, for so many seconds; None where there is no form."""

    async def lying(self, session_id: str, most: int) -> list[Lying]:
        """Up to `most` of what lies in a session's folder; raises StorageError."""

    def opened(self, key: str) -> AbstractAsyncContextManager[tuple[str, AsyncIterator[bytes]]]:
        """The media type that a file was put with, and its bytes.

        Raises FileNotFoundError for one that is gone, and StorageError.
        """

    async def remove(self, keys: Collection[str]) -> None:
        """Remove files; one that is gone already is fine, and what cannot be removed now may stay."""

    async def sessions(self) -> list[str]:
        """The ids of the sessions in whose folders anything lies; raises StorageError."""

    def close(self) -> None:
        """Finish what is on its way."""


class AudioStore(Protocol):
    """Keeps the bytes of audio files by a key of ours."""

    def put(self, name: str, body: AsyncIterator[bytes], limit: int) -> AbstractAsyncContextManager[Stored]:
        """Keep a body of at most `limit` bytes for good, under a key that is made of a name drawn for it.

        Raises TooLarge, or StorageError when there is no room. In the block the caller makes a session refer to it;
        until its end nobody's sweep takes it for nobody's.
        """

    def fetch(self, keys: Sequence[str]) -> AbstractAsyncContextManager[list[Path]]:
        """Files with the bytes of these keys, for a reader on this machine and for the time of the block.

        One that was deleted meanwhile is a path without a file. Raises StorageError where they are not to be had now.
        """

    async def extend(self, key: str, at: int, data: bytes) -> None:
        """Put bytes behind the first `at` of a key, for good; what stood behind those is no more.

        One caller at a time. Raises StorageError, and then what stood there may stand there still.
        """

    async def settle(self, key: str, made: Made) -> Stored:
        """Bring what grew to its last form: `made` tells by its size how much of it counts, and how that begins.

        Raises StorageError; where that is to be asked again, Later.
        """

    async def size(self, key: str) -> int:
        """How many bytes there are of a key; 0 where there is none. Raises StorageError."""

    async def delete(self, keys: Collection[str]) -> None:
        """Forget these; one that is gone already is fine."""

    async def sweep(self, kept: Callable[[], Awaitable[Collection[str]]]) -> int:
        """Remove what no session refers to, as `kept` tells, and nobody is putting; returns how many files went."""

    def absence(self) -> str | None:
        """What a person is told while audio lies somewhere that is not to be asked now; None while it is."""

    def close(self) -> None:
        """Give back what is held."""


class Keeping(Protocol):
    """All that a service keeps things in."""

    @property
    def store(self) -> Store:
        """Sessions and their journal."""

    @property
    def audio(self) -> AudioStore:
        """Audio."""

    @property
    def superseded(self) -> bool:
        """Whether another server has had it meanwhile, so that nothing is kept here any more."""

    @property
    def direct(self) -> DirectFolder | None:
        """Where clients put audio by themselves, if they do."""

    def shortage(self) -> str | None:
        """Why nothing can be stored now; None while there is room."""

    async def release(self) -> None:
        """Give up the room that was kept back, for a change that frees more than it takes."""

    async def fill(self) -> None:
        """Keep room back again, as far as there is any."""

    def close(self) -> None:
        """Finish what waits, then stop."""
