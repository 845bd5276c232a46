"""Forms of ids that a choice may ask for, as hard to guess as the id that was drawn."""

from __future__ import annotations

import base64
import hashlib
import uuid


def renamed(drawn: str, style: object) -> str:
    """The id in the form of a choice; the drawn one itself where the choice is the usual form."""
    digest = hashlib.sha256(drawn.encode()).digest()
    match style:
        case "a UUID":
            return str(uuid.UUID(bytes=digest[:16], version=4))
        case "digits":
            return str(int.from_bytes(digest[:8]))
        case "22 letters":
            return base64.urlsafe_b64encode(digest[:16]).decode().rstrip("=")
        case "64 letters":
            return digest.hex()
    return drawn
