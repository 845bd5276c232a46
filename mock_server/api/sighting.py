"""One exchange as the traffic of its namespace keeps it: as it was on the wire, without secrets and without audio."""

from __future__ import annotations

import contextlib
import functools
import hashlib
import json
from typing import TYPE_CHECKING, Any, NamedTuple

from mock_server.api.document import BODY
from mock_server.api.redaction import HIDDEN, cleared, is_secret_header, query, shown, suspicious
from mock_server.api.uploads import declared_size

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from starlette.responses import Response

    from mock_server.api.face import Call
    from mock_server.api.outlines import Outline
    from mock_server.session.model import AudioFile

#: Bounds of what is kept of one exchange: characters of its path and of a header, headers, and bytes of a body.
_PATH, _HEADER, _MOST_HEADERS, _BODY = 2048, 2048, 64, 64 * 1024

_encode = json.JSONEncoder(separators=(",", ":")).encode


class Sight(NamedTuple):
    """A request that was answered: whatever is known of it, still with its secrets."""

    call: Call
    outline: Outline
    response: Response
    #: Where the client reached the server.
    root: str
    secrets: Collection[str]
    took_ms: float
    #: Seconds since 1970 when it came, by the machine's clock.
    came: float

    @property
    def size(self) -> int:
        """About how many characters it is told in."""
        return len(self.response.body) + len(self.call.request.scope.get(BODY, b"")) + 512


def told(sights: Sequence[Sight]) -> list[str]:
    """What is kept of each as JSON, cleared of secrets."""
    found = [_drawn(sight) for sight in sights]
    # most have none, which one look at all of the text shows
    if _suspicious(found, set().union(*(sight.secrets for sight in sights))):
        for each, sight in zip(found, sights, strict=True):
            if _suspicious([each], sight.secrets):
                _clear(each, sight.secrets)
    return [_encoded(each) for each in found]


def _encoded(found: dict[str, Any]) -> str:
    """JSON, of which most is headers that came many times."""
    blocks = "".join(f',"{name}":{_encoded_block(found.pop(name))}' for name in ("headers", "answer_headers"))
    return f"{_encode(found)[:-1]}{blocks}}}"


@functools.lru_cache(256)
def _encoded_block(headers: tuple[tuple[str, str], ...]) -> str:
    return _encode(headers)


def _suspicious(found: Sequence[dict[str, Any]], secrets: Collection[str]) -> bool:
    """Whether anything that strangers wrote may hold a secret; headers that are hidden do not."""
    texts = [each[name] for each in found for name in ("path", "sent", "answered") if type(each[name]) is str]
    blocks = {id(each[name]): each[name] for each in found for name in ("headers", "answer_headers")}
    values = [value for block in blocks.values() for _, value in block if value is not HIDDEN]
    return suspicious("\n".join(texts + values), secrets)


def _drawn(sight: Sight) -> dict[str, Any]:
    call, outline, response, root, secrets, took_ms, came = sight
    scope = call.request.scope
    sent = scope.get(BODY, b"")
    found: dict[str, Any] = {
        "at": outline.at.timestamp(),
        "ms": round(took_ms, 1),
        "came": round(came, 3),
        "operation": outline.operation,
        "session": outline.session_id,
        "method": outline.method,
        "root": root,
        "path": (scope.get("raw_path", b"").decode("latin-1") or call.path)[: 4 * _PATH],
        "http": scope.get("http_version", "1.1"),
        "headers": _headers(tuple(scope["headers"])),
        "sent": _body(sent),
        "status": outline.status,
        "answer_headers": _headers(tuple(response.raw_headers)),
        "answered": _body(bytes(response.body)),
    }
    if scope["query_string"]:
        found["query"] = query(scope["query_string"], secrets)
    if not sent:
        found["size"] = declared_size(call.request.headers) or 0
    if call.audio is not None:
        found["audio"] = _audio(*call.audio, secrets)
    for name in ("code", "message", "field", "scenario"):
        if (value := getattr(outline, name)) is not None:
            found[name] = value
    return found


def _clear(found: dict[str, Any], secrets: Collection[str]) -> None:
    """Hide credentials, whatever they are in."""
    found["path"] = shown(found["path"], secrets, _PATH)
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
    return {"size": len(body), "sha256": hashlib.sha256(body).hexdigest()}


def _audio(file: AudioFile, name: str | None, secrets: Collection[str]) -> dict[str, Any]:
    """A file by reference: whoever has it can tell that it is the one."""
    texts = {"listed": file.name, "type": file.content_type} | ({} if name is None else {"name": name})
    found: dict[str, Any] = {member: shown(text, secrets, _HEADER) for member, text in texts.items()}
    return found | {"size": file.size, "sha256": file.sha256}
