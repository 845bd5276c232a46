"""Text of strangers as a line may show it: bounded, without control characters, without credentials."""

from __future__ import annotations

import json
import re
from functools import cache
from typing import TYPE_CHECKING
from urllib.parse import unquote, unquote_plus

import scribe_data
from mock_server.api.credentials import TELLING
from mock_server.served import RESEARCH
from mock_server.ticket import PREFIX
from scribe_data.nesting import loads

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

HIDDEN = "[hidden]"
#: Sandbox and live keys, JSON Web Tokens and tickets, whoever they belong to; what a URL names is hidden by its name.
_LOOKS_SECRET = re.compile(
    r"\b(?:sk|pk|rk)_[A-Za-z0-9]+_[\w-]+|\beyJ[\w-]{4,}(?:\.[\w-]*)*"
    rf"|(?<!/uploads/)(?<!/stream/sessions/)(?<!signature=)(?<!ticket[=/]){PREFIX}[\w-]+",
    re.IGNORECASE,
)
#: A credential by its name, in whatever a client put around it: api_key=…, X-API-Key: …, "token":"…", Bearer ….
_NAMED_SECRET = re.compile(
    r"((?:(?:key|token|secret|password|passwd|pwd|passphrase|signature|credential|cookie|ticket)s?(?:[_-]?value)?"
    r"[\\\"']{0,4}\s{0,2}[=:|/>]\s{0,2}|\b(?:x-auth|authorization)[\\\"']{0,4}\s{0,2}[=:|/]\s{0,2})"
    r"(?:(?:bearer|basic|x-api-key)\s[\s|]{0,2})?|\b(?:bearer|basic)\s{1,2}|/uploads/|/stream/sessions/)"
    r"(\"[^\"]*\"?|'[^']*'?|[^\s\"'&;,/<]+)",
    re.IGNORECASE,
)
#: Names that a URL has before a credential, which is hidden so that the URL stays one.
_IN_URLS, _HIDDEN_IN_URL = (
    frozenset({"/uploads/", "/stream/sessions/", "signature=", "ticket=", "ticket/"}),
    "%5Bhidden%5D",
)
#: What neither of the two can do without; most texts have none of it, and are told by a look.
_HINTS = (
    *("key", "token", "secret", "passw", "passp", "pwd", "signature", "credential", "cookie", "ticket", "/uploads/"),
    "/stream/",
    *("authoriz", "x-auth", "bearer", "basic", "eyj", "sk_", "pk_", "rk_", PREFIX, "%", "\\u"),
)
_HINTED = re.compile("|".join(map(re.escape, _HINTS)), re.IGNORECASE)
#: Characters up to which one search is quicker than a look for each.
_FEW = 100
#: Clients encode twice; what is still encoded after so many layers is shown to nobody.
_LAYERS = 8
#: A percent sign however often it was encoded, and a character as JSON escapes it.
_ENCODED_SIGN = re.compile(r"%(?:25)+")
_ESCAPED = re.compile(r"(?<!\\)\\++u([0-9a-fA-F]{4})")
#: Query parameters whose values clients in the field send, and which are no secret of anybody's.
_SHOWN = frozenset({"template_id", "version", "session_id", "user_id"})
_MOST_PARAMETERS = 20


def _hide_known(text: str, secrets: Collection[str]) -> str:
    if not any(secret in text for secret in secrets):
        return text
    for secret in sorted(filter(None, secrets), key=len, reverse=True):
        if len(secret) >= TELLING:
            text = text.replace(secret, HIDDEN)
        elif secret in text:
            text = re.sub(rf"(?<![\w-]){re.escape(secret)}(?![\w-])", HIDDEN, text)
    return text


def _hide(text: str, secrets: Collection[str]) -> str:
    # a known key may be the beginning of a stranger's
    text = _hide_known(_LOOKS_SECRET.sub(HIDDEN, text), secrets)
    return _NAMED_SECRET.sub(_hidden_value, text)


def _hidden_value(found: re.Match[str]) -> str:
    """A name with its value hidden, in the quotes that the value had."""
    name, value = found[1], found[2]
    if name.lower() in _IN_URLS:
        return found[0] if value.startswith((HIDDEN, _HIDDEN_IN_URL)) else name + _HIDDEN_IN_URL
    mark = value[0] if value[0] in "\"'" else ""
    if value.strip(mark or None).startswith(HIDDEN) or value == 2 * mark:
        return found[0]
    return f"{name}{mark}{HIDDEN}{mark if len(value) > 1 and value.endswith(mark) else ''}"


def _hinted(text: str) -> bool:
    if len(text) <= _FEW:
        return _HINTED.search(text) is not None
    folded = text.lower()
    return any(hint in folded for hint in _HINTS)


def _without_secrets(text: str, secrets: Collection[str]) -> str:
    """The text with what is secret hidden, however often it was percent-encoded or escaped as JSON escapes."""
    if not _hinted(text):
        return _hide_known(text, secrets)
    found = plain = text
    for _ in range(_LAYERS):
        hidden = _hide(plain, secrets)
        if hidden != plain:
            found = hidden
        plain = _decoded(hidden)
        if plain == hidden:
            return found
    return HIDDEN  # nobody encodes so often who has nothing to hide


def _decoded(text: str) -> str:
    """One layer less, but all those at once in which only the sign of encoding itself was encoded again."""
    if "%" in text:
        text = unquote(_ENCODED_SIGN.sub("%", text))
    return _ESCAPED.sub(lambda found: chr(int(found[1], 16)), text)


def _visible(text: str) -> str:
    """One line that does to a terminal what letters do; direction marks and line separators are no letters."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text)


#: Members of a document whose values are credentials whatever they look like, by how their names end; and headers.
_SECRET_MEMBER = re.compile(
    r"(?:tokens?|secrets?|passwords?|passwd|passphrases?|pwd|credentials?|signature|ticket|authorization|cookies?"
    r"|(?:\b|_)auth|(?:api|private|access|secret)[_-]?keys?)(?:[_-]?values?)?\Z",
    re.IGNORECASE,
)
_SECRET_HEADER = re.compile(
    r"key|token|secret|passw|passphrase|pwd|signature|credential|cookie|authoriz|ticket|(?:\b|_)auth(?:\b|_)",
    re.IGNORECASE,
)
#: A string of JSON, whole or cut off, a bracket, or what stands between; possessive, so that no input goes back.
_TOKEN = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+"?|[\[\]{}]|[^\s"\[\]{}:,]++', re.DOTALL)
_COLON = re.compile(r"\s*:")
_OPENING, _CLOSING = frozenset("[{"), frozenset("]}")
_HIDDEN_STRING = f'"{HIDDEN}"'
#: Values that tell nothing.
_NOTHING = frozenset({"null", "true", "false"})


def is_secret_header(name: str) -> bool:
    """Whether what goes by this name is a credential."""
    return _SECRET_HEADER.search(name) is not None


def suspicious(text: str, secrets: Collection[str]) -> bool:
    """Whether a text may hold a credential: what may not is shown as it is."""
    return _hinted(text) or any(secret in text for secret in secrets)


def cleared(text: str, secrets: Collection[str]) -> str:
    """A text of any length and depth with its credentials hidden; a document of JSON stays one.

    What a parser would lose, as the first of two members of one name, is looked at like everything else.
    """
    found = "".join(_parts(text, secrets))
    return found if _is_json(text) else _without_secrets(found, secrets)


def _is_json(text: str) -> bool:
    try:
        loads(text)
    except ValueError:
        return False
    return True


def _parts(text: str, secrets: Collection[str]) -> Iterator[str]:
    """The text token by token as it is written, without the strings and the values that are hidden."""
    at, walk = 0, _Walk(secrets)
    for found in _TOKEN.finditer(text):
        if walk.shows:
            yield text[at : found.start()]
        at = found.end()
        yield walk.take(found[0], named=_COLON.match(text, at) is not None)
    if walk.shows:
        yield text[at:]


class _Walk:
    """A walk over the tokens of JSON, or of what is hardly JSON, however deep."""

    def __init__(self, secrets: Collection[str]) -> None:
        self._secrets = secrets
        self._depth = 0
        #: Whether the value to come is a credential by its member's name.
        self._secret = False
        #: How deep the value is that is hidden as a whole.
        self._hidden: int | None = None

    @property
    def shows(self) -> bool:
        """Whether what stands between two tokens is shown."""
        return self._hidden is None

    def take(self, token: str, *, named: bool) -> str:
        """What is shown of a token; one that is `named` has a colon behind it."""
        if token in _OPENING:
            return self._open(token)
        if token in _CLOSING:
            return self._close(token)
        if self._hidden is not None:
            return ""
        text = _string(token) if token[0] == '"' else None
        if text is not None and named:
            self._secret = _SECRET_MEMBER.search(text) is not None
        elif self._secret:
            self._secret = False
            if token not in _NOTHING:
                return _HIDDEN_STRING
        return token if text is None else _quoted(token, text, self._secrets)

    def _open(self, token: str) -> str:
        self._depth += 1
        if self._hidden is not None:
            return ""
        if not self._secret:
            return token
        self._secret, self._hidden = False, self._depth
        return _HIDDEN_STRING

    def _close(self, token: str) -> str:
        self._depth -= 1
        self._secret = False
        if self._hidden is None:
            return token
        if self._depth < self._hidden:
            self._hidden = None
        return ""


def _string(token: str) -> str:
    """What a string of JSON says; of one that is none, its letters."""
    if "\\" not in token:
        return token.strip('"')
    try:
        return str(json.loads(token, strict=False))
    except ValueError:
        return token.strip('"')


def _quoted(token: str, said: str, secrets: Collection[str]) -> str:
    hidden = _without_secrets(said, secrets)
    return token if hidden == said else json.dumps(hidden)


def shown(text: str, secrets: Collection[str], most: int) -> str:
    """The text for a line: at most `most` characters of it, credentials hidden, control characters escaped."""
    # a secret that is cut in two would not be found: hide first, in what is a bounded piece all the same
    found = _visible(_without_secrets(text[: 4 * most], secrets))
    return found if len(found) <= most else found[: most - 1] + "…"


@cache
def _printed() -> frozenset[str]:
    """The parameters by which research sessions are listed and read, whose values are words, numbers and dates."""
    paths = scribe_data.load(RESEARCH).openapi["paths"].values()
    operations = (each for item in paths for each in item.values() if isinstance(each, dict))
    told = (parameter for each in operations for parameter in each.get("parameters", ()))
    return frozenset(each["name"] for each in told if each.get("in") == "query")


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
            harmless = name in _SHOWN or name in _printed()
            told.append(f"{name}={shown(unquote_plus(value), secrets, 80) if harmless else '…'}")
    return "&".join(told) + ("&…" if len(parts) > _MOST_PARAMETERS else "")
