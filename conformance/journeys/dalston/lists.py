"""Lists: page by page, by each filter, and by another tenant."""

from __future__ import annotations

from datetime import UTC, timedelta
from typing import TYPE_CHECKING, Any, Final

from conformance.journeys.dalston.way import way
from conformance.journeys.prsm.lists import LIMIT, MOST_PAGES
from conformance.vocabulary.journey import JourneyName
from conformance.vocabulary.operation import Credential, Operation
from conformance.vocabulary.probe import Probe
from conformance.vocabulary.session import Session
from conformance.vocabulary.stamps import instant

if TYPE_CHECKING:
    from datetime import datetime

    from conformance.drive.dictations import Dictations
    from conformance.drive.handle import Handle
    from conformance.evidence import Exchange

#: Sessions that are made for it, one of which stays open.
_ENDED: Final = 3
#: Filters that name nothing, and pages out of bounds (E10, E22).
_UNKNOWN: Final = {"status": "asleep", "since": "yesterday"}
_BEYOND: Final[tuple[dict[str, object], ...]] = ({"limit": 0}, {"limit": "many"})


@way(JourneyName.LIVE_LISTS, phase="alone")
async def lists(drive: Dictations) -> None:
    """(List Sessions) Ended sessions and an active one, listed page by page, by each filter, and by another tenant."""
    made = [handle for n in range(_ENDED) if (handle := await _made(drive, str(n + 1))) is not None]
    live = await drive.create(Session.LISTED_LIVE.of("active"), {})
    if not made or live is None:
        return
    begun, last = await _started(drive, made[0]), await _started(drive, made[-1])
    await drive.list()
    await _paged(drive)
    for status in (name for name, state in drive.options.text.lifecycle.states.items() if not state.gone):
        await drive.list({"status": status, "limit": 50})
    await drive.list({"since": stamp(begun - timedelta(seconds=1)), "limit": 50})
    await drive.list({"since": stamp(last + timedelta(days=1))})
    await drive.list({"until": stamp(begun - timedelta(seconds=1)), "limit": 5})
    await drive.list({"since": stamp(begun - timedelta(seconds=1)), "status": "completed", "limit": 50})
    for name, word in _UNKNOWN.items():
        await drive.list({name: word}, probe=Probe.FILTER_UNKNOWN.of(name))
    for query in _BEYOND:
        told = " ".join(f"{name} {value}" for name, value in query.items())
        await drive.list(query, probe=Probe.PAGE_BEYOND.of(told))
    if drive.target.second_key:
        await drive.list(credential=Credential.SECOND)
    await drive.end(live)
    await drive.finish(live)


async def _made(drive: Dictations, name: str) -> Handle | None:
    handle = await drive.create(Session.LISTED_LIVE.of(name), {})
    if handle is not None:
        await drive.end(handle)
        await drive.finish(handle)
    return handle


async def _started(drive: Dictations, handle: Handle) -> datetime:
    """When a session began, by the target's stamp or else by the clock here."""
    told = instant((await drive.get(handle)).document.get("started_at"))
    return (told or handle.created.sent).astimezone(UTC)


def stamp(moment: datetime) -> str:
    """A moment as the document prints one."""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


async def _paged(drive: Dictations) -> None:
    """Every page, within bounds, in the way of the text: by offset, or by the cursor of the page before."""
    by_cursor = "cursor" in drive.options.text.schemas[_listed(drive)]["properties"]
    further: dict[str, Any] = {} if by_cursor else {"offset": 0}
    for page in range(MOST_PAGES):
        x = await drive.list({"limit": LIMIT, **further})
        ahead = _ahead(x, by_cursor, page)
        if ahead is None:
            return
        further = ahead


def _listed(drive: Dictations) -> str:
    return drive.options.text.protocol.endpoints[Operation.LIST].answers[200]


def _ahead(x: Exchange, by_cursor: bool, page: int) -> dict[str, Any] | None:
    """What leads to the next page; None where there is none."""
    if not x.accepted or not x.document.get("sessions"):
        return None
    if not by_cursor:
        return {"offset": LIMIT * (page + 1)}
    cursor = x.document.get("cursor")
    return (
        {"cursor": cursor} if isinstance(cursor, str) and cursor and x.document.get("has_more") is not False else None
    )
