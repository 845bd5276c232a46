"""Connections whose clients have shown no key: where all places are taken, the oldest of them makes room."""

from __future__ import annotations

from typing import Protocol


class Guest(Protocol):
    """A connection that nobody has let in yet."""

    def gives_way(self) -> bool:
        """End, unless somebody is being answered; whether it did."""


class Lobby:
    """Knows them in the order in which they came; whoever is let in is none of them any more."""

    def __init__(self) -> None:
        self._waiting: dict[Guest, None] = {}

    def __len__(self) -> int:
        return len(self._waiting)

    def enter(self, guest: Guest) -> None:
        """Somebody has come."""
        self._waiting[guest] = None

    def leave(self, guest: Guest) -> None:
        """Somebody is let in, or gone."""
        self._waiting.pop(guest, None)

    def make_room(self, newest: Guest) -> None:
        """Let the oldest one but the newest give way, if any does."""
        for guest in self._waiting:
            if guest is not newest and guest.gives_way():
                del self._waiting[guest]
                return
