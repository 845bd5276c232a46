"""What a server has of the process that it is one of several in; a server by itself has nothing of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from mock_server.api.face import Face
    from mock_server.pipeline.hands import Hands


def _has_all(_namespace: str) -> bool:
    return True


@dataclass(frozen=True)
class Within:
    """Each field's default is what a server has of its own; what is given here it uses, and does not close."""

    #: The face of the process: what hears, who may come in, and the numbers of all are its own.
    face: Face | None = None
    #: Who hears uploads and fills templates.
    hands: Hands | None = None
    #: What seals tickets, whichever process has issued them.
    sealing: bytes | None = field(default=None, repr=False)
    #: The cluster's identity, by which several of them are told from one another where they share something.
    name: str | None = None
    #: Whether a namespace belongs to this server.
    has: Callable[[str], bool] = _has_all
    #: What tells this process from others on its machine.
    place: str = ""


ALONE = Within()
