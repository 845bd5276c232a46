"""Every fault by name, a profile and a revision at a time: what is wrong in one may be right in another."""

from __future__ import annotations

import functools
import json
from importlib import resources
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from mock_server.faults import (
    creation,
    credentials,
    deep,
    direct,
    discovery,
    disputed,
    ending,
    envelopes,
    inquiries,
    live,
    odd,
    race,
    reading,
    revised,
    streams,
    windows,
)
from mock_server.faults.shared import shared
from mock_server.served import LIVE_REVISION
from scribe_data import PROFILE, REVISION

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from mock_server.faults.fault import Fault

#: Those that journeys show; what only generated requests, sequences and races show is of the default revision alone.
_SHARED = (discovery, credentials, creation, reading, ending, envelopes, streams, disputed)
_ROOMS = (*_SHARED[:-1], odd, disputed, deep, race)

#: Those of the default revision.
CATALOGUE: Final[Mapping[str, Fault]] = {fault.name: fault for room in _ROOMS for fault in room.FAULTS}


#: Those of the session manager.
WINDOWS: Final[Mapping[str, Fault]] = {fault.name: fault for fault in windows.FAULTS}


#: Those of research sessions.
INQUIRIES: Final[Mapping[str, Fault]] = {fault.name: fault for fault in inquiries.FAULTS}


#: Those of live sessions.
LIVE: Final[Mapping[str, Fault]] = {fault.name: fault for fault in live.FAULTS}


#: Those of live sessions that only sequences of requests show.
LIVE_DEEP: Final[Mapping[str, Fault]] = {fault.name: fault for fault in live.DEEP}


#: And those that only requests and sockets at the same time show.
LIVE_RACING: Final[Mapping[str, Fault]] = {fault.name: fault for fault in live.RACING}


#: Those of servers whose clients put audio into a store by themselves: elsewhere they would change nothing.
DIRECT: Final[Mapping[str, Fault]] = {fault.name: fault for fault in direct.FAULTS}


@functools.cache
def overlooked() -> frozenset[str]:
    """Those of the default revision that a quick run of the kit does not find, as it was measured."""
    return frozenset(json.loads(resources.files(__package__).joinpath("overlooked.json").read_text("utf-8")))


@functools.cache
def _of(revision: str) -> Mapping[str, Fault]:
    """The faults of a revision that is not the default one: what they share, and its own."""
    known = (fault for room in _SHARED for fault in room.FAULTS)
    found = (*shared(revision, known), *revised.FAULTS.get(revision, ()))
    return MappingProxyType({fault.name: fault for fault in found})


def catalogue(
    revision: str, profiles: Collection[str] = (PROFILE,), live_revision: str = LIVE_REVISION
) -> Mapping[str, Fault]:
    """The faults of the profiles that are served, of medscribe and of live sessions those of a revision, by name."""
    own = CATALOGUE if revision == REVISION else _of(revision)
    spoken = {fault.name: fault for fault in (*live.of_revision(live_revision), *live.DEEP, *live.RACING)}
    found = {PROFILE: own, "session_manager": WINDOWS, "prsm": INQUIRIES, "dalston": spoken}
    return {name: fault for profile in found if profile in profiles for name, fault in found[profile].items()}
