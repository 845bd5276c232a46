"""What the recorder writes and reads: exchanges by stretches as JSON, null where nothing could be kept."""

from __future__ import annotations

import json
import logging
import time
from itertools import islice
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias, TypeVar

from mock_server.storage.unit import Stretch

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

log = logging.getLogger("scribe.mock")

Seen = TypeVar("Seen")
#: Makes what is kept of exchanges, each as JSON without secrets.
Told: TypeAlias = "Callable[[Sequence[Seen]], list[str]]"
#: An exchange by its number in the namespace.
Numbered: TypeAlias = "tuple[int, dict[str, Any]]"
#: Stands for an exchange of which nothing could be kept.
_LOST = "null"
#: Exchanges that are told at once, and seconds between: the thread has the interpreter to itself meanwhile, and whoever
#: answers requests would only get it back after Python's own five milliseconds.
_AT_ONCE, _PAUSE_S = 64, 0.001


class Record(NamedTuple):
    """What is kept of a namespace, oldest first, and how many exchanges among it could not be kept."""

    exchanges: list[Numbered]
    lost: int


class Taken(NamedTuple):
    """What is being written of a namespace."""

    namespace: str
    era: int
    first: int
    lost: int
    waiting: list[Any]
    size: int


def drawn(taken: Sequence[Taken], told: Told[Seen], *, exchanges: int, size: int) -> list[Stretch]:
    """What was taken as stretches of at most so many exchanges, and of about so many characters."""
    every = _all_told([seen for each in taken for seen in each.waiting], told)
    return [
        stretch
        for each in taken
        for stretch in _cut(each, [_LOST] * each.lost + list(islice(every, len(each.waiting))), exchanges, size)
    ]


def _all_told(sights: Sequence[Seen], told: Told[Seen]) -> Iterator[str]:
    """Each as JSON, and a moment for everybody else every now and then."""
    for at in range(0, len(sights), _AT_ONCE):
        if at:
            time.sleep(_PAUSE_S)
        yield from _some_told(sights[at : at + _AT_ONCE], told)


def _some_told(sights: Sequence[Seen], told: Told[Seen]) -> list[str]:
    """Each as JSON; one that cannot be told costs nobody else's."""
    try:
        return told(sights)
    except Exception:
        log.exception("an exchange cannot be recorded")
    return [_one_told(seen, told) for seen in sights]


def _one_told(seen: Seen, told: Told[Seen]) -> str:
    try:
        return told([seen])[0]
    except Exception:  # noqa: BLE001 - logged above, and counted
        return _LOST


def _cut(taken: Taken, told: Sequence[str], exchanges: int, most: int) -> Iterator[Stretch]:
    piece: list[str] = []
    first, size = taken.first, 0
    for each in told:
        if piece and (len(piece) == exchanges or size + len(each) > most):
            yield Stretch(taken.namespace, first, first + len(piece) - 1, f"[{','.join(piece)}]")
            first, piece, size = first + len(piece), [], 0
        piece.append(each)
        size += len(each) + 1
    yield Stretch(taken.namespace, first, first + len(piece) - 1, f"[{','.join(piece)}]")


def recorded(kept: Iterable[Stretch]) -> Record:
    """What stretches hold."""
    told = [each for stretch in kept for each in enumerate(json.loads(stretch.told), stretch.first)]
    found = [(number, each) for number, each in told if each is not None]
    return Record(found, len(told) - len(found))
