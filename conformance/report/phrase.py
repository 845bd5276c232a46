"""A recorded request as expressions of Python: what differs from run to run, and every key, comes from outside."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from conformance.evidence import NOT_JSON
from conformance.evidence.curl import INLINE_BOUND, VARIABLES
from conformance.report.repro import HERE

if TYPE_CHECKING:
    from conformance.evidence import Exchange

#: What a client sends of itself, and what names a request that was sent already.
_OWN = frozenset({"host", "content-length", "connection", "accept-encoding", "user-agent", "traceparent", "accept"})
_KEYS = {
    placeholder: variable.removeprefix("SCRIBE_").replace("API_KEY", "KEY")
    for placeholder, variable in VARIABLES.items()
}


class Phrases:
    """The expressions of one file, in which `TARGET` is the origin that takes the requests."""

    def __init__(self, address: str) -> None:
        #: Text of this run -> the Python expression that holds what stands in its place.
        self.known: dict[str, str] = {address: "TARGET"}

    def quoted(self, text: str) -> str:
        """A text."""
        known = self.known | _KEYS
        found = re.split(
            "(" + "|".join(re.escape(each) for each in sorted(known, key=len, reverse=True)) + "|<secret-[a-z0-9-]+>)",
            text,
        )
        pieces = [
            known.get(piece)
            or (
                f'os.environ["SCRIBE_{piece[1:-1].replace("-", "_").upper()}"]'
                if piece.startswith("<secret-")
                else repr(piece)
            )
            for piece in found
            if piece
        ]
        return " + ".join(pieces) or "''"

    def headers(self, x: Exchange) -> str:
        """The headers of a request that a client does not send by itself."""
        multipart = (x.request.header("content-type") or "").startswith("multipart/form-data")
        told = [
            f"{name!r}: {self.quoted(value)}"
            for name, value in x.request.headers
            if name.lower() not in _OWN and not (multipart and name.lower() == "content-type")
        ]
        return "{" + ", ".join(told) + "}"

    def content(self, x: Exchange, lies: str | None) -> list[str]:
        """The arguments of httpx for a body, where it has one; `lies` is the file that holds it, if one does."""
        if not x.request.size:
            return []
        if lies is None:
            body = x.request.json
            return [f"json={body!r}"] if body is not NOT_JSON else [f"content={x.request.body!r}"]
        name = lies.removeprefix(f"{HERE}/")
        read = f"(HERE / {name!r}).read_bytes()"
        head = x.request.body[:INLINE_BOUND].partition(b"\r\n\r\n")[0].decode("utf-8", "replace")
        part = re.search(r'name="([^"]*)"; filename="([^"]*)"\r\nContent-Type: (.+)', head)
        if part is not None and (x.request.header("content-type") or "").startswith("multipart/form-data"):
            return [f"files={{{part[1]!r}: ({part[2]!r}, {read}, {part[3].strip()!r})}}"]
        return [f"content={read}"]


def plain(text: str) -> str:
    """Text that no docstring and no comment breaks on."""
    return (
        "".join(each if each.isprintable() or each == "\n" else " " for each in text)
        .replace("\\", "/")
        .replace('"""', "'''")
    )
