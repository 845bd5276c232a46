"""Addresses that a discovery document names beside the operations, and where they stand in it."""

from __future__ import annotations

from typing import Any

#: Addresses discovery may name, and where (§4.3, §4.4; E57 has the OIDC endpoints in two places).
ADDRESSES = {
    "webhooks_url": (("endpoints", "webhooks_url"),),
    "authorization_endpoint": (
        ("authentication", "oidc", "authorization_endpoint"),
        ("endpoints", "authorization_endpoint"),
    ),
    "token_endpoint": (("authentication", "oidc", "token_endpoint"), ("endpoints", "token_endpoint")),
    "templates_url": (("endpoints", "templates_url"),),
    "documentation_url": (("service", "documentation_url"),),
}
#: Statuses of what is not there.
GONE = (404, 405, 501)


def member(document: dict[str, Any], *path: str) -> Any:
    """The value at a path, or None where something on the way is missing or not an object."""
    value: Any = document
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
    return value
