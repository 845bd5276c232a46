"""Uploads in parts that nobody finished: S3 keeps their bytes, and lists them nowhere else, until they are given up.

The library lists none of them, so these two requests are signed here (Signature Version 4), where the keys are known:
those of the URL or of the environment. For other credentials and stores a rule of the bucket's life cycle does it.
"""

from __future__ import annotations

import hashlib
import hmac
import logging
import os
import urllib.error
import urllib.request
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final, NamedTuple
from urllib.parse import quote, urlencode, urlsplit
from xml.etree import ElementTree

from mock_server.storage.bucket import endpoint

if TYPE_CHECKING:
    from collections.abc import Callable

    from mock_server.storage.place import Place

log = logging.getLogger("scribe.mock")

_SECONDS: Final = 10
#: Uploads that are looked at in one go; what is more is left to the next.
_MOST: Final = 1000
_LARGEST: Final = 4 * 1024 * 1024
_EMPTY: Final = hashlib.sha256(b"").hexdigest()


class _Keys(NamedTuple):
    """What requests are signed with."""

    name: str
    secret: str
    token: str


class _Stays(urllib.request.HTTPRedirectHandler):
    """What is signed goes to the store that it is signed for, and nowhere else."""

    def redirect_request(self, *_asked: object, **_named: object) -> None:
        return None


_OPENER: Final = urllib.request.build_opener(_Stays)


def _keys(place: Place) -> _Keys | None:
    def said(option: str, *names: str) -> str:
        return place.options.get(option) or next((os.environ[name] for name in names if os.environ.get(name)), "")

    found = _Keys(
        said("access_key_id", "AWS_ACCESS_KEY_ID"),
        said("secret_access_key", "AWS_SECRET_ACCESS_KEY"),
        said("session_token", "AWS_SESSION_TOKEN", "AWS_TOKEN"),
    )
    return found if place.scheme == "s3" and found.name and found.secret else None


class Unfinished:
    """The uploads in parts below a place; whatever fails here is only logged, for it costs room and nothing else."""

    def __init__(self, place: Place) -> None:
        self._place = place
        self._keys = _keys(place)
        self._region = (
            place.options.get("region") or os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION") or ""
        ) or "us-east-1"
        given = endpoint(place)
        virtual = place.options.get("virtual_hosted_style_request", "").lower() == "true"
        self._root = (given or f"https://s3.{self._region}.amazonaws.com").rstrip("/")
        self._root += "" if given and virtual else f"/{place.bucket}"

    def give_up(self, folder: str, wanted: Callable[[str], bool]) -> int:
        """End the uploads in a folder whose last name is wanted; returns how many."""
        if self._keys is None:
            return 0
        ended = 0
        try:
            query = {"uploads": "", "prefix": f"{self._place.path(folder)}/", "max-uploads": str(_MOST)}
            for key, upload in _listed(self._ask("GET", self._root, query)):
                if wanted(key.rpartition("/")[2]):
                    self._ask("DELETE", f"{self._root}/{quote(key)}", {"uploadId": upload})
                    ended += 1
        except (OSError, ValueError, ElementTree.ParseError) as error:
            log.warning("unfinished uploads in %s could not be looked for: %s", self._place, type(error).__name__)
        return ended

    def _ask(self, method: str, address: str, query: dict[str, str]) -> bytes:
        assert self._keys is not None, "nothing is asked without keys"
        asked = urlencode(sorted(query.items()), quote_via=quote, safe="-_.~")
        moment = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
        parts = urlsplit(address)
        headers = {"host": parts.netloc, "x-amz-content-sha256": _EMPTY, "x-amz-date": moment}
        if self._keys.token:
            headers["x-amz-security-token"] = self._keys.token
        names = ";".join(sorted(headers))
        lines = "".join(f"{name}:{headers[name]}\n" for name in sorted(headers))
        canonical = "\n".join((method, parts.path, asked, lines, names, _EMPTY))
        scope = f"{moment[:8]}/{self._region}/s3/aws4_request"
        text = "\n".join(("AWS4-HMAC-SHA256", moment, scope, hashlib.sha256(canonical.encode()).hexdigest()))
        key = f"AWS4{self._keys.secret}".encode()
        for word in scope.split("/"):
            key = hmac.new(key, word.encode(), hashlib.sha256).digest()
        signature = hmac.new(key, text.encode(), hashlib.sha256).hexdigest()
        signed = f"Credential={self._keys.name}/{scope}, SignedHeaders={names}, Signature={signature}"
        request = urllib.request.Request(f"{address}?{asked}", method=method)  # noqa: S310 - http or https, place.py
        for name, value in (*headers.items(), ("authorization", f"AWS4-HMAC-SHA256 {signed}")):
            if name != "host":
                request.add_header(name, value)
        with _OPENER.open(request, timeout=_SECONDS) as answer:
            content: bytes = answer.read(_LARGEST)
        return content


def _listed(document: bytes) -> list[tuple[str, str]]:
    """Key and id of each upload; the document is that of the operator's own store, and refers to nothing outside."""
    if b"<!" in document:
        raise ValueError("a listing of uploads has no declarations")
    found = []
    for upload in ElementTree.fromstring(document).iter():  # noqa: S314 - declarations are refused above
        if upload.tag.rpartition("}")[2] == "Upload":
            told = {child.tag.rpartition("}")[2]: child.text or "" for child in upload}
            if told.get("Key") and told.get("UploadId"):
                found.append((told["Key"], told["UploadId"]))
    return found
