"""Lists: page by page while a session is made, by each filter, and by others."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from conformance.journeys.prsm.orders import KIND, kinds
from conformance.journeys.prsm.way import way
from conformance.vocabulary.journey import JourneyName
from conformance.vocabulary.operation import Credential
from conformance.vocabulary.probe import Probe
from conformance.vocabulary.session import Session
from conformance.vocabulary.stamps import instant

if TYPE_CHECKING:
    from conformance.drive.driver import Handle
    from conformance.drive.inquiries import Inquiries

#: Pages of a list that are read at most: an account may have had sessions for years.
MOST_PAGES: Final = 12
#: Sessions on a page.
LIMIT: Final = 2
#: Forms of a date beside the usual one (E7).
_FORMS: Final = ("%Y-%m-%d", "%Y-%m-%dT%H:%M:%S")
#: What a filter may not be, and pages and limits that are none (E5, E7, E9).
_UNKNOWN: Final = {"status": "asleep", "session_type": "divination", "date_from": "yesterday"}
_BEYOND: Final[tuple[dict[str, object], ...]] = (
    {"page": 0},
    {"page": 1000000},
    {"limit": 0},
    {"limit": 101},
    {"limit": "many"},
)


@way(JourneyName.LIST_PAGES, phase="alone")
async def pages(drive: Inquiries) -> None:
    """(List User Sessions) A list page by page while a session is made, by each filter, and with what is none."""
    handles = [await drive.create(Session.LISTED.of(kind), drive.body(**{KIND: kind})) for kind in kinds(drive)]
    made = [handle for handle in handles if handle is not None]
    if not made:
        return
    for handle in made:
        await drive.finish(handle)
    since = _since(made)
    await drive.list()
    await _paged(drive, since, insert=False)
    await _paged(drive, since, insert=True)
    await _filtered(drive, since)
    for name, word in _UNKNOWN.items():
        await drive.list({name: word}, probe=Probe.FILTER_UNKNOWN.of(name))
    for query in _BEYOND:
        told = " ".join(f"{name} {value}" for name, value in query.items())
        await drive.list(query, probe=Probe.PAGE_BEYOND.of(told))
    if drive.target.second_key:
        await drive.list(credential=Credential.SECOND)


def _since(made: list[Handle]) -> datetime:
    """When the first of these was made, by the target's stamp or else by the clock here, to the second below."""
    told = instant(made[0].created.document.get("created_at"))
    return (told or made[0].created.sent).astimezone(UTC).replace(microsecond=0)


def stamp(moment: datetime) -> str:
    """A moment as the document prints one."""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


async def _paged(drive: Inquiries, since: datetime, *, insert: bool) -> None:
    """Every page since a moment; where it is to be, a session is made behind the first of them."""
    until = {} if insert else {"date_to": stamp(since + timedelta(days=1))}
    for page in range(1, MOST_PAGES + 1):
        x = await drive.list({"page": page, "limit": LIMIT, "date_from": stamp(since), **until})
        if not x.accepted or not x.document.get("sessions"):
            return
        if insert and page == 1:
            await drive.create(Session.INSERTED)


async def _filtered(drive: Inquiries, since: datetime) -> None:
    """By each filter, by several, and by dates of each form."""
    begun = stamp(since)
    for kind in kinds(drive):
        await drive.list({"session_type": kind, "date_from": begun})
    for status in drive.options.text.lifecycle.states:
        await drive.list({"status": status, "date_from": begun})
    await drive.list({"status": "completed", "session_type": kinds(drive)[0], "date_from": begun})
    await drive.list({"date_to": stamp(since - timedelta(seconds=1))})
    await drive.list(
        {"date_from": begun, "date_to": stamp(since - timedelta(days=1))}, probe=Probe.FILTER_UNKNOWN.of("dates")
    )
    for form in _FORMS:
        await drive.list({"date_from": since.strftime(form)}, probe=Probe.DATE_FORM.of(form))
