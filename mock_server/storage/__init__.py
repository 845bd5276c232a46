"""What is kept for good: one database, one folder of audio, one process that owns both."""

from __future__ import annotations


class StorageError(Exception):
    """The data directory cannot be used; the message says why and what would help."""
