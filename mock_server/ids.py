"""The only source of randomness."""

from __future__ import annotations

import secrets
import string
import uuid
from typing import Protocol

_ALPHABET = string.ascii_lowercase + string.digits
#: The letter that each byte stands for; four of the 36 have eight bytes and the others seven, which is beyond notice.
_LETTERS = bytes([ord(_ALPHABET[byte % len(_ALPHABET)]) for byte in range(256)])
#: 24 of 36 letters are 124 bits; with the prefix 28 characters, inside the 16 to 32 of the schema (§6.2).
_LENGTH = 24

#: Bytes a call of the source: some sixty sessions with their audio.
_AHEAD = 4096


class Ids(Protocol):
    """Draws identifiers nobody can guess."""

    def session(self) -> str:
        """An id for a session, `ses_` and letters and digits."""

    def audio(self) -> str:
        """A key for an audio file, safe as a file name."""


class RandomIds:
    """Identifiers from the machine's source of randomness, which is asked once in a while for many.

    Each call of it lets go of the interpreter, and a busy server waits a millisecond to get it back.
    """

    def __init__(self) -> None:
        self._drawn = b""

    def _draw(self, size: int) -> bytes:
        if len(self._drawn) < size:
            self._drawn = secrets.token_bytes(_AHEAD)
        taken, self._drawn = self._drawn[:size], self._drawn[size:]
        return taken

    def session(self) -> str:
        """`ses_` and 24 lower-case letters and digits."""
        return "ses_" + self._draw(_LENGTH).translate(_LETTERS).decode()

    def audio(self) -> str:
        """32 hexadecimal digits."""
        return self._draw(16).hex()


class WindowIds:
    """Identifiers of the session manager: of sessions, and of records."""

    def session(self) -> str:
        """`sess_` and 16 hexadecimal digits, as the code that seed 001 describes writes them."""
        return "sess_" + secrets.token_hex(8)

    def record(self) -> str:
        """A UUID, version 4."""
        return str(uuid.uuid4())
