"""A server as a web framework makes it when nobody overrides anything: the shape of FastAPI.

Every error is `{"detail": ...}`, an invalid body is 422 with a list of details, a create answers 200, session ids are
bare UUIDs, and GET is 200 whatever the state of the session.
"""

from __future__ import annotations

import uuid
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from .exchange import Answer, Call, Refusal
from .honest import Honest

if TYPE_CHECKING:
    from .admission import Admission
    from .session import Session


class FrameworkDefaults(Honest):
    """The defaults of a framework in place of the protocol's own status codes, ids and envelope."""

    def refused(self, refusal: Refusal) -> Answer:
        if refusal.status == 422:
            return Answer(422, {"detail": [{"type": "value_error", "loc": ["body"], "msg": refusal.message}]})
        return Answer(refusal.status, {"detail": refusal.message})

    def admission(self) -> Admission:
        return replace(super().admission(), status=422)

    def new_id(self) -> str:
        return str(uuid.uuid4())

    def create(self, call: Call, client: str) -> Answer:
        try:
            return Answer(200, super().create(call, client).document)
        except Refusal as refusal:
            # Whatever is wrong with a body, broken JSON included, is one kind of error to a framework.
            raise Refusal(422, refusal.code, refusal.message) from refusal

    def file(self, call: Call) -> tuple[str, str, bytes]:
        try:
            return super().file(call)
        except Refusal as refusal:
            raise Refusal(422, refusal.code, refusal.message) from refusal

    async def show(self, call: Call, session: Session) -> Answer:
        shown: Any = (await super().show(call, session)).document
        return Answer(200, shown)
