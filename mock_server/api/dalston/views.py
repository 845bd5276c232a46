"""Answers about live sessions, as the document has their members."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mock_server.api.dalston.route import PREFIX
from mock_server.clock import stamp

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mock_server.dalston.wording import LiveWording
    from mock_server.session.dalston.model import Dictation


def addresses(dictation: Dictation, root: str) -> dict[str, str]:
    """Where what is stored of a session is to be had, once it is over."""
    found: dict[str, str] = {}
    at = f"{root}{PREFIX}/sessions/{dictation.id}"
    if dictation.final and dictation.audio_key is not None:
        found["audio_uri"] = f"{at}/audio"
    if dictation.has_transcript:
        found["transcript_uri"] = f"{at}/transcript"
    return found


def listed(dictation: Dictation, words: LiveWording) -> dict[str, Any]:
    """A session in a list."""
    wanted = dictation.wanted
    kept: dict[str, Any] = {"store_audio": wanted.store_audio, "store_transcript": wanted.store_transcript}
    if words.retains:
        kept = {"retention": wanted.retention}
    return {
        "id": dictation.id,
        "status": dictation.state.value,
        "language": wanted.language,
        "model": wanted.model,
        "audio_duration_seconds": round(dictation.audio_s, 3),
        words.counts: dictation.utterances,
        "word_count": dictation.words,
        "started_at": stamp(dictation.created_at),
        "ended_at": stamp(dictation.ended_at) if dictation.ended_at else None,
        **kept,
    }


def details(dictation: Dictation, root: str, words: LiveWording) -> dict[str, Any]:
    """A session (E3: with what the table has beside the printed members)."""
    wanted = dictation.wanted
    return {
        **listed(dictation, words),
        "encoding": wanted.encoding,
        "sample_rate": wanted.sample_rate,
        **({"enhance_on_end": wanted.enhance_on_end} if words.enhances else {}),
        "audio_uri": None,
        "transcript_uri": None,
        **addresses(dictation, root),
        words.worker: dictation.worker,
        "client_ip": dictation.client_ip,
        "previous_session_id": dictation.previous_id,
        **({"enhancement_job_id": dictation.job_id} if words.enhances else {}),
        "error": dictation.error,
    }


def page(found: Sequence[Dictation], words: LiveWording, **place: Any) -> dict[str, Any]:
    """A page of sessions, and where it stands in their list."""
    return {"sessions": [listed(each, words) for each in found], **place}
