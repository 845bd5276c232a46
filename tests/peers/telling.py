"""What a conforming server tells of a session: states, lists and results, as the choices have it."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

from .exchange import Answer, Call, Refusal
from .honest import Honest
from .session import Processing, Session, sequence


class Telling(Honest):
    """The answers to GET of a server whose choices are in `taken`."""

    taken: dict[str, Any]

    def word(self, state: str, session: Session) -> str:
        if state in {"created", "recording"} and self.taken["open_word"] == "initialized":
            return "initialized"
        return self.taken["processing_word"] if state == "processing" else state

    def processing(self) -> Processing:
        return Processing(
            frozenset(self.templates),
            labels=self.taken["labels"],
            skips_silence=self.taken["silence"] == "partial",
            limit=self.chunk_seconds if self.taken["long_chunk"] == "skipped" else None,
        )

    def result(self, session: Session) -> Any:
        result = super().result(session)
        told_in_completed = self.taken["unknown_template"] in {"failed entry", "template_errors"}
        if result.status == "partial" and told_in_completed and not result.errors:
            return replace(result, status="completed")
        if result.status == "failed" and result.error["code"] == "processing_failed":
            return replace(result, error={**result.error, "code": self.taken["failed_code"]})
        return result

    def listed(self, session: Session) -> list[str]:
        names = list(session.files)
        if session.ended is None and self.now() < session.expires_at:
            now = time.monotonic()
            names = [name for name in names if now - session.stored[name] >= self.taken["lag"]]
        return names if self.taken["list_order"] == "arrival" else sorted(names, key=sequence)

    async def show(self, call: Call, session: Session) -> Answer:
        state = self.state(session)
        if state == "recording" and not self.listed(session):
            # The list trails, and so does the state that tells of it.
            state = "created"
        answer = Answer(self._code(state), self.document(session, state))
        if state == "expired" and self.taken["expired_body"] != "session":
            told = self.refused(Refusal(410, "session_expired", "the session was not ended in time")).document
            answer.document = told if self.taken["expired_body"] == "envelope" else answer.document | told
        if answer.status == 202 and self.taken["poll_retry_after"]:
            answer.headers["retry-after"] = self.taken["poll_retry_after"]
        if self.taken["poll_cache"]:
            answer.headers["cache-control"] = self.taken["poll_cache"]
        return answer

    def _code(self, state: str) -> int:
        codes = {
            "partial": 206,
            "completed": 200,
            "expired": 410,
            "processing": 202,
            "failed": self.taken["failed_status"],
        }
        return codes.get(state, self.taken["open_status"])

    def document(self, session: Session, state: str) -> dict[str, Any]:
        shown = super().document(session, state)
        if session.additional_data is None:
            how = self.taken["no_data_processing" if state == "processing" else "no_data_elsewhere"]
            shown["additional_data"] = {} if how == "{}" else None
            if how == "absent":
                del shown["additional_data"]
        elif state in {"created", "recording", "expired"} and not self.taken["open_data"]:
            del shown["additional_data"]
        if state == "expired" and self.taken["expired_extras"]:
            shown |= {"templates": {}, "transcript": None}
        halfway = session.ended is not None and time.monotonic() - session.ended > self.processing_seconds / 2
        if state == "processing" and self.taken["early_transcript"] and halfway and self.result(session).transcript:
            shown["transcript"] = self.result(session).transcript
        return shown

    def results(self, session: Session, state: str) -> dict[str, Any]:
        shown = super().results(session, state)
        if state == "failed":
            return shown
        if state == "partial":
            if self.taken["partial_completed_at"] == "null":
                shown["completed_at"] = None
            if self.taken["processing_errors"] == "absent":
                del shown["processing_errors"]
        return shown | self._templates(shown["templates"], state)

    def _templates(self, entries: dict[str, dict[str, Any]], state: str) -> dict[str, Any]:
        told: list[dict[str, Any]] = []
        shown: dict[str, Any] = {}
        for name, entry in entries.items():
            if (
                entry["status"] == "failed"
                and state == "completed"
                and self.taken["unknown_template"] == "template_errors"
            ):
                told.append({"template_id": name, **entry["error"]})
            elif entry["status"] == "failed":
                as_text = state == "completed" and self.taken["string_errors"]
                shown[name] = entry | {"error": entry["error"]["message"] if as_text else entry["error"]}
            else:
                shown[name] = entry | {"data": self._data(entry["data"])}
        array = self.taken["templates_shape"] == "array"
        members: dict[str, Any] = {"templates": [{name: entry} for name, entry in shown.items()] if array else shown}
        return members | ({"template_errors": told} if told else {})

    def _data(self, data: Any) -> Any:
        shape = self.taken["data_shape"]
        if shape == "flat":
            return data
        if shape == "nested":
            return {"note": {"content": data, "version": 1}}
        return str(data) if shape == "text" else data if isinstance(data, list) else [data]
