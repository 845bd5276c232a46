"""What the control plane asks of research sessions, for a whole namespace: whose they are, and their journals."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from mock_server import problems
from mock_server.prsm import bounds
from mock_server.prsm.access import Caller
from mock_server.prsm.kept import Kept

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mock_server.prsm.ledger import ResearchLedger
    from mock_server.session.prsm.model import Inquiry
    from mock_server.storage.unit import JournalRow, Store, Unit, View
    from mock_server.testclock import Clocks


class Records(Kept):
    """Sessions by their namespaces; all but `owner` raise 404 where there is none."""

    def __init__(self, store: Store, ledger: ResearchLedger, clocks: Clocks) -> None:
        super().__init__(store)
        self._ledger = ledger
        self._clocks = clocks

    async def owner(self, namespace: str, session_id: str) -> Caller | None:
        """Whoever made a session of a namespace; None where there is none."""
        found = await self.read(lambda view: view.inquiries.load(session_id))
        return Caller(namespace, found.owner) if found is not None and found.namespace == namespace else None

    async def journal(self, namespace: str, session_id: str) -> list[JournalRow]:
        """What happened to a session, oldest first."""

        def look(view: View) -> list[JournalRow]:
            self._of(view, namespace, session_id)
            return view.history(session_id)

        return await self.read(look)

    async def note(self, namespace: str, session_id: str, kind: str, detail: Mapping[str, Any]) -> None:
        """Append a line to a session's journal."""

        def change(unit: Unit) -> None:
            unit.note(self._of(unit, namespace, session_id), self._clocks.now(namespace), kind, detail)

        await self.write(change)

    async def shorten(self, namespace: str, session_id: str, limit_s: float) -> None:
        """Let a session work for so many seconds at most, where that is less than it may."""

        def change(unit: Unit) -> None:
            inquiry = self._of(unit, namespace, session_id)
            if not inquiry.final and limit_s < inquiry.limit_s:
                unit.inquiries.save(inquiry, replace(inquiry, limit_s=limit_s))
                unit.afterwards(partial(self._ledger.watch.changed, session_id, namespace))

        await self.write(change)

    @staticmethod
    def _of(view: View, namespace: str, session_id: str) -> Inquiry:
        """A session of a namespace; 404 for none."""
        inquiry = view.inquiries.load(session_id)
        if inquiry is None or inquiry.namespace != namespace:
            raise problems.session_not_found(session_id[: bounds.LONGEST_ID])
        return inquiry
