"""Courses that the work on a session can take, as edits of what it passes from step to step."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from mock_server.conduct import Course
from mock_server.session.model import TemplateResult
from mock_server.speech.model import Failure, FileIssue, Transcription

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from mock_server.session.model import Session
    from mock_server.speech.model import Recording

#: Template ids and file names that begin so ask for a scenario.
MAGIC = "mock."
_TOLD = "A scenario is played."
#: The engine of a transcript that nobody heard.
CHOSEN: Final = "chosen"


def failing(code: str) -> Course:
    """The session fails as a whole."""
    return Course(
        transcription=lambda heard: replace(
            heard, text="", segments=(), used=(), issues=(), failure=Failure(code, _TOLD)
        )
    )


def template_failing(code: str, template: str | None) -> Course:
    """A template fails, or all of them where none is named."""

    def edit(results: tuple[TemplateResult, ...]) -> tuple[TemplateResult, ...]:
        return tuple(_failed(found, code) if template in (None, found.id) else found for found in results)

    return Course(extraction=edit)


def _failed(result: TemplateResult, code: str) -> TemplateResult:
    return TemplateResult(result.id, "failed", error_code=code, error_message=_TOLD)


def transcript(text: str, language: str | None) -> Course:
    """The words are given, whatever was recorded; the language is the session's own where none is named."""

    def heard(session: Session, recordings: Sequence[Recording]) -> Transcription:
        hinted = session.order.language_hint[0].partition("-")[0].lower() if session.order.language_hint else "en"
        return Transcription(
            CHOSEN, language or hinted, text=text, used=tuple(recording.name for recording in recordings)
        )

    return Course(heard=heard)


def file_lost(name: str | None) -> Course:
    """One file is not heard, the last where none is named; where it is the only one the session fails."""

    def lost(recordings: Sequence[Recording]) -> str | None:
        names = [recording.name for recording in recordings]
        return name if name in names else (names[-1] if names and name is None else None)

    def recordings(given: Sequence[Recording]) -> list[Recording]:
        gone = lost(given)
        return [recording for recording in given if recording.name != gone]

    def account(given: Sequence[Recording], heard: Transcription) -> Transcription:
        gone = lost(given)
        if gone is None:
            return heard
        if len(given) == 1:
            return replace(heard, failure=Failure("audio_quality_poor", _TOLD))
        return replace(heard, issues=(*heard.issues, FileIssue(gone, "audio_undecodable", _TOLD)))

    return Course(recordings=recordings, account=account)


def partly() -> Course:
    """One of several files is not heard; of a session with a single file the last template fails."""
    losing = file_lost(None)

    def several(edit: Callable[[Sequence[Recording]], list[Recording]]) -> Callable[..., list[Recording]]:
        return lambda given: edit(given) if len(given) > 1 else list(given)

    def account(given: Sequence[Recording], heard: Transcription) -> Transcription:
        return losing.account(given, heard) if len(given) > 1 else heard

    def extraction(results: tuple[TemplateResult, ...]) -> tuple[TemplateResult, ...]:
        return (*results[:-1], _failed(results[-1], "extraction_failed")) if results else results

    return Course(recordings=several(losing.recordings), account=account, extraction=extraction)


def steering(results: tuple[TemplateResult, ...]) -> tuple[TemplateResult, ...]:
    """A template id that only asked for a scenario is no template that could not be found."""
    return tuple(
        TemplateResult(found.id, "success", data={"scenario": found.id.removeprefix(MAGIC)})
        if found.id.startswith(MAGIC) and found.error_code == "template_not_found"
        else found
        for found in results
    )


def composed(courses: Sequence[Course]) -> Course:
    """One course after the other."""
    chosen = [course.heard for course in courses if course.heard is not None]

    def recordings(given: Sequence[Recording]) -> list[Recording]:
        left = list(given)
        for course in courses:
            left = course.recordings(left)
        return left

    def account(given: Sequence[Recording], heard: Transcription) -> Transcription:
        for course in courses:
            heard, given = course.account(given, heard), course.recordings(given)
        return heard

    def transcription(heard: Transcription) -> Transcription:
        for course in courses:
            heard = course.transcription(heard)
        return heard

    def extraction(results: tuple[TemplateResult, ...]) -> tuple[TemplateResult, ...]:
        for course in courses:
            results = course.extraction(results)
        return results

    return Course(recordings, chosen[-1] if chosen else None, account, transcription, extraction)
