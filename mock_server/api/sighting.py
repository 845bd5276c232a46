"""One exchange as the traffic of its namespace keeps it: as it was on the wire, without secrets and without audio."""

from __future__ import annotations

import contextlib
import functools
import hashlib
import json
import logging
import time
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from mock_server.api.document import BODY
from mock_server.api.redaction import HIDDEN, cleared, is_secret_header, query, shown, suspicious
from mock_server.api.uploads import declared_size

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from starlette.responses import Response

    from mock_server.api.face import Call
    from mock_server.api.outlines import Glimpse
    from mock_server.session.model import AudioFile

log = logging.getLogger("scribe.mock")

#: Bounds of what is kept of one exchange: characters of its path and of a header, headers, and bytes of a body.
_PATH, _HEADER, _MOST_HEADERS, _BODY = 2048, 2048, 64, 64 * 1024

#: What an outline tells of some exchanges only.
_REASONS: Final = ("code", "message", "field", "scenario")
#: Members that hold what the client wrote.
_TEXTS: Final = ("method", "root", "path", "sent", "answered")
_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})

_encode = json.JSONEncoder(separators=(",", ":")).encode


class Sight(NamedTuple):
    """A request that was answered, still with its secrets; nothing in it keeps the request itself alive."""

    glimpse: Glimpse
    http: str
    #: Where the client reached the server, and what it asked for there.
    root: str
    path: bytes
    query: bytes
    headers: tuple[tuple[bytes, bytes], ...]
    sent: bytes
    #: Of a body that was not kept, as it was announced.
    size: int
    answer_headers: tuple[tuple[bytes, bytes], ...]
    answered: bytes
    audio: tuple[AudioFile, str | None] | None
    took_ms: float
    #: When it came, by the monotonic clock.
    began: float

    @property
    def length(self) -> int:
        """About how many characters it is told in."""
        return len(self.answered) + len(self.sent) + 512


def seen(call: Call, glimpse: Glimpse, response: Response, *, root: str, took_s: float, began: float) -> Sight:
    """What there is of an exchange."""
    scope = call.request.scope
    sent = scope.get(BODY, b"")
    return Sight(
        glimpse,
        scope.get("http_version", "1.1"),
        root,
        scope.get("raw_path") or call.path.encode(),
        scope["query_string"],
        tuple(scope["headers"]),
        sent,
        0 if sent else declared_size(call.request.headers) or 0,
        tuple(response.raw_headers),
        bytes(response.body),
        call.audio,
        1000 * took_s,
        began,
    )


def _ahead() -> float:
    """Seconds that the time of day is ahead of the monotonic clock; a pause between two looks at them counts for none.

    Exchanges that came one after the other are then told so, whatever else the machine does.
    """
    return sorted(time.time() - time.monotonic() for _ in range(3))[1]


def told(sights: Sequence[Sight]) -> list[str]:
    """What is kept of each as JSON, cleared of secrets; one that cannot be drawn is told as such."""
    try:
        return _told(sights)
    except Exception:
        log.exception("some of %d exchanges cannot be drawn as they were", len(sights))
    return [_one_told(sight) for sight in sights]


def _one_told(sight: Sight) -> str:
    try:
        return _told([sight])[0]
    except Exception as error:  # noqa: BLE001 - it is told in the entry itself, and logged above
        return _encode(_outlined(sight, type(error).__name__))


def _told(sights: Sequence[Sight]) -> list[str]:
    ahead = _ahead()
    found = [_drawn(sight, ahead) for sight in sights]
    # most have none, which one look at all of the text shows
    known = [sight.glimpse.secrets for sight in sights]
    if _suspicious(found, set().union(*(each.own for each in known), *{each.valid for each in known})):
        for each, sight in zip(found, sights, strict=True):
            if _suspicious([each], sight.glimpse.secrets):
                _clear(each, sight.glimpse.secrets)
    return [_encoded(each) for each in found]


def _outlined(sight: Sight, error: str) -> dict[str, Any]:
    """What there is of an exchange without looking at headers or bodies."""
    outline = sight.glimpse.outline()
    return {
        "at": outline.at.timestamp(),
        "ms": round(sight.took_ms, 1),
        "came": round(sight.began + _ahead(), 3),
        "operation": outline.operation,
        "session": outline.session_id,
        "method": outline.method if outline.method in _METHODS else "",
        "root": "http://untold.invalid",
        "path": outline.path,
        "http": "1.1",
        "headers": (),
        "sent": _digest(sight.sent),
        "status": outline.status,
        "answer_headers": (),
        "answered": _digest(sight.answered),
        "untold": f"The server could not draw it ({error}): its headers and bodies are not kept.",
        **{name: value for name in _REASONS if (value := getattr(outline, name)) is not None},
    }


def _encoded(found: dict[str, Any]) -> str:
    """JSON, of which most is headers that came many times."""
    blocks = "".join(f',"{name}":{_encoded_block(found.pop(name))}' for name in ("headers", "answer_headers"))
    return f"{_encode(found)[:-1]}{blocks}}}"


@functools.lru_cache(256)
def _encoded_block(headers: tuple[tuple[str, str], ...]) -> str:
    return _encode(headers)


def _suspicious(found: Sequence[dict[str, Any]], secrets: Collection[str]) -> bool:
    """Whether anything that strangers wrote may hold a secret; headers that are hidden do not."""
    texts = [each[name] for each in found for name in _TEXTS if type(each[name]) is str]
    blocks = {id(each[name]): each[name] for each in found for name in ("headers", "answer_headers")}
    headers = [text for block in blocks.values() for pair in block if pair[1] is not HIDDEN for text in pair]
    return suspicious("\n".join(texts + headers), secrets)


def _drawn(sight: Sight, ahead: float) -> dict[str, Any]:
    glimpse = sight.glimpse  # its outline would show a path that is told here as it came
    found: dict[str, Any] = {
        "at": glimpse.at.timestamp(),
        "ms": round(sight.took_ms, 1),
        "came": round(sight.began + ahead, 3),
        "operation": glimpse.operation,
        "session": glimpse.session,
        "method": glimpse.method,
        "root": sight.root,
        "path": sight.path[: 4 * _PATH].decode("latin-1"),
        "http": sight.http,
        "headers": _headers(sight.headers),
        "sent": _body(sight.sent),
        "status": glimpse.status,
        "answer_headers": _headers(sight.answer_headers),
        "answered": _body(sight.answered),
    }
    if sight.query:
        found["query"] = query(sight.query, glimpse.secrets)
    if sight.size:
        found["size"] = sight.size
    if sight.audio is not None:
        found["audio"] = _audio(*sight.audio, glimpse.secrets)
    reasons = zip(_REASONS, (*glimpse.why, glimpse.scenario), strict=True)
    found.update({name: value for name, value in reasons if value is not None})
    return found


def _clear(found: dict[str, Any], secrets: Collection[str]) -> None:
    """Hide credentials, whatever they are in."""
    for name in ("method", "root", "path"):
        found[name] = shown(found[name], secrets, _PATH)
    for name in ("headers", "answer_headers"):
        found[name] = tuple(
            (shown(header, secrets, _HEADER), value if value is HIDDEN else shown(value, secrets, _HEADER))
            for header, value in found[name]
        )
    for name in ("sent", "answered"):
        if isinstance(found[name], str):
            found[name] = cleared(found[name], secrets)


@functools.lru_cache(256)
def _headers(pairs: tuple[tuple[bytes, bytes], ...]) -> tuple[tuple[str, str], ...]:
    """In their order; what is a credential by its header's name is hidden. Clients send the same ones again."""
    found = []
    for raw, value in pairs[:_MOST_HEADERS]:
        name = raw.decode("latin-1")
        found.append((name, HIDDEN if is_secret_header(name) else value[: 4 * _HEADER].decode("latin-1")))
    return tuple(found)


def _body(body: bytes) -> str | dict[str, Any]:
    """The text; of one that is too long, or is none, size and digest."""
    if len(body) <= _BODY:
        with contextlib.suppress(UnicodeDecodeError):
            return body.decode()
    return _digest(body)


def _digest(body: bytes) -> dict[str, Any]:
    return {"size": len(body), "sha256": hashlib.sha256(body).hexdigest()}


def _audio(file: AudioFile, name: str | None, secrets: Collection[str]) -> dict[str, Any]:
    """A file by reference: whoever has it can tell that it is the one."""
    texts = {"listed": file.name, "type": file.content_type} | ({} if name is None else {"name": name})
    found: dict[str, Any] = {member: shown(text, secrets, _HEADER) for member, text in texts.items()}
    return found | {"size": file.size, "sha256": file.sha256}
