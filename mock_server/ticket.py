"""Secrets that a URL holds, which whatever shows requests knows by their looks, wherever they stand."""

from __future__ import annotations

import secrets
from typing import Final

#: What each of them begins with, as the keys of this project do with theirs.
PREFIX: Final = "tkt_"


def drawn() -> str:
    """A new one that nobody can guess."""
    return PREFIX + secrets.token_urlsafe(24)
