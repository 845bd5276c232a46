"""From a transcription and the extracted templates to the outcome of a session (E27, E36, §9.4, §9.6, §9.7)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mock_server.extraction import Extraction
from mock_server.session.model import Failure, ProcessingError, Session, TemplateResult
from mock_server.session.step import Processed

if TYPE_CHECKING:
    from mock_server.pipeline.ports import Draft, Extractor
    from mock_server.speech import Transcription


def as_draft(transcription: Transcription) -> Draft:
    """What of a transcription the next step needs, as JSON."""
    failure = transcription.failure
    return {
        "engine": transcription.engine,
        "language": transcription.language,
        "text": transcription.text,
        "used": list(transcription.used),
        "issues": [{"file": i.name, "code": i.code, "message": i.message} for i in transcription.issues],
        "failure": {"code": failure.code, "message": failure.message} if failure else None,
    }


def fill(template_id: str, transcript: str, extractor: Extractor) -> TemplateResult:
    """One template: its data, or the error code of §9.6; a broken rule costs its own template only."""
    try:
        found = extractor(template_id, transcript)
    except KeyError:
        told = f"There is no template {template_id!r}; see GET /templates."
        return TemplateResult(template_id, "failed", error_code="template_not_found", error_message=told)
    except Exception:  # noqa: BLE001 - the boundary to rules that run on any text
        told = "The notes could not be extracted from the transcript."
        return TemplateResult(template_id, "failed", error_code="extraction_failed", error_message=told)
    if isinstance(found, Extraction):
        return TemplateResult(template_id, "success", data=found.data)
    return TemplateResult(template_id, "failed", error_code=found.code, error_message=found.message)


def as_results(results: list[TemplateResult]) -> Draft:
    """Extracted templates as JSON."""
    return {"results": [vars(result) for result in results]}


def _losses(draft: Draft) -> tuple[ProcessingError, ...]:
    kinds = {"audio_undecodable", "audio_too_short", "audio_quality_poor", "audio_file_skipped"}
    return tuple(
        ProcessingError("audio_file_skipped" if i["code"] in kinds else i["code"], i["message"], i["file"])
        for i in draft["issues"]
    )


def outcome(session: Session, transcription: Draft, extraction: Draft | None) -> Processed:
    """The event that ends the session's processing."""
    failure: dict[str, Any] | None = transcription["failure"]
    if failure is not None:
        return Processed(
            engine=transcription["engine"],
            language=transcription["language"] or None,
            losses=_losses(transcription),
            failure=Failure(failure["code"], failure["message"]),
        )
    results = tuple(TemplateResult(**result) for result in (extraction or {"results": []})["results"])
    listed = {file.name for file in session.files}
    return Processed(
        engine=transcription["engine"],
        transcript=transcription["text"],
        language=transcription["language"],
        files_processed=len(listed & set(transcription["used"])),
        results=results,
        losses=_losses(transcription),
    )
