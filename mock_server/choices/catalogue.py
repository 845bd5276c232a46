"""Every choice of what is served by its name, in the order in which they change an answer."""

from __future__ import annotations

import functools
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

import scribe_data
from mock_server.choices import (
    creation,
    dictation,
    discovery,
    ending,
    figure,
    identity,
    inquiry,
    listing,
    reading,
    recording,
    report,
    results,
    roster,
    uploads,
    window,
    wire,
)
from mock_server.served import LIVE, LIVE_REVISION, RESEARCH, WINDOWS
from mock_server.session.table import MACHINES
from scribe_data import PROFILE, REVISION

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mock_server.choices.choice import Choice, Taken

# an upload URL is made before it is moved, and how bytes look is the last that is decided
_ROOMS: Final = (uploads, discovery, identity, creation, reading, results, ending, wire)


#: Those of other profiles, joined with those before them where a server has several.
_JOINED: Final = {
    RESEARCH: (report, listing, inquiry, figure),
    WINDOWS: (window,),
    LIVE: (dictation, recording, roster),
}


@functools.cache
def catalogue(
    revision: str = REVISION, profiles: tuple[str, ...] = (PROFILE,), live: str = LIVE_REVISION
) -> Mapping[str, Choice]:
    """The choices that the texts leave open that are served."""
    found: dict[str, Choice] = {}
    if PROFILE in profiles:
        spec = scribe_data.load(PROFILE, revision)
        ours = (choice.in_text(choice, spec) for room in _ROOMS for choice in room.CHOICES)
        found = {choice.name: choice for choice in ours if choice is not None}
    for profile, rooms in _JOINED.items():
        if profile not in profiles:
            continue
        own = {choice.name: choice for room in rooms for choice in room.CHOICES}
        if profile == LIVE:
            text = scribe_data.load(LIVE, live)
            told = {name: choice.in_text(choice, text) for name, choice in own.items()}
            own = {name: choice for name, choice in told.items() if choice is not None}
        both = {name: found[name].joined(own[name]) for name in found if name in own}
        # how bytes look is the last that is decided
        found = {**{n: c for n, c in found.items() if n not in own}, **{n: both.get(n, c) for n, c in own.items()}}
    return MappingProxyType(found)


@functools.cache
def defaults(revision: str = REVISION, profiles: tuple[str, ...] = (PROFILE,), live: str = LIVE_REVISION) -> Taken:
    """What a server does unless it is told otherwise."""
    return MappingProxyType({choice.name: choice.default for choice in catalogue(revision, profiles, live).values()})


def revisions_of(name: str) -> tuple[str, ...]:
    """The revisions in which there is such a choice."""
    return tuple(revision for revision in MACHINES if name in catalogue(revision))
