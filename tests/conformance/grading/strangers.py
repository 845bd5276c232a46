"""Servers that share no code with the kit, each with one shut door or one way to be wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.peers.exchange import Answer, Refusal
from tests.peers.honest import Honest

if TYPE_CHECKING:
    from tests.peers.exchange import Call


class Shut(Honest):
    """A server one operation of which is broken for everybody it knows."""

    door = "create"

    async def operation(self, call: Call, path: str) -> Answer:
        last = path.rpartition("/")[2]
        asked = {"templates": "templates", "end": "end", "audio": "upload", "sessions": "create"}.get(last, "get")
        if asked == self.door:
            self.admitted(call)
            raise Refusal(500, "internal_error", "out of order")
        return await super().operation(call, path)


class FlatErrors(Honest):
    """A server whose errors have code and message at the top of the body."""

    def refused(self, refusal: Refusal) -> Answer:
        return Answer(refusal.status, {"code": refusal.code, "message": refusal.message})


class AlwaysUnwell(Honest):
    """A server that answers 500 where it should say what was wrong with a body."""

    def refused(self, refusal: Refusal) -> Answer:
        if refusal.status != 400:
            return super().refused(refusal)
        return Answer(500, {"error": {"code": "internal_error", "message": "something went wrong"}})
