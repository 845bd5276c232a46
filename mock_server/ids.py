"""The only source of randomness."""

from __future__ import annotations

import secrets
import string
from typing import Protocol

_ALPHABET = string.ascii_lowercase + string.digits
#: 24 of 36 letters are 124 bits; with the prefix 28 characters, inside the 16 to 32 of the schema (seed 000 §6.2).
_LENGTH = 24


class Ids(Protocol):
    """Draws identifiers nobody can guess."""

    def session(self) -> str:
        """An id for a session, `ses_` and letters and digits."""

    def audio(self) -> str:
        """A key for an audio file, safe as a file name."""


class RandomIds:
    """Identifiers from the machine's source of randomness."""

    def session(self) -> str:
        """`ses_` and 24 lower-case letters and digits."""
        return "ses_" + "".join(secrets.choice(_ALPHABET) for _ in range(_LENGTH))

    def audio(self) -> str:
        """32 hexadecimal digits."""
        return secrets.token_hex(16)
