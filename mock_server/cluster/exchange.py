"""One request on its way to another member: its head as it is sent on, and its body as the client sends it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from mock_server.cluster import fields, mark

if TYPE_CHECKING:
    from starlette.types import Message, Receive, Scope

    from mock_server.cluster.line import Line

#: Methods that change nothing (RFC 9110 §9.2.1): they may be sent once more where nobody knows what became of them.
_SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})


@dataclass(frozen=True)
class Asked:
    """A request as it is sent on."""

    head: bytes
    #: Whether it has a body, and whether that comes in chunks.
    bodied: bool
    chunked: bool
    #: Whether the client waits until somebody wants its body.
    expects: bool
    #: Whether the answer has no body, whatever its head says.
    bodiless: bool
    #: Whether it may be sent twice.
    repeatable: bool

    @classmethod
    def of(cls, scope: Scope, hops: int, secret: bytes) -> Asked:
        """A client's request, or one that a member has sent on already."""
        given = {name.lower(): value for name, value in scope["headers"]}
        chunked = b"transfer-encoding" in given
        sent = fields.asked(scope["headers"], mark.mark(scope, hops, secret))
        if chunked:
            sent.append((b"transfer-encoding", b"chunked"))
        method = scope["method"]
        lines = [b"%b %b HTTP/%b" % (method.encode(), mark.target(scope), scope.get("http_version", "1.1").encode())]
        lines += [b"%b: %b" % field for field in sent]
        bodied = chunked or given.get(b"content-length", b"0") != b"0"
        return cls(
            head=b"\r\n".join([*lines, b"", b""]),
            bodied=bodied,
            chunked=chunked,
            expects=bodied and given.get(b"expect", b"").lower() == b"100-continue",
            bodiless=method == "HEAD",
            repeatable=method in _SAFE and not bodied,
        )


class Exchange:
    """What goes from the client to the member while the answer comes back."""

    def __init__(self, asked: Asked, receive: Receive, line: Line) -> None:
        self.asked = asked
        self._receive = receive
        #: The connection it goes over now.
        self.line = line
        #: Whether the client's request is read to its end.
        self.read = not asked.bodied
        #: Whether the client is gone.
        self.gone = False
        #: Whether all of the answer is there: what the client says then is none of ours.
        self.over = False

    def ask(self, line: Line) -> None:
        """Send the head over a connection, and from now on the rest."""
        self.line = line
        if self.gone:
            return line.abort()
        return line.ask(self.asked.head, bodiless=self.asked.bodiless)

    def closed(self) -> bool:
        """Whether the end of the member's connection is also that of the client's.

        So it is with a refusal of what has a body, which is not waited for, and with whatever the client still sends.
        """
        refused = self.line.status >= 400 or not self.read
        return self.asked.bodied and refused and fields.closes(self.line.fields)

    async def feed(self) -> None:
        """Send the body on as it comes; end the connection when the client is gone."""
        if self.asked.expects:
            await self.line.wanted.wait()
        while (message := await self._receive())["type"] == "http.request":
            if not self.read:
                await self._pass(message)
        if not self.over:
            self.gone = True
            self.line.abort()

    async def _pass(self, message: Message) -> None:
        body, more = message.get("body", b""), message.get("more_body", False)
        self.read = not more
        if self.asked.chunked:
            body = (b"%x\r\n%b\r\n" % (len(body), body) if body else b"") + (b"" if more else b"0\r\n\r\n")
        if body:
            await self.line.write(body)
