"""What the face of a process knows that is one of many, for health and metrics."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mock_server.api.face import Face


class Around(Protocol):
    """The servers in this process, and the processes beside it."""

    @property
    def role(self) -> str:
        """What this one does among them."""

    def servers(self) -> Sequence[Face]:
        """The faces of those that have sessions here."""

    def lacks(self) -> Mapping[str, str]:
        """Part of it -> what that lacks; empty where everything is there."""

    def told(self) -> Mapping[str, Mapping[str, Any]]:
        """Part of it -> what there is to say of it in numbers."""
