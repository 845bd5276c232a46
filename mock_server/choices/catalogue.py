"""Every choice by its name, in the order in which they change an answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from mock_server.choices import creation, discovery, ending, identity, reading, results, uploads, wire

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mock_server.choices.choice import Choice, Taken

# an upload URL is made before it is moved, and how bytes look is the last that is decided
_ROOMS: Final = (uploads, discovery, identity, creation, reading, results, ending, wire)

CATALOGUE: Final[Mapping[str, Choice]] = {choice.name: choice for room in _ROOMS for choice in room.CHOICES}
DEFAULTS: Final[Taken] = {choice.name: choice.default for choice in CATALOGUE.values()}
