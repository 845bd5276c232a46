"""Upload URLs that are credentials of their own: what stands in them, sealed, and nothing is kept about them."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Collection

_SEAL_BYTES: Final = 16
#: Longer is nothing that was issued here: a namespace, an id, and a third more for letters that URLs may hold.
_LONGEST: Final = 1200


class Ticket(NamedTuple):
    """Whose session audio is for."""

    namespace: str
    session_id: str


def _text(found: bytes) -> str:
    return base64.urlsafe_b64encode(found).decode().rstrip("=")


class Tickets:
    """Issues and reads tickets; they last as long as the server's keys, across restarts too."""

    def __init__(self, keys: Collection[str]) -> None:
        self._secret = hashlib.sha256("\0".join(["upload tickets", *sorted(keys)]).encode()).digest()

    def issue(self, namespace: str, session_id: str) -> str:
        """A ticket for a session's audio; letters, digits, hyphens and underscores, which do not tell the id."""
        told = f"{namespace} {session_id}".encode()
        seal = self._seal(told)
        return _text(seal + self._mixed(seal, told))

    def read(self, text: str) -> Ticket | None:
        """What a ticket is for; None for one that was not issued here."""
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
