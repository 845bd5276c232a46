"""Signature Version 4 of S3, for what the library has no call for: some requests, and forms that clients post.

It takes the keys of the URL or of the environment; those that a machine's role has are the library's alone.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
import urllib.request
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final, NamedTuple
from urllib.parse import quote, urlencode, urlsplit
from xml.etree import ElementTree

from mock_server.storage.bucket import endpoint

if TYPE_CHECKING:
    from mock_server.storage.place import Keys, Place

_SECONDS: Final = 10
_LARGEST: Final = 4 * 1024 * 1024
_EMPTY: Final = hashlib.sha256(b"").hexdigest()
_ALGORITHM: Final = "AWS4-HMAC-SHA256"


class Posted(NamedTuple):
    """A form that is posted with a file behind its fields."""

    url: str
    fields: dict[str, str]


class _Stays(urllib.request.HTTPRedirectHandler):
    """What is signed goes to the store that it is signed for, and nowhere else."""

    def redirect_request(self, *_asked: object, **_named: object) -> None:
        return None


_OPENER: Final = urllib.request.build_opener(_Stays)


def signature(secret: str, scope: str, text: str) -> str:
    """The signature of a text; `scope` is day, region, service and the word that ends it, with slashes between."""
    key = f"AWS4{secret}".encode()
    for word in scope.split("/"):
        key = hmac.digest(key, word.encode(), "sha256")
    return hmac.new(key, text.encode(), hashlib.sha256).hexdigest()


class Signing:
    """Requests and forms for the bucket of a place."""

    def __init__(self, place: Place, known: Keys) -> None:
        self._keys = known
        self._bucket = place.bucket
        self._region = (
            place.options.get("region") or os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION") or ""
        ) or "us-east-1"
        given = endpoint(place)
        virtual = place.options.get("virtual_hosted_style_request", "").lower() == "true"
        root = (given or f"https://s3.{self._region}.amazonaws.com").rstrip("/")
        #: The address of the bucket.
        self.root = root + ("" if given and virtual else f"/{place.bucket}")

    def _scope(self, moment: str) -> str:
        return f"{moment[:8]}/{self._region}/s3/aws4_request"

    def ask(self, method: str, key: str, query: dict[str, str]) -> bytes:
        """What the bucket answers of itself, or of the object with a key; raises OSError."""
        address = self.root + (f"/{quote(key)}" if key else "")
        asked = urlencode(sorted(query.items()), quote_via=quote, safe="-_.~")
        moment = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
        parts = urlsplit(address)
        headers = {"host": parts.netloc, "x-amz-content-sha256": _EMPTY, "x-amz-date": moment}
        if self._keys.token:
            headers["x-amz-security-token"] = self._keys.token
        names = ";".join(sorted(headers))
        lines = "".join(f"{name}:{headers[name]}\n" for name in sorted(headers))
        canonical = "\n".join((method, parts.path, asked, lines, names, _EMPTY))
        scope = self._scope(moment)
        text = "\n".join((_ALGORITHM, moment, scope, hashlib.sha256(canonical.encode()).hexdigest()))
        made = signature(self._keys.secret, scope, text)
        signed = f"Credential={self._keys.name}/{scope}, SignedHeaders={names}, Signature={made}"
        request = urllib.request.Request(f"{address}?{asked}", method=method)  # noqa: S310 - http or https, place.py
        for name, value in (*headers.items(), ("authorization", f"{_ALGORITHM} {signed}")):
            if name != "host":
                request.add_header(name, value)
        with _OPENER.open(request, timeout=_SECONDS) as answer:
            content: bytes = answer.read(_LARGEST)
        return content

    def form(self, folder: str, *, seconds: int, most: int, now: datetime | None = None) -> Posted:
        """A form that puts files of 1 to `most` bytes into a folder, under the names they have, for so many seconds."""
        begun = now or datetime.now(UTC)
        moment = begun.strftime("%Y%m%dT%H%M%SZ")
        scope = self._scope(moment)
        signed = {
            "x-amz-algorithm": _ALGORITHM,
            "x-amz-credential": f"{self._keys.name}/{scope}",
            "x-amz-date": moment,
            **({"x-amz-security-token": self._keys.token} if self._keys.token else {}),
        }
        policy = {
            "expiration": (begun + timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "conditions": [
                {"bucket": self._bucket},
                ["starts-with", "$key", folder],
                ["starts-with", "$Content-Type", ""],
                ["content-length-range", 1, most],
                *({name: value} for name, value in signed.items()),
            ],
        }
        text = base64.b64encode(json.dumps(policy).encode()).decode()
        made = signature(self._keys.secret, scope, text)
        return Posted(self.root, {"key": folder + "${filename}", **signed, "policy": text, "x-amz-signature": made})


def told(document: bytes, tag: str) -> list[dict[str, str]]:
    """The members of each element of a name; the document is that of the operator's own store.

    Raises ValueError and ParseError for what is no such document; one with declarations is none.
    """
    if b"<!" in document:
        raise ValueError("a listing has no declarations")
    whole = ElementTree.fromstring(document)  # noqa: S314 - declarations are refused above
    found = [each for each in whole.iter() if _bare(each.tag) == tag]
    return [{_bare(child.tag): child.text or "" for child in each} for each in found]


def _bare(tag: str) -> str:
    return tag.rpartition("}")[2]
