"""How many answers are being sent piece by piece, which lasts as long as their clients read."""

from __future__ import annotations

import contextlib
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from mock_server import problems

if TYPE_CHECKING:
    from collections.abc import Iterator

#: Answers under way at a time, of one namespace and of all: each costs a connection.
MOST, MOST_IN_ALL = 32, 256
_RETRY_S: Final = 5


@dataclass
class Places:
    """How many such answers are under way, by namespace."""

    taken: Counter[str] = field(default_factory=Counter)

    def check(self, namespace: str) -> None:
        """Refuse one more where there is no place for it."""
        if self.taken[namespace] >= MOST or self.taken.total() >= MOST_IN_ALL:
            told = f"{self.taken[namespace]} streams of this key's namespace are open; close one, or wait."
            raise problems.service_unavailable(told, _RETRY_S)

    @contextlib.contextmanager
    def held(self, namespace: str) -> Iterator[None]:
        """Count one for the time of the block."""
        self.taken[namespace] += 1
        try:
            yield
        finally:
            self.taken[namespace] -= 1
            if not self.taken[namespace]:
                del self.taken[namespace]
