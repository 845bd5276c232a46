"""Every fault by name, a profile and a revision at a time: what is wrong in one may be right in another."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from mock_server.faults import (
    creation,
    credentials,
    deep,
    discovery,
    disputed,
    ending,
    envelopes,
    inquiries,
    odd,
    race,
    reading,
    revised,
    windows,
)
from scribe_data import PROFILE, REVISION

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from mock_server.faults.fault import Fault

_ROOMS = (discovery, credentials, creation, reading, ending, envelopes, odd, disputed, deep, race)

#: Those of the default revision.
CATALOGUE: Final[Mapping[str, Fault]] = {fault.name: fault for room in _ROOMS for fault in room.FAULTS}


#: Those of the session manager.
WINDOWS: Final[Mapping[str, Fault]] = {fault.name: fault for fault in windows.FAULTS}


#: Those of research sessions.
INQUIRIES: Final[Mapping[str, Fault]] = {fault.name: fault for fault in inquiries.FAULTS}


def catalogue(revision: str, profiles: Collection[str] = (PROFILE,)) -> Mapping[str, Fault]:
    """The faults of the profiles that are served, of medscribe those of a revision, by name."""
    own = CATALOGUE if revision == REVISION else {fault.name: fault for fault in revised.FAULTS.get(revision, ())}
    found = {PROFILE: own, "session_manager": WINDOWS, "prsm": INQUIRIES}
    return {name: fault for profile in found if profile in profiles for name, fault in found[profile].items()}
