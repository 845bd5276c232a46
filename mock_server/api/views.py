"""Sessions as answers: the body of every state, as the lifecycle's table and chapters 6 and 9 have it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mock_server.api.order import SAID
from mock_server.clock import stamp
from mock_server.session.table import State

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from mock_server.api.wording import Wording
    from mock_server.session.model import AudioFile, Session, TemplateResult
    from mock_server.session.step import Amended

#: What a PATCH changes, where the revision has it; additional_data goes by the name that the revision has for it.
_CHANGEABLE = ("additional_data", "patient_details", "templates", "language_hint", "transcript_language")
#: Members that are passed over, as they are told: so many, and characters of each.
_TOLD, _LONGEST_TOLD = 5, 40


def created(session: Session, upload_url: str | Mapping[str, Any]) -> dict[str, Any]:
    """The 201 of §6.2."""
    return {
        "session_id": session.id,
        "status": session.state.value,
        "created_at": stamp(session.created_at),
        "expires_at": stamp(session.expires_at),
        "upload_url": upload_url,
        **_patient(session),
    }


def received(session: Session, file: AudioFile, sent_as: str) -> dict[str, Any]:
    """The 200 of an upload, whose body the text leaves free (E43); clients in the field read the first five."""
    return {
        "session_id": session.id,
        "success": True,
        "status": "received",
        "original_filename": sent_as,
        "file_name": file.name,
        "size_bytes": file.size,
        "audio_files_received": len(session.files),
    }


def measured(session: Session, file: AudioFile, index: int | None) -> dict[str, Any]:
    """The 200 of an upload that has a number, or is the one file of its session (AUD-008, AUD-009)."""
    told = {"session_id": session.id, "status": "received"}
    if index is None:
        return told | {"duration_ms": file.duration_ms}
    return told | {
        "chunk_index": index,
        "chunk_duration_ms": file.duration_ms,
        "total_duration_ms": session.duration_ms,
    }


def _changed(change: Amended, sent: Collection[str], text: Wording) -> str:
    """What became of the members that a client sent; what is passed over in silence would be taken for changed."""
    words = {"additional_data": text.passed}
    changed = [words.get(name, name) for name in _CHANGEABLE if getattr(change, name) is not None]
    told = f"The session was updated: {', '.join(changed)}." if changed else ""
    told = told or ("It was noted in the journal." if change.said else "Nothing was changed.")
    known = {words.get(name, name) for name in _CHANGEABLE} & {*text.ordered, "patient_details"}
    others = [repr(name[:_LONGEST_TOLD]) for name in sent if name not in known | {*SAID}]
    if others:
        told += f" A PATCH does not change {', '.join(others[:_TOLD])}{' and others' if others[_TOLD:] else ''}."
    return told


def amended(session: Session, change: Amended, sent: Collection[str], text: Wording) -> dict[str, Any]:
    """The 200 of PATCH, `sent` being the members of its body. Not in spec."""
    message = _changed(change, sent, text)
    if "cancelled" in change.said.values():
        going_on = {
            State.CREATED: "nothing is processed unless the session is ended, and it expires at its time",
            State.RECORDING: "nothing is processed unless the session is ended, and it expires at its time",
            State.PROCESSING: "its processing goes on",
        }
        message = f"The cancellation was noted; {going_on.get(session.state, 'its results stay')}."
    return {"session_id": session.id, "status": session.state.value, "message": message}


def template_standing(session: Session, state: State, template: str) -> dict[str, Any]:
    """The 200 of process/template. Not in spec."""
    result = next((found for found in session.results if found.id == template), None)
    if state in (State.CREATED, State.RECORDING):
        status, message = "pending", "The template is filled once the session is ended."
    elif result is None or state is State.PROCESSING:
        failed = state is State.FAILED
        status = "failed" if failed else "processing"
        message = "The session failed as a whole." if failed else "The template is being filled."
    else:
        status, message = result.status, result.error_message or "The template is filled."
    return {"session_id": session.id, "template_id": template, "status": status, "message": message}


def ended(session: Session, text: Wording) -> dict[str, Any]:
    """What an end is answered with (§6.4)."""
    return {
        "session_id": session.id,
        "status": State.PROCESSING.value,
        "message": "The session is closed and its audio is being processed.",
        **_audio(session, text),
    }


def _patient(session: Session) -> dict[str, Any]:
    found = session.order.patient_details
    return {} if found is None else {"patient_details": found}


def _audio(session: Session, text: Wording) -> dict[str, Any]:
    if text.numbered:
        return {"audio_duration_ms": session.duration_ms}
    return {"audio_files_received": len(session.files), "audio_files": [file.name for file in session.files]}


def _passed(session: Session, text: Wording) -> dict[str, Any]:
    """What the client left with the session for itself."""
    data = session.order.additional_data
    return {text.passed: data or {}} if data is not None or text.passed_always else {}


def _template(result: TemplateResult) -> dict[str, Any]:
    if result.status == "success":
        return {"status": "success", "data": result.data}
    return {"status": "failed", "error": {"code": result.error_code, "message": result.error_message}}


def _templates(session: Session, text: Wording, *, as_array: bool) -> dict[str, Any]:
    if text.bare_templates:
        lost = [
            {"template_id": result.id, "error": result.error_code, "message": result.error_message}
            for result in session.results
            if result.status != "success"
        ]
        good = {result.id: result.data for result in session.results if result.status == "success"}
        return {"templates": good, "template_errors": lost}
    entries = {result.id: _template(result) for result in session.results}
    return {"templates": [{name: entry} for name, entry in entries.items()] if as_array else entries}


def session_document(
    session: Session, state: State, upload_url: str | Mapping[str, Any], text: Wording, *, as_array: bool
) -> dict[str, Any]:
    """The body of GET in the state observed now; members without a value are left out, never null."""
    body: dict[str, Any] = {
        "session_id": session.id,
        "status": state.value,
        "created_at": stamp(session.created_at),
        **_audio(session, text),
        **_passed(session, text),
        **_patient(session),
    }
    if state is State.EXPIRED:
        body["expired_at"] = stamp(session.expires_at)
        body["message"] = "The session expired before it was ended."
        if not as_array:
            body["templates"] = {}
        return body | {"transcript": None}
    body["expires_at"] = stamp(session.expires_at)
    if state in (State.CREATED, State.RECORDING):
        return body | {"upload_url": upload_url}
    if state is State.PROCESSING:
        shown = session.transcript and session.order.include_transcript
        return body | ({"transcript": session.transcript} if shown else {})
    return body | _result(session, state, text, as_array=as_array)


def _result(session: Session, state: State, text: Wording, *, as_array: bool) -> dict[str, Any]:
    result: dict[str, Any] = {"model_used": session.order.model}
    if session.completed_at:
        result["completed_at"] = stamp(session.completed_at)
    if session.language_detected:
        result["language_detected"] = session.language_detected
    if state is State.FAILED:
        assert session.failure is not None, "a failed session says why"
        result["error"] = {"code": session.failure.code, "message": session.failure.message}
    else:
        result |= _templates(session, text, as_array=as_array)
        if session.order.include_transcript:
            result["transcript"] = session.transcript or ""
    if state is State.PARTIAL:
        result["audio_files_processed"] = session.files_processed or 0
    if state is State.PARTIAL or session.losses:
        result["processing_errors"] = [
            {"type": loss.type, "message": loss.message} | ({"file": loss.file} if loss.file else {})
            for loss in session.losses
        ]
    return result
