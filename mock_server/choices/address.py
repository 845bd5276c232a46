"""Choices of addresses: requests are brought to the paths that the server's routes have."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from urllib.parse import quote, unquote_plus

from starlette.datastructures import Headers

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

    from mock_server.choices.layer import Choices
    from mock_server.ticket import Ticket

#: Among the members of an ASGI scope: the ticket that a request's address holds.
TICKET: Final = "scribe.mock.ticket"
_HOME: Final = "/v1"
_LIVE: Final = "/v1/realtime/sessions/"
#: In place of the id of another client's session: one that looks like any, and is none.
_HIDDEN: Final = f"ses_{'0' * 24}"
_OPERATIONS: Final = ("/sessions", "/templates", "/uploads")


class Addresses:
    """An application whose operations lie where the choices for whoever asks have them."""

    def __init__(self, app: ASGIApp, choices: Choices) -> None:
        self._app = app
        self._choices = choices

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        # a ticket stays good when nothing is chosen any more
        if scope["type"] == "http" and (self._choices.any() or scope["query_string"] or "/uploads" in scope["path"]):
            scope = self._brought(scope)
        await self._app(scope, receive, send)

    def _brought(self, scope: Scope) -> Scope:
        namespace = self._choices.whose(Headers(scope=scope)) or ""
        taken = self._choices.taken(namespace)
        path: str = scope["path"]
        if taken.get("trailing_slash") == "the same" and len(path) > 1:
            path = path.removesuffix("/")
        path = _home(path, str(taken.get("base", _HOME)))
        path, ticket = self._with_ticket(path, scope["query_string"], namespace)
        if path == scope["path"] and ticket is None:
            return scope
        moved = {**scope, "path": path, "raw_path": quote(path, safe="/:@!$&'()*+,;=~").encode()}
        # a credential is shown to nobody who watches
        return moved if ticket is None else {**moved, TICKET: ticket, "query_string": b""}

    def _with_ticket(self, path: str, query: bytes, namespace: str) -> tuple[str, Ticket | None]:
        """The path of the session's audio, and the ticket that names it; another client's key is told no session."""
        if path.startswith(f"{_HOME}/uploads/"):
            text, slash, name = path.removeprefix(f"{_HOME}/uploads/").partition("/")
        elif path == f"{_HOME}/uploads":
            text, slash, name = _asked(query, "ticket"), "", ""
        elif query and path.startswith(f"{_HOME}/sessions/"):
            ticket = self._choices.tickets.read(_asked(query, "signature"))
            signed = ticket is not None and path.startswith(f"{_HOME}/sessions/{ticket.session_id}/audio")
            return path, ticket if signed else None
        elif query and path.startswith(_LIVE):
            ticket = self._choices.tickets.read(_asked(query, "signature"))
            return path, ticket if ticket is not None and path == f"{_LIVE}{ticket.session_id}/audio" else None
        else:
            return path, None
        ticket = self._choices.tickets.read(text)
        if ticket is None:
            return path, None
        session_id = ticket.session_id if namespace in ("", ticket.namespace) else _HIDDEN
        return f"{_HOME}/sessions/{session_id}/audio{slash}{name}", ticket


def _home(path: str, base: str) -> str:
    """The path as the routes have it, where it lies below a base of the choices."""
    if base == _HOME or not path.startswith(base):
        return path
    rest = path[len(base) :]
    below = any(rest == each or rest.startswith(each + "/") for each in _OPERATIONS)
    return _HOME + rest if below else path


def _asked(query: bytes, name: str) -> str:
    """The value of the first parameter of this name, however many there are; "" for none."""
    asked = f"{name}=".encode()
    found = next((pair for pair in query.split(b"&") if pair.startswith(asked)), asked)
    return unquote_plus(found.removeprefix(asked).decode("latin-1"))
