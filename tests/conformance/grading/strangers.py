"""Runs of the kit against servers that share no code with it, and servers with one shut door."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from conformance.certification import certify
from conformance.runner import Options
from tests.peers.exchange import Answer, Refusal
from tests.peers.honest import Honest
from tests.peers.offering import CLOCK_PATH
from tests.peers.serving import serving

if TYPE_CHECKING:
    from conformance.run import Run
    from tests.peers.exchange import Call


def judged(peer: Honest) -> Run:
    """A whole run against a peer."""
    with serving(peer) as address:
        options: dict[str, Any] = {"target": address, "api_key": peer.key("one"), "second_api_key": peer.key("two")}
        options["examples"] = 0  # what is generated has claims of its own, and takes as long as all the rest
        if peer.has_clock:
            options["test_clock"] = address + CLOCK_PATH
        if not peer.processing_seconds < float("inf"):
            options["processing_timeout"] = 1.0
        return asyncio.run(certify(Options(**options)))


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
