"""From a transcription and the extracted templates to the events that end a session (E27, E36, §9.4, §9.6, §9.7)."""

from __future__ import annotations

import logging
from dataclasses import asdict
from typing import TYPE_CHECKING

from mock_server.pipeline.ports import Shortfall
from mock_server.session.model import Failure, ProcessingError, TemplateResult
from mock_server.session.step import Extracted, Transcribed

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mock_server.pipeline.ports import Draft, Extractor
    from mock_server.speech.model import Transcription

log = logging.getLogger("scribe.mock")

#: Issues after which nothing of the file was heard; the protocol's example calls that a skipped file (§6.3).
_UNHEARD = frozenset({"audio_undecodable", "audio_too_short", "audio_quality_poor"})
_SKIPPED = "audio_file_skipped"


def nothing_sent(engine: str) -> Draft:
    """Not in spec: E36. The outcome of a session that was ended without audio."""
    return _lost(engine, "audio_too_short", "The session was ended without any audio.")


def out_of_order(engine: str) -> Draft:
    """The outcome where the transcriber broke every time it was tried."""
    return _lost(engine, "internal_error", "The audio could not be processed because of an internal error.")


def unavailable(engine: str) -> Draft:
    """The outcome where the transcriber could not be started for a while."""
    return _lost(engine, "internal_error", "Speech recognition is not available on this server at present.")


def overtime(engine: str) -> Draft:
    """The outcome where the audio used up all the time it may take, which is laid to the audio."""
    told = "Processing this audio takes more time than one session may take; send less audio in one session."
    return _lost(engine, "processing_failed", told)


def _lost(engine: str, code: str, message: str) -> Draft:
    failure = {"code": code, "message": message}
    return {"engine": engine, "language": "", "text": "", "used": [], "issues": [], "failure": failure}


def as_draft(transcription: Transcription, names: Iterable[str]) -> Draft:
    """What is kept of a transcription of the files with these names, as JSON.

    A file that was not used and of which nothing is said is an issue as well: nothing gets lost in silence.
    """
    failure = transcription.failure
    issues = [{"file": i.name, "code": i.code, "message": i.message} for i in transcription.issues]
    accounted = {*transcription.used, *(issue.name for issue in transcription.issues)}
    if failure is None:
        unsaid = [name for name in names if name not in accounted]
        issues += [{"file": n, "code": _SKIPPED, "message": f"Nothing of {n} could be used."} for n in unsaid]
    return {
        "engine": transcription.engine,
        "language": transcription.language,
        "text": transcription.text,
        "used": list(transcription.used),
        "issues": issues,
        "failure": {"code": failure.code, "message": failure.message} if failure else None,
    }


def transcribed(draft: Draft) -> Transcribed:
    """The event."""
    failure = draft["failure"]
    return Transcribed(
        engine=draft["engine"],
        language=draft["language"] or None,
        text=None if failure else draft["text"],
        used=tuple(draft["used"]),
        losses=tuple(
            ProcessingError(_SKIPPED if i["code"] in _UNHEARD else i["code"], i["message"], i["file"])
            for i in draft["issues"]
        ),
        failure=Failure(**failure) if failure else None,
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
    return TemplateResult(template_id, "success", data=found.data)


def extract_draft(templates: tuple[str, ...], transcript: str, extractor: Extractor) -> Draft:
    """Every template once, in the order of the request, as JSON."""
    return {"results": [asdict(fill(name, transcript, extractor)) for name in dict.fromkeys(templates)]}


def extracted(draft: Draft) -> Extracted:
    """The event."""
    return Extracted(tuple(TemplateResult(**result) for result in draft["results"]))
