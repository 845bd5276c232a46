"""Whoever has shown a key is let in: its connection keeps its place, however many strangers come."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from starlette.types import Scope

#: Among the extensions of an ASGI scope: what tells the connection that its client is let in, `["tell"]()`.
LET_IN: Final = "scribe.mock.let_in"


def let_in(scope: Scope) -> None:
    """Tell the connection of a request, where it wants to know."""
    if (told := scope.get("extensions", {}).get(LET_IN)) is not None:
        told["tell"]()
