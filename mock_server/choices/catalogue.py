"""Every choice of what is served by its name, in the order in which they change an answer."""

from __future__ import annotations

import functools
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

import scribe_data
from mock_server.choices import (
    creation,
    discovery,
    ending,
    figure,
    identity,
    inquiry,
    listing,
    reading,
    report,
    results,
    uploads,
    wire,
)
from mock_server.served import RESEARCH
from mock_server.session.table import MACHINES
from scribe_data import PROFILE, REVISION

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mock_server.choices.choice import Choice, Taken

# an upload URL is made before it is moved, and how bytes look is the last that is decided
_ROOMS: Final = (uploads, discovery, identity, creation, reading, results, ending, wire)


#: Those of research sessions.
_RESEARCH: Final = (report, listing, inquiry, figure)


@functools.cache
def catalogue(revision: str = REVISION, profiles: tuple[str, ...] = (PROFILE,)) -> Mapping[str, Choice]:
    """The choices that the texts leave open that are served."""
    found: dict[str, Choice] = {}
    if PROFILE in profiles:
        spec = scribe_data.load(PROFILE, revision)
        told = (choice.in_text(choice, spec) for room in _ROOMS for choice in room.CHOICES)
        found = {choice.name: choice for choice in told if choice is not None}
    if RESEARCH in profiles:
        own = {choice.name: choice for room in _RESEARCH for choice in room.CHOICES}
        both = {name: found[name].joined(own[name]) for name in found if name in own}
        # how bytes look is the last that is decided
        found = {**{n: c for n, c in found.items() if n not in own}, **{n: both.get(n, c) for n, c in own.items()}}
    return MappingProxyType(found)


@functools.cache
def defaults(revision: str = REVISION, profiles: tuple[str, ...] = (PROFILE,)) -> Taken:
    """What a server does unless it is told otherwise."""
    return MappingProxyType({choice.name: choice.default for choice in catalogue(revision, profiles).values()})


def revisions_of(name: str) -> tuple[str, ...]:
    """The revisions in which there is such a choice."""
    return tuple(revision for revision in MACHINES if name in catalogue(revision))
