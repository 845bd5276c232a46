"""Reads an archive that a browser or a proxy recorded: which requests are the protocol's, and about which session."""

from __future__ import annotations

import binascii
import re
from base64 import b64decode
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urljoin, urlsplit

from conformance.evidence.address import is_public, place_of, split_origin
from conformance.evidence.admission import REDIRECTS
from conformance.evidence.exchange import Exchange, Label, Request, Response
from conformance.evidence.har import UNKNOWN
from conformance.evidence.har_in import NotEvidence
from conformance.evidence.record import Evidence, Facts
from conformance.evidence.routes import Routes, bare
from conformance.vocabulary.operation import Credential, Operation
from scribe_data.nesting import loads

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from scribe_data import Spec

#: Entries that are looked at: a day of a busy client has fewer.
MOST_ENTRIES = 50_000
#: HAR 1.1 lacks members that nothing here looks at.
_VERSIONS = ("1.1", "1.2")
#: What a refused request is labelled with: nobody knows whether it was meant to be valid.
_REFUSED = "refused, as recorded"
#: Methods that change nothing.
_HARMLESS = ("GET", "HEAD", "OPTIONS")
_FILE = re.compile(r'filename="([^"\r\n]*)"')


@dataclass(frozen=True)
class Recording:
    """What of an archive is the protocol's.

    `entries` is how many there were; numbers of exchanges are places of entries, counted from 1. `partial` are sessions
    of which the archive does not show all that was sent, so that only single answers are judged. `secrets` are the
    credentials in it.
    """

    evidence: Evidence
    entries: int
    sessions: tuple[str, ...]
    partial: tuple[str, ...]
    secrets: tuple[str, ...]


def recording_of(document: Any, text: Spec, base_url: str | None = None) -> Recording:
    """The protocol's part of an archive; `base_url` is the root of the operations where no discovery was recorded.

    An archive may name its root itself, as `_base_url` of its log.
    Raises NotEvidence with the place of what cannot be read.
    """
    log = document.get("log") if isinstance(document, dict) else None
    entries = log.get("entries") if isinstance(log, dict) else None
    if not isinstance(log, dict) or not isinstance(entries, list):
        raise NotEvidence("/", "is not an HTTP Archive: it has no array log.entries")
    if log.get("version") not in _VERSIONS:
        raise NotEvidence("/log/version", f"is {log.get('version')!r}; HAR 1.2 is read here")
    if len(entries) > MOST_ENTRIES:
        raise NotEvidence("/log/entries", f"has {len(entries)} entries; {MOST_ENTRIES} are looked at")
    raw = [_read(number, entry) for number, entry in enumerate(entries)]
    named = log.get("_base_url")
    found = base_url or _discovered(raw, text) or Routes(text).root_of(raw)
    root = (found or (named if isinstance(named, str) else "")).rstrip("/")
    if split_origin(root) is None:
        raise NotEvidence("/log/entries", f"{_rootless(text)}: name the root of the operations (--base-url)")
    return _Mapping(raw, text, root).recording(len(entries))


def _read(number: int, entry: Any) -> Exchange:
    try:
        return _exchange(number + 1, entry)
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError, binascii.Error) as error:
        why = f"misses {error}" if isinstance(error, KeyError) else f"cannot be read: {error}"
        raise NotEvidence(f"/log/entries/{number}", why) from error


def _exchange(number: int, entry: Any) -> Exchange:
    asked, told = entry["request"], entry["response"]
    sent = datetime.fromisoformat(entry["startedDateTime"])
    sent = sent if sent.tzinfo else sent.replace(tzinfo=UTC)
    elapsed = float(entry.get("time") or 0) / 1000
    if not elapsed >= 0:  # browsers write -1 where they do not know; a number that is none is not a time
        if elapsed != UNKNOWN / 1000:
            raise ValueError(f"{entry['time']!r} milliseconds are no time")
        elapsed = 0.0
    received = sent + timedelta(seconds=elapsed)
    posted = asked.get("postData") or {}
    body = _decoded(posted)
    content = told.get("content") or {}
    shown = "text" in content or not (content.get("size") or told.get("bodySize", 0) > 0)
    status = int(told["status"])
    headers = _pairs(told.get("headers") or ())
    if content.get("mimeType") and not any(name.lower() == "content-type" for name, _ in headers):
        headers = (*headers, ("Content-Type", str(content["mimeType"])))
    names = [each.get("fileName") for each in posted.get("params") or () if each.get("fileName")]
    names += _FILE.findall(body[:4096].decode("utf-8", "replace"))
    return Exchange(
        number=number,
        # what the archive has no body of is not judged: it would be taken for an empty one
        label=Label(Operation.OTHER, "recorded", file=str(names[0]) if names else None, graded=shown and status > 0),
        request=Request(
            str(asked["method"]).upper(),
            str(asked["url"]),
            _pairs(asked.get("headers") or ()),
            body,
            max(len(body), int(asked.get("bodySize") or 0)),
            whole="text" in posted,
        ),
        response=Response(status, headers, _decoded(content)) if status else None,
        sent=sent,
        received=received,
        elapsed=elapsed,
        trouble=None if status else "no answer was recorded",
    )


def _decoded(content: Mapping[str, Any]) -> bytes:
    text = content.get("text") or ""
    return (
        b64decode("".join(text.split()), validate=True)
        if content.get("encoding") == "base64"
        else str(text).encode("utf-8", "replace")
    )


def _pairs(headers: Any) -> tuple[tuple[str, str], ...]:
    return tuple((str(each["name"]), str(each["value"])) for each in headers)


def _rootless(text: Spec) -> str:
    """What of an archive would have shown where the operations lie."""
    if Operation.DISCOVERY in text.protocol.endpoints:
        return "no discovery document was recorded"
    create = text.protocol.endpoints[Operation.CREATE]
    return f"no {create.method} {create.path} was recorded"


def _discovered(raw: Sequence[Exchange], text: Spec) -> str:
    """`endpoints.base_url` of the first discovery document that was recorded; empty without one."""
    for x in raw if Operation.DISCOVERY in text.protocol.endpoints else ():
        if x.accepted and urlsplit(x.request.url).path.endswith(text.protocol.endpoints[Operation.DISCOVERY].path):
            endpoints = x.document.get("endpoints")
            found = endpoints.get("base_url") if isinstance(endpoints, dict) else None
            if isinstance(found, str):
                return urljoin(x.request.url, found)
    return ""


class _Mapping:
    """Exchanges on their way to labels."""

    def __init__(self, raw: Sequence[Exchange], text: Spec, root: str) -> None:
        self.text, self.root = text, root
        self.routes = Routes(text)
        self.raw = sorted(raw, key=lambda x: (x.sent, x.number))
        #: Where audio of a session goes -> its id.
        self.uploads: dict[str, str] = {}
        #: Where a file was sent on to -> its session and its name (E44).
        self.sent_on: dict[str, tuple[str | None, str | None]] = {}
        self.made: dict[str, None] = {}

    def recording(self, entries: int) -> Recording:
        # numbers are in the order of sending, as checks expect; the place in the archive stands in the notes
        labelled = [each for each in map(self._labelled, self.raw) if each is not None]
        ordered = [replace(x, number=at, notes={"entry": x.number}) for at, x in enumerate(labelled, 1)]
        partial = tuple(self._partial(ordered))
        origins = {split_origin(url) == split_origin(self.root) for url in self.uploads}
        facts = Facts(
            self.root,
            self.text.revision,
            api_target=True in origins if origins else None,
            public_host=is_public(self.root),
            extra={"origins": [self.root], "stored": sorted({session or "" for session, _ in self.sent_on.values()})},
        )
        kept = tuple(_without_session(x) if x.label.session in partial else x for x in ordered)
        whole = tuple(name for name in self.made if name not in partial)
        return Recording(Evidence(kept, facts, text=self.text), entries, whole, partial, tuple(self._secrets()))

    def _labelled(self, x: Exchange) -> Exchange | None:
        operation, session, file = self._meant(x)
        if operation is None:
            return None
        if operation is Operation.CREATE and x.accepted:
            session = self._made(x)
        location = x.response.header("location") if x.response and x.status in REDIRECTS else None
        if operation is Operation.UPLOAD and location:
            self.sent_on[bare(urljoin(x.request.url, location))] = session, file
            return None  # what becomes of the file is told where it is sent to
        credential = Credential.RIGHT
        if x.status in (401, 403):  # a key that was not let in is not the right one
            credential = Credential.WRONG
        refused = 400 <= x.status < 500 and not (operation is Operation.GET and x.status == 410)
        label = replace(
            x.label,
            operation=operation,
            session=session,
            credential=credential,
            probe=_REFUSED if refused else None,
            file=(x.label.file or file or self._numbered(x) or _acknowledged(x))
            if operation is Operation.UPLOAD
            else None,
        )
        return replace(x, label=label)

    def _numbered(self, x: Exchange) -> str | None:
        """A name for audio that has none, where the text has a number in a header."""
        if self.text.printed.files != "numbered":
            return None
        if x.request.header("x-upload-type") is not None:
            return "complete"
        number = x.request.header("x-chunk-index")
        return None if number is None else f"chunk {number}"

    def _meant(self, x: Exchange) -> tuple[Operation | None, str | None, str | None]:
        """The operation of a request, the session it is about, and the file name in its address."""
        method, url = x.request.method, bare(x.request.url)
        if method in ("POST", "PUT"):
            if url in self.sent_on:
                return Operation.UPLOAD, *self.sent_on[url]
            for place, session in self.uploads.items():
                if url == place or url.startswith(f"{place}/"):
                    return Operation.UPLOAD, session, unquote(url[len(place) + 1 :]) or None
        return *self.routes.meant(x, self.root), None

    def _made(self, x: Exchange) -> str | None:
        told, url = x.document.get("session_id"), x.document.get("upload_url")
        if not isinstance(told, str) or not x.label.graded:
            return None
        self.made[told] = None
        if isinstance(url, str) and url:
            relative = self.text.printed.upload_url == "relative"
            self.uploads[bare(place_of(url, self.root, x.request.url, relative=relative))] = told
        return told

    def _changed(self) -> Iterator[str]:
        """Sessions that a request of another text changed, such as PATCH: what they ask for since is not known."""
        for x in self.raw:
            about = self.routes.below(x, self.root)
            if about and x.accepted and x.request.method not in _HARMLESS and self._meant(x)[0] is None:
                yield about

    def _partial(self, exchanges: Sequence[Exchange]) -> Iterator[str]:
        """Sessions whose beginning, a request body, the name of a file that may be kept, or a change is not shown."""
        changed = set(self._changed())
        found: dict[str, list[Exchange]] = {}
        for x in exchanges:
            if x.label.session is not None:
                found.setdefault(x.label.session, []).append(x)
        for session, about in found.items():
            uploads = [x for x in about if x.label.operation is Operation.UPLOAD]
            # nothing was kept of what was refused: it needs no name
            sent = {x.label.file for x in uploads if x.label.file or x.status < 400}
            listed = {str(name) for x in about for name in _listed(x)}
            counted = max((_count(x) for x in about), default=0)
            created = [x for x in about if x.label.operation is Operation.CREATE and x.accepted]
            begun = session in self.made and all(_is_json(x.request.body) for x in created)
            dark = any(not x.label.graded for x in about)
            known = begun and not dark and None not in sent and session not in changed
            if not known or not listed <= sent or counted > len(sent):
                yield session

    def _secrets(self) -> Iterator[str]:
        names = {each.header.lower() for each in self.text.protocol.credentials.values()} | {"cookie", "set-cookie"}
        for x in self.raw:
            for name, value in (*x.request.headers, *(x.response.headers if x.response else ())):
                if name.lower() in names:
                    yield from {value, value.rpartition(" ")[2]}


def _refuse(constant: str) -> None:
    raise ValueError(constant)


def _is_json(body: bytes) -> bool:
    """Whether a body is JSON to the letter: what a service makes of NaN and the like is its own affair."""
    try:
        loads(body, parse_constant=_refuse)
    except ValueError:
        return False
    return True


def _acknowledged(x: Exchange) -> str | None:
    """The name under which an upload was taken, by its answer: archives often have no form with the file's name."""
    told = x.document.get("original_filename") if x.accepted else None
    return told if isinstance(told, str) else None


def _listed(x: Exchange) -> list[Any]:
    names = x.document.get("audio_files")
    return names if isinstance(names, list) else []


def _count(x: Exchange) -> int:
    told = x.document.get("audio_files_received")
    return told if isinstance(told, int) else 0


def _without_session(x: Exchange) -> Exchange:
    return replace(x, label=replace(x.label, session=None))
