"""The tables: one schema for SQLite and PostgreSQL; the journal is append-only."""

from __future__ import annotations

from typing import Final

from sqlalchemy import DDL, Boolean, Column, Float, ForeignKey, Index, LargeBinary, MetaData, Table, event

from mock_server.storage.columns import DOCUMENT, NAME, NUMBER, TEXT, Instant

#: Raised with every change of these tables; a database of a newer version is refused, not guessed at.
VERSION: Final = 8

metadata = MetaData()

meta = Table("scribe_meta", metadata, Column("key", NAME, primary_key=True), Column("value", NAME, nullable=False))

clocks = Table(
    "scribe_clocks",
    metadata,
    Column("name", NAME, primary_key=True),
    Column("mode", NAME, nullable=False),
    Column("at", Instant, nullable=False),
    Column("since", Instant, nullable=False),
    Column("factor", Float, nullable=False),
)

sessions = Table(
    "scribe_sessions",
    metadata,
    Column("id", NAME, primary_key=True),
    Column("namespace", NAME, nullable=False),
    Column("state", NAME, nullable=False),
    Column("asked", DOCUMENT, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False),
    Column("expiry_noted", Boolean, nullable=False),
    Column("ended_at", Instant),
    Column("completed_at", Instant),
    Column("audio_files_sent", NUMBER),
    Column("templates_as_array", Boolean, nullable=False),
    Column("attempts", NUMBER, nullable=False, default=0),
    Column("engine", TEXT),
    Column("language_detected", TEXT),
    Column("transcript", TEXT),
    Column("files_processed", NUMBER),
    Column("losses", DOCUMENT, nullable=False),
    Column("failure", DOCUMENT),
    Index("scribe_sessions_by_namespace", "namespace"),
    Index("scribe_sessions_by_state", "state"),
)

audio_files = Table(
    "scribe_audio_files",
    metadata,
    Column("session_id", ForeignKey("scribe_sessions.id", ondelete="CASCADE"), primary_key=True),
    Column("position", NUMBER, primary_key=True),
    Column("name", TEXT, nullable=False),
    Column("key", NAME, nullable=False),
    Column("sha256", NAME, nullable=False),
    Column("size", NUMBER, nullable=False),
    Column("content_type", TEXT, nullable=False),
    Column("received_at", Instant, nullable=False),
    Column("sequence", NUMBER),
    Column("duration_ms", NUMBER),
)

traffic = Table(
    "scribe_traffic",
    metadata,
    Column("namespace", NAME, primary_key=True),
    Column("first", NUMBER, primary_key=True, autoincrement=False),
    Column("last", NUMBER, nullable=False),
    Column("size", NUMBER, nullable=False),
    Column("told", LargeBinary, nullable=False),
)

results = Table(
    "scribe_results",
    metadata,
    Column("session_id", ForeignKey("scribe_sessions.id", ondelete="CASCADE"), primary_key=True),
    Column("position", NUMBER, primary_key=True),
    Column("template_id", TEXT, nullable=False),
    Column("status", NAME, nullable=False),
    Column("data", DOCUMENT),
    Column("error_code", NAME),
    Column("error_message", TEXT),
)

journal = Table(
    "scribe_journal",
    metadata,
    Column("number", NUMBER, primary_key=True, autoincrement=True),
    Column("session_id", NAME, nullable=False),
    Column("namespace", NAME, nullable=False),
    Column("at", Instant, nullable=False),
    Column("kind", NAME, nullable=False),
    Column("detail", DOCUMENT, nullable=False),
    Index("scribe_journal_by_session", "session_id"),
    Index("scribe_journal_by_namespace", "namespace"),
)

inquiries = Table(
    "scribe_inquiries",
    metadata,
    Column("id", NAME, primary_key=True),
    Column("namespace", NAME, nullable=False),
    Column("owner", NAME, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("state", NAME, nullable=False),
    Column("kind", NAME, nullable=False),
    Column("due_at", Instant),
    #: Counts the sessions that were made: stamps of two may be the same.
    Column("number", NUMBER, nullable=False),
    Column("told", DOCUMENT, nullable=False),
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
    Column("told", DOCUMENT, nullable=False),
)

findings = Table(
    "scribe_findings",
    metadata,
    Column("inquiry_id", ForeignKey("scribe_inquiries.id", ondelete="CASCADE"), primary_key=True),
    Column("told", DOCUMENT, nullable=False),
)

shares = Table(
    "scribe_shares",
    metadata,
    Column("id", NAME, primary_key=True),
    Column("session_id", ForeignKey("scribe_inquiries.id", ondelete="CASCADE"), nullable=False),
    Column("namespace", NAME, nullable=False),
    Column("owner", NAME, nullable=False),
    Column("digest", NAME, nullable=False),
    Column("recipients", DOCUMENT, nullable=False),
    Column("permissions", NAME, nullable=False),
    Column("message", TEXT),
    Column("created_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False),
    Index("scribe_shares_by_session", "session_id"),
)

balances = Table(
    "scribe_balances",
    metadata,
    Column("namespace", NAME, primary_key=True),
    Column("amount", NUMBER, nullable=False),
)

dictations = Table(
    "scribe_dictations",
    metadata,
    Column("id", NAME, primary_key=True),
    Column("namespace", NAME, nullable=False),
    Column("state", NAME, nullable=False),
    Column("wanted_language", TEXT, nullable=False),
    Column("model", TEXT, nullable=False),
    Column("encoding", NAME, nullable=False),
    Column("sample_rate", NUMBER, nullable=False),
    Column("channels", NUMBER, nullable=False),
    Column("store_audio", Boolean, nullable=False),
    Column("store_transcript", Boolean, nullable=False),
    Column("enhance_on_end", Boolean, nullable=False),
    Column("voice_activity", Boolean, nullable=False),
    Column("interim", Boolean, nullable=False),
    Column("word_times", Boolean, nullable=False),
    Column("vocabulary", DOCUMENT, nullable=False),
    Column("retention", NUMBER),
    Column("engine", TEXT, nullable=False),
    Column("worker", TEXT, nullable=False),
    Column("client_ip", TEXT),
    Column("created_at", Instant, nullable=False),
    Column("updated_at", Instant, nullable=False),
    Column("ended_at", Instant),
    Column("audio_s", Float, nullable=False),
    Column("utterances", NUMBER, nullable=False),
    Column("words", NUMBER, nullable=False),
    Column("language", TEXT),
    Column("error", TEXT),
    Column("audio_key", NAME),
    Column("audio_size", NUMBER, nullable=False),
    Column("audio_sha256", NAME, nullable=False),
    Column("previous_id", ForeignKey("scribe_dictations.id", ondelete="SET NULL")),
    Column("continued_at", Float),
    Column("job_id", NAME),
    Column("job_due", Boolean, nullable=False),
    Column("forgotten_at", Instant),
    #: Counts the sessions that were made: stamps of two may be the same.
    Column("made", NUMBER, nullable=False),
    Index("scribe_dictations_by_namespace", "namespace", "made"),
    Index("scribe_dictations_by_state", "state"),
    Index("scribe_dictations_by_made", "made"),
    Index("scribe_dictations_by_previous", "previous_id"),
)

utterances = Table(
    "scribe_utterances",
    metadata,
    Column("dictation_id", ForeignKey("scribe_dictations.id", ondelete="CASCADE"), primary_key=True),
    Column("number", NUMBER, primary_key=True, autoincrement=False),
    Column("start", Float, nullable=False),
    Column("end", Float, nullable=False),
    Column("text", TEXT, nullable=False),
    Column("confidence", Float, nullable=False),
    Column("language", TEXT),
    Column("words", DOCUMENT, nullable=False),
)

#: Steps of audio that grows, where a server keeps them here before it tells of them: each until it lies in a bucket.
tails = Table(
    "scribe_tails",
    metadata,
    Column("key", NAME, primary_key=True),
    Column("position", NUMBER, primary_key=True, autoincrement=False),
    Column("content", LargeBinary, nullable=False),
)
# PostgreSQL would try to compress what is hardly compressed by its means and is gone after some minutes
event.listen(
    tails,
    "after_create",
    DDL(  # type: ignore[no-untyped-call]  # the library's own
        "ALTER TABLE %(fullname)s ALTER COLUMN content SET STORAGE EXTERNAL"
    ).execute_if(dialect="postgresql"),
)

#: What such audio became when it was over, until its object is that.
last_forms = Table(
    "scribe_last_forms",
    metadata,
    Column("key", NAME, primary_key=True),
    Column("size", NUMBER, nullable=False),
    Column("head", LargeBinary, nullable=False),
)
