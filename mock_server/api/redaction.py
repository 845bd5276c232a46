"""Text of strangers as a line may show it: bounded, without control characters, without credentials."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, unquote_plus

if TYPE_CHECKING:
    from collections.abc import Collection

HIDDEN = "[hidden]"
#: Sandbox and live keys, and JSON Web Tokens, whoever they belong to.
_LOOKS_SECRET = re.compile(r"\b(?:sk|pk|rk)_[A-Za-z0-9]+_[\w-]+|\beyJ[\w-]{4,}(?:\.[\w-]*)*", re.IGNORECASE)
#: A credential by its name, in whatever a client put around it: api_key=…, X-API-Key: …, "token":"…", Bearer ….
_NAMED_SECRET = re.compile(
    r"((?:(?:key|token|secret|password|passwd|pwd|signature|credential|cookie)s?[\"']?\s{0,2}[=:|/]\s{0,2}[\"']?"
    r"|\bauthorization\s{0,2}[=:|/]\s{0,2})(?:(?:bearer|basic|x-api-key)\s[\s|]{0,2})?|\b(?:bearer|basic)\s{1,2})"
    r"([^\s\"'&;,/]+)",
    re.IGNORECASE,
)
#: What neither of the two can do without; most texts have none of it, and are told by a look.
_HINTS = (
    *("key", "token", "secret", "passw", "pwd", "signature", "credential", "cookie", "authoriz", "bearer", "basic"),
    *("eyj", "sk_", "pk_", "rk_", "%"),
)
#: Shorter keys are words that stand in texts for other reasons too.
_TELLING = 8
#: Clients encode twice; nobody encodes more often than this.
_LAYERS = 3
#: Query parameters whose values clients in the field send, and which are no secret of anybody's.
_SHOWN = frozenset({"template_id", "version"})
_MOST_PARAMETERS = 20


def _hide_known(text: str, secrets: Collection[str]) -> str:
    if not any(secret in text for secret in secrets):
        return text
    for secret in sorted(filter(None, secrets), key=len, reverse=True):
        if len(secret) >= _TELLING:
            text = text.replace(secret, HIDDEN)
        elif secret in text:
            text = re.sub(rf"(?<![\w-]){re.escape(secret)}(?![\w-])", HIDDEN, text)
    return text


def _hide(text: str, secrets: Collection[str]) -> str:
    text = _hide_known(text, secrets)
    text = _LOOKS_SECRET.sub(HIDDEN, text)
    return _NAMED_SECRET.sub(lambda found: found[1] + (found[2] if found[2].startswith(HIDDEN) else HIDDEN), text)


def _without_secrets(text: str, secrets: Collection[str]) -> str:
    """The text with what is secret hidden, however often it was percent-encoded."""
    folded = text.lower()
    if not any(hint in folded for hint in _HINTS):
        return _hide_known(text, secrets)
    plain = text
    for _ in range(_LAYERS):
        hidden = _hide(plain, secrets)
        if hidden != plain:
            return hidden
        decoded = unquote(plain)
        if decoded == plain:
            break
        plain = decoded
    return text


def _visible(text: str) -> str:
    """One line that does to a terminal what letters do; direction marks and line separators are no letters."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text)


#: Members of a document whose texts are credentials whatever they look like, by how their names end; and headers.
_SECRET_MEMBER = re.compile(
    r"(?:token|secret|password|passwd|pwd|credentials?|authorization|cookie|(?:api|private|access|secret)[_-]?key)\Z",
    re.IGNORECASE,
)
_SECRET_HEADER = re.compile(r"key|token|secret|passw|pwd|signature|credential|cookie|authoriz", re.IGNORECASE)


def is_secret_header(name: str) -> bool:
    """Whether what goes by this name is a credential."""
    return _SECRET_HEADER.search(name) is not None


def suspicious(text: str, secrets: Collection[str]) -> bool:
    """Whether a text may hold a credential: what may not is shown as it is."""
    folded = text.lower()
    return any(hint in folded for hint in _HINTS) or "\\u" in text or any(secret in text for secret in secrets)


def cleared(text: str, secrets: Collection[str]) -> str:
    """A text of any length with its credentials hidden; a document of JSON stays one."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return _without_secrets(text, secrets)
    found = _cleared(value, secrets)
    return text if found == value else json.dumps(found, separators=(",", ":"))


def _cleared(value: Any, secrets: Collection[str]) -> Any:
    if isinstance(value, str):
        return _without_secrets(value, secrets)
    if isinstance(value, list):
        return [_cleared(each, secrets) for each in value]
    if isinstance(value, dict):
        return {
            _without_secrets(name, secrets): HIDDEN
            if isinstance(each, str) and _SECRET_MEMBER.search(name)
            else _cleared(each, secrets)
            for name, each in value.items()
        }
    return value


def shown(text: str, secrets: Collection[str], most: int) -> str:
    """The text for a line: at most `most` characters of it, credentials hidden, control characters escaped."""
    # a secret that is cut in two would not be found: hide first, in what is a bounded piece all the same
    found = _visible(_without_secrets(text[: 4 * most], secrets))
    return found if len(found) <= most else found[: most - 1] + "…"


def query(raw: bytes, secrets: Collection[str]) -> str:
    """A query string by the names of its parameters; values only where they are known to be harmless."""
    parts = raw.decode("latin-1").split("&")
    told = []
    for part in parts[:_MOST_PARAMETERS]:
        name, given, value = part.partition("=")
        name = shown(unquote_plus(name), secrets, 40)
        if not given:
            told.append(HIDDEN if name else "")
        else:
            told.append(f"{name}={shown(unquote_plus(value), secrets, 80) if name in _SHOWN else '…'}")
    return "&".join(told) + ("&…" if len(parts) > _MOST_PARAMETERS else "")
