"""How an audio file is handed over, form by form: pure functions from a file to a request."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit, urlunsplit

if TYPE_CHECKING:
    from collections.abc import Mapping

    from conformance.target import UploadForm

#: In the order in which a tester tries them at an API target: what §7.2 recommends, its second option, then E44. A form
#: at a named address comes last: a service that takes raw bodies there keeps all of the form for audio.
API_FORMS: tuple[UploadForm, ...] = ("multipart", "raw", "named-post", "named-put", "named-form")
#: The same where the text has the number of a chunk in a header.
NUMBERED_FORMS: tuple[UploadForm, ...] = ("numbered", *API_FORMS)


@dataclass(frozen=True)
class Parcel:
    """A request before credentials are added to it; to a `sealed` one, which carries its own, none are.

    A redirect of a `direct` one is the answer that is wanted.
    """

    method: str
    url: str
    headers: dict[str, str]
    content: bytes
    sealed: bool = False
    direct: bool = False


def below(url: str, name: str) -> str:
    """The URL with a name added to its path, before the query (E44)."""
    parts = urlsplit(url)
    return urlunsplit(parts._replace(path=f"{parts.path.rstrip('/')}/{quote(name, safe='')}"))


def _number(name: str) -> dict[str, str]:
    """The index header of §7.2, when the name ends in a number (E45: a tester may always send both)."""
    found = re.search(r"(\d{1,9})(?:\.[A-Za-z0-9]+)?$", name)
    return {"X-Chunk-Index": str(int(found[1]))} if found else {}


def _disposition(name: str) -> str:
    """RFC 6266; a name beyond ASCII goes by its extended parameter too."""
    plain = re.sub(r"[^\x20-\x7e]", "_", name).replace("\\", "\\\\").replace('"', '\\"')
    extended = "" if name.isascii() and name.isprintable() else f"; filename*=UTF-8''{quote(name, safe='')}"
    return f'attachment; filename="{plain}"{extended}'


def _multipart(
    part: str, name: str, media_type: str, content: bytes, fields: Mapping[str, str] | None = None
) -> tuple[dict[str, str], bytes]:
    """One file, behind what fields there are, with the name escaped as browsers do."""
    boundary = f"scribe-{hashlib.sha256(content).hexdigest()[:24]}"
    escaped = name.replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A")
    before = "".join(
        f'--{boundary}\r\nContent-Disposition: form-data; name="{field}"\r\n\r\n{value}\r\n'
        for field, value in (fields or {}).items()
    )
    head = (
        f"{before}--{boundary}\r\n"
        f'Content-Disposition: form-data; name="{part}"; filename="{escaped}"\r\n'
        f"Content-Type: {media_type}\r\n\r\n"
    )
    body = head.encode() + content + f"\r\n--{boundary}--\r\n".encode()
    return {"Content-Type": f"multipart/form-data; boundary={boundary}"}, body


def parcel(
    form: str,
    url: str,
    name: str,
    media_type: str,
    content: bytes,
    *,
    single: bool = False,
    fields: Mapping[str, str] | None = None,
    index: int = 0,
) -> Parcel:
    """The request that hands one file over.

    `form` is an UploadForm, or 'wrong-part': multipart whose part is not called file. `single` matters to storage:
    the one file of a session goes to the very URL (AUD-002, AUD-014); and to 'numbered', where it is marked as
    complete (AUD-011) and others have their number: that in their name, else `index`. `fields` matter to
    'storage-form' only, where they go before the file. Raises ValueError for another form.
    """
    typed = {"Content-Type": media_type}
    if form in ("multipart", "wrong-part", "named-form"):
        part = "attachment" if form == "wrong-part" else "file"
        headers, body = _multipart(part, name, media_type, content)
        return Parcel("POST", below(url, name) if form == "named-form" else url, headers, body)
    if form in ("raw", "numbered"):
        marked = {"Content-Disposition": _disposition(name)} | _number(name)
        if form == "numbered":
            marked = {"X-Upload-Type": "complete"} if single else _number(name) or {"X-Chunk-Index": str(index)}
        return Parcel("POST", url, typed | marked, content)
    if form == "named-post":
        return Parcel("POST", below(url, name), typed | _number(name), content)
    if form == "named-put":
        return Parcel("PUT", below(url, name), typed | _number(name), content)
    if form == "storage-form":
        filled = {key: value.replace("${filename}", name) for key, value in (fields or {}).items()}
        if "Content-Type" not in filled:
            filled["Content-Type"] = media_type
        headers, body = _multipart("file", name, media_type, content, filled)
        return Parcel("POST", url, headers, body, sealed=True)
    if form == "storage-put":
        # Nothing but the type: a header the signature does not cover makes some stores refuse.
        return Parcel("PUT", url if single else below(url, name), typed, content)
    raise ValueError(f"no such form of upload: {form!r}")
