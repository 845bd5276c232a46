"""Every refusal the protocol knows, one constructor each; no status code is chosen anywhere else (chapter 11)."""

from __future__ import annotations

from typing import Any, Final

#: Seconds after which a disk that takes nothing is worth another try.
LOG_RETRY_S: Final = 5


class Problem(Exception):  # noqa: N818 - it is an answer of the protocol; `error` is a member of it
    """A refusal: HTTP status, protocol error code, message for a person, details for a program."""

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        details: dict[str, Any] | None = None,
        headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.details = details
        self.headers = headers or {}


def invalid_request(message: str, *, status: int = 400, **details: Any) -> Problem:
    """What no part of the text calls valid (E81); 409 by the state table where the session is past it."""
    return Problem(status, "invalid_request", message, details or None)


def missing_required_field(field: str) -> Problem:
    """A field that every part of the text requires is not there (§11.2)."""
    return Problem(400, "missing_required_field", f"The required field {field!r} is missing.", {"field": field})


def invalid_audio_format(provided: str, supported: list[str]) -> Problem:
    """The upload's media type is not an audio type at all (§11.4)."""
    return Problem(
        400,
        "invalid_audio_format",
        f"The media type {provided!r} is not one of the audio formats this service takes.",
        {"provided_format": provided, "supported_formats": supported},
    )


def authentication_failed(message: str = "A credential is required.") -> Problem:
    """No credential was sent (§5.1)."""
    return Problem(401, "authentication_failed", message)


def invalid_api_key(message: str = "The API key is not valid.") -> Problem:
    """A credential was sent that is not known (§11.2, E48)."""
    return Problem(401, "invalid_api_key", message)


def not_reached(session_id: str, asked: str, state: str, *, never: bool, because: str = "") -> Problem:
    """A state that a session is not in, yet or any more, and `because` of what. The text has no control plane."""
    told = f"Session {session_id!r} is {state}{f' ({because})' if because else ''}"
    told += f" and will not be {asked}." if never else f", and was not {asked} in the time that was waited."
    details = {"session_id": session_id, "state": asked, "status_now": state}
    return Problem(409, "invalid_request", told, details) if never else Problem(408, "timeout", told, details)


def foreign_origin(origin: str) -> Problem:
    """A page of another origin asks for what only the server's own may. Not in spec: the text has no control plane."""
    told = f"Pages of {origin!r} do not steer this server; --console-origin lists those that may."
    return Problem(403, "forbidden", told, {"origin": origin})


def session_not_found(session_id: str) -> Problem:
    """No such session, or another client's: nothing tells the two apart (E49)."""
    return Problem(404, "session_not_found", f"There is no session {session_id!r}.", {"session_id": session_id})


def template_not_found(template: str, ordered: list[str]) -> Problem:
    """A template the session was not ordered with (§11.2)."""
    told = f"The session was not ordered with the template {template!r}."
    return Problem(404, "template_not_found", told, {"template_id": template, "templates": ordered})


def route_not_found(path: str, *, versioned: bool = True) -> Problem:
    """An unknown route, in the same envelope (ERR-012); `versioned`: the protocol's operations lie under /v1."""
    told = f"There is no resource at {path!r}."
    if "//" in path or path.endswith("/"):
        told += " No path here has two slashes together, or one at its end."
    elif versioned and path.startswith(("/sessions", "/templates")) and not path.startswith("/sessions."):
        told += " The operations lie under /v1."
    return Problem(404, "invalid_request", told)


def method_not_allowed(method: str, path: str, allowed: str) -> Problem:
    """A known route with a method it does not have (ERR-012)."""
    return Problem(
        405,
        "invalid_request",
        f"{method} is not offered at {path!r}.",
        {"allowed_methods": allowed},
        {"Allow": allowed},
    )


def session_expired(session_id: str, expired_at: str) -> Problem:
    """Upload or end after the deadline (§11.2, E42)."""
    return Problem(
        410,
        "session_expired",
        f"Session {session_id!r} expired at {expired_at}.",
        {"session_id": session_id, "expired_at": expired_at},
    )


def session_ended(session_id: str, state: str, told: str, code: str = "session_ended") -> Problem:
    """The session was ended, and takes no more of this; the code is not in §11.2, but clients know it (E41, E63)."""
    return Problem(
        400,
        code,
        f"Session {session_id!r} was ended and is {state}: {told}.",
        {"session_id": session_id, "status": state},
    )


def window_ended(session_id: str, ended_at: str, reason: str) -> Problem:
    """The session manager's session has ended, once and for good. Not in spec: the document has no code for it (E5)."""
    return Problem(
        409,
        "session_ended",
        f"Session {session_id!r} ended at {ended_at} ({reason}).",
        {"session_id": session_id, "ended_at": ended_at, "end_reason": reason},
    )


def data_too_large(field: str, size: int, limit: int) -> Problem:
    """Pass-through data beyond what a session keeps (E52)."""
    return invalid_request(f"{field} takes {size} bytes; {limit} are allowed.", field=field)


def payload_too_large(limit: int) -> Problem:
    """The body is over the limit; the protocol has no code of its own for it (E63)."""
    return Problem(
        413,
        "invalid_request",
        f"The body is larger than the {limit} bytes this service takes.",
        {"limit_bytes": limit},
        {"Connection": "close"},
    )


def chunk_too_large(seconds: float, limit_s: float) -> Problem:
    """The chunk lasts longer than discovery allows (§7.7)."""
    told = f"The chunk lasts {seconds:.1f} s; a chunk may last {limit_s:g} s."
    return Problem(400, "chunk_too_large", told, {"max_chunk_duration_seconds": limit_s})


def session_too_large(size: int, limit: int) -> Problem:
    """The file fits, and the session it is for does not with it; the protocol has no code of its own for it (E63)."""
    return Problem(
        413,
        "invalid_request",
        f"With this file the session would hold {size} bytes of audio; {limit} are taken.",
        {"limit_bytes": limit},
        {"Connection": "close"},
    )


def range_not_satisfiable(size: int) -> Problem:
    """A range of a file that begins behind its end (RFC 9110 §15.5.17). Not in spec: the text has no control plane."""
    told = f"The file has {size} bytes; the range begins behind its end."
    return Problem(416, "invalid_request", told, {"size": size}, {"Content-Range": f"bytes */{size}"})


def unsupported_coding(provided: str, supported: list[str]) -> Problem:
    """The body has a coding that is not undone here (RFC 9110 §15.5.16); the protocol has no code for it (E63)."""
    offered = ", ".join(supported)
    return Problem(
        415,
        "invalid_request",
        f"A body encoded as {provided!r} is not taken here; {offered} or no coding is.",
        {"provided_encoding": provided, "supported_encodings": supported},
        {"Accept-Encoding": offered},
    )


def unsupported_version(requested: str, supported: list[str]) -> Problem:
    """MSA-Version names a version that is not offered (§3.3)."""
    return Problem(
        400,
        "unsupported_version",
        f"Protocol version {requested!r} is not supported.",
        {"requested_version": requested, "supported_versions": supported},
    )


def internal_error() -> Problem:
    """Something unexpected broke here; what it was stands in the log, never in the answer (§11.2)."""
    return Problem(500, "internal_error", "The service met an unexpected condition.")


def service_unavailable(message: str, retry_after: int) -> Problem:
    """The queue is full or the service is starting (§11.2)."""
    return Problem(503, "service_unavailable", message, None, {"Retry-After": str(retry_after)})


def log_unusable() -> Problem:
    """The disk of the session manager's log takes no line; what is asked for is not recorded."""
    return service_unavailable("The log cannot be used now; the server's log says why.", LOG_RETRY_S)
