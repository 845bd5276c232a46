"""Every fault by name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mock_server.faults.fault import Fault

CATALOGUE: Final[Mapping[str, Fault]] = {}
