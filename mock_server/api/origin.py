"""Origins of pages (RFC 6454): which scheme, host and port a browser says a request comes from."""

from __future__ import annotations

import ipaddress
import re

_ORIGIN = re.compile(r"(https?)://([A-Za-z0-9._\-]+|\[[0-9A-Fa-f:.]+\])(?::([0-9]{1,5}))?\Z", re.IGNORECASE)
_DEFAULT_PORTS = {"http": 80, "https": 443}
_MOST_PORTS = 65_535


def normal(origin: str) -> str | None:
    """The origin in the one spelling that browsers send; None for `null` and all else that names no host of the web."""
    found = _ORIGIN.match(origin)
    if found is None:
        return None
    scheme, host, port = found[1].lower(), found[2].lower(), found[3]
    if host.startswith("["):
        try:
            host = f"[{ipaddress.IPv6Address(host[1:-1]).compressed}]"
        except ValueError:
            return None
    if port is None or int(port) == _DEFAULT_PORTS[scheme]:
        return f"{scheme}://{host}"
    return f"{scheme}://{host}:{int(port)}" if 0 < int(port) <= _MOST_PORTS else None


def of_address(address: str) -> str | None:
    """The origin of an http:// or https:// address, whatever path follows its host."""
    return normal("/".join(address.split("/")[:3]))
