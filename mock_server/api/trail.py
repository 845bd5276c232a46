"""A line a request for whoever watches the server: what was asked, how it was answered, and why. No secrets."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Final, NamedTuple

from mock_server.api.redaction import query, shown

if TYPE_CHECKING:
    from collections.abc import Collection

    from starlette.requests import Request

    from mock_server.api.answer import Answer

#: Silent unless somebody raises its level (`scribe-mock serve --verbose`).
trail = logging.getLogger("scribe.mock.requests")
trail.setLevel(logging.WARNING)

#: The status of a request that became a socket; what it was closed with stands in its account.
SWITCHED: Final = 101
#: Bounds of what a line shows of a stranger's text, in characters.
_PATH, _REASON, _WORD = 200, 300, 60


def watched() -> bool:
    """Whether anybody reads the lines."""
    return trail.isEnabledFor(logging.INFO)


class Reason(NamedTuple):
    """Why a request was refused, as its answer tells; all None for one that was not."""

    code: str | None = None
    message: str | None = None
    field: str | None = None


_NONE: Final = Reason()


def reason(answer: Answer, secrets: Collection[str]) -> Reason:
    """Code, message and field of an error envelope, or of an error that has none."""
    if answer.status < 400 and answer.status != SWITCHED:
        return _NONE
    error = answer.body.get("error") if isinstance(answer.body, dict) else None
    if isinstance(error, str):  # the body itself is the error, and its code the status
        error = {**answer.body, "code": error}
    if not isinstance(error, dict):
        return _NONE
    details = error.get("details")
    found = (error.get("code"), error.get("message"), details.get("field") if isinstance(details, dict) else None)
    bounds = (_WORD, _REASON, _WORD)
    return Reason(
        *(shown(v, secrets, most) if isinstance(v, str) else None for v, most in zip(found, bounds, strict=True))
    )


def path_of(path: str, secrets: Collection[str]) -> str:
    """A path as text that may be shown."""
    return shown(path, secrets, _PATH)


def tell(request: Request, answer: Answer, session_id: str | None, secrets: Collection[str]) -> None:
    """Print a request's line."""
    asked = path_of(str(request.scope["path"]), secrets)
    if request.scope["query_string"]:
        asked += "?" + query(request.scope["query_string"], secrets)
    code, message, field = reason(answer, secrets)
    state = answer.body.get("status") if isinstance(answer.body, dict) else None
    words = [
        shown(request.method, secrets, _WORD),
        asked,
        str(answer.status),
        code or (shown(state, secrets, _WORD) if isinstance(state, str) else "-"),
        shown(session_id, secrets, _WORD) if session_id else "-",
        *([f"[{field}]"] if field else []),
        *([message] if message else []),
    ]
    fields = {
        "method": words[0],
        "path": asked,
        "status": answer.status,
        "session_id": session_id and shown(session_id, secrets, _WORD),
        "code": code,
        "field": field,
        "reason": message,
    }
    told = {name: value for name, value in fields.items() if value is not None}
    trail.info("%s", " ".join(words), extra={"fields": told})


def tell_unparsed(status: int, code: str, message: str) -> None:
    """Print the line of what was no request: there is no method, no path and no session to name."""
    reason = shown(message, (), _REASON)
    told = {"status": status, "code": code, "reason": reason}
    trail.info("%s", f"- - {status} {code} - {reason}", extra={"fields": told})
