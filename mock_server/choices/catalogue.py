"""Every choice of a revision by its name, in the order in which they change an answer."""

from __future__ import annotations

import functools
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

import scribe_data
from mock_server.choices import creation, discovery, ending, identity, reading, results, uploads, wire
from mock_server.session.table import MACHINES
from scribe_data import PROFILE, REVISION

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mock_server.choices.choice import Choice, Taken

# an upload URL is made before it is moved, and how bytes look is the last that is decided
_ROOMS: Final = (uploads, discovery, identity, creation, reading, results, ending, wire)


@functools.cache
def catalogue(revision: str = REVISION) -> Mapping[str, Choice]:
    """The choices that the text of a revision leaves open."""
    spec = scribe_data.load(PROFILE, revision)
    found = (choice.in_text(choice, spec) for room in _ROOMS for choice in room.CHOICES)
    return MappingProxyType({choice.name: choice for choice in found if choice is not None})


@functools.cache
def defaults(revision: str = REVISION) -> Taken:
    """What a server of a revision does unless it is told otherwise."""
    return MappingProxyType({choice.name: choice.default for choice in catalogue(revision).values()})


def revisions_of(name: str) -> tuple[str, ...]:
    """The revisions in which there is such a choice."""
    return tuple(revision for revision in MACHINES if name in catalogue(revision))
