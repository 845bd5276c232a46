"""Addresses by what they say of themselves: the origin they lie on, and whether anybody could reach it."""

from __future__ import annotations

import ipaddress
from urllib.parse import urljoin, urlsplit

_LOCAL_SUFFIXES = (".localhost", ".local", ".internal", ".test", ".invalid", ".example", ".home.arpa")


def split_origin(url: str) -> tuple[str, str, int] | None:
    """Scheme, host and port of an absolute http(s) URL; None for anything else."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return None
    if parts.scheme not in ("http", "https") or not parts.hostname:
        return None
    return parts.scheme, parts.hostname.lower(), port or (443 if parts.scheme == "https" else 80)


def is_public(url: str) -> bool:
    """Whether the host can be one of the public Internet, judged by its name alone (no look-up)."""
    origin = split_origin(url)
    if origin is None:
        return False
    host = origin[1]
    try:
        return ipaddress.ip_address(host).is_global
    except ValueError:
        return "." in host and not f".{host}".endswith(_LOCAL_SUFFIXES)


def place_of(given: str, base_url: str, made_at: str, *, relative: bool) -> str:
    """Where an `upload_url` leads: behind base_url where the text prints it relative or it begins as an operation does.

    `made_at` is the address of the create, against which any other reference is resolved (E54).
    """
    base = base_url.rstrip("/")
    path = urlsplit(base).path
    rooted = given.startswith("/") and not given.startswith("//")
    repeats = bool(path) and given.startswith(f"{path}/")
    below = rooted and not repeats and (relative or given.startswith("/sessions/"))
    return base + given if below else urljoin(made_at, given)
