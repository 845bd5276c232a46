"""What is known of the research service as code: two operations, and a state of its own."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from typing import Any

from .exchange import Answer, Call, Refusal, read, write
from .scholar import KINDS, ROOT, given


class Sketch:
    """Create answers 200 with `initialized`, get shows that for ever, and a framework answers the rest."""

    def __init__(self) -> None:
        self.keys = {"key-of-one-1a2b3c4d5e6f", "key-of-two-6f5e4d3c2b1a"}
        self.sessions: dict[str, dict[str, Any]] = {}
        self.owners: dict[str, str] = {}

    def key(self, user: str) -> str:
        return next(key for key in self.keys if f"-{user}-" in key)

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            return
        call = await read(scope, receive)
        try:
            answer = self.answered(call)
        except Refusal as refusal:
            answer = Answer(refusal.status, {"detail": refusal.message})
        await write(send, answer)

    def answered(self, call: Call) -> Answer:
        if call.path == ROOT:
            if call.method != "POST":
                raise Refusal(405, "", "Method Not Allowed")
            self.let_in(call)
            return self.create(call)
        name, _, rest = call.path.removeprefix(f"{ROOT}/").partition("/")
        if not call.path.startswith(f"{ROOT}/") or rest:
            raise Refusal(404, "", "Not Found")
        if call.method != "GET":
            raise Refusal(405, "", "Method Not Allowed")
        self.let_in(call)
        if name not in self.sessions or self.owners[name] != self.let_in(call):
            raise Refusal(404, "", "Session not found")
        return Answer(200, self.sessions[name])

    def let_in(self, call: Call) -> str:
        key = call.headers.get("authorization", "").removeprefix("Bearer ")
        if key not in self.keys:
            raise Refusal(401, "", "Not authenticated")
        return key

    def create(self, call: Call) -> Answer:
        told = given(call)
        objects = all(isinstance(told.get(name, {}), dict) for name in ("budget", "preferences", "metadata"))
        if not isinstance(told.get("prompt"), str) or not told["prompt"] or not objects:
            raise Refusal(422, "", "Field required")
        if told.get("session_type", KINDS[0]) not in KINDS:
            raise Refusal(422, "", "Input should be 'research', 'analysis' or 'synthesis'")
        name = str(uuid.uuid4())
        known = {"session_id": name, "status": "initialized", "created_at": datetime.now(UTC).isoformat()}
        self.owners[name] = self.let_in(call)
        self.sessions[name] = {**known, "progress": 0, "current_stage": "initialized", "resource_usage": {}}
        return Answer(200, {**known, "estimated_duration": 5, "cost_estimate": {"credits": 1}})
