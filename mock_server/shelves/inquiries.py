"""The shelf of research sessions."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Final

from mock_server import problems
from mock_server.clock import FURTHEST
from mock_server.prsm.account import usage
from mock_server.served import RESEARCH
from mock_server.session.prsm.table import PRSM_V1, State
from mock_server.shelves.shelf import Entry, Line, Sieve, Sight, Spot, States, about
from mock_server.storage.unit import Search
from mock_server.testclock import Happened

if TYPE_CHECKING:
    from collections.abc import Callable

    from mock_server.prsm.access import Caller
    from mock_server.prsm.service import ResearchService
    from mock_server.session.prsm.model import Inquiry
    from mock_server.storage.unit import Unit, View
    from mock_server.testclock import Clocks

_STAYS: Final = "It has not come to an end; cancel it first."


class Inquiries:
    """A `Shelf` over research sessions; `changed` tells those who watch a session."""

    profile = RESEARCH

    def __init__(self, research: ResearchService, clocks: Clocks, changed: Callable[[str, str], object]) -> None:
        self._research = research
        self._clocks = clocks
        self._changed = changed
        self.states = States(
            tuple(state.value for state in PRSM_V1.ranks), frozenset(state.value for state in PRSM_V1.terminal)
        )

    async def page(self, namespace: str, sieve: Sieve, limit: int, after: Spot | None) -> list[Entry]:
        """Up to `limit` sessions of all users behind a spot, latest first."""
        if sieve.state is not None and sieve.state not in self.states.names:
            return []
        await self._settle(namespace)
        search = Search(frozenset({sieve.state}) if sieve.state else frozenset(), sieve.words)
        look = partial(_page, namespace=namespace, limit=limit, after=after, search=search)
        return [self._entry(inquiry) for inquiry in await self._research.read(look)]

    async def number(self, namespace: str) -> int:
        """How many sessions a namespace has."""
        return await self._research.read(lambda view: view.inquiries.number(namespace))

    async def see(self, namespace: str, session_id: str) -> Sight | None:
        """One session with its journal, and what it found once it is completed."""
        owner = await self._research.owner(namespace, session_id)
        if owner is None:
            return None
        sight = await self._research.see(owner, session_id, rows=True)
        lines = [Line(row.number, row.at, row.kind, row.detail) for row in sight.rows]
        detail = await self._detail(owner, sight.inquiry)
        return Sight(self._entry(sight.inquiry), detail, lines, (), None if sight.inquiry.final else _STAYS)

    async def remove(self, namespace: str, session_id: str) -> bool:
        """Remove a session that has come to an end, with what it found and its shares."""
        now = self._clocks.now(namespace)

        def change(unit: Unit) -> bool:
            inquiry = unit.inquiries.load(session_id)
            if inquiry is None or inquiry.namespace != namespace:
                return False
            if not inquiry.final:
                raise problems.invalid_request(_STAYS, status=409, session_id=session_id)
            unit.note(inquiry, now, "deleted", {"state": inquiry.state.value})
            unit.inquiries.remove(inquiry)
            unit.afterwards(partial(self._changed, session_id, namespace))
            return True

        return await self._research.write(change)

    async def due(self, namespace: str) -> list[Happened]:
        """The sessions that have no time left then."""
        now = self._clocks.now(namespace)
        found = await self._research.read(lambda view: view.inquiries.due(namespace, now + FURTHEST))
        return [Happened(at, session_id, State.TIMEOUT.value) for session_id, at in found if at > now]

    async def _settle(self, namespace: str) -> None:
        """Let those time out whose time is up, so that no list shows a state that has passed."""
        now = self._clocks.now(namespace)
        if await self._research.read(lambda view: bool(view.inquiries.due(namespace, now))):
            await self._research.pass_deadlines(namespace)

    async def _detail(self, owner: Caller, inquiry: Inquiry) -> dict[str, Any]:
        told: dict[str, Any] = {
            "prompt": inquiry.asked.prompt,
            "session_type": inquiry.asked.kind,
            "owner": inquiry.owner,
            "stage": inquiry.stage,
            "progress": inquiry.entry.progress,
            "usage": usage(inquiry),
            "failure": inquiry.failure and vars(inquiry.failure),
        }
        if inquiry.state is State.COMPLETED:
            try:
                _, report = await self._research.report(owner, inquiry.id)
            except problems.Problem as problem:  # there is no turn for it now
                return told | {"summary": problem.message}
            told |= {"summary": report.summary, "citations": [each.as_json() for each in report.citations]}
        return told

    def _entry(self, inquiry: Inquiry) -> Entry:
        return Entry(
            id=inquiry.id,
            profile=self.profile,
            state=inquiry.state.value,
            final=inquiry.final,
            created_at=inquiry.created_at,
            ended_at=inquiry.ended_at,
            due_at=inquiry.due_at,
            about=about(inquiry.asked.kind, inquiry.asked.prompt),
        )


def _page(view: View, *, namespace: str, limit: int, after: Spot | None, search: Search) -> list[Inquiry]:
    return view.inquiries.latest(namespace, limit=limit, after=after, search=search)
