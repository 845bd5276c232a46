"""Every fault by name, a revision at a time: what is wrong in one may be right in another."""

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
    odd,
    race,
    reading,
    revised,
)
from scribe_data import REVISION

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mock_server.faults.fault import Fault

_ROOMS = (discovery, credentials, creation, reading, ending, envelopes, odd, disputed, deep, race)

#: Those of the default revision.
CATALOGUE: Final[Mapping[str, Fault]] = {fault.name: fault for room in _ROOMS for fault in room.FAULTS}


def catalogue(revision: str) -> Mapping[str, Fault]:
    """The faults of a revision by name."""
    return CATALOGUE if revision == REVISION else {fault.name: fault for fault in revised.FAULTS.get(revision, ())}
