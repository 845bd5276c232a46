"""Media types compared as §4.7 needs it: parsed, parameters as a set, white space and case aside (E72)."""

from __future__ import annotations

#: Names in use for the same thing: the registered one first.
_ALIASES = {
    "audio/mp3": "audio/mpeg",
    "audio/x-wav": "audio/wav",
    "audio/wave": "audio/wav",
    "audio/vnd.wave": "audio/wav",
    "audio/x-flac": "audio/flac",
    "audio/m4a": "audio/mp4",
    "audio/x-m4a": "audio/mp4",
}


def parse(media_type: str) -> tuple[str, frozenset[str]] | None:
    """Essence and parameters, or None when it is not a media type."""
    essence, *parameters = (part.strip().lower() for part in media_type.split(";"))
    kind, slash, subtype = essence.partition("/")
    if not (kind and slash and subtype) or any(c.isspace() for c in essence) or "/" in subtype:
        return None
    return _ALIASES.get(essence, essence), frozenset(p.replace(" ", "").replace('"', "") for p in parameters if p)


def same_type(one: str, other: str) -> bool:
    """Whether both name the same format; a side that names no codec takes any."""
    left, right = parse(one), parse(other)
    if left is None or right is None or left[0] != right[0]:
        return False
    return left[1] == right[1] or not left[1] or not right[1]
