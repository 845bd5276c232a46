"""A prefix of a bucket, as threads that wait for it use it; what goes wrong there is a StorageError without secrets."""

from __future__ import annotations

import contextlib
import logging
import os
from datetime import timedelta
from typing import IO, TYPE_CHECKING, Any, Final

from mock_server.extra import install
from mock_server.storage import StorageError
from mock_server.storage.reason import reason, silent

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import datetime

    from obstore.store import ClientConfig, ObjectStore, RetryConfig

    from mock_server.storage.place import Place

log = logging.getLogger("scribe.mock")

#: The least that S3 takes for a part, other than the last one.
PART_BYTES: Final = 5 * 1024 * 1024
#: Parts of one object on their way at the same time: each stands in memory.
_PARTS_AT_ONCE: Final = 3
#: Bytes that are read at a time.
_READ: Final = 1024 * 1024
_WRITE: Final = "write"
#: One that is there answers within these; each try of a part has 30 s.
_CLIENT: Final[ClientConfig] = {"connect_timeout": timedelta(seconds=3), "timeout": timedelta(seconds=30)}
#: A connection that breaks off is tried again; who waits for an answer is told after some seconds that there is none.
_RETRY: Final[RetryConfig] = {
    "max_retries": 3,
    "retry_timeout": timedelta(seconds=10),
    "backoff": {
        "init_backoff": timedelta(milliseconds=100),
        "max_backoff": timedelta(seconds=1),
        "base": 2,
    },
}
#: Where S3 is to be asked, as the environment says it, the first that is set.
_ENDPOINTS: Final = ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL", "AWS_ENDPOINT")


class Absent(StorageError):  # noqa: N818 - it may be there again, and then nothing was wrong
    """The bucket cannot be asked or takes nothing now; later it may."""


def endpoint(place: Place) -> str | None:
    """Where a place is asked, None for the provider's own address."""
    given = place.options.get("endpoint") or place.options.get("base_url")
    if given is None and place.scheme == "s3":
        given = next((os.environ[name] for name in _ENDPOINTS if os.environ.get(name)), None)
    return given


class Bucket:
    """Objects below a prefix, by paths that begin there; methods wait, and raise StorageError."""

    def __init__(self, place: Place) -> None:
        try:
            from obstore import store as stores
        except ImportError:
            raise StorageError(f"--audio-store needs a library that is not installed: {install('objects')}.") from None
        self.place = place
        #: What is wrong since the bucket was last asked in vain, and for what: one that is full can be read.
        self.absence: str | None = None
        self._vainly = ""
        self._silent = False
        config: dict[str, Any] = dict(place.options)
        self._endpoint = endpoint(place)
        if place.scheme == "s3":
            config.setdefault("checksum_algorithm", "SHA256")
        client: ClientConfig = {**_CLIENT, "allow_http": (self._endpoint or "").startswith("http://")}
        try:
            opening: Callable[..., ObjectStore] = stores.from_url  # a config of each scheme has a type of its own
            self._store = opening(
                f"{place.scheme}://{place.bucket}/{place.prefix}",
                config=config,
                client_options=client,
                retry_config=_RETRY,
            )
        except Exception:  # noqa: BLE001 - whatever the library says may repeat a secret
            told = "its query, or what the environment says of its account, is not complete, or is wrong"
            raise StorageError(f"The audio store {place} cannot be used: {told}.") from None

    def check_there(self) -> None:
        """Raise what somebody else was told a moment ago, unless it was that the bucket takes nothing more."""
        if self.absence is not None and (self._silent or self._vainly != _WRITE):
            raise Absent(self.absence)

    def put(self, path: str, content: bytes, *, new: bool = False) -> None:
        """Keep a small object; one that is to be `new` raises FileExistsError where there is one."""
        from obstore import put

        with self._asked(_WRITE):
            put(self._store, path, content, mode="create" if new else "overwrite", use_multipart=False)

    def send(self, path: str, source: bytes | IO[bytes], sha256: str) -> None:
        """Keep an object with its digest beside it, in parts where it is large."""
        from obstore import put

        with self._asked(_WRITE):
            put(
                self._store,
                path,
                source,
                attributes={"sha256": sha256},
                chunk_size=PART_BYTES,
                max_concurrency=_PARTS_AT_ONCE,
            )

    def get(self, path: str, at: int = 0) -> tuple[str | None, Iterator[bytes]]:
        """The digest that stands beside an object, and its bytes from a place on; raises FileNotFoundError for none."""
        from obstore import get

        with self._asked("read"):
            found = get(self._store, path, options={"range": {"offset": at}} if at else None)
            return found.attributes.get("sha256"), self._pieces(iter(found.stream(min_chunk_size=_READ)))

    def typed(self, path: str) -> tuple[str, Iterator[bytes]]:
        """The media type that whoever put an object gave it, and its bytes; raises FileNotFoundError for none."""
        from obstore import get

        with self._asked("read"):
            found = get(self._store, path)
            return found.attributes.get("Content-Type") or "", self._pieces(iter(found.stream(min_chunk_size=_READ)))

    def put_address(self, path: str, seconds: int) -> str:
        """An address at which anybody may put one object for so many seconds; the bucket itself is not asked."""
        from obstore import sign

        signer: Any = self._store  # whatever signs nothing is refused at start
        try:
            return str(sign(signer, "PUT", path, timedelta(seconds=seconds)))
        except Exception:  # noqa: BLE001 - whatever the library says may repeat a secret
            raise StorageError(f"Addresses of the audio store {self.place} cannot be signed now.") from None

    def _pieces(self, stream: Iterator[Any]) -> Iterator[bytes]:
        while True:
            with self._asked("read"):
                piece = next(stream, None)
            if piece is None:
                return
            yield bytes(piece)

    def size(self, path: str) -> int | None:
        """Bytes of an object; None for none."""
        from obstore import head

        try:
            with self._asked("read"):
                return int(head(self._store, path)["size"])
        except FileNotFoundError:
            return None

    def listed(self, path: str) -> list[tuple[str, int, datetime]]:
        """Path, bytes and last change of all that lies in a folder."""
        from obstore import list as listing

        with self._asked("list"):
            found = listing(self._store, path, chunk_size=1000)
            return [(meta["path"], meta["size"], meta["last_modified"]) for some in found for meta in some]

    def delete(self, paths: Sequence[str]) -> None:
        """Remove objects; one that is gone already is fine."""
        from obstore import delete

        if paths:
            with self._asked("delete"), contextlib.suppress(FileNotFoundError):
                delete(self._store, list(paths))

    @contextlib.contextmanager
    def _asked(self, doing: str) -> Iterator[None]:
        try:
            yield
        except FileNotFoundError as error:
            if "NoSuchBucket" in str(error) or "ContainerNotFound" in str(error):
                raise self._absent(doing, error) from None
            self._present(doing)
            raise FileNotFoundError from None
        except StorageError:
            raise
        except Exception as error:  # noqa: BLE001 - the library's errors have no other base that is importable here
            if type(error).__name__ == "AlreadyExistsError":
                raise FileExistsError from None
            # the library's words have addresses with signatures in them, and so would the log of what this came from
            raise self._absent(doing, error) from None
        else:
            self._present(doing)

    def _present(self, doing: str) -> None:
        self._silent = False
        if self._vainly != _WRITE or doing == _WRITE:
            self.absence = None

    def _absent(self, doing: str, error: Exception) -> Absent:
        why = reason(error, self.place.bucket, doing, self._endpoint)
        if self.absence is None or self._vainly != _WRITE:
            self._vainly = doing
        self._silent = silent(error)
        self.absence = f"The audio store {self.place} cannot be used now: {why}."
        return Absent(f"The audio store {self.place} cannot be used: {why}.")
