"""Whether an answer turns away whoever asked, for lack of a credential: driving and judging share the rules."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from conformance.evidence.exchange import Exchange, Response
    from scribe_data.stream import Wire

#: Close codes of a service that has no room, by their names in the text.
_NO_ROOM = ("full", "unavailable")
REDIRECTS = (301, 302, 303, 307, 308)
#: What the addresses of pages to log in have in them.
_LOGINS = ("login", "log-in", "signin", "sign-in", "sso", "oauth", "saml", "authorize")


def is_page(answer: Response) -> bool:
    """Whether an answer is a web page: no operation of the protocol has one."""
    return answer.media_type == "text/html" or answer.body.lstrip()[:9].lower() in (b"<!doctype", b"<html>")


def refuses(exchange: Exchange) -> bool:
    """Whether whoever asked was turned away for lack of a credential: 401, 403, or sent to a page to log in."""
    answer = exchange.response
    if answer is None or exchange.status not in REDIRECTS:
        return exchange.status in (401, 403)
    location = (answer.header("location") or "").lower()
    return not location or bool(answer.header("www-authenticate")) or any(word in location for word in _LOGINS)


def turns_away(exchange: Exchange) -> bool:
    """Whether an answer may be that to a key that has ceased: a refusal, a way to elsewhere, or a page to log in.

    Each of them may just as well be the service's answer to the request; who asks goes by what the key opened before.
    """
    if exchange.response is None:
        return False
    page = exchange.accepted and is_page(exchange.response)
    return page or exchange.status in REDIRECTS or refuses(exchange)


def is_crowded_out(exchange: Exchange, wire: Wire) -> bool:
    """Whether a socket was refused because the service had no room for it (E33 of dalston): that says nothing else."""
    codes = [wire.closes[name] for name in _NO_ROOM]
    return exchange.status in (429, 503) or (exchange.socket is not None and exchange.socket.code in codes)


def words(exchange: Exchange) -> str:
    """What an answer says, without status and white space around it."""
    error = exchange.document.get("error")
    told = error.get("message") if isinstance(error, dict) else error or exchange.document.get("detail")
    if told or exchange.response is None:
        return str(told or "").strip()
    return exchange.response.body.decode("utf-8", "replace").strip()


def alike(one: Exchange, other: Exchange) -> bool:
    """Whether two requests are answered with the same status in the same words."""
    return one.status == other.status and words(one) == words(other)
