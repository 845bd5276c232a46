"""A server that takes everything and finishes nothing: an ended session is processing for ever."""

from __future__ import annotations

from .honest import Honest


class NeverFinishes(Honest):
    """Processing has no end."""

    processing_seconds = float("inf")
