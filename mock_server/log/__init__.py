"""The session manager's log: append-only JSONL, a file a session, each line durable before its answer."""

from __future__ import annotations

from mock_server.storage import StorageError


class LogError(StorageError):
    """The log cannot be used, or not now, or is not one of ours; the message says which file and why."""
