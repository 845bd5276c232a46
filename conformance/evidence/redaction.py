"""Secrets never reach the evidence: whatever a reader could get one back from is replaced before anything is kept."""

from __future__ import annotations

import codecs
import json
import re
from base64 import b64encode
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any

from conformance.evidence.spelling import (
    BEGUN,
    GAP,
    Span,
    mixed,
    readings,
    replaced,
    skeleton,
    whole_escapes,
    without_begun,
)
from scribe_data.nesting import loads

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from conformance.evidence.spelling import Reading

#: What stands where the tester's key stood, and where the other client's did.
KEY, SECOND_KEY = "<key>", "<second-key>"
#: A secret shorter than this may be part of ordinary words: it is replaced only where it stands alone.
SHORTEST_UNMISTAKABLE = 8
#: One still shorter is an ordinary word ("a", "200"): it is replaced only where credentials stand, never in a body.
SHORTEST_WORD = 4
#: Of a secret that a cut left in half, so many characters give nothing away.
HALF = 4
#: Characters of a secret that are seen together wherever all of it is, some misread.
PIECE = 4
#: A text up to so long is looked through once: the same headers come with every exchange.
_REMEMBERED = 512
#: What was replaced is looked through again, in case the rest says something together.
_PASSES = 3
_BASE64 = rb"[A-Za-z0-9+/_-]"
_URL_SAFE = bytes.maketrans(b"+/", b"-_")


@dataclass(frozen=True, eq=False)
class _Form:
    """One way to write a secret: `needle` is quickly looked for in the skeleton of a text, `source` finds it exactly.

    `begins` tells that half of it, at a cut, gives away half of the secret.
    """

    placeholder: str
    needle: bytes
    source: bytes
    begins: bool = False
    #: Whether characters of it that are written in different ways are worth a longer look.
    mixes: bool = False

    @cached_property
    def pattern(self) -> re.Pattern[bytes]:
        return re.compile(self.source, re.IGNORECASE)

    @cached_property
    def mixed(self) -> re.Pattern[bytes]:
        return re.compile(mixed(self.needle), re.IGNORECASE)

    @cached_property
    def pieces(self) -> tuple[bytes, ...]:
        """Parts of the needle, one of which is seen even where escapes around the others are misread."""
        return tuple(self.needle[at : at + PIECE] for at in range(0, len(self.needle) - PIECE + 1, PIECE))

    def half(self, tail: bytes) -> bytes:
        """The beginning of the form that the skeleton of a text ends with."""
        last = tail[1 - len(self.needle) :]
        if self.begins and self.needle[:HALF] in last:
            for place in range(len(last) - HALF + 1):
                if self.needle.startswith(last[place:]):
                    return last[place:]
        return b""


def _spaced(needle: bytes) -> bytes:
    return GAP.join(re.escape(bytes((each,))) for each in needle)


def _cores(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """The base64 of some bytes wherever they stand among others, and its pattern with the shared characters beside."""
    for before in range(3):
        core = b64encode(bytes(before) + data)[(0, 2, 3)[before] : (before + len(data)) * 8 // 6]
        around = rb"(?:" + _BASE64 + GAP + rb")?"
        for spelled in {core, core.translate(_URL_SAFE)}:
            yield spelled, (around if before else b"") + _spaced(spelled) + rb"(?:" + GAP + _BASE64 + rb")?={0,2}"


def _unmistakable(placeholder: str, secret: bytes) -> Iterator[_Form]:
    """A long secret, in whatever way it may be written."""
    plain = {skeleton(reading.text) for said in (secret, secret.replace(b" ", b"+")) for reading in readings(said)}
    for needle in plain:
        # One that looks like an escape itself is found by what it says, too.
        if len(needle) >= SHORTEST_UNMISTAKABLE:
            yield _Form(placeholder, needle, _spaced(needle), begins=True, mixes=needle == skeleton(secret))
    for core, pattern in _cores(secret):
        yield _Form(placeholder, skeleton(core), pattern, begins=True)
        for outer, around in _cores(core):
            yield _Form(placeholder, skeleton(outer), around, begins=True)
    yield _Form(placeholder, secret.hex().encode(), _spaced(secret.hex().encode()), begins=True)
    numbers = ",".join(map(str, secret)).encode()
    yield _Form(placeholder, numbers, rb"(?<![0-9])" + _spaced(numbers) + rb"(?![0-9])", begins=True)


def _alone(placeholder: str, secret: bytes) -> Iterator[_Form]:
    """A short secret where it stands alone, and as Basic credentials."""
    for spelled in (secret, *(b64encode(pair) for pair in (secret, secret + b":", b":" + secret))):
        source = rb"(?<![A-Za-z0-9])" + re.escape(spelled) + rb"(?![A-Za-z0-9])"
        yield _Form(placeholder, skeleton(spelled), source)


def _credential(placeholder: str, secret: bytes) -> Iterator[_Form]:
    """A secret that could be any word, where a header, a query or the user's part of an address has it as its value."""
    spelled = re.escape(secret)
    yield _Form(placeholder, skeleton(secret), rb"(?<![^ =])" + spelled + rb"(?![^&])|(?<=:)" + spelled + rb"(?=@)")


def placeholder_of(name: str) -> str:
    """The placeholder of a further secret by its name, such as "<secret-x-tenant>" of "X-Tenant"."""
    return f"<secret-{re.sub('[^a-z0-9]+', '-', name.lower()).strip('-')}>"


def is_short(secret: str) -> bool:
    """Whether a secret may be a part of ordinary words, and so cannot be replaced wherever it stands."""
    return len(skeleton(secret.encode())) < SHORTEST_UNMISTAKABLE


class Redactor:
    """Replaces each secret by its placeholder, however it is written.

    Escapes of JSON, HTML, addresses and mail are read, one within the other; base64, hexadecimal and lists of numbers
    are known; case, white space, controls and what is not ASCII do not matter.
    """

    def __init__(self, secrets: Mapping[str, str]) -> None:
        """`secrets`: placeholder, such as '<key>', -> secret of printable ASCII; any number of them."""
        self._in_names: tuple[_Form, ...] = ()
        self._words: tuple[_Form, ...] = ()
        self._credentials: tuple[_Form, ...] = ()
        self._placeholders: dict[str, None] = {}
        for placeholder, secret in secrets.items():
            self._add(placeholder, secret)
        self._settle()

    def learn(self, placeholder: str, secret: str) -> None:
        """Replace a further secret from now on, such as a token that took the place of an earlier one."""
        self._add(placeholder, secret)
        self._settle()

    def _add(self, placeholder: str, secret: str) -> None:
        said = secret.encode("utf-8", "surrogatepass")
        self._placeholders[placeholder] = None
        if not is_short(secret):
            self._in_names += tuple(_unmistakable(placeholder, said))
        elif len(skeleton(said)) >= SHORTEST_WORD:
            self._words += tuple(_alone(placeholder, said))
        elif skeleton(said):
            self._credentials += tuple(_credential(placeholder, said))

    def _settle(self) -> None:
        """Draw together what the secrets known so far look like."""
        self._in_bodies = (*self._in_names, *self._words)
        self._in_texts = (*self._in_bodies, *self._credentials)
        needles = [form.needle for form in self._in_texts]
        self._shortest = min(map(len, needles), default=1)
        #: Placeholders in which a secret stands, such as the key "second-key": these are left alone.
        worded = [
            name.encode() for name in self._placeholders if any(needle in skeleton(name.encode()) for needle in needles)
        ]
        self._worded = re.compile(b"|".join(map(re.escape, worded))) if worded else None
        self._remembered = lru_cache(maxsize=4096)(self._text)

    def text(self, value: str) -> str:
        """The value without secrets."""
        return (
            self._remembered(value, self._in_texts) if len(value) <= _REMEMBERED else self._text(value, self._in_texts)
        )

    def name(self, value: str) -> str:
        """A name the kit goes by, without long secrets: a short one could be a word of the kit's own."""
        return self._remembered(value, self._in_names)

    def _text(self, value: str, forms: tuple[_Form, ...]) -> str:
        told = value.encode("utf-8", "surrogatepass")
        kept = self._clean(told, forms)
        return value if kept is told else kept.decode("utf-8", "surrogatepass")

    def body(self, value: bytes) -> bytes:
        """The value without secrets; JSON stays JSON, and text of wide characters stays that."""
        encoding = json.detect_encoding(value)
        if not encoding.startswith("utf-8"):
            try:
                wide = codecs.getincrementaldecoder(encoding)("surrogatepass").decode(value)
            except UnicodeDecodeError:
                return self._body(value)
            told = wide.encode("utf-8", "surrogatepass")
            kept = self._body(told)
            if kept is not told:
                return kept.decode("utf-8", "surrogatepass").encode(encoding, "surrogatepass")
        return self._body(value)

    def beginning(self, value: bytes, bound: int) -> tuple[bytes, bool]:
        """The first `bound` bytes without secrets, nor the half of one at the cut, and whether that is all."""
        if len(value) <= bound:
            return self.body(value), True
        kept = self.body(value[:bound])
        return self._without_half(kept)[:bound], False

    def _body(self, value: bytes) -> bytes:
        kept = self._clean(value, self._in_bodies)
        if kept is value or _parsed(kept) is not None:
            return kept
        document = _parsed(value)
        if document is None:
            return kept
        # A number was the secret, or a quotation mark belonged to it: the document is written anew.
        written = json.dumps(self._without(document[0])).encode()
        return kept if self._found(written, self._in_bodies) else written

    def _without(self, value: Any) -> Any:
        """A JSON value without secrets."""
        if isinstance(value, dict):
            return {self.text(name): self._without(member) for name, member in value.items()}
        if isinstance(value, list):
            return [self._without(member) for member in value]
        told = value if isinstance(value, str) else json.dumps(value)
        kept = self.text(told)
        return value if kept == told else kept

    def _clean(self, value: bytes, forms: tuple[_Form, ...]) -> bytes:
        for _ in range(_PASSES):
            spans = self._found(value, forms)
            if not spans:
                break
            value = replaced(value, spans)
        return value

    def _found(self, value: bytes, forms: tuple[_Form, ...]) -> list[Span]:
        """Where secrets stand in a value, however it is read."""
        spans: list[Span] = []
        if len(value) < self._shortest:
            return spans
        looked = [(reading, skeleton(reading.text)) for reading in readings(value)]
        for reading, bare in looked:
            for form in forms:
                if form.needle in bare:
                    found = form.pattern.finditer(reading.text)
                    spans += [(*reading.span(*each.span()), form.placeholder) for each in found]
        if len(looked) > 1:
            spans += _mixed(looked, forms)
        if spans and self._worded:
            placed = [mark.span() for mark in self._worded.finditer(value)]
            spans = [span for span in spans if not any(a <= span[0] and span[1] <= b for a, b in placed)]
        return spans

    def _without_half(self, value: bytes) -> bytes:
        """The value without the beginning of a secret at its end."""
        spans: list[Span] = []
        for reading in readings(value):
            tail = skeleton(without_begun(reading.text))
            for form in self._in_bodies:
                if half := form.half(tail):
                    begun = re.search(_spaced(half) + GAP + BEGUN + rb"?\Z", reading.text, re.IGNORECASE)
                    if begun:
                        spans.append((*reading.span(*begun.span()), form.placeholder))
        first = min(whole_escapes(value, spans), default=None)
        return value[: first[0]] + first[2].encode() if first else value


def _mixed(looked: list[tuple[Reading, bytes]], forms: tuple[_Form, ...]) -> Iterator[Span]:
    """Where secrets stand that some readings of a text have a piece of."""
    for form in forms:
        if form.mixes and any(piece in bare for _, bare in looked[1:] for piece in form.pieces):
            for reading, _ in looked:
                for found in form.mixed.finditer(reading.text):
                    yield *reading.span(*found.span()), form.placeholder


def _parsed(value: bytes) -> tuple[Any] | None:
    """A JSON document in a tuple, as null is one; None for anything else."""
    try:
        return (loads(value),)
    except ValueError:
        return None
