"""Where the takes of a recording lie in its bytes: recorders and uploaders put several files into one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mock_server.speech import mpeg, structure
from mock_server.speech.sniff import BEGINNING, Container, signed
from mock_server.speech.source import is_padding, search

if TYPE_CHECKING:
    from mock_server.speech.source import Octets

# What stands between takes and is shorter says nothing: line ends of a form, the rest of a frame.
_RUBBISH_BYTES = 64
# More takes than this in one recording are no takes.
_TAKES = 1_000


@dataclass(frozen=True, slots=True)
class Take:
    """One recording from its beginning to its end, as the stretches in which it lies."""

    container: Container
    stretches: tuple[tuple[int, int], ...]
    complete: bool = False  # its own structure says that all of it is there
    unfinished: bool = False  # it ends within something that it began
    declared: float | None = None  # seconds that bare MPEG audio claims
    held: float | None = None  # seconds of its frames


@dataclass(frozen=True, slots=True)
class Layout:
    """The takes in their order, and what is none of them."""

    takes: tuple[Take, ...]
    rubbish: tuple[tuple[int, int], ...]
    left: int | None = None  # from here on nothing was looked at: there are too many takes or steps
    steps: int = 0


def lay_out(data: Octets, limit: int) -> Layout:
    """Find the takes in the bytes in so many steps: frames of bare MPEG audio, elements of containers."""
    takes: list[Take] = []
    rubbish: list[tuple[int, int]] = []
    at = steps = 0
    while at < len(data) and len(takes) < _TAKES and steps < limit:
        steps += 1
        if (container := signed(data, at)) is not None:
            start = at if mpeg.tag_size(data, at) == 0 else mpeg.behind_tags(data, at)
            extent = structure.extent(container, data, start, limit - steps)
            stretches = tuple(extent.stretches) or ((start, extent.end),)
            takes.append(Take(container, stretches, extent.complete, extent.unfinished))
            rubbish += extent.rubbish
            steps += extent.steps
            at = extent.end
            continue
        walk = mpeg.walk(data, at, limit - steps, BEGINNING)
        steps += walk.steps
        if walk.runs:
            takes += [
                Take(run.kind, tuple(run.stretches), False, run.unfinished, run.declared, run.seconds)
                for run in walk.runs
            ]
            rubbish += walk.rubbish
            at = walk.end
            continue
        after = search(data, BEGINNING, at + 1)
        after = len(data) if after is None else after
        rubbish.append((at, after))
        at = after
    return Layout(tuple(takes), _told(data, rubbish), at if at < len(data) else None, steps)


def _told(data: Octets, rubbish: list[tuple[int, int]]) -> tuple[tuple[int, int], ...]:
    """What is worth telling: neither a few bytes nor padding nor tags."""
    told = []
    for start, end in rubbish:
        behind = mpeg.behind_tags(data, start)
        if end - behind >= _RUBBISH_BYTES and not is_padding(data, behind, end):
            told.append((behind, end))
    return tuple(told)
