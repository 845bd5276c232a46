"""Which scenarios are armed for each namespace: those it asked for, and those the server was started with."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from mock_server import problems
from mock_server.scenarios.bindings import text_bytes

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from mock_server.scenarios.armed import Armed

#: Scenarios armed at a time of one namespace, and namespaces that have any.
MOST_ARMED: Final = 50
_MOST_NAMESPACES: Final = 4096
#: Bytes of memory that the texts take which one namespace has armed, and all together: any one transcript has room.
MOST_TEXT_BYTES, MOST_TEXT_BYTES_IN_ALL = 2 * 1024 * 1024, 64 * 1024 * 1024
_RETRY_S: Final = 60


@dataclass
class _Own:
    """What one namespace has: its own copies of the steps of a file, of one edition, and what else is armed."""

    edition: int
    steps: list[Armed] = field(default_factory=list)
    others: list[Armed] = field(default_factory=list)
    #: Bytes of the texts of the others; those of a file's steps are the same for all.
    text_bytes: int = 0

    def keep(self, which: Callable[[Armed], bool]) -> None:
        """Keep those that fit."""
        for kept in (self.steps, self.others):
            kept[:] = [armed for armed in kept if which(armed)]
        self.text_bytes = sum(map(_text_bytes, self.others))


def _text_bytes(armed: Armed) -> int:
    return text_bytes(armed.values.values())


class Roster:
    """What is armed for whom; what a server is started with counts for each namespace by itself."""

    def __init__(self, defaults: Sequence[Armed], now_of: Callable[[str], datetime]) -> None:
        self._defaults = tuple(defaults)
        self._steps: tuple[Armed, ...] = ()
        self._edition = 0
        self._now_of = now_of
        self._for: OrderedDict[str, _Own] = OrderedDict()

    def edit(self, steps: Sequence[Armed]) -> None:
        """Take the steps of a file in place of those before, for every namespace; nothing else changes."""
        self._steps = tuple(steps)
        self._edition += 1

    def of(self, namespace: str) -> list[Armed]:
        """What is armed for a namespace, in the order in which it is looked at."""
        own = self._for.get(namespace)
        if own is None and not (self._defaults or self._steps):
            return []
        now = self._now_of(namespace)
        if own is None:
            own = self._keep(namespace, _Own(-1, others=[armed.begun(now) for armed in self._defaults]))
        if own.edition != self._edition:
            own.edition, own.steps = self._edition, [armed.begun(now) for armed in self._steps]
        if any(armed.over(now) for armed in (*own.steps, *own.others)):
            own.keep(lambda armed: not armed.over(now))
        return [*own.steps, *own.others]

    def _room(self, namespace: str, armed: Armed) -> None:
        if len(self.of(namespace)) >= MOST_ARMED:
            told = f"{MOST_ARMED} scenarios are armed already; DELETE clears them."
            raise problems.invalid_request(told, field="scenario", limit=MOST_ARMED)
        size, own = _text_bytes(armed), self._for.get(namespace)
        if size + (own.text_bytes if own else 0) > MOST_TEXT_BYTES:
            told = f"The texts of what is armed take {MOST_TEXT_BYTES} bytes of memory at most; DELETE clears them."
            raise problems.invalid_request(told, field="parameters", limit=MOST_TEXT_BYTES)
        if size and size + sum(each.text_bytes for each in self._for.values()) > MOST_TEXT_BYTES_IN_ALL:
            told = "The texts that clients of this server have armed leave no room for another."
            raise problems.service_unavailable(told, _RETRY_S)

    def add(self, namespace: str, armed: Armed) -> None:
        """Arm one more; raises 400 where a namespace has as many as it may, or as long ones, 503 where all have."""
        self._room(namespace, armed)
        own = self._for.get(namespace) or _Own(self._edition)
        own.others.append(armed)
        own.text_bytes += _text_bytes(armed)
        self._keep(namespace, own)

    def remove(self, namespace: str, which: Callable[[Armed], bool] = lambda _armed: True) -> int:
        """Disarm those that fit; returns how many."""
        before = len(self.of(namespace))
        own = self._for.get(namespace)
        if own is None:
            return 0
        own.keep(lambda armed: not which(armed))
        if not (own.steps or own.others or self._defaults or self._steps):
            del self._for[namespace]
        return before - len(self.of(namespace))

    def forget(self, namespace: str) -> None:
        """Leave a namespace as the server was started."""
        self._for.pop(namespace, None)

    def _keep(self, namespace: str, own: _Own) -> _Own:
        self._for[namespace] = own
        self._for.move_to_end(namespace)
        while len(self._for) > _MOST_NAMESPACES:
            self._for.popitem(last=False)
        return own
