"""How the server behaves where a fault may make it misbehave: one frozen value per namespace.

The honest server is `HONEST`. A fault is a changed copy of it, or a rewriting of finished answers, or both
(`mock_server.faults`); nothing else in the server knows that faults exist.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Conduct:
    """Each field's default is what the protocol asks for."""

    chunk_order: Literal["numeric", "lexical", "arrival"] = "numeric"


HONEST = Conduct()
