"""A server without GET /templates: the route is 404, and creates with the standard ids work."""

from __future__ import annotations

from .exchange import Answer, Call, Refusal
from .honest import Honest


class NoTemplatesRoute(Honest):
    """Nobody can ask which templates there are."""

    templates: tuple[str, ...] = (
        "transcript",
        "soap",
        "medications",
        "discharge_summary",
        "referral_letter",
        "hpi",
        "vitals",
    )

    async def operation(self, call: Call, path: str) -> Answer:
        if path == f"{self.base}/templates":
            raise Refusal(404, "invalid_request", "nothing is here")
        return await super().operation(call, path)
