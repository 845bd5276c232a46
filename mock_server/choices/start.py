"""The choices that a server is started with."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from mock_server.choices.drawing import check_needs, drawn, made, spoken
from mock_server.choices.layer import Choices
from mock_server.problems import Problem
from scribe_data import REVISION

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from mock_server.choices.choice import Value
    from mock_server.conduct import Conduct
    from mock_server.settings import Settings

_SEED = re.compile(r"([0-9]{1,15})(?::(strict|lenient))?\Z")


def begun(settings: Settings, conduct: Callable[[str], Conduct]) -> Choices | None:
    """The layer of choices; None for a faithful server, and for one that has another text than they are of.

    Raises ValueError for a seed that is none, for an unknown choice or value, and for either where there is no layer.
    """
    fits = "medscribe" in settings.profiles and settings.revision == REVISION
    if not fits or settings.faithful:
        if settings.vary is not None or settings.choices:
            needs = f"the profile medscribe, revision {REVISION}, and a server not --faithful"
            raise ValueError(f"--vary and --choice need {needs}.")
        return None
    layers: list[Mapping[str, Value]] = []
    if settings.vary is not None:
        found = _SEED.match(settings.vary)
        if not found:
            raise ValueError(f"--vary {settings.vary[:40]!r} is not SEED or SEED:strict, SEED a whole number from 0.")
        layers.append(drawn(int(found[1]), "strict" if found[2] == "strict" else "lenient"))
    given = [_named(text) for text in settings.choices]
    taken = made(*layers, *given)
    try:
        for each in given:
            check_needs(each, taken)
    except Problem as problem:
        raise ValueError(f"--choice: {problem.message}") from None
    return Choices(taken, conduct)


def _named(text: str) -> Mapping[str, Value]:
    try:
        return spoken(text)
    except Problem as problem:
        raise ValueError(f"--choice {text[:80]!r}: {problem.message} `scribe-mock choices` lists them.") from None
