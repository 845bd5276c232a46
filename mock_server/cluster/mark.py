"""The mark of a request that a member of the cluster sent on: how often that was done, and whose request it is."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from mock_server.api.entry import let_in

if TYPE_CHECKING:
    from starlette.types import Scope

#: The header of the mark: `<hops>.<facts>.<mac>`. The code is over the rest and over what is asked for.
HEADER: Final = b"x-scribe-forwarded"
#: How often a request is sent on at most: members that disagree about who has a shard do not play it to each other.
MOST_HOPS: Final = 3


def target(scope: Scope) -> bytes:
    """What a request asks for as it was sent; the application's own path, which may lie below another, is not it."""
    raw: bytes = scope.get("raw_path") or quote(scope["path"]).encode()
    query: bytes = scope.get("query_string", b"")
    return b"%b?%b" % (raw, query) if query else raw


def _code(scope: Scope, said: bytes, secret: bytes) -> bytes:
    asked = b"%b\n%b %b" % (said, scope.get("method", "GET").encode(), target(scope))
    return hmac.new(secret, asked, hashlib.sha256).hexdigest().encode()


def mark(scope: Scope, hops: int, secret: bytes) -> bytes:
    """The mark of a request that is sent on for the `hops`th time."""
    facts = json.dumps([scope.get("scheme"), scope.get("client"), scope.get("server")]).encode()
    said = b"%d.%b" % (hops, base64.urlsafe_b64encode(facts).rstrip(b"="))
    return b"%b.%b" % (said, _code(scope, said, secret))


def _said(scope: Scope, secret: bytes) -> tuple[int, bytes]:
    """How often a request was sent on, and the facts of it; 0 and none where no member says so."""
    marks = [value for name, value in scope["headers"] if name.lower() == HEADER]
    if len(marks) != 1:
        return 0, b""
    said, _, code = marks[0].rpartition(b".")
    if not hmac.compare_digest(code, _code(scope, said, secret)):
        return 0, b""
    number, _, facts = said.partition(b".")
    return int(number), facts


def hops(scope: Scope, secret: bytes) -> int:
    """How often a member has sent a request on; 0 for a client's, whatever it says of itself."""
    return _said(scope, secret)[0]


def received(scope: Scope, secret: bytes) -> Scope:
    """A request as its client sent it: without a mark, and from where and how the first member got it.

    Proxies are believed by the member that they talk to, so what the headers say of them counts nothing here.
    """
    number, facts = _said(scope, secret)
    headers = [field for field in scope["headers"] if field[0].lower() != HEADER]
    if not number:
        return scope if len(headers) == len(scope["headers"]) else {**scope, "headers": headers}
    let_in(scope)
    try:
        scheme, client, server = json.loads(base64.urlsafe_b64decode(facts + b"=" * (-len(facts) % 4)))
    except (binascii.Error, ValueError) as error:  # another release of this server has the secret
        raise ValueError("A member of the cluster marks requests in another way.") from error
    told = {"scheme": scheme, "client": client and tuple(client), "server": server and tuple(server)}
    return {**scope, **told, "headers": headers}
