"""Signatures of a storage's addresses and forms: whoever has one may send or take a file until it expires.

The kit goes by them while it runs; what is written of a run has none. They are found by the names that S3, Google and
Azure have for them, however the address is escaped.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from conformance.evidence.spelling import readings, replaced

if TYPE_CHECKING:
    from conformance.evidence.exchange import Exchange, Request, Response

#: What stands in its place may stand in an address.
HIDDEN: Final = "hidden"
_SIGNED: Final = re.compile(
    rb"(?:x-(?:amz|goog)-(?:signature|security-token)\W{1,8}|[?&](?:sig|signature)=)([a-z0-9%+/=_~.-]{16,})",
    re.IGNORECASE,
)
#: Without one of these there is none: most bodies are told by that look.
_HINTS: Final = (b"ignature", b"ecurity-", b"sig=", b"SIG")


def hidden(value: bytes) -> bytes:
    """The value without signatures."""
    if not any(hint in value for hint in _HINTS):
        return value
    looked = ((reading, _SIGNED.finditer(reading.text)) for reading in readings(value))
    return replaced(value, [(*reading.span(*each.span(1)), HIDDEN) for reading, found in looked for each in found])


def hidden_text(value: str) -> str:
    """The same of a text."""
    return hidden(value.encode("utf-8", "surrogatepass")).decode("utf-8", "surrogatepass")


def without_signatures(exchange: Exchange) -> Exchange:
    """The exchange as it may be read by anybody."""
    request, response = _request(exchange.request), exchange.response and _response(exchange.response)
    socket = exchange.socket and exchange.socket.told(hidden_text)
    trouble = exchange.trouble and hidden_text(exchange.trouble)
    if (request, response, socket, trouble) == (exchange.request, exchange.response, exchange.socket, exchange.trouble):
        return exchange
    return replace(exchange, request=request, response=response, socket=socket, trouble=trouble)


def _request(request: Request) -> Request:
    body = hidden(request.body)
    # the digest of what is shown, as where a key was taken out
    digest = hashlib.sha256(body).hexdigest() if request.whole and body != request.body else request.sha256
    return replace(request, url=hidden_text(request.url), headers=_headers(request.headers), body=body, sha256=digest)


def _response(response: Response) -> Response:
    return replace(response, headers=_headers(response.headers), body=hidden(response.body))


def _headers(headers: tuple[tuple[str, str], ...]) -> tuple[tuple[str, str], ...]:
    return tuple((name, hidden_text(value)) for name, value in headers)
