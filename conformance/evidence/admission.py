"""Whether an answer turns away whoever asked, for lack of a credential: driving and judging share the rule."""

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
