"""The tables: one schema for SQLite and PostgreSQL; the journal is append-only."""

from __future__ import annotations

from typing import Final

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
)

#: Raised with every change of these tables; a file of a newer version is refused, not guessed at.
VERSION: Final = 1

metadata = MetaData()
_Number = BigInteger().with_variant(Integer, "sqlite")

meta = Table("scribe_meta", metadata, Column("key", String, primary_key=True), Column("value", String, nullable=False))

namespaces = Table(
    "scribe_namespaces",
    metadata,
    Column("name", String, primary_key=True),
    Column("clock_offset_s", Float, nullable=False),
)

sessions = Table(
    "scribe_sessions",
    metadata,
    Column("id", String, primary_key=True),
    Column("namespace", String, nullable=False),
    Column("state", String, nullable=False),
    Column("created_at", DateTime, nullable=False),
    Column("expires_at", DateTime, nullable=False),
    Column("expiry_noted", Boolean, nullable=False, default=False),
    Column("attempts", Integer, nullable=False, default=0),
    Column("document", Text, nullable=False),
    Index("scribe_sessions_by_namespace", "namespace"),
    Index("scribe_sessions_by_state", "state"),
)

audio_files = Table(
    "scribe_audio_files",
    metadata,
    Column("session_id", ForeignKey("scribe_sessions.id", ondelete="CASCADE"), primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("name", Text, nullable=False),
    Column("key", String, nullable=False),
    Column("sha256", String, nullable=False),
    Column("size", _Number, nullable=False),
    Column("content_type", Text, nullable=False),
    Column("received_at", DateTime, nullable=False),
    Column("sequence", _Number),
)

drafts = Table(
    "scribe_drafts",
    metadata,
    Column("session_id", ForeignKey("scribe_sessions.id", ondelete="CASCADE"), primary_key=True),
    Column("kind", String, primary_key=True),
    Column("document", JSON, nullable=False),
)

journal = Table(
    "scribe_journal",
    metadata,
    Column("number", _Number, primary_key=True, autoincrement=True),
    Column("session_id", String, nullable=False),
    Column("namespace", String, nullable=False),
    Column("at", DateTime, nullable=False),
    Column("kind", String, nullable=False),
    Column("detail", JSON, nullable=False),
    Index("scribe_journal_by_session", "session_id"),
)
