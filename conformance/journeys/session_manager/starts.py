"""Starts: from each origin, of several users at the same time, with things about them wrong; and no current session."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from conformance.drive.hands import REMOVE
from conformance.drive.windows import user_of
from conformance.journeys.session_manager.way import way
from conformance.vocabulary.journey import JourneyName
from conformance.vocabulary.operation import Operation
from conformance.vocabulary.probe import Probe
from conformance.vocabulary.session import Session

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conformance.drive.windows import Windows

#: The three origins, and who acts where that is a person (E11).
ORIGINS = {"ui": "caregiver-4", "system": None, "caregiver": "caregiver-4"}
#: Clocks of callers differ: each start is stamped so many seconds before the one before it (E10).
_SLOWER_S = 600.0
_USERS, _EACH = 2, 6
NEEDED = ("schema_version", "record_id", "user_id", "timestamp")
#: Forms of a timestamp that the text rules out, and days that no calendar has.
STAMPS = {
    "to seconds": "2026-01-27T09:00:00Z",
    "to microseconds": "2026-01-27T09:00:00.000000Z",
    "with an offset": "2026-01-27T09:00:00.000+00:00",
    "without a zone": "2026-01-27T09:00:00.000",
    "of no calendar": "2026-02-30T09:00:00.000Z",
}
#: Addresses at which a service might tell a current session, in the ways services name such. One that lists what there
#: is, such as /sessions, is none of them: an export tells ids as well.
CURRENT = (
    "sessions.current",
    "sessions.active",
    "sessions.latest",
    "sessions/current",
    "sessions/active",
    "session/current",
    "session.current",
    "current_session",
)


@way(JourneyName.STARTS_ORIGINS)
async def origins(drive: Windows) -> None:
    """(Inputs, F2, F4) A session from each of the three origins, its log read before and after each step."""
    user, first = drive.user(), None
    await drive.export(user)
    for turn, (source, performer) in enumerate(ORIGINS.items()):
        told: dict[str, Any] = {"user_id": user, "source": source, "performer_id": performer or REMOVE}
        asked = drive.body(**drive.base(earlier=turn * _SLOWER_S), **told)
        handle = await drive.create(Session.ORIGIN.of(source), asked)
        await drive.export(user)
        if handle is None:
            continue
        await drive.replay(handle)
        if first is None:  # it stays open beside the others
            first = handle
            continue
        await drive.end(handle)
        await drive.export(user)
        await drive.replay(handle)
    if first is not None:
        await drive.end(first)
        await drive.export(user)
        await drive.replay(first)


@way(JourneyName.STARTS_TOGETHER)
async def together(drive: Windows) -> None:
    """(F1, NF4) Many starts of several users at the same time, and the ends of all of them."""
    handles = []

    async def one(turn: int) -> None:
        asked = drive.body(user_id=drive.user(str(turn % _USERS)))
        handle = await drive.create(Session.TOGETHER_OF.of(turn), asked)
        if handle is not None:
            handles.append(handle)

    await drive.together(*(one(turn) for turn in range(_USERS * _EACH)))
    for handle in handles:
        await drive.end(handle)
        await drive.replay(handle)
    for user in range(_USERS):
        await drive.export(drive.user(str(user)))


def defects(drive: Windows, user: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """What is wrong with a start, and its body."""
    for name in NEEDED:
        yield Probe.INPUT_LACKS.of(name), drive.body(**{"user_id": user, name: REMOVE})
    for how, stamp in STAMPS.items():
        yield Probe.STAMPED.of(how), drive.body(user_id=user, timestamp=stamp)
    # what may be taken is another user's: the two looks at the log are of refusals
    yield Probe.SESSION_BROUGHT, drive.body(session_id="sess_ofthecallersown00")
    yield Probe.NO_PERFORMER, drive.body(source="ui")


@way(JourneyName.STARTS_DEFECTS)
async def defective(drive: Windows) -> None:
    """(Inputs) Starts with one thing about them wrong, between two looks at the log."""
    user = drive.user()
    control = await drive.create(Session.DEFECTIVE, drive.body(user_id=user))
    if control is None:
        return  # a refusal proves something only where the valid request works
    await drive.export(user)
    for probe, body in defects(drive, user):
        await drive.create(Session.DEFECTIVE, body, probe=probe)
    await drive.export(user)
    await drive.end(control)


@way(JourneyName.STARTS_CURRENT)
async def current(drive: Windows) -> None:
    """(Session ID Propagation Contract) Nobody is told of a session who does not name it."""
    handle = await drive.create(Session.CURRENT_OF)
    if handle is None:
        return
    user = user_of(handle)
    for place in CURRENT:
        url = f"{drive.url(*place.split('/'))}?user_id={user}"
        await drive.send(Operation.OTHER, "GET", url, session=handle.key, probe=Probe.CURRENT.of(place))
    await drive.end(handle)
