"""Who may do what with a session: its owner everything, others what was shared with them (E29)."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from mock_server.session.prsm.model import Inquiry, Share


class Level(IntEnum):
    """What somebody may do, each level with all of those below it."""

    NONE = 0
    VIEW = 1
    EDIT = 2
    COLLABORATE = 3
    OWN = 4

    @property
    def word(self) -> str:
        """As shares and refusals name it."""
        return self.name.lower()


@dataclass(frozen=True)
class Caller:
    """Who asks: a user of a namespace, or whoever holds the URL of a share."""

    namespace: str
    user: str
    share: Share | None = None

    @property
    def named(self) -> str:
        """As journals and comments name them."""
        return self.user or "share" if self.share is None else f"share {self.share.id}"


def digest(secret: str) -> str:
    """What is kept of a secret."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def opens(share: Share, secret: str, now: datetime) -> bool:
    """Whether a secret opens a share that has not expired; how long this takes does not tell how near it was."""
    right = hmac.compare_digest(share.digest, digest(secret))
    return right and now < share.expires_at


def level(caller: Caller, inquiry: Inquiry, shares: Iterable[Share], now: datetime) -> Level:
    """What somebody may do with a session of their namespace."""
    if caller.share is not None:
        mine = caller.share.session_id == inquiry.id and now < caller.share.expires_at
        return Level[caller.share.permissions.upper()] if mine else Level.NONE
    if caller.user == inquiry.owner:
        return Level.OWN
    given = (
        Level[share.permissions.upper()]
        for share in shares
        if caller.user in share.recipients and now < share.expires_at
    )
    return max(given, default=Level.NONE)
