"""From a transcription and the extracted templates to the events that end a session (E27, E36, §9.4, §9.6, §9.7)."""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import TYPE_CHECKING

from mock_server.pipeline.ports import Shortfall
from mock_server.session.model import Failure, ProcessingError, TemplateResult
from mock_server.session.step import Transcribed
from mock_server.speech.model import Failure as SpeechFailure
from mock_server.speech.model import FileIssue, Transcription

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mock_server.pipeline.ports import Extractor

log = logging.getLogger("scribe.mock")

#: Issues after which nothing of the file was heard; the protocol's example calls that a skipped file (§6.3).
_UNHEARD = frozenset({"audio_undecodable", "audio_too_short", "audio_quality_poor"})
_SKIPPED = "audio_file_skipped"


def nothing_sent(engine: str) -> Transcription:
    """Not in spec: E36. The outcome of a session that was ended without audio."""
    return _lost(engine, "audio_too_short", "The session was ended without any audio.")


def out_of_order(engine: str) -> Transcription:
    """The outcome where the transcriber broke every time it was tried."""
    return _lost(engine, "internal_error", "The audio could not be processed because of an internal error.")


def unavailable(engine: str) -> Transcription:
    """The outcome where the transcriber could not be started for a while."""
    return _lost(engine, "internal_error", "Speech recognition is not available on this server at present.")


def overtime(engine: str) -> Transcription:
    """The outcome where the audio used up all the time it may take, which is laid to the audio."""
    told = "Processing this audio takes more time than one session may take; send less audio in one session."
    return _lost(engine, "processing_failed", told)


def _lost(engine: str, code: str, message: str) -> Transcription:
    return Transcription(engine, "", failure=SpeechFailure(code, message))


def accounted(heard: Transcription, names: Iterable[str]) -> Transcription:
    """A transcription of the files with these names that says something of each: nothing gets lost in silence.

    A file that was not used and of which nothing is said is an issue as well.
    """
    if heard.failure is not None:
        return heard
    known = {*heard.used, *(issue.name for issue in heard.issues)}
    unsaid = [FileIssue(name, _SKIPPED, f"Nothing of {name} could be used.") for name in names if name not in known]
    return replace(heard, issues=(*heard.issues, *unsaid))


def transcribed(heard: Transcription) -> Transcribed:
    """The event."""
    failure = heard.failure
    return Transcribed(
        engine=heard.engine,
        language=heard.language or None,
        text=None if failure else heard.text,
        used=heard.used,
        losses=tuple(
            ProcessingError(_SKIPPED if issue.code in _UNHEARD else issue.code, issue.message, issue.name)
            for issue in heard.issues
        ),
        failure=Failure(failure.code, failure.message) if failure else None,
    )


def fill(template_id: str, transcript: str, extractor: Extractor) -> TemplateResult:
    """One template: its data, or the error code of §9.6; a broken rule costs its own template only."""
    if template_id not in extractor.TEMPLATES:
        told = f"There is no template {template_id!r}; GET /templates lists them."
        return TemplateResult(template_id, "failed", error_code="template_not_found", error_message=told)
    try:
        found = extractor.extract(template_id, transcript)
    except Exception:
        log.exception("template %s broke", template_id)
        told = "The notes could not be extracted from the transcript."
        return TemplateResult(template_id, "failed", error_code="extraction_failed", error_message=told)
    if isinstance(found, Shortfall):
        return TemplateResult(template_id, "failed", error_code=found.code, error_message=found.message)
    return TemplateResult(template_id, "success", data=found.data, unsaid=found.unsaid)


def filled(templates: tuple[str, ...], transcript: str, extractor: Extractor) -> tuple[TemplateResult, ...]:
    """Every template once, in the order of the request."""
    return tuple(fill(name, transcript, extractor) for name in dict.fromkeys(templates))
