"""Headers with parameters, as RFC 2045, 2231 and 6266 have them; what a stranger wrote never makes them fail."""

from __future__ import annotations

from email.message import Message

#: Longer than any name that is taken, so that what is cut off was refused anyway.
_LONGEST = 8 * 1024


def text(raw: bytes) -> str:
    """A header's text: bytes beyond ASCII are UTF-8 where they can be, and Latin-1 as of old where not."""
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("latin-1")


def _value(value: str | tuple[str | None, str | None, str]) -> str:
    """A parameter's value; an extended one that its own charset cannot read is Latin-1, so that no two become one."""
    if isinstance(value, str):
        return value
    charset, _, escaped = value
    raw = escaped.encode("raw-unicode-escape")
    try:
        return raw.decode(charset or "utf-8")
    except (LookupError, ValueError):
        return raw.decode("latin-1")


def parameters(header: str) -> tuple[str, dict[str, str]]:
    """The value in lower case and its parameters; of a name that stands twice, the extended form counts."""
    if ";" not in header:
        return header[:_LONGEST].strip().lower(), {}
    message = Message()
    message["Content-Disposition"] = header[:_LONGEST]
    found = message.get_params([("", "")], "content-disposition")
    # The parser puts extended parameters last, wherever they stood; of two with one name a dict keeps the last.
    return found[0][0].strip().lower(), {name.lower(): _value(value) for name, value in found[1:]}
