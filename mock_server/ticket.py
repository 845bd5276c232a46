"""Secrets that a URL holds, which whatever shows requests knows by their looks, wherever they stand.

Of those that are sealed nothing is kept: what they are for stands in them.
"""

from __future__ import annotations

import base64
import binascii
import contextlib
import hashlib
import hmac
import os
import secrets
from typing import TYPE_CHECKING, Final, NamedTuple

from mock_server.storage import StorageError

if TYPE_CHECKING:
    from pathlib import Path

#: What each of them begins with, as the keys of this project do with theirs.
PREFIX: Final = "tkt_"
#: What tickets of streams are sealed for, beside those of uploads.
STREAMING: Final = b" stream"
_FILE: Final = "upload-tickets.secret"
_SECRET_BYTES: Final = 32
_SEAL_BYTES: Final = 16
#: Longer is nothing that was issued here: a namespace, an id, and a third more for letters that URLs may hold.
_LONGEST: Final = 1200


def drawn() -> str:
    """A new one that nobody can guess."""
    return PREFIX + secrets.token_urlsafe(24)


class Ticket(NamedTuple):
    """Whose session audio is for."""

    namespace: str
    session_id: str


def _text(found: bytes) -> str:
    return base64.urlsafe_b64encode(found).decode().rstrip("=")


def kept_secret(directory: Path) -> bytes:
    """What the tickets of a data directory are sealed with, for nobody else to read; raises StorageError."""
    place, new = directory / _FILE, directory / f"{_FILE}.new"
    try:
        with contextlib.suppress(FileNotFoundError):
            found = place.read_bytes()
            if len(found) != _SECRET_BYTES:
                told = (
                    f"{place} has not {_SECRET_BYTES} bytes. Put it back, or remove it: upload URLs that hold a ticket"
                )
                raise StorageError(f"{told} are no good any more then.")
            return found
        new.unlink(missing_ok=True)  # one that a crash left
        made = secrets.token_bytes(_SECRET_BYTES)
        with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(made)
            file.flush()
            os.fsync(file.fileno())
        new.replace(place)
    except OSError as error:
        raise StorageError(f"The data directory {directory} cannot be used ({error}).") from error
    return made


def secret_of(directory: Path | None) -> bytes:
    """What seals those of a data directory, across restarts, or of this process where there is none.

    Raises StorageError.
    """
    return kept_secret(directory) if directory else secrets.token_bytes(_SECRET_BYTES)


class Tickets:
    """Issues and reads tickets of one purpose, which last as long as the secret that seals them."""

    def __init__(self, secret: bytes, purpose: bytes = b"") -> None:
        self._secret = secret + purpose

    def issue(self, namespace: str, session_id: str) -> str:
        """A ticket for a session's audio; letters, digits, hyphens and underscores, which do not tell the id."""
        told = f"{namespace} {session_id}".encode()
        seal = self._seal(told)
        return PREFIX + _text(seal + self._mixed(seal, told))

    def read(self, text: str) -> Ticket | None:
        """What a ticket is for; None for one that was not issued here."""
        text = text.removeprefix(PREFIX)  # earlier servers issued them without it
        try:
            found = base64.b64decode(text[:_LONGEST] + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        except (binascii.Error, ValueError):
            return None
        if _text(found) != text:  # letters of which some bits count for nothing
            return None
        seal, told = found[:_SEAL_BYTES], self._mixed(found[:_SEAL_BYTES], found[_SEAL_BYTES:])
        if not hmac.compare_digest(seal, self._seal(told)):
            return None
        namespace, _, session_id = told.decode().partition(" ")
        return Ticket(namespace, session_id)

    def _seal(self, told: bytes) -> bytes:
        return hmac.digest(self._secret, b"seal" + told, "sha256")[:_SEAL_BYTES]

    def _mixed(self, seal: bytes, told: bytes) -> bytes:
        """The bytes with a stream of their seal's own laid over them, which the same call takes off again."""
        stream = hashlib.shake_256(self._secret + seal).digest(len(told))
        return bytes(each ^ other for each, other in zip(told, stream, strict=True))
