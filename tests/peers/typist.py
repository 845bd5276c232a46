"""Services of realtime sessions: one as the field has them today, and one that gets much of it wrong."""

from __future__ import annotations

import base64
import uuid
from typing import TYPE_CHECKING, Any, ClassVar

from .exchange import Answer, Call, Refusal
from .stenographer import Stenographer

if TYPE_CHECKING:
    from collections.abc import Callable

    from .stenographer import Session

#: Where files are fetched without a key.
_FILES = "/files/"


class Typist(Stenographer):
    """Lists by cursor, links to audio, days and no flags, UUIDs in REST; who is gone has completed a session."""

    revision: ClassVar[str] = "2026-08"
    foreign: ClassVar[int] = 404
    worker: ClassVar[str | None] = None
    unlinks = False

    def new_name(self) -> str:
        return f"sess_{uuid.uuid4().hex[:16]}"

    def uuid_of(self, name: str) -> str:
        return str(uuid.uuid5(uuid.NAMESPACE_OID, name))

    def found(self, name: str, tenant: str) -> Session:
        known = {self.uuid_of(each): each for each in self.sessions}
        return super().found(known.get(name, name), tenant)

    def begun(self, session: Session) -> dict[str, Any]:
        config = {
            "sample_rate": session.rate,
            "encoding": session.encoding,
            "channels": 1,
            "language": "auto",
            "model": "",
        }
        return super().begun(session) | {"config": config}

    def left_as(self, code: int) -> str:
        return "completed"

    def days(self, each: Session) -> int:
        return int(each.query.get("retention", "30"))

    def has_audio(self, each: Session) -> bool:
        return self.days(each) != 0 and bool(each.size)

    def has_transcript(self, each: Session) -> bool:
        return self.days(each) != 0

    def counted(self, each: Session) -> dict[str, Any]:
        return {"segment_count": len(each.told), "word_count": sum(len(one.words) for one in each.told)}

    def flags(self, each: Session) -> dict[str, Any]:
        return {"retention": self.days(each)}

    def item(self, each: Session) -> dict[str, Any]:
        return super().item(each) | {"id": self.uuid_of(each.name), "started_at": each.started.isoformat()}

    def details(self, each: Session) -> dict[str, Any]:
        told = super().details(each)
        previous = self.uuid_of(each.previous) if each.previous else None
        for name in ("worker_id", "enhance_on_end", "enhancement_job_id"):
            del told[name]
        return told | {"instance": "realtime-1", "previous_session_id": previous, "error": None}

    def transcript(self, each: Session) -> dict[str, Any]:
        return super().transcript(each) | {"session_id": self.uuid_of(each.name)}

    def routes(self) -> dict[tuple[str, str], Callable[[Call, Session], Answer]]:
        known = super().routes()
        return known | {("GET", f"export/{form}"): self.export for form in ("srt", "vtt", "txt", "json")}

    def export(self, _call: Call, each: Session) -> Answer:
        text = self.transcript(each)["text"]
        return Answer(200, headers={"content-type": "text/plain"}, body=text.encode())

    def download(self, call: Call, each: Session) -> Answer:
        if each.status == "active" or not self.has_audio(each):
            raise Refusal(404, "", "Audio not available")
        return Answer(200, {"url": f"{call.origin}{_FILES}{each.name}", "expires_in": 3600})

    def answered(self, call: Call) -> Answer:
        name = call.path.removeprefix(_FILES)
        if call.path.startswith(_FILES) and name in self.sessions:
            return Answer(200, headers={"content-type": "audio/wav"}, body=self.file(self.sessions[name]))
        return super().answered(call)

    def list(self, call: Call, tenant: str) -> Answer:
        kept, query = self.listed(call, tenant)
        limit, begin = int(query.get("limit", "50")), 0
        if "cursor" in query:
            behind = base64.urlsafe_b64decode(query["cursor"]).decode()
            begin = next((at + 1 for at, each in enumerate(kept) if each.name == behind), len(kept))
        page, more = kept[begin : begin + limit], len(kept) > begin + limit
        cursor = base64.urlsafe_b64encode(page[-1].name.encode()).decode() if more else None
        return Answer(200, {"sessions": [self.item(each) for each in page], "cursor": cursor, "has_more": more})


class Doodler(Stenographer):
    """Keeps audio unasked, and half of it; counts wrong; says that it deletes what is active; lists everybody's."""

    def has_audio(self, each: Session) -> bool:
        return bool(each.size)

    def file(self, each: Session) -> bytes:
        whole = super().file(each)
        return whole[:44] + whole[44 + (len(whole) - 44) // 4 * 2 :]

    def begun(self, session: Session) -> dict[str, Any]:
        return {"type": "session.begin", "session_id": session.name, "resumed_from": session.name}

    def counted(self, each: Session) -> dict[str, Any]:
        return {"utterance_count": len(each.told) + 1, "word_count": 0}

    def delete(self, _call: Call, each: Session) -> Answer:
        return Answer(200, {"deleted": True, "session_id": each.name})

    def listed(self, call: Call, tenant: str) -> tuple[list[Session], dict[str, str]]:
        kept, query = super().listed(call, tenant)
        others = [each for each in self.sessions.values() if each.owner != tenant]
        return [*kept, *others], query

    def transcript(self, each: Session) -> dict[str, Any]:
        told = super().transcript(each)
        return told | {"text": told["text"].upper() + " the end", "duration_seconds": 0.0}
