"""What a text says once its escapes are read, layer by layer, and where in the text each part of that stands."""

from __future__ import annotations

import re
from bisect import bisect_right
from functools import cached_property, lru_cache
from html.entities import html5
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

#: Where something stands in a text, and under what name.
Span = tuple[int, int, str]

#: Escapes within escapes are read so often: JSON in JSON in a percent-encoded page needs three.
DEPTH = 10
#: Takes no part in a comparison: white space, controls, and whatever is not ASCII, as no secret holds any of it.
IGNORED = bytes((*range(0x21), *range(0x7F, 0x100)))
#: The same in a pattern: what may stand between two characters of a secret, such as the fold of a header.
GAP = rb"[\x00-\x20\x7f-\xff]*"

_FOLDED = bytes(range(0x100)).lower()
#: Numbers of characters that nobody sees: spaces of all widths, soft hyphen, joiners, byte order mark.
_UNSEEN = rb"00a[0d]|20[0-2][0-9a-f]|2060|feff"
#: Entities by their name in lower case, as far as they stand for ASCII or for nothing that is seen.
_NAMED: dict[bytes, bytes] = {
    name.lower().encode(): text.encode() if text.isascii() else b"\0"
    for name, text in html5.items()
    if len(text) == 1 and (text.isascii() or not text.isprintable())
}
#: JSON, JavaScript, Python, C: \u002b \U0000002b \u{2b} \x2b \53 \n \"; before the end of a line it joins two lines.
_BACKSLASHED = (
    rb"\\(?:u(?:0000)?(?:00(?P<u>[0-7][0-9a-f])|(?P<unseen>" + _UNSEEN + rb"))|u\{0{0,4}(?P<braced>[0-7]?[0-9a-f])\}"
    rb"|x(?P<x>[0-7][0-9a-f])|(?P<octal>[0-7]{1,3})|(?P<control>(?-i:[abfnrtv]))|(?P<bare>[\s\x22\x27/\\]))"
)
#: Addresses; %u002b is what JavaScript's escape() writes.
_PERCENT = rb"%(?:u00)?(?P<percent>[0-9a-f]{2})"
#: A name before those that begin it, so that the longest is taken.
_ENTITY = (
    rb"&(?:\#0*(?P<decimal>[0-9]{1,7});?|\#x0*(?P<hex>[0-9a-f]{1,6});?|(?=[a-z])(?P<name>"
    + b"|".join(re.escape(name) for name in sorted(_NAMED, reverse=True))
    + rb"))"
)
#: Mail: quoted-printable, and the soft ends of its lines.
_QUOTED = rb"=(?:(?P<quoted>[0-7][0-9a-f])|(?P<soft>[ \t]*\r?\n))"

_ESCAPE = re.compile(b"|".join((_BACKSLASHED, _PERCENT, _ENTITY)), re.IGNORECASE)
#: Apart, because "?key=ab12" is far more often an address than it is mail.
_ESCAPE_OR_QUOTED = re.compile(b"|".join((_BACKSLASHED, _PERCENT, _ENTITY, _QUOTED)), re.IGNORECASE)
_BACKSLASH = re.compile(_BACKSLASHED, re.IGNORECASE)
_MAIL = re.compile(_QUOTED, re.IGNORECASE)
#: The beginning of an escape at the end of a text that was cut.
BEGUN = rb"(?:\\+[uUx]?\{?[0-9a-fA-F]{0,7}|%(?:25)*[uU]?[0-9a-fA-F]{0,3}|&#?[0-9a-zA-Z]{0,24}|=[0-9a-fA-F]?)"
_BEGUN = re.compile(BEGUN + rb"\Z")
#: Bytes in which such a beginning is looked for.
_LAST = 64


def skeleton(text: bytes) -> bytes:
    """The text in lower case without whatever could separate its characters."""
    return text.translate(_FOLDED, IGNORED)


def without_begun(text: bytes) -> bytes:
    """The text without the escape that its end cuts off, if it does."""
    begun = _BEGUN.search(text, max(0, len(text) - _LAST))
    return text[: begun.start()] if begun else text


def whole_escapes(text: bytes, spans: list[Span]) -> list[Span]:
    r"""The spans widened so that none cuts a backslash escape of the text: half of "\n" would break a JSON string."""
    if not spans or b"\\" not in text:
        return spans
    escapes = [found.span() for found in _BACKSLASH.finditer(text)]
    starts = [start for start, _ in escapes]
    widened = []
    for start, end, name in spans:
        first, last = bisect_right(starts, start) - 1, bisect_right(starts, end - 1) - 1
        cut = first >= 0 and escapes[first][1] > start
        widened.append((starts[first] if cut else start, max(end, escapes[last][1]) if last >= 0 else end, name))
    return widened


def replaced(text: bytes, spans: list[Span]) -> bytes:
    """The text with what stands at the spans, and the escapes they begin or end in, replaced by their names."""
    pieces, done = [], 0
    for start, end, placeholder in _merged(whole_escapes(text, spans)):
        pieces += [text[done:start], placeholder.encode()]
        done = end
    return b"".join((*pieces, text[done:]))


def _merged(spans: list[Span]) -> list[Span]:
    """The spans in their order, those that overlap as one, under the name of the longest."""
    merged: list[Span] = []
    longest = 0
    for start, end, placeholder in sorted(spans):
        if merged and start < merged[-1][1]:
            first, last, name = merged[-1]
            merged[-1] = (first, max(end, last), placeholder if end - start > longest else name)
            longest = max(longest, end - start)
        else:
            merged.append((start, end, placeholder))
            longest = end - start
    return merged


def mixed(secret: bytes) -> bytes:
    """A pattern of a secret in which each character is written as it likes, whatever stands before it.

    Reading escapes from the left goes wrong where the text before a secret, or the secret itself, looks like the
    beginning of one: a percent sign before "41". Runs are bounded, as a text of nothing but backslashes is read too.
    """
    return GAP.join(map(_written, secret.translate(None, IGNORED)))


def _written(number: int) -> bytes:
    """A pattern of the ways to write one character in either case; escapes may be escaped again."""
    char = bytes((number,))
    cases = {*char.lower(), *char.upper()}
    plain = re.escape(char) if char.isalnum() else rb"\\{0,64}?" + re.escape(char)
    two = b"(?:%s)" % b"|".join(b"%02x" % each for each in cases)
    octal = b"|".join(b"%03o|%o(?![0-7])" % (each, each) for each in cases)
    entities = [b"#0{0,64}%d;?|#x0{0,64}%x;?" % (each, each) for each in cases]
    entities += [re.escape(name) for name, text in _NAMED.items() if text == char]
    return b"(?:%s|%s|%s|%s|%s)" % (
        plain,
        rb"\\{1,64}(?:u(?:0000)?00%s|u\{0{0,4}%s\}|x%s|%s)" % (two, two, two, octal),
        b"&(?:amp;){0,16}(?:%s)" % b"|".join(entities),
        rb"%(?:25){0,16}(?:u00)?" + two,
        rb"=(?:3d){0,16}" + two,
    )


@lru_cache(maxsize=4096)
def _meant(kind: str, told: bytes) -> bytes:
    """The one byte an escape stands for; NUL for what is not seen or not ASCII."""
    if kind == "name":
        return _NAMED[told.lower()]
    if kind == "bare":
        return told
    if kind in ("unseen", "control", "soft"):
        return b"\0"
    number = int(told, {"octal": 8, "decimal": 10}.get(kind, 16))
    return bytes((number,)) if number < 0x80 else b"\0"


def _read(escape: re.Match[bytes]) -> bytes:
    kind = escape.lastgroup
    assert kind is not None, "each kind of escape is a group"
    return _meant(kind, escape[kind])


class Reading:
    """A text, or what it says when some layers of its escapes are read."""

    def __init__(self, text: bytes, below: Reading | None = None, escape: re.Pattern[bytes] = _ESCAPE) -> None:
        self.text = text
        self._below = below
        self._escape = escape

    def deeper(self, escape: re.Pattern[bytes]) -> Reading | None:
        """The next layer; None when no escape is left."""
        text = escape.sub(_read, self.text)
        return Reading(text, self, escape) if len(text) < len(self.text) else None

    @cached_property
    def _escapes(self) -> tuple[list[int], list[tuple[int, int]]]:
        """Where in this text the byte of each escape of the layer below stands, and where there the escape does."""
        assert self._below is not None
        spans = [found.span() for found in self._escape.finditer(self._below.text)]
        places, gone = [], 0
        for start, end in spans:
            places.append(start - gone)
            gone += end - start - 1
        return places, spans

    def _lower(self, place: int) -> tuple[int, int]:
        """Where in the layer below one byte of this text stands."""
        places, spans = self._escapes
        number = bisect_right(places, place) - 1
        if number < 0:
            return place, place + 1
        if places[number] == place:
            return spans[number]
        start = spans[number][1] + place - places[number] - 1
        return start, start + 1

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Where in the first text a part of this one, of at least one byte, stands."""
        if self._below is None:
            return start, end
        return self._below.span(self._lower(start)[0], self._lower(end - 1)[1])


def readings(text: bytes) -> Iterator[Reading]:
    """The text as it stands, then layer by layer what its escapes say; once more with those of mail, if it has any."""
    first = Reading(text)
    yield first
    mail = b"=" in text and _MAIL.search(text) is not None
    if b"\\" in text or b"%" in text or b"&" in text:
        for deeper in _layers(first, _ESCAPE):
            yield deeper
            mail = mail or _MAIL.search(deeper.text) is not None
    if mail:
        yield from _layers(first, _ESCAPE_OR_QUOTED)


def _layers(reading: Reading, escape: re.Pattern[bytes]) -> Iterator[Reading]:
    for _ in range(DEPTH):
        deeper = reading.deeper(escape)
        if deeper is None:
            return
        yield deeper
        reading = deeper
