"""Signs a report with a key that two parties share, and tells whether a signature is right."""

from __future__ import annotations

import hashlib
import hmac
from typing import TYPE_CHECKING, Any

from conformance.evidence.har import canonical
from conformance.given import Unreadable, read_bytes

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

METHOD = "hmac-sha256"
#: Bytes of a key: with fewer it can be guessed, with more the file is something else.
SHORTEST_KEY, LONGEST_KEY = 16, 64 * 1024
#: A key that signs other things too signs none of them by this.
_CONTEXT = b"scribe-conformance report\n"


def read_key(path: Path) -> bytes:
    """The key in a file, without white space around it; raises Unreadable, which never quotes the key."""
    key = read_bytes(path, LONGEST_KEY).strip()
    if len(key) < SHORTEST_KEY:
        raise Unreadable(path, f"a key has at least {SHORTEST_KEY} bytes, such as those of `openssl rand -hex 32`")
    return key


def sign(report: Mapping[str, Any], key: bytes) -> dict[str, str]:
    """The member `signature` of a report, over all its other members."""
    return {"method": METHOD, "value": _value(report, key)}


def is_signed(report: Mapping[str, Any], key: bytes) -> bool:
    """Whether a report has the signature of a key."""
    told = report.get("signature")
    value = told.get("value") if isinstance(told, dict) and told.get("method") == METHOD else None
    # as bytes: text that is not ASCII cannot be compared in constant time
    return isinstance(value, str) and hmac.compare_digest(
        value.encode("utf-8", "replace"), _value(report, key).encode()
    )


def _value(report: Mapping[str, Any], key: bytes) -> str:
    signed = {name: value for name, value in report.items() if name != "signature"}
    return hmac.new(key, _CONTEXT + canonical(signed), hashlib.sha256).hexdigest()
