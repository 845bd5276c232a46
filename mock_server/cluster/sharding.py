"""Which shard a namespace belongs to, and what a server is that has one: the same in every process of a cluster."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from mock_server.settings import Settings


def shard_of(namespace: str, shards: int) -> int:
    """The shard of a namespace, from 0; as even as a digest is."""
    return int.from_bytes(hashlib.sha256(namespace.encode("utf-8", "surrogatepass")).digest()[:8]) % shards


class DatabaseClock:
    """The database's clock, so that a session that changes machines does not change its time."""

    def __init__(self, ahead_s: Callable[[], float]) -> None:
        """`ahead_s` tells how many seconds it is ahead of this machine's."""
        self._ahead_s = ahead_s

    def now(self) -> datetime:
        """The moment it is, UTC."""
        return datetime.now(UTC) + timedelta(seconds=self._ahead_s())


def settings_of(shard: int, settings: Settings, ahead_s: Callable[[], float]) -> Settings:
    """What the server of a shard is started with."""
    assert settings.database is not None, "a cluster has a database"
    assert settings.audio_store is not None, "and a bucket"
    name = folder_of(shard)
    return replace(
        settings,
        data_dir=settings.data_dir / name,
        database=replace(settings.database, shard=shard),
        audio_store=settings.audio_store.below(name),
        scattered=True,
        clock=settings.clock or DatabaseClock(ahead_s),
    )


def front_of(settings: Settings, *, hears: bool) -> Settings:
    """What the server is started with that answers what belongs to nobody: documents, pages, refusals.

    What hears is tried out only where it `hears`, itself and now: uploads are for workers.
    """
    return replace(
        settings,
        database=None,
        audio_store=None,
        direct_uploads=None,
        in_memory=True,
        records_traffic=False,
        tried_out=hears,
    )


def folder_of(shard: int) -> str:
    """What a shard's part of the bucket and of a data directory is called."""
    return f"shard-{shard:02d}"
