"""What each namespace may have of something that costs everybody: so much at once, and more as time goes by."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

#: Namespaces that are remembered before those are looked for that have all of their budget again.
_MANY: Final = 1024


class Budget:
    """A bucket for each namespace, whichever sockets empty it: whoever connects again finds it as it was left."""

    def __init__(self, most: int, a_second: int, now: Callable[[], float] = time.monotonic) -> None:
        """`most` is what there is at once, `a_second` what comes back; `now` tells seconds."""
        self.most = most
        self.a_second = a_second
        self._now = now
        #: When each will have all of it again.
        self._whole_at: dict[str, float] = {}

    def whole_at(self) -> dict[str, float]:
        """Namespace -> the moment at which it has all of it again; those that have it now are left out."""
        now = self._now()
        return {name: at for name, at in self._whole_at.items() if at > now}

    def take_up(self, left: Mapping[str, float]) -> None:
        """Begin with what an earlier process left: namespace -> in how many seconds it has all of it again."""
        now, most = self._now(), self.most / self.a_second
        self._whole_at = {name: now + min(seconds, most) for name, seconds in left.items() if seconds > 0}

    def spend(self, namespace: str, size: int) -> bool:
        """Take so much of it; False, and nothing is taken, where there is less."""
        if size <= 0:
            return True
        now = self._now()
        whole_at = max(now, self._whole_at.get(namespace, now)) + size / self.a_second
        if whole_at - now > self.most / self.a_second:
            return False
        if len(self._whole_at) >= _MANY and namespace not in self._whole_at:
            self._whole_at = {name: at for name, at in self._whole_at.items() if at > now}
        self._whole_at[namespace] = whole_at
        return True


def texts() -> Budget:
    """Characters of text beside samples: to read them costs everybody, and no client has that much to say."""
    return Budget(2 * 1024 * 1024, 64 * 1024)
