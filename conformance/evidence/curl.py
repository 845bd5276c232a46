"""An exchange as a line that a person can paste into a shell; keys stay in the reader's environment."""

from __future__ import annotations

import re
import shlex
from pathlib import PurePath
from typing import TYPE_CHECKING

from conformance.evidence.redaction import KEY, SECOND_KEY
from conformance.vocabulary.operation import Operation

if TYPE_CHECKING:
    from collections.abc import Mapping

    from conformance.evidence.exchange import Exchange

#: What the recorder wrote instead of a key -> the variable the reader sets.
VARIABLES = {KEY: "SCRIBE_API_KEY", SECOND_KEY: "SCRIBE_SECOND_API_KEY"}
#: A longer body would bury the line it stands in.
INLINE_BOUND = 4096
#: What curl sends of itself, and what names a request that was sent already.
_OWN = frozenset({"host", "content-length", "connection", "accept", "accept-encoding", "user-agent", "traceparent"})
#: What asks for a socket; the key is the sample of RFC 6455, for nothing here depends on it.
_UPGRADE = (
    "Connection: Upgrade",
    "Upgrade: websocket",
    "Sec-WebSocket-Version: 13",
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
)
#: Seconds that a line listens to a socket.
_LISTENS_S = 5
_PLACEHOLDER = re.compile("(" + "|".join(map(re.escape, VARIABLES)) + "|<secret-[a-z0-9-]+>)")


def curl(x: Exchange) -> str:
    """The request of an exchange as one curl command; audio is named by its fixture's file, not spelled out."""
    return " ".join(["curl", "-sS", "-i", *arguments(x)])


def arguments(x: Exchange, variables: Mapping[str, str] | None = None, file: str | None = None) -> list[str]:
    """What curl needs to send the request of an exchange again, each a shell word.

    `variables`: text that differs from run to run -> the shell variable that holds it; `file`: where its audio or long
    body lies.
    """
    request, known = x.request, variables or {}
    if request.url.startswith(("ws://", "wss://")):
        return _opening(x, known)
    form = _form(x, known, file)
    words = ["-X", request.method, quoted(request.url, known)]
    if re.search(r"[\[\]{}]", request.url):
        words.insert(0, "--globoff")
    for name, value in request.headers:
        if name.lower() in _OWN or (form and name.lower() == "content-type"):
            continue
        words += ["-H", quoted(f"{name}: {value}" if value else f"{name};", known)]
    return words + (form or _data(x, known, file))


def _opening(x: Exchange, known: Mapping[str, str]) -> list[str]:
    """What opens the socket of an exchange by RFC 6455 and shows what the service says first; nothing is said to it."""
    words = ["-N", "--http1.1", "--max-time", str(_LISTENS_S), quoted(x.request.url.replace("ws", "http", 1), known)]
    told = [f"{name}: {value}" for name, value in x.request.headers if name.lower() not in _OWN]
    for line in (*_UPGRADE, *told):
        words += ["-H", quoted(line, known)]
    return words


def quoted(text: str, variables: Mapping[str, str] | None = None) -> str:
    """One shell word; variables are left for the shell to fill in."""
    known = variables or {}
    longest = sorted(filter(None, known), key=len, reverse=True)
    pattern = re.compile("|".join((_PLACEHOLDER.pattern, *(f"({re.escape(literal)})" for literal in longest))))
    shown, end = [], 0
    for found in pattern.finditer(text):
        shown += [shlex.quote(text[end : found.start()])] if found.start() > end else []
        shown.append(f'"${known.get(found[0]) or _variable(found[0])}"')
        end = found.end()
    return "".join((*shown, *([shlex.quote(text[end:])] if end < len(text) else []))) or "''"


def _variable(placeholder: str) -> str:
    """The variable behind a placeholder; "<secret-x-tenant>" is SCRIBE_SECRET_X_TENANT."""
    return VARIABLES.get(placeholder) or "SCRIBE_" + placeholder[1:-1].replace("-", "_").upper()


def _form(x: Exchange, variables: Mapping[str, str], file: str | None) -> list[str]:
    """The part of a multipart upload, for curl to wrap itself."""
    head = x.request.body.partition(b"\r\n\r\n")[0].decode("utf-8", "replace")
    part = re.search(r'name="([^"]*)"; filename="([^"]*)"\r\nContent-Type: (.+)', head)
    if part is None or not (x.request.header("content-type") or "").startswith("multipart/form-data"):
        return []
    if file is not None and not x.label.fixture:  # the body is there as a whole, form and all
        return []
    return ["-F", quoted(f'{part[1]}=@{file or file_name(x)};filename="{part[2]}";type={part[3]}', variables)]


def _data(x: Exchange, variables: Mapping[str, str], file: str | None) -> list[str]:
    request = x.request
    if not request.size:
        return []
    if request.whole and request.size <= INLINE_BOUND and x.label.operation != Operation.UPLOAD:
        try:
            text = request.body.decode()
        except UnicodeDecodeError:
            text = "\0"
        # A shell word cannot hold NUL, and curl reads a file where data begins with @.
        if "\0" not in text and not text.startswith("@"):
            return ["--data-binary", quoted(text, variables)]
    return ["--data-binary", quoted(f"@{file or file_name(x)}", variables)]


def file_name(x: Exchange) -> str:
    """The name of the file a reader has to put there: the fixture's, else one that says what it held."""
    if x.label.fixture:
        return f"{x.label.fixture}{PurePath(x.label.file or '').suffix}"
    return f"body-{(x.request.sha256 or 'empty')[:12]}.bin"
