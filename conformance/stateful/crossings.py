"""Races for sessions that last as long as their sockets: deletions that meet, an end that a deletion meets, resumes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from conformance.stateful.serial import READ, Move, met
from conformance.stateful.talking import RESUMES
from scribe_data.model import Leaving

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from conformance.stateful.races import Racer, Races


def _removal(races: Races) -> Move | None:
    """What its owner removes a session with, where the target has that."""
    name = races.model.removal
    return Move(name) if name is not None and name not in races.drive.target.absent else None


async def _over(races: Races, race: str) -> Racer | None:
    """A session that its client has ended, and of which nothing more is worked on; None where none came to that."""
    racer = await races.begin(race)
    if racer is None:
        return None
    await races.at_once(racer, races.end)
    if not await races.rest(racer):
        return None
    await races.read(racer)
    return racer if racer.belief.states else None


async def _removals(races: Races, turn: int) -> bool:
    """Two deletions of one session at the same time, and a read."""
    removal = _removal(races)
    racer = await _over(races, f"removals {turn}") if removal else None
    if racer is None or removal is None:
        return False
    sent = await races.at_once(racer, removal, removal, READ)
    await races.read(racer)
    return met(sent)


async def _end_and_removal(races: Races, turn: int) -> bool:
    """A deletion while the socket of its session is ended or breaks, and a read."""
    removal = _removal(races)
    racer = await races.begin(f"end and removal {turn}") if removal else None
    if racer is None or removal is None:
        return False
    leaving = tuple(Leaving)[turn % len(Leaving)]
    sent = await races.at_once(racer, Move(leaving), removal, READ)
    await races.rest(racer)
    await races.read(racer)
    return met(sent)


async def _resumes(races: Races, turn: int) -> bool:
    """Two sessions at the same time that resume one and the same."""
    wire = races.drive.options.text.wire
    if wire is None or RESUMES not in wire.query.get("properties", ()):
        return False
    former = await _over(races, f"resumed {turn}")
    if former is None:
        return False
    begun: list[Racer] = []

    async def one(number: int) -> None:
        racer = await races.begin(f"resumes {turn}.{number}", changes={RESUMES: former.handle.session_id})
        if racer is not None:
            begun.append(racer)
            await races.read(racer)

    await races.drive.together(*map(one, range(2)))
    return met([racer.handle.created for racer in begun])


#: The races, in the order in which they are run.
CROSSINGS: Final[tuple[Callable[[Races, int], Awaitable[bool]], ...]] = (_removals, _end_and_removal, _resumes)
