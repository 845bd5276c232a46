"""Ways to write a key, and a reader that gets it back with nothing but what Python brings along."""

from __future__ import annotations

import html
import json
import quopri
import re
from base64 import b64decode, b64encode, urlsafe_b64encode
from binascii import Error
from html.entities import codepoint2name
from urllib.parse import quote, quote_plus, unquote

from hypothesis import strategies as st

#: What --api-key accepts (conformance.target), long enough to be unmistakable.
KEYS = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), min_size=8, max_size=40)
#: Keys as services give them out: no part of one looks like an escape.
TOKENS = st.text(st.sampled_from("abcdefghijkmnopqrstvwxyzABCDEFGHJKLMNPQRSTUVWXYZ0123456789_-+/.~"), min_size=8)


def each(spelled):
    return lambda key: "".join(map(spelled, key))


def folded(key):
    return f"{key[:5]}\r\n {key[5:]}"


def named(char):
    names = {"+": "plus", "/": "sol", "_": "lowbar", "=": "equals", ".": "period", "%": "percnt", "\\": "bsol"}
    name = codepoint2name.get(ord(char)) or names.get(char)
    return f"&{name};" if name else char


def jsoned(key):
    return json.dumps(key)[1:-1]


#: One way each; a key is written so as a whole.
WAYS = {
    "plain": str,
    "upper": str.upper,
    "lower": str.lower,
    "address": quote,
    "address, all": each(lambda c: f"%{ord(c):02x}"),
    "address twice": lambda key: quote(quote(key, safe=""), safe=""),
    "address, all, twice": each(lambda c: f"%25{ord(c):02X}"),
    "form": quote_plus,
    "json": jsoned,
    "json, slashes": lambda key: jsoned(key).replace("/", "\\/"),
    "json, all": each(lambda c: f"\\u{ord(c):04X}"),
    "json in json": lambda key: jsoned(jsoned(jsoned(key))),
    "json, all, in json": lambda key: jsoned(each(lambda c: f"\\u{ord(c):04x}")(key)),
    "html": html.escape,
    "html, decimal": each(lambda c: f"&#{ord(c)};"),
    "html, zeros": each(lambda c: f"&#{ord(c):012};"),
    "html, hexadecimal": each(lambda c: f"&#x{ord(c):X};"),
    "html, named": each(named),
    "html in html": lambda key: html.escape(each(named)(html.escape(key))),
    "html in json": lambda key: jsoned(each(lambda c: f"&#{ord(c)};")(key)).replace("&", "\\u0026"),
    "html in an address": lambda key: quote(each(lambda c: f"&#x{ord(c):x};")(key), safe=""),
    "json in html": lambda key: html.escape(jsoned(f'"{key}"')),
    "mail": lambda key: quopri.encodestring(key.encode(), quotetabs=True).decode(),
    "mail, all": each(lambda c: f"={ord(c):02X}"),
    "mail, soft line ends": lambda key: f"{key[:3]}=\r\n{key[3:6]}=\n{key[6:]}",
    "folded": folded,
    "folded in json": lambda key: jsoned(folded(key)),
    "spaced": " ".join,
    "zero width": "\N{ZERO WIDTH SPACE}".join,
    "zero width in json": lambda key: "\\u200b".join(map(jsoned, key)),
    "soft hyphens": lambda key: "&shy;".join(map(html.escape, key)),
    "base64": lambda key: b64encode(key.encode()).decode(),
    "basic, user": lambda key: "Basic " + b64encode(f"doctor:{key}".encode()).decode(),
    "basic, password": lambda key: "Basic " + b64encode(f"{key}:".encode()).decode(),
    "base64 amid others": lambda key: b64encode(f'{{"token": "{key}", "ttl": 60}}'.encode()).decode(),
    "base64, urlsafe": lambda key: urlsafe_b64encode(f"x{key}".encode()).decode().rstrip("="),
    "base64 in an address": lambda key: quote(b64encode(f"xy{key}".encode()).decode(), safe=""),
    "base64 in json": lambda key: b64encode(f"xy{key}".encode()).decode().replace("/", "\\/"),
    "base64, folded": lambda key: re.sub("(.{7})", "\\1\r\n", b64encode(f"u:{key}".encode()).decode()),
    "base64 of base64": lambda key: b64encode(b64encode(f"u:{key}".encode())).decode(),
    "hexadecimal": lambda key: key.encode().hex(),
    "numbers": lambda key: json.dumps({"type": "Buffer", "data": list(key.encode())}),
}

#: One character in different ways; a key is written with any of them mixed.
CHARACTERS = (
    str,
    lambda c: f"\\u{ord(c):04x}",
    lambda c: f"\\u{ord(c):04X}",
    lambda c: f"&#{ord(c)};",
    lambda c: f"&#0000{ord(c)};",
    lambda c: f"&#x{ord(c):x};",
    lambda c: f"&#X00{ord(c):X};",
    lambda c: f"%{ord(c):02x}",
    lambda c: f"%25{ord(c):02X}",
    named,
)
#: Texts about a text: what a page, an address or a document makes of what stands in it.
WRAPPERS = (str, jsoned, html.escape, lambda text: quote(text, safe=""))


@st.composite
def mixtures(draw, keys=TOKENS):
    """A key, and a text from which it can be got back."""
    key = draw(keys)
    written = "".join(draw(st.sampled_from(CHARACTERS))(c) for c in key)
    for wrap in draw(st.lists(st.sampled_from(WRAPPERS), max_size=2)):
        written = wrap(written)
    return key, written


def _unjson(text):
    def one(found):
        try:
            return json.loads(f'"{found[0]}"')
        except ValueError:
            return found[0]

    return re.sub(r"\\(?:u[0-9a-fA-F]{4}|.)", one, text, flags=re.DOTALL)


def _unmail(text):
    return quopri.decodestring(text.encode("utf-8", "replace")).decode("utf-8", "replace")


def _unbase64(text):
    """Every run that could be base64, read from each of its first four characters."""
    said = []
    for run in re.findall(r"[A-Za-z0-9+/_-]{8,}", re.sub(r"\s", "", text)):
        for start in range(4):
            part = run[start:].replace("-", "+").replace("_", "/")
            part = part[: len(part) - len(part) % 4] if len(part) % 4 == 1 else part + "=" * (-len(part) % 4)
            try:
                said.append(b64decode(part).decode("latin-1"))
            except Error:
                continue
    return " ".join(said)


def _unhex(text):
    return " ".join(bytes.fromhex(run).decode("latin-1") for run in re.findall(r"(?:[0-9a-f]{2}){8,}", text))


def _unnumbered(text):
    return " ".join(
        "".join(chr(int(each)) for each in run.split(",") if int(each) < 256)
        for run in re.findall(r"\d{1,9}(?:,\d{1,9})+", re.sub(r"\s", "", text))
    )


READERS = (_unjson, html.unescape, unquote, _unmail, _unbase64, _unhex, _unnumbered)


def said(text, depth):
    """Everything a patient reader makes of a text."""
    found = level = {text}
    for _ in range(depth):
        level = {read(each) for each in level for read in READERS} - found
        found = found | level
    return found


def bare(text):
    """A text without what could stand between the characters of a key."""
    return re.sub(r"[^\x21-\x7e]", "", text).lower()


def tells(text, key, depth=3):
    """Whether a reader gets the key out of a text."""
    return any(key.lower() in bare(each) for each in said(text, depth))
