"""Which of the recorded exchanges are asked for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mock_server.traffic.har import begun

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from mock_server.traffic.drawing import Numbered


@dataclass(frozen=True)
class Selection:
    """What an exchange has to have; `status` is a code, or a class as 4xx."""

    session: str | None = None
    operation: str | None = None
    status: str | None = None
    since: datetime | None = None

    def of(self, exchanges: Iterable[Numbered]) -> list[Numbered]:
        """Those that have it, in their order."""
        return [numbered for numbered in exchanges if self._fits(numbered)]

    def _fits(self, numbered: Numbered) -> bool:
        _, told = numbered
        return (
            self.session in (None, told["session"])
            and self.operation in (None, told["operation"])
            and self.status in (None, str(told["status"]), f"{told['status'] // 100}xx")
            and (self.since is None or begun(told) >= self.since)
        )
