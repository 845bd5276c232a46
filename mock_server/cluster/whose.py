"""Whose a request is, before anybody has answered it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from starlette.datastructures import Headers

from mock_server.api.dalston.socket import keyed
from mock_server.problems import Problem
from mock_server.served import LIVE
from mock_server.ticket import PREFIX, STREAMING, Tickets

if TYPE_CHECKING:
    from starlette.types import Scope

    from mock_server.auth import Keys
    from mock_server.settings import Settings

#: What looks like a ticket, wherever it stands in an address; longer is none.
_TICKET: Final = re.compile(rb"(?:\A|[/=&?])(" + PREFIX.encode() + rb"[A-Za-z0-9_-]{1,1600})")
_MOST: Final = 4
#: What is asked of the process and not of the server, with a key or without.
OWN: Final = ("/health/live", "/health/ready", "/metrics")


class Whose:
    """Reads keys and tickets as the server itself does."""

    def __init__(self, settings: Settings, keys: Keys, sealing: bytes) -> None:
        self._keys = keys
        self._base_path = settings.base_path
        self._live = LIVE in settings.profiles
        self._tickets = (Tickets(sealing), Tickets(sealing, STREAMING))

    def namespace(self, scope: Scope) -> str | None:
        """The namespace that a request is about; None for one that is nobody's: it is public, or will be refused."""
        if scope["path"].removeprefix(self._base_path) in OWN:
            return None
        try:
            return self._keys.namespace(keyed(scope) if self._live else Headers(scope=scope))
        except Problem:
            return self._sealed(scope)

    def _sealed(self, scope: Scope) -> str | None:
        """The namespace of a ticket in the address: who has one needs no key."""
        raw = scope.get("raw_path", b"") + b"?" + scope["query_string"]
        for found in _TICKET.findall(raw)[:_MOST]:
            for tickets in self._tickets:
                if (ticket := tickets.read(found.decode("ascii"))) is not None:
                    return ticket.namespace
        return None
