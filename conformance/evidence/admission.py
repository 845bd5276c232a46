"""Whether an answer turns away whoever asked, for lack of a credential: driving and judging share the rules."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from conformance.evidence.exchange import Exchange

REDIRECTS = (301, 302, 303, 307, 308)
#: What the addresses of pages to log in have in them.
_LOGINS = ("login", "log-in", "signin", "sign-in", "sso", "oauth", "saml", "authorize")


def refuses(exchange: Exchange) -> bool:
    """Whether whoever asked was turned away for lack of a credential: 401, 403, or sent to a page to log in."""
    answer = exchange.response
    if answer is None or exchange.status not in REDIRECTS:
        return exchange.status in (401, 403)
    location = (answer.header("location") or "").lower()
    return not location or bool(answer.header("www-authenticate")) or any(word in location for word in _LOGINS)


def words(exchange: Exchange) -> str:
    """What an answer says, without status and white space around it."""
    error = exchange.document.get("error")
    told = error.get("message") if isinstance(error, dict) else error or exchange.document.get("detail")
    body = exchange.response.body.decode("utf-8", "replace") if exchange.response else ""
    return str(told or body).strip()


def alike(one: Exchange, other: Exchange) -> bool:
    """Whether two requests are answered with the same status in the same words."""
    return one.status == other.status and words(one) == words(other)
