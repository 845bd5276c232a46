"""How a conforming server looks on the wire: the choices of HTTP, JSON and discovery."""

from __future__ import annotations

import gzip
import hashlib
import json
from dataclasses import replace
from typing import Any

from .exchange import Answer, Call, Refusal, Send, write
from .honest import Honest

_SEPARATORS = {"compact": (",", ":"), "spaced": (", ", ": "), "indented": (",", ": ")}


class Outward(Honest):
    """The outside of a server whose choices are in `taken`."""

    taken: dict[str, Any]

    async def answered(self, call: Call) -> Answer:
        if self.taken["trailing_slash"] and len(call.path) > 1:
            call = replace(call, path=call.path.rstrip("/"))
        if call.method == "OPTIONS" and self.taken["cors"]:
            return Answer(204, headers={"access-control-allow-methods": "GET, POST", "access-control-max-age": "600"})
        if call.method == "HEAD" and self.taken["head"]:
            call = replace(call, method="GET")
        return await super().answered(call)

    def only(self, call: Call, method: str) -> None:
        if call.method != method:
            status = self.taken["other_methods"]
            raise Refusal(status, "invalid_request", f"{method} is what this address takes")

    def refused(self, refusal: Refusal) -> Answer:
        # The versions are what 3.3 wants to see in details; other details are optional.
        if not self.taken["error_details"] and refusal.code != "unsupported_version":
            refusal = Refusal(refusal.status, refusal.code, refusal.message)
        answer = super().refused(refusal)
        if refusal.status == 401 and self.taken["www_authenticate"]:
            answer.headers["www-authenticate"] = self.taken["www_authenticate"]
        if refusal.status == 405:
            answer.headers["allow"] = refusal.message.partition(" ")[0]
        return answer

    def discovery(self) -> dict[str, Any]:
        shown, taken = super().discovery(), self.taken
        if taken["languages_block"]:
            shown["languages"] = taken["languages_block"]
        if taken["service_block"] == "name only":
            shown["service"] = {"name": "A scribe"}
        return shown

    def model(self, name: str) -> dict[str, Any]:
        shown, taken = super().model(name), self.taken
        if taken["features"]:
            kinds = ("realtime_transcription", "speaker_diarization", "custom_templates")
            shown["features"] = dict.fromkeys(kinds, False) | {"speaker_diarization": taken["labels"]}
        if taken["response_speed"]:
            shown["response_speed"] = taken["response_speed"]
        return shown

    async def route(self, call: Call) -> Answer:
        answer = await super().route(call)
        if call.path.endswith("/.well-known/medscribealliance"):
            cache = self.taken["discovery_cache"]
            answer.headers = {"etag": self._tag(answer)} if cache == "etag" else {"cache-control": cache}
        return answer

    async def write(self, send: Send, answer: Answer, call: Call) -> None:
        taken = self.taken
        headers = dict(answer.headers)
        content = b""
        if answer.document is not None:
            content = self._json(answer.document)
            headers["content-type"] = "application/json" + ("; charset=utf-8" if taken["charset"] else "")
        headers |= self._own_headers(answer, call)
        if content and taken["zipped"] and "gzip" in call.headers.get("accept-encoding", ""):
            content = gzip.compress(content)
            headers |= {"content-encoding": "gzip", "vary": "Accept-Encoding"}
        case = {"lower": str.lower, "title": str.title, "upper": str.upper}[taken["header_case"]]
        told = Answer(answer.status, headers={case(name): value for name, value in headers.items()}, body=content)
        await write(send, told, chunked=taken["chunked_answers"] and bool(content))

    def _own_headers(self, answer: Answer, call: Call) -> dict[str, str]:
        """Headers that the text does not know."""
        taken, headers = self.taken, {}
        if taken["etag"] and call.method == "GET" and answer.status in {200, 202, 206}:
            headers["etag"] = self._tag(answer)
        if taken["version_echo"]:
            headers["msa-version"] = self.versions[0]
        if taken["request_id"]:
            headers["x-request-id"] = hashlib.sha256(f"{call.method} {call.path}".encode()).hexdigest()[:12]
        if taken["rate_headers"]:
            headers |= {"x-ratelimit-limit": "1000", "x-ratelimit-remaining": "999", "x-ratelimit-reset": "1893456000"}
        if taken["cors"]:
            headers["access-control-allow-origin"] = "*"
        if taken["connection"] == "close":
            headers["connection"] = "close"
        return headers

    def _tag(self, answer: Answer) -> str:
        return f'"{hashlib.sha256(self._json(answer.document)).hexdigest()[:16]}"'

    def _json(self, document: Any) -> bytes:
        taken = self.taken
        if isinstance(document, dict):
            document = self._arranged(document)
        text = json.dumps(
            document,
            ensure_ascii=taken["ascii"],
            separators=_SEPARATORS[taken["json_style"]],
            indent=2 if taken["json_style"] == "indented" else None,
        )
        try:
            return text.encode()
        except UnicodeEncodeError:  # half a surrogate pair that a client sent: only an escape can carry it
            return json.dumps(document).encode()

    def _arranged(self, document: dict[str, Any]) -> dict[str, Any]:
        """The members of a document in the order of the choice, with members of the vendor's own."""
        members = dict(document)
        if self.taken["extra_members"]:
            members |= {"x_vendor": {"region": "eu-1"}, "links": []}
            if isinstance(members.get("error"), dict):
                members["error"] = {**members["error"], "help": "https://peer.example/help"}
        order = self.taken["member_order"]
        if order == "given":
            return members
        names = sorted(members) if order == "sorted" else reversed(members)
        return {name: members[name] for name in names}
