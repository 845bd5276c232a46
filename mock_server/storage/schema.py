"""The tables: one schema for SQLite and PostgreSQL; the journal is append-only."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
)
from sqlalchemy.types import TypeDecorator

if TYPE_CHECKING:
    from collections.abc import Mapping

#: Raised with every change of these tables; a file of a newer version is refused, not guessed at.
VERSION: Final = 7

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Instant(TypeDecorator[datetime]):
    """An aware moment as whole microseconds since 1970: exact and the same in every database."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Any) -> int | None:  # noqa: ARG002 - SQLAlchemy's signature
        """To microseconds."""
        return None if value is None else (value - _EPOCH) // timedelta(microseconds=1)

    def process_result_value(self, value: int | None, dialect: Any) -> datetime | None:  # noqa: ARG002 - SQLAlchemy's signature
        """To an aware UTC moment."""
        return None if value is None else _EPOCH + timedelta(microseconds=value)


metadata = MetaData()
_Number = BigInteger().with_variant(Integer, "sqlite")  # SQLite counts up only a column that is declared INTEGER
_Json = JSON(none_as_null=True)

meta = Table("scribe_meta", metadata, Column("key", String, primary_key=True), Column("value", String, nullable=False))

clocks = Table(
    "scribe_clocks",
    metadata,
    Column("name", String, primary_key=True),
    Column("mode", String, nullable=False),
    Column("at", Instant, nullable=False),
    Column("since", Instant, nullable=False),
    Column("factor", Float, nullable=False),
)

sessions = Table(
    "scribe_sessions",
    metadata,
    Column("id", String, primary_key=True),
    Column("namespace", String, nullable=False),
    Column("state", String, nullable=False),
    Column("asked", _Json, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False),
    Column("expiry_noted", Boolean, nullable=False),
    Column("ended_at", Instant),
    Column("completed_at", Instant),
    Column("audio_files_sent", _Number),
    Column("templates_as_array", Boolean, nullable=False),
    Column("attempts", Integer, nullable=False, default=0),
    Column("engine", Text),
    Column("language_detected", Text),
    Column("transcript", Text),
    Column("files_processed", Integer),
    Column("losses", _Json, nullable=False),
    Column("failure", _Json),
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
    Column("received_at", Instant, nullable=False),
    Column("sequence", _Number),
    Column("duration_ms", _Number),
)

traffic = Table(
    "scribe_traffic",
    metadata,
    Column("namespace", String, primary_key=True),
    Column("first", _Number, primary_key=True, autoincrement=False),
    Column("last", _Number, nullable=False),
    Column("size", _Number, nullable=False),
    Column("told", LargeBinary, nullable=False),
)

#: Version -> what makes tables of the one before it into these, once those that it does not have are there.
CHANGES: Final[Mapping[int, tuple[str, ...]]] = MappingProxyType(
    {
        2: ("ALTER TABLE scribe_audio_files ADD COLUMN duration_ms INTEGER",),
        3: (  # clocks were ahead by so many seconds, and nothing else
            (
                "INSERT INTO scribe_clocks (name, mode, at, since, factor) "
                "SELECT name, 'offset', CAST(clock_offset_s * 1000000 AS BIGINT), 0, 1.0 FROM scribe_namespaces"
            ),
            "DROP TABLE scribe_namespaces",
        ),
        4: (),  # research sessions have tables of their own
        5: (  # what was asked of them stood among all that a step changes
            (
                "INSERT INTO scribe_commissions (inquiry_id, told) "
                "SELECT id, json_extract(told, '$.asked') FROM scribe_inquiries"
            ),
            "UPDATE scribe_inquiries SET told = json_remove(told, '$.asked')",
        ),
        6: (),  # live sessions have tables of their own
        7: (
            "ALTER TABLE scribe_dictations ADD COLUMN retention INTEGER",
            "ALTER TABLE scribe_dictations ADD COLUMN forgotten_at BIGINT",
        ),
    }
)

results = Table(
    "scribe_results",
    metadata,
    Column("session_id", ForeignKey("scribe_sessions.id", ondelete="CASCADE"), primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("template_id", Text, nullable=False),
    Column("status", String, nullable=False),
    Column("data", _Json),
    Column("error_code", String),
    Column("error_message", Text),
)

journal = Table(
    "scribe_journal",
    metadata,
    Column("number", _Number, primary_key=True, autoincrement=True),
    Column("session_id", String, nullable=False),
    Column("namespace", String, nullable=False),
    Column("at", Instant, nullable=False),
    Column("kind", String, nullable=False),
    Column("detail", _Json, nullable=False),
    Index("scribe_journal_by_session", "session_id"),
    Index("scribe_journal_by_namespace", "namespace"),
)

inquiries = Table(
    "scribe_inquiries",
    metadata,
    Column("id", String, primary_key=True),
    Column("namespace", String, nullable=False),
    Column("owner", String, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("state", String, nullable=False),
    Column("kind", String, nullable=False),
    Column("due_at", Instant),
    #: Counts the sessions that were made: stamps of two may be the same.
    Column("number", _Number, nullable=False),
    Column("told", _Json, nullable=False),
    # a page and its counts are read off the index alone
    Index("scribe_inquiries_by_owner", "namespace", "owner", "number", "created_at", "state", "kind", "id"),
    Index("scribe_inquiries_by_state", "state"),
    Index("scribe_inquiries_by_number", "number"),
    Index("scribe_inquiries_by_due", "namespace", "due_at"),
)

#: What was asked of a session: long, and never another.
commissions = Table(
    "scribe_commissions",
    metadata,
    Column("inquiry_id", ForeignKey("scribe_inquiries.id", ondelete="CASCADE"), primary_key=True),
    Column("told", _Json, nullable=False),
)

findings = Table(
    "scribe_findings",
    metadata,
    Column("inquiry_id", ForeignKey("scribe_inquiries.id", ondelete="CASCADE"), primary_key=True),
    Column("told", _Json, nullable=False),
)

shares = Table(
    "scribe_shares",
    metadata,
    Column("id", String, primary_key=True),
    Column("session_id", ForeignKey("scribe_inquiries.id", ondelete="CASCADE"), nullable=False),
    Column("namespace", String, nullable=False),
    Column("owner", String, nullable=False),
    Column("digest", String, nullable=False),
    Column("recipients", _Json, nullable=False),
    Column("permissions", String, nullable=False),
    Column("message", Text),
    Column("created_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False),
    Index("scribe_shares_by_session", "session_id"),
)

balances = Table(
    "scribe_balances",
    metadata,
    Column("namespace", String, primary_key=True),
    Column("amount", _Number, nullable=False),
)

dictations = Table(
    "scribe_dictations",
    metadata,
    Column("id", String, primary_key=True),
    Column("namespace", String, nullable=False),
    Column("state", String, nullable=False),
    Column("wanted_language", Text, nullable=False),
    Column("model", Text, nullable=False),
    Column("encoding", String, nullable=False),
    Column("sample_rate", Integer, nullable=False),
    Column("channels", Integer, nullable=False),
    Column("store_audio", Boolean, nullable=False),
    Column("store_transcript", Boolean, nullable=False),
    Column("enhance_on_end", Boolean, nullable=False),
    Column("voice_activity", Boolean, nullable=False),
    Column("interim", Boolean, nullable=False),
    Column("word_times", Boolean, nullable=False),
    Column("vocabulary", _Json, nullable=False),
    Column("retention", Integer),
    Column("engine", Text, nullable=False),
    Column("worker", Text, nullable=False),
    Column("client_ip", Text),
    Column("created_at", Instant, nullable=False),
    Column("updated_at", Instant, nullable=False),
    Column("ended_at", Instant),
    Column("audio_s", Float, nullable=False),
    Column("utterances", Integer, nullable=False),
    Column("words", Integer, nullable=False),
    Column("language", Text),
    Column("error", Text),
    Column("audio_key", String),
    Column("audio_size", _Number, nullable=False),
    Column("audio_sha256", String, nullable=False),
    Column("previous_id", ForeignKey("scribe_dictations.id", ondelete="SET NULL")),
    Column("continued_at", Float),
    Column("job_id", String),
    Column("job_due", Boolean, nullable=False),
    Column("forgotten_at", Instant),
    #: Counts the sessions that were made: stamps of two may be the same.
    Column("made", _Number, nullable=False),
    Index("scribe_dictations_by_namespace", "namespace", "made"),
    Index("scribe_dictations_by_state", "state"),
    Index("scribe_dictations_by_made", "made"),
    Index("scribe_dictations_by_previous", "previous_id"),
)

utterances = Table(
    "scribe_utterances",
    metadata,
    Column("dictation_id", ForeignKey("scribe_dictations.id", ondelete="CASCADE"), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("start", Float, nullable=False),
    Column("end", Float, nullable=False),
    Column("text", Text, nullable=False),
    Column("confidence", Float, nullable=False),
    Column("language", Text),
    Column("words", _Json, nullable=False),
)
