"""Races: requests about one session, or sessions, on their way at the same time; judged by what some order allows."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from conformance.drive.driver import at_rest
from conformance.drive.forms import PASSED
from conformance.evidence import Layer
from conformance.journeys.expiry import AFTER, left_of, now_of, shortest_limit
from conformance.journeys.registry import journey
from conformance.stateful.crossings import CROSSINGS
from conformance.stateful.model import Model
from conformance.stateful.paths import BY_REQUESTS, BY_SOCKETS
from conformance.stateful.play import offer_of
from conformance.stateful.serial import READ, Move, afterwards, met, passed, together
from conformance.vocabulary.journey import JourneyName
from conformance.vocabulary.operation import Credential, Operation
from conformance.vocabulary.session import Session
from conformance.vocabulary.stamps import SWEEP
from scribe_data.model import Leaving

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
    from datetime import datetime

    from conformance.drive.driver import Driver, Handle
    from conformance.evidence import Exchange
    from conformance.stateful.model import Belief
    from conformance.stateful.play import Offer

#: How often each race is tried: how requests meet is chance, and a target pays for every try.
TRIES: Final = 3
#: Sessions that are made at the same time.
_SESSIONS: Final = 3
#: Reads of results that are there: two that go back make a violation, one may be an accident.
_READS_AT_REST: Final = 3
#: Outsiders' files have a number of their own, so that a list shows whose it is.
_FOREIGN: Final = 90


@dataclass
class Racer:
    """One session that is raced for, and what is believed of it."""

    handle: Handle
    belief: Belief
    #: Whether its owner sent an end, and how many were taken.
    ended: bool = False
    ends: int = 0


class Races:
    """What the races of one run share."""

    def __init__(self, drive: Driver) -> None:
        self.drive = drive
        self.model = Model(drive.options.text.lifecycle)
        self.offer: Offer = offer_of(drive, self.model)
        #: Whether files of one session may be on their way together: numbered ones go one after the other (7.3).
        self.chunked = "chunked" in drive.target.upload_methods and drive.options.printed.files == "named"
        #: Whether sessions take audio at all.
        self.spoken = self.offer.recording is not None
        self.racers: list[Racer] = []
        #: What the owner is done with a session by.
        self.end = Move(self.model.closing or Operation.GET)

    def name(self, number: int) -> str:
        """The name of a file."""
        return f"audio_{number}{self.offer.suffix}"

    def file(self, number: int) -> Move:
        """The owner's upload of a file."""
        return Move(Operation.UPLOAD, self.name(number))

    async def begin(
        self, race: str, *, files: int = 0, model: str | None = None, changes: Mapping[str, Any] | None = None
    ) -> Racer | None:
        """A new session with data of its own, and with the first files in it; None where no session came of it."""
        asked = {"upload_type": "chunked"} if self.chunked else {}
        passed_on = {PASSED: {"race": race}} if self.drive.options.printed.passed else {}
        body = self.drive.body(**asked, **({"model": model} if model else {}), **passed_on, **(changes or {}))
        handle = await self.drive.create(Session.RACE.of(race), body)
        if handle is None:
            return None
        racer = Racer(handle, self.model.born(single=body.get("upload_type") == "single"))
        self.racers.append(racer)
        for number in range(files if self.spoken else 0):
            await self.at_once(racer, self.file(number))
        return racer

    async def at_once(
        self, racer: Racer, *moves: Move, beside: Sequence[Coroutine[object, object, object]] = ()
    ) -> list[Exchange]:
        """Send all of these at the same time, each foretold by what some order of them allows."""
        found: dict[int, Exchange] = {}

        async def one(at: int, move: Move, states: tuple[str, ...]) -> None:
            found[at] = await self._send(self.drive.foretelling(*states), racer.handle, move)

        told = together(self.model, racer.belief, moves)
        races = (one(at, move, states) for at, (move, states) in enumerate(zip(moves, told, strict=True)))
        await self.drive.together(*races, *beside)
        sent = [found[at] for at in range(len(moves))]
        codes = [(move, _code(move, x)) for move, x in zip(moves, sent, strict=True)]
        answered = [(move, code) for move, code in codes if move.operation != Operation.GET]
        racer.belief = afterwards(self.model, racer.belief, answered)
        racer.ends += sum(200 <= code < 300 for move, code in codes if self._is_end(move))
        racer.ended = racer.ended or any(map(self._is_end, moves))
        racer.handle.refused = racer.ended and not racer.ends
        return sent

    def _is_end(self, move: Move) -> bool:
        """Whether the owner is done with a session by this."""
        return move.caller is None and move.operation in {self.end.operation, *self.model.leavings}

    async def _send(self, drive: Driver, handle: Handle, move: Move) -> Exchange:
        credential, about = Credential.RIGHT, handle
        if move.caller is not None:
            credential = Credential(self.model.lifecycle.outsiders[move.caller].credential.value)
            about = replace(handle, sent=list(handle.sent))  # what an outsider does is not the owner's doing
        if move.operation == Operation.UPLOAD and self.offer.recording is not None:
            return await drive.upload(about, self.offer.recording.name, name=move.file, credential=credential)
        if move.operation == Operation.END:
            return await drive.end(about, credential=credential)
        if move.operation in self.model.leavings and (left := await drive.leave(about, Leaving(move.operation))):
            return left
        own = None if move.operation == Operation.GET else await drive.own(move.operation, about, credential=credential)
        return own or await drive.get(about, credential=credential)

    async def read(self, racer: Racer) -> Exchange:
        """One read with nothing beside it."""
        return (await self.at_once(racer, READ))[0]

    async def close(self, racer: Racer) -> None:
        """End a session if nobody has; also one of which nothing is known, since an outsider could touch it."""
        if not racer.ended:
            await self.at_once(racer, self.end)

    async def rest(self, racer: Racer) -> bool:
        """Wait for the results of a session, and read one that was ended twice more than once; whether it rests."""
        drive = self.drive.foretelling(*self.model.rows(racer.belief, Operation.GET))
        if self.model.leavings and not (await self.read(racer)).accepted:
            return True  # what is not there any more is not waited for
        last = await drive.finish(racer.handle)
        for _ in range(_READS_AT_REST if last is not None and racer.ends > 1 else 0):
            await drive.get(racer.handle)
        return last is not None or racer.handle.refused

    async def all_rest(self) -> None:
        """Bring every session to its end: while the first is waited for the others come to theirs."""
        await self.drive.together(*map(self.close, self.racers))
        for racer in self.racers:
            if not await self.rest(racer):
                break  # a target that does not finish is waited for once
        self.racers.clear()


async def _chunks(races: Races, turn: int) -> bool:
    """Files of one session at the same time, and reads of it."""
    if not races.chunked:
        return False
    racer = await races.begin(f"chunks {turn}", files=turn % 2)
    if racer is None:
        return False
    first = turn % 2
    sent = await races.at_once(racer, races.file(first), races.file(first + 1), READ, races.file(first + 2), READ)
    await races.read(racer)
    return met(sent)


async def _sessions(races: Races, turn: int) -> bool:
    """Sessions made at the same time, each with data and a number of files of its own."""
    seen: list[bool] = []

    async def one(number: int) -> None:
        racer = await races.begin(f"sessions {turn}.{number}")
        if racer is not None:
            files = [races.file(place) for place in range(number + 1 if races.chunked else int(races.spoken))]
            seen.append(met(await races.at_once(racer, *files, READ, READ)))
            await races.read(racer)

    await races.drive.together(*map(one, range(_SESSIONS)))
    return any(seen)


async def _ends(races: Races, turn: int) -> bool:
    """Two ends of one session at the same time, and a read."""
    racer = await races.begin(f"ends {turn}", files=1)
    return racer is not None and met(await races.at_once(racer, races.end, races.end, READ))


async def _end_and_upload(races: Races, turn: int) -> bool:
    """An end while a further file is on its way."""
    if not races.chunked:
        return False
    racer = await races.begin(f"end and upload {turn}", files=1)
    return racer is not None and met(await races.at_once(racer, races.file(1), races.end, READ))


async def _clients(races: Races, turn: int) -> bool:
    """The owner's requests beside those of everybody who may not see the session."""
    racer = await races.begin(f"clients {turn}", files=1)
    if racer is None:
        return False
    given = [name for name in races.offer.callers if races.model.lifecycle.outsiders[name].given]
    # nobody else holds the socket of a session that is one
    moving = races.model.removal if races.model.leavings else races.end.operation
    foreign = [Move(each, caller=caller) for caller in given for each in (Operation.GET, moving) if each is not None]
    if races.spoken and races.drive.owns(racer.handle.upload_url):
        foreign += [Move(Operation.UPLOAD, races.name(_FOREIGN), caller) for caller in given]
    own = [races.file(1)] if races.chunked else []
    sent = await races.at_once(racer, *own, *foreign, READ)
    await races.read(racer)
    return met(sent)


async def _names(races: Races, turn: int) -> bool:
    """One file twice at the same time, under one name."""
    if not races.chunked:
        return False
    racer = await races.begin(f"names {turn}", files=1)
    if racer is None:
        return False
    sent = await races.at_once(racer, races.file(1), races.file(1), READ)
    await races.read(racer)
    return met(sent)


#: The races, in the order in which they are run.
RACES: Final[tuple[Callable[[Races, int], Awaitable[bool]], ...]] = (
    *(_chunks, _sessions, _ends, _end_and_upload, _clients, _names),
)
#: Those of them that take no audio.
_SILENT: Final = (_sessions, _ends, _clients)
#: Those for sessions that are their sockets.
_SPOKEN: Final = (_sessions, *CROSSINGS, _clients)


def _may_race(drive: Driver) -> bool:
    """Whether races are wanted and can be had; says so where they cannot."""
    if not drive.options.examples or drive.target.refused is not None:
        return False
    if drive.options.concurrency < 2:
        drive.note("no_overlap", "Races need two requests on their way at a time; this run sends one after the other.")
        return False
    return True


async def _once(races: Races, each: Callable[[Races, int], Awaitable[bool]], turn: int) -> bool:
    """One try of a race; whether requests met. Sockets are closed behind it: a tenant has so many places."""
    seen = await each(races, turn)
    if races.model.leavings:
        await races.all_rest()
    return seen


def _code(move: Move, x: Exchange) -> int:
    """The status of an answer. A socket that was left has none: 200, or where the service closed it, 0: unknown."""
    if x.socket is None:
        return x.status
    return 200 if x.accepted or move.operation == Leaving.DROP else 0


@journey(JourneyName.RACES, phase="alone", layer=Layer.RACE, profiles=(*BY_REQUESTS, *BY_SOCKETS))
async def race(drive: Driver) -> None:
    """(6.1-6.7, 7) Requests about one session at the same time, and sessions at the same time, each a few times."""
    if not _may_race(drive):
        return
    races = Races(drive)
    for each in _SPOKEN if races.model.leavings else RACES if races.spoken else _SILENT:
        seen = [await _once(races, each, turn) for turn in range(TRIES)]
        if not any(seen):
            told = (each.__doc__ or "").strip().rstrip(".")
            drive.note("no_overlap", f"No two requests of a race met: {told}.")
    await races.all_rest()


@journey(JourneyName.RACES_CLOCK, phase="clock", layer=Layer.RACE)
async def race_the_clock(drive: Driver) -> None:
    """(6.5) An upload and an end while the deadline of their session passes, by the target's clock."""
    shortest = shortest_limit(drive)
    if shortest is None or not _may_race(drive):
        return
    races = Races(drive)
    for turn in range(TRIES):
        await _deadline(races, turn, shortest[0])


async def _deadline(races: Races, turn: int, model: str) -> None:
    drive, since = races.drive, races.drive.elapsed()
    spoken = await races.begin(f"deadline {turn} upload", files=1, model=model)
    ended = await races.begin(f"deadline {turn} end", files=1, model=model)
    now = await now_of(drive, ended.handle, since) if ended else None
    left = left_of(ended.handle, now) if ended and now else None
    if spoken is None or ended is None or left is None or drive.clock is None:
        return

    async def pass_by(clock: Callable[[float], Awaitable[datetime]] = drive.clock.advance) -> None:
        await clock(max(left, 0.0) + AFTER)

    for racer in (spoken, ended):
        racer.belief = passed(races.model, racer.belief)
    late = [races.file(1)] if races.chunked else []
    await drive.together(
        races.at_once(spoken, *late, READ),
        races.at_once(ended, races.end, READ, beside=[pass_by()]),
    )
    for racer in (spoken, ended):
        if not set(races.model.lifecycle.after_end) & racer.belief.states or racer is spoken:
            await _expired(races, racer)
        else:
            await races.rest(racer)


async def _expired(races: Races, racer: Racer) -> None:
    """Read until a session shows that its time is over, as late as a service may find out."""
    drive = races.drive.foretelling(*races.model.rows(racer.belief, Operation.GET))
    read = await drive.until(racer.handle, at_rest)
    if not at_rest(read) and drive.clock is not None:
        await drive.clock.advance(SWEEP)
        await drive.get(racer.handle)
