"""A server that talks to browsers: every error is a page of HTML, and a missing credential is a 302 to a login page."""

from __future__ import annotations

import html

from .exchange import Answer, Call, Refusal
from .honest import Honest


class WebPages(Honest):
    """Pages where the protocol has an envelope."""

    def refused(self, refusal: Refusal) -> Answer:
        if refusal.code == "authentication_failed":
            return Answer(302, headers={"location": f"{self.origin}/login"})
        return _page(refusal.status, f"Error {refusal.status}: {refusal.message}")

    async def route(self, call: Call) -> Answer:
        if call.path == "/login":
            return _page(200, "Please sign in")
        return await super().route(call)


def _page(status: int, title: str) -> Answer:
    body = f"<!doctype html><title>{html.escape(title)}</title><h1>{html.escape(title)}</h1>"
    return Answer(status, headers={"content-type": "text/html; charset=utf-8"}, body=body.encode())
