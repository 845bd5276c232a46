"""A conforming server behind a gateway that is busy with itself.

Every address without a trailing slash is redirected to the one that has it (301 for discovery, 307 and 308 for the
rest); answers come in chunks, zipped for who accepts that, with header names in capitals, `Via`, and headers nobody
asked for.
"""

from __future__ import annotations

import gzip
from dataclasses import replace

from .exchange import Answer, Call, Send, write
from .honest import CLOCK_PATH, Honest


class Gateway(Honest):
    """What a client sees through a gateway."""

    async def answered(self, call: Call) -> Answer:
        path = call.path
        if path.endswith(CLOCK_PATH):
            return await super().answered(call)
        if not path.endswith("/"):
            query = f"?{call.query}" if call.query else ""
            return Answer(self._detour(call), headers={"Location": f"{self.origin}{path}/{query}"})
        return await super().answered(replace(call, path=path.rstrip("/")))

    def _detour(self, call: Call) -> int:
        if "/.well-known/" in call.path:
            return 301
        return 307 if call.path.endswith("/sessions") else 308

    async def write(self, send: Send, answer: Answer, call: Call) -> None:
        headers = {name.upper(): value for name, value in answer.headers.items()}
        content = answer.content()
        if content:
            headers.setdefault("CONTENT-TYPE", "application/json")
        headers |= {"VIA": "1.1 edge-7 (gateway)", "X-REQUEST-ID": "9f2c", "STRICT-TRANSPORT-SECURITY": "max-age=0"}
        if content and "gzip" in call.headers.get("accept-encoding", ""):
            content = gzip.compress(content)
            headers |= {"CONTENT-ENCODING": "gzip", "VARY": "Accept-Encoding"}
        await write(send, Answer(answer.status, headers=headers, body=content), chunked=bool(content))
