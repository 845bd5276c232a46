"""What the control plane tells of past exchanges."""

from __future__ import annotations

from collections import OrderedDict, deque
from typing import Any

#: Exchanges a namespace can look back on, and namespaces that can.
_REMEMBERED, _REMEMBERING = 200, 256


class Outlines:
    """The outlines of a namespace's last exchanges, for its own eyes: no header, no body, no key."""

    def __init__(self) -> None:
        self._seen: OrderedDict[str, deque[dict[str, Any]]] = OrderedDict()

    def keep(self, namespace: str, outline: dict[str, Any]) -> None:
        """Remember one exchange; the namespace that was silent longest is forgotten for a new one."""
        found = self._seen.pop(namespace, None)
        self._seen[namespace] = found = deque(maxlen=_REMEMBERED) if found is None else found
        found.append(outline)
        while len(self._seen) > _REMEMBERING:
            self._seen.popitem(last=False)

    def of(self, namespace: str) -> list[dict[str, Any]]:
        """Oldest first."""
        return list(self._seen.get(namespace, ()))

    def forget(self, namespace: str) -> None:
        """Begin anew."""
        self._seen.pop(namespace, None)
