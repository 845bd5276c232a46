"""The choices that a server is started with."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from mock_server.choices.drawing import check_needs, drawn, made, spoken
from mock_server.choices.layer import Choices
from mock_server.problems import Problem
from mock_server.suggestion import listed

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from mock_server.choices.choice import Value
    from mock_server.conduct import Conduct
    from mock_server.served import Served
    from mock_server.settings import Settings

_SEED = re.compile(r"([0-9]{1,15})(?::(strict|lenient))?\Z")


def begun(settings: Settings, conduct: Callable[[str], Conduct]) -> Choices | None:
    """The layer of choices; None for a faithful server.

    Raises ValueError for a seed that is none, for an unknown choice or value, and for either where there is no layer.
    """
    if settings.faithful:
        if settings.vary is not None or settings.choices:
            raise ValueError("--vary and --choice need a server that is not --faithful.")
        return None
    served = settings.served
    layers: list[Mapping[str, Value]] = []
    if settings.vary is not None:
        found = _SEED.match(settings.vary)
        if not found:
            raise ValueError(f"--vary {settings.vary[:40]!r} is not SEED or SEED:strict, SEED a whole number from 0.")
        layers.append(drawn(int(found[1]), "strict" if found[2] == "strict" else "lenient", served))
    given = [_named(text, served) for text in settings.choices]
    taken = made(*layers, *given, served=served)
    try:
        for each in given:
            check_needs(each, taken, served)
    except Problem as problem:
        raise ValueError(f"--choice: {problem.message}") from None
    return Choices(taken, conduct, served)


def _named(text: str, served: Served) -> Mapping[str, Value]:
    try:
        return spoken(text, served)
    except Problem as problem:
        raise ValueError(f"--choice {text[:80]!r}: {problem.message}{listed('choices', served)}") from None
