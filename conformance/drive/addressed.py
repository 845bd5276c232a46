"""Hands for protocols whose operations stand in their profile with a path: they are asked by their names."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote, urlencode
from uuid import UUID

from conformance.drive.driver import Driver
from conformance.drive.handle import Handle, at_rest
from conformance.drive.hands import UNSET
from conformance.drive.printed import least_body, printed_query
from conformance.vocabulary.operation import Credential, Operation
from conformance.vocabulary.session import Session

if TYPE_CHECKING:
    from collections.abc import Mapping

    from conformance.evidence import Exchange

#: Digits that a UUID may have; the ones that say of which kind it is stay.
_HEX: Final = "0123456789abcdef"


class Addressed(Driver):
    """One journey's hands, and the operations of a session by their names."""

    def worded(self, body: Any) -> Any:
        """As it is: every revision has the same words."""
        return body

    def at(self, operation: Operation, session_id: str = "") -> str:
        """Where an operation is served, of a session where it is about one."""
        text = self.options.text
        known = text.lifecycle.operations.get(operation)
        # the table prints a path in which nothing is left open but the session
        path = known.request.split()[1].partition("?")[0] if known else text.protocol.endpoints[operation].path
        return self.target.base_url.rstrip("/") + path.format(session_id=quote(session_id, safe=""))

    def address(self, session_id: str) -> str:
        """Where a session is read."""
        return self.at(Operation.GET, session_id)

    async def ask(
        self,
        operation: Operation,
        handle: Handle,
        *,
        query: Mapping[str, str] | None = None,
        json: Any = None,
        probe: str | None = None,
        credential: Credential = Credential.RIGHT,
        graded: bool = True,
    ) -> Exchange:
        """One operation of a session, with the query and the body the text has for it unless others are given."""
        text = self.options.text
        told = printed_query(text, operation) if query is None else f"?{urlencode(query)}" if query else ""
        takes = text.protocol.endpoints[operation].takes
        body = (least_body(text, operation) or UNSET) if json is None else json
        return await self.send(
            operation,
            text.protocol.endpoints[operation].method,
            self.at(operation, handle.session_id) + told,
            session=handle.key,
            probe=probe,
            credential=credential,
            json=body if takes else UNSET,
            graded=graded,
        )

    async def own(
        self, operation: str, handle: Handle, *, probe: str | None = None, credential: Credential = Credential.RIGHT
    ) -> Exchange | None:
        """Any operation of a session as the text prints it."""
        return await self.ask(Operation(operation), handle, probe=probe, credential=credential)

    async def list(
        self,
        query: Mapping[str, object] | None = None,
        *,
        probe: str | None = None,
        credential: Credential = Credential.RIGHT,
        graded: bool = True,
    ) -> Exchange:
        """A page of the caller's sessions."""
        url = self.at(Operation.LIST) + (f"?{urlencode(query)}" if query else "")
        return await self.send(Operation.LIST, "GET", url, probe=probe, credential=credential, graded=graded)

    async def finish(self, handle: Handle) -> Exchange | None:
        """Read until the session rests; once, where a wait was in vain and no session of the run ever came to rest."""
        if self._wire.budget.in_vain:
            last = await self.get(handle)
            told = (
                f"Session {handle.key!s} was not waited for: others were in vain, and none of the run came to its end."
            )
            self.note("deadline", told)
            return last if at_rest(last) else None
        found = await super().finish(handle)
        if found is None:
            self._wire.budget.waited_in_vain()
        return found

    def end_body(self) -> Any:
        """Nothing: sessions end by themselves, or are cancelled."""
        return UNSET

    def stranger(self, handle: Handle) -> Handle | None:
        """A session nobody made, its id of the same shape."""
        return Handle(Session.STRANGER.of(handle.key), made_up(handle.session_id), "", handle.created, {})


def made_up(session_id: str) -> str:
    """An id of the same shape that nobody was given: of the same kind of UUID, or alike digit for digit."""
    digest = hashlib.sha256(session_id.encode()).hexdigest()
    try:
        known = UUID(session_id)
    except ValueError:
        return _alike(session_id, digest)
    made = str(UUID(hex=digest[:32], version=known.version or 4))
    return made if "-" in session_id else made.replace("-", "")


def _alike(session_id: str, digest: str) -> str:
    """The beginning up to the last mark stays, as do marks; the rest is changed."""
    head, mark, rest = session_id.rpartition("_")
    changed = "".join(_other(c, int(digest[at % len(digest)], 16)) for at, c in enumerate(rest))
    return f"{head}{mark}{changed}"


def _other(c: str, by: int) -> str:
    """Another character of the same kind; the mark itself where it is neither a digit nor a letter of ASCII."""
    if c.isdecimal() and c.isascii():
        return str((int(c) + 1 + by % 9) % 10)
    if c.lower() in _HEX:  # what may be a number of base 16 stays one
        found = _HEX[10 + (_HEX.index(c.lower()) - 10 + 1 + by % 5) % 6]
        return found.upper() if c.isupper() else found
    if not (c.isascii() and c.isalpha()):
        return c
    first = "A" if c.isupper() else "a"
    return chr(ord(first) + (ord(c) - ord(first) + 1 + by % 25) % 26)
