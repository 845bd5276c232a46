"""An exchange as a line that a person can paste into a shell; keys stay in the reader's environment."""

from __future__ import annotations

import re
import shlex
from pathlib import PurePath
from typing import TYPE_CHECKING

from conformance.evidence.redaction import KEY, SECOND_KEY
from conformance.vocabulary.operation import Operation

if TYPE_CHECKING:
    from conformance.evidence.exchange import Exchange

#: What the recorder wrote instead of a key -> the variable the reader sets.
VARIABLES = {KEY: "SCRIBE_API_KEY", SECOND_KEY: "SCRIBE_SECOND_API_KEY"}
#: A longer body would bury the line it stands in.
INLINE_BOUND = 4096
#: What curl sends of itself, and what names a request that was sent already.
_OWN = frozenset({"host", "content-length", "connection", "accept", "accept-encoding", "user-agent", "traceparent"})
_PLACEHOLDER = re.compile("(" + "|".join(map(re.escape, VARIABLES)) + "|<secret-[a-z0-9-]+>)")


def curl(x: Exchange) -> str:
    """The request of an exchange as one curl command; audio is named by its fixture's file, not spelled out."""
    request = x.request
    form = _form(x)
    words = ["curl", "-sS", "-i", "-X", request.method, _quoted(request.url)]
    if re.search(r"[\[\]{}]", request.url):
        words.insert(1, "--globoff")
    for name, value in request.headers:
        if name.lower() in _OWN or (form and name.lower() == "content-type"):
            continue
        words += ["-H", _quoted(f"{name}: {value}" if value else f"{name};")]
    return " ".join(words + (form or _data(x)))


def _quoted(text: str) -> str:
    """One shell word; variables are left for the shell to fill in."""
    pieces = [piece for piece in _PLACEHOLDER.split(text) if piece]
    shown = (f'"${_variable(piece)}"' if _PLACEHOLDER.fullmatch(piece) else shlex.quote(piece) for piece in pieces)
    return "".join(shown) or "''"


def _variable(placeholder: str) -> str:
    """The variable behind a placeholder; "<secret-x-tenant>" is SCRIBE_SECRET_X_TENANT."""
    return VARIABLES.get(placeholder) or "SCRIBE_" + placeholder[1:-1].replace("-", "_").upper()


def _form(x: Exchange) -> list[str]:
    """The part of a multipart upload, for curl to wrap itself."""
    head = x.request.body.partition(b"\r\n\r\n")[0].decode("utf-8", "replace")
    part = re.search(r'name="([^"]*)"; filename="([^"]*)"\r\nContent-Type: (.+)', head)
    if part is None or not (x.request.header("content-type") or "").startswith("multipart/form-data"):
        return []
    return ["-F", _quoted(f'{part[1]}=@{_file(x)};filename="{part[2]}";type={part[3]}')]


def _data(x: Exchange) -> list[str]:
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
            return ["--data-binary", _quoted(text)]
    return ["--data-binary", _quoted(f"@{_file(x)}")]


def _file(x: Exchange) -> str:
    """The name of the file a reader has to put there: the fixture's, else one that says what it held."""
    if x.label.fixture:
        return f"{x.label.fixture}{PurePath(x.label.file or '').suffix}"
    return f"body-{(x.request.sha256 or 'empty')[:12]}.bin"
