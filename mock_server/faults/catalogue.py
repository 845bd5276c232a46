"""Every fault by name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from mock_server.faults import creation, credentials, deep, discovery, disputed, ending, envelopes, odd, race, reading

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mock_server.faults.fault import Fault

_ROOMS = (discovery, credentials, creation, reading, ending, envelopes, odd, disputed, deep, race)

CATALOGUE: Final[Mapping[str, Fault]] = {fault.name: fault for room in _ROOMS for fault in room.FAULTS}
