"""A server that is never there: 503 with `Retry-After: 30` to every request, for ever."""

from __future__ import annotations

from .exchange import Answer, Call
from .honest import Honest


class Unavailable(Honest):
    """Nothing but 503."""

    async def answered(self, call: Call) -> Answer:
        error = {"code": "service_unavailable", "message": "Please try again later."}
        return Answer(503, {"error": error}, {"retry-after": "30"})
