"""A conforming server that takes every freedom the text leaves, as a seed draws them.

`Choosy(seed)` draws from what the lenient reading passes, `Choosy(seed, strict=True)` from what no reading fails. Any
choice may be fixed by name: `Choosy(3, lag=1.5)`.
"""

from __future__ import annotations

import re
import secrets
import string
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

from .choices import CHOICES, drawn
from .exchange import Answer, Call, Refusal
from .outward import Outward
from .taking import Taking
from .telling import Telling

if TYPE_CHECKING:
    from .admission import Admission
    from .session import Session

_ALPHABETS = {
    "lower": string.ascii_lowercase + string.digits,
    "mixed": string.ascii_letters + string.digits,
    "digits": string.digits,
    "hyphen": string.ascii_lowercase + string.digits + "-_",
}
_OFFSETS = {"+05:30": timedelta(hours=5, minutes=30), "us-04:00": timedelta(hours=-4)}


class Choosy(Outward, Telling, Taking):
    """The honest server with every choice made some way."""

    def __init__(self, seed: int = 0, *, strict: bool = False, **fixed: Any) -> None:
        super().__init__()
        unknown = fixed.keys() - {choice.name for choice in CHOICES}
        if unknown:
            raise TypeError(f"there is no choice {min(unknown)}")
        self.taken = _coherent({**drawn(seed, strict=strict), **fixed})
        same = (
            "base",
            "formats",
            "chunk_seconds",
            "upload_methods",
            "limits",
            "versions",
            "processing_seconds",
            "late_upload",
        )
        for name in same:
            setattr(self, name, self.taken[name])
        self.templates = self.taken["template_ids"]
        self.refuses_long_chunks = self.taken["long_chunk"] == "refused"

    # Identity, stamps, credentials

    def new_id(self) -> str:
        alphabet = _ALPHABETS[self.taken["id_alphabet"]]
        return "ses_" + "".join(secrets.choice(alphabet) for _ in range(self.taken["id_length"] - 4))

    def stamp(self, instant: datetime) -> str:
        style = self.taken["stamps"]
        if style == "naive":
            return instant.strftime("%Y-%m-%dT%H:%M:%S")
        if style == "Z":
            return super().stamp(instant)
        if style == "ms":
            return instant.strftime("%Y-%m-%dT%H:%M:%S.") + f"{instant.microsecond // 1000:03d}Z"
        local = instant.astimezone(timezone(_OFFSETS.get(style, timedelta())))
        return local.isoformat(timespec="microseconds" if style.startswith("us") else "seconds")

    def credential(self, call: Call) -> str | None:
        refused = {"x-api-key": "authorization", "authorization": "x-api-key"}.get(self.taken["spelling"])
        return super().credential(
            replace(call, headers={name: value for name, value in call.headers.items() if name != refused})
        )

    def admitted(self, call: Call) -> str:
        try:
            return super().admitted(call)
        except Refusal as refusal:
            if refusal.code == "invalid_api_key":
                refusal.code = self.taken["wrong_key_code"]
            raise

    def version(self, call: Call) -> None:
        if self.taken["unknown_version"] == "refused":
            super().version(call)

    def session(self, session_id: str, client: str) -> Session:
        found = self.sessions.get(session_id)
        if found is None and not re.fullmatch(r"ses_[A-Za-z0-9_-]{12,28}", session_id):
            status = self.taken["malformed_id"]
            raise Refusal(status, "session_not_found" if status == 404 else "invalid_request", "the id is malformed")
        if found is not None and found.owner != client and self.taken["other_client"] == 403:
            raise Refusal(403, "forbidden", "the session belongs to another client")
        return super().session(session_id, client)

    # Create

    def admission(self) -> Admission:
        taken = self.taken
        refuses = taken["unknown_template"] in {"invalid_template", "template_not_found"}
        status = 400 if taken["unknown_template"] == "invalid_template" else 404
        return replace(
            super().admission(),
            default_model="lite"
            if taken["default_model"] == "lite" and "lite" in self.limits
            else list(self.limits)[-1],
            protocols=taken["protocols"],
            languages=taken["language_forms"],
            unknown_language=taken["unknown_language"],
            most_templates=taken["most_templates"],
            takes_no_template=taken["takes_no_template"],
            needs_protocol=taken["needs_protocol"],
            needs_upload_type=taken["needs_upload_type"],
            status=taken["refusal_status"],
            known_templates=frozenset(self.templates) if refuses else None,
            unknown_template=(status, taken["unknown_template"]),
        )

    def create(self, call: Call, client: str) -> Answer:
        answer = super().create(call, client)
        if self.taken["location"]:
            answer.headers["location"] = f"{self.base_url}/sessions/{answer.document['session_id']}"
        return answer

    def created(self, session: Session) -> dict[str, Any]:
        return super().created(session) | self._data_in_ack(session)

    def _data_in_ack(self, session: Session) -> dict[str, Any]:
        given = self.taken["data_in_acks"] and session.additional_data is not None
        return {"additional_data": session.additional_data} if given else {}

    # End

    def end(self, call: Call, session: Session) -> Answer:
        state = self.state(session)
        if state == "expired" and self.taken["end_expired"] != 410:
            raise Refusal(self.taken["end_expired"], "invalid_request", "the session was not ended in time")
        if session.ended is not None:
            again = self.taken["end_again" if state == "processing" else "end_again_done"]
            if again == 202:
                return Answer(202, self.ended(session))
            raise Refusal(again, "invalid_request", "the session has been ended before")
        empty = self.taken["end_empty"]
        if state == "created" and empty != "processed":
            code = "audio_too_short" if empty == 422 else "invalid_request"
            raise Refusal(empty, code, "there is no audio yet")
        return super().end(call, session)

    def ended(self, session: Session) -> dict[str, Any]:
        return super().ended(session) | self._data_in_ack(session)


def _coherent(taken: dict[str, Any]) -> dict[str, Any]:
    """The choices, with those that would contradict another one made to fit it."""
    if taken["named"] and taken["target"] not in {"exact", "capability"}:
        # A name behind a query is not an address (E44).
        taken["target"] = "exact"
    if taken["upload_methods"] == ("single",):
        # Without upload_type a session is chunked or refused (E10), and this server has no chunks.
        taken["needs_upload_type"] = True
    if taken["labels"] and taken["features"] is None:
        # Who labels speakers says so.
        taken["features"] = "all false"
    return taken
