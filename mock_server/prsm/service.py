"""What a face may ask of research sessions; every method raises problems.Problem for what it refuses.

Not in spec: keys of one namespace may name several users (sk_test_<namespace>_<user>), and sessions belong to users.
"""

from __future__ import annotations

import asyncio
import secrets
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from mock_server import problems, ticket
from mock_server.prsm import bounds, refusal
from mock_server.prsm.access import Caller, Level, digest, level, opens
from mock_server.prsm.kept import Kept
from mock_server.prsm.ledger import OPENING_BALANCE
from mock_server.prsm.price import shown
from mock_server.research import Findings, Report
from mock_server.session.prsm.model import Share, price
from mock_server.session.prsm.step import Controlled, DeadlinePassed, Refused, Requested
from mock_server.session.prsm.table import PRSM_V1, Event, State
from mock_server.testclock import Happened
from mock_server.watch import Standing

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime
    from typing import TypeVar

    from mock_server.pipeline.investigation import Investigations
    from mock_server.prsm.ledger import ResearchLedger
    from mock_server.research import Plan
    from mock_server.session.prsm.model import Commission, Inquiry
    from mock_server.storage.inquiry import Sieve
    from mock_server.storage.unit import JournalRow, Store, Unit, View
    from mock_server.testclock import Clocks

    T = TypeVar("T")

_RETRY_S: Final = 5
#: No session's id is this long: of one that names none no more is repeated.
_LONGEST_ID: Final = 128


@dataclass(frozen=True)
class Sight:
    """A session as somebody sees it; `findings` are there where they were asked for."""

    inquiry: Inquiry
    findings: Mapping[str, Any] | None = None
    rows: Sequence[JournalRow] = ()


@dataclass(frozen=True)
class Offer:
    """What is to be shared with whom; `expires_at` None takes the usual time."""

    recipients: tuple[str, ...]
    permissions: str
    message: str | None
    expires_at: datetime | None


class ResearchService(Kept):
    """Safe to call from many requests at once."""

    def __init__(
        self,
        *,
        store: Store,
        ledger: ResearchLedger,
        work: Investigations,
        clocks: Clocks,
        new_id: Callable[[], str],
    ) -> None:
        super().__init__(store)
        self._ledger = ledger
        self._work = work
        self._clocks = clocks
        self._new_id = new_id

    async def start(self) -> None:
        """Take up what an earlier process left."""
        await self._work.launch(self._ledger)

    async def close(self) -> None:
        """Stop; unfinished work goes on at the next start."""
        await self._work.close()

    # sessions

    async def create(self, caller: Caller, asked: Commission, limit_s: float, most: int | None) -> Inquiry:
        """Make a session that waits for its turn, and reserve what it is expected to cost.

        `most` is what it may cost by its own budget, in hundredths of a credit. 402 and 429 leave nothing behind.
        """
        plan = await self._work.planned(asked.prompt, asked.kind)
        needed = price(len(plan.steps))
        if most is not None and needed > most:
            raise refusal.over_budget(needed, shown(most))
        event = Requested(self._new_id(), caller.namespace, caller.user, asked, len(plan.steps), limit_s)

        def change(unit: Unit) -> Inquiry:
            now = self._now(caller)
            now -= timedelta(microseconds=now.microsecond % 1000)  # as it is told, so that a filter by it finds it
            self._settle(unit, caller.namespace, now)
            if unit.inquiries.open(caller.namespace).get(caller.user, 0) >= bounds.QUOTA:
                raise refusal.quota_exceeded(bounds.QUOTA, _RETRY_S)
            return self._ledger.apply(unit, None, event, now)

        return await self.write(change)

    async def see(self, caller: Caller, session_id: str, *, findings: bool = False, rows: bool = False) -> Sight:
        """A session as it is now, for whoever may see it."""

        def look(view: View, inquiry: Inquiry) -> Sight:
            found = view.inquiries.findings(session_id) if findings else None
            return Sight(inquiry, found, view.history(session_id) if rows else ())

        def change(unit: Unit) -> Sight:
            inquiry = self._allowed(unit, caller, session_id, Level.VIEW)
            return look(unit, self._ledger.current(unit, inquiry, self._now(caller)))

        sight = await self.read(lambda view: look(view, self._allowed(view, caller, session_id, Level.VIEW)))
        due = sight.inquiry.due_at
        return sight if due is None or due > self._now(caller) else await self.write(change)

    async def page(
        self, caller: Caller, sieve: Sieve, *, limit: int, skip: int
    ) -> tuple[list[Inquiry], Mapping[tuple[str, str], int]]:
        """A page of the caller's sessions, in the order in which they were made, and how many there are by kind."""
        now = self._now(caller)

        def look(view: View) -> tuple[bool, list[Inquiry], Mapping[tuple[str, str], int]]:
            overdue = bool(view.inquiries.due(caller.namespace, now))
            return overdue, view.inquiries.page(sieve, limit=limit, skip=skip), view.inquiries.counts(sieve)

        overdue, found, counts = await self.read(look)
        if overdue:
            await self.pass_deadlines(caller.namespace)
            _, found, counts = await self.read(look)
        return found, counts

    async def control(self, caller: Caller, session_id: str, event: Event, reason: str | None = None) -> Inquiry:
        """Pause, resume or cancel; 400 where the session's state or type does not allow it."""

        def change(unit: Unit) -> Inquiry:
            inquiry = self._allowed(unit, caller, session_id, Level.COLLABORATE)
            inquiry = self._ledger.current(unit, inquiry, self._now(caller))
            if event is Event.PAUSE_REQUESTED and _count(unit, session_id, "paused") >= bounds.MOST_PAUSES:
                raise refusal.paused_enough(inquiry, bounds.MOST_PAUSES)
            try:
                asked = Controlled(event, caller.named, reason)
                return self._ledger.apply(unit, inquiry, asked, self._now(caller))
            except Refused as refused:
                raise refusal.not_possible(inquiry, refused.event) from None

        return await self.write(change)

    async def report(self, caller: Caller, session_id: str) -> tuple[Sight, Report]:
        """What a completed session found; 404 for any other."""
        sight = await self.see(caller, session_id, findings=True)
        inquiry = sight.inquiry
        if inquiry.state is not State.COMPLETED:
            raise refusal.no_results(inquiry)
        plan = await self._work.planned(inquiry.asked.prompt, inquiry.asked.kind)
        return sight, await asyncio.to_thread(_reported, plan, sight.findings)

    async def drawn(self, make: Callable[[], T]) -> T:
        """A file, made where no request waits for it."""
        return await asyncio.to_thread(make)

    # for the control plane, which acts for a whole namespace

    async def owner(self, namespace: str, session_id: str) -> Caller | None:
        """Whoever made a session of a namespace; None where there is none."""
        found = await self.read(lambda view: view.inquiries.load(session_id))
        return Caller(namespace, found.owner) if found is not None and found.namespace == namespace else None

    async def wait(self, owner: Caller, session_id: str, asked: State, seconds: float) -> State:
        """Return once the session is in a state, by real seconds; 408 after them, 409 where it cannot be any more."""

        async def look() -> Standing[State]:
            inquiry = (await self.see(owner, session_id)).inquiry
            due = inquiry.due_at
            due_s = (due - self._now(owner)).total_seconds() if due is not None else 0.0
            leads = PRSM_V1.leads(inquiry.state, asked)
            return Standing(inquiry.state, leads, self._clocks.lasts_s(owner.namespace, due_s))

        found = await self._ledger.watch.until((owner.namespace, session_id), asked, seconds, look)
        if found.state is not asked:
            raise problems.not_reached(session_id, asked.value, found.state.value, never=not found.leads)
        return found.state

    # collaboration

    async def share(self, caller: Caller, session_id: str, offer: Offer) -> tuple[Share, str]:
        """Let others see a session; returns the share and the secret that its URL holds, which is not kept."""
        name, secret = f"shr_{secrets.token_hex(8)}", ticket.drawn()

        def change(unit: Unit) -> Share:
            inquiry = self._allowed(unit, caller, session_id, Level.OWN)
            if len(unit.inquiries.shares(session_id)) >= bounds.MOST_SHARES:
                raise problems.invalid_request(f"A session has at most {bounds.MOST_SHARES} shares.")
            now = self._now(caller)
            inquiry = self._ledger.current(unit, inquiry, now)
            made = Share(
                id=name,
                session_id=session_id,
                namespace=caller.namespace,
                owner=caller.user,
                digest=digest(secret),
                recipients=offer.recipients,
                permissions=offer.permissions,
                message=offer.message,
                created_at=now,
                expires_at=offer.expires_at or now + bounds.SHARED_FOR,
            )
            unit.inquiries.add_share(made)
            detail = {"share_id": name, "by": caller.named, "permissions": made.permissions}
            unit.note(inquiry, now, "shared", {**detail, "recipients": list(made.recipients)})
            return made

        return await self.write(change), secret

    async def comment(self, caller: Caller, session_id: str, told: Mapping[str, Any]) -> tuple[str, datetime]:
        """Keep what somebody says about a session; returns the id of the comment and its moment."""
        name = f"com_{secrets.token_hex(8)}"

        def change(unit: Unit) -> datetime:
            inquiry = self._allowed(unit, caller, session_id, Level.EDIT)
            now = self._now(caller)
            inquiry = self._ledger.current(unit, inquiry, now)
            if _count(unit, session_id, "commented") >= bounds.MOST_COMMENTS:
                raise problems.invalid_request(f"A session has at most {bounds.MOST_COMMENTS} comments.")
            unit.note(inquiry, now, "commented", {"comment_id": name, "by": caller.named, **told})
            return now

        return name, await self.write(change)

    async def holder(self, share_id: str, secret: str) -> Caller:
        """Whoever holds the URL of a share, until that expires; 404 for all others."""
        share = await self.read(lambda view: view.inquiries.share(share_id))
        if share is None or not opens(share, secret, self._clocks.now(share.namespace)):
            raise refusal.share_not_found()
        return Caller(share.namespace, "", share)

    # namespaces

    async def balance(self, namespace: str) -> int:
        """What a namespace has, in hundredths of a credit."""
        found = await self.read(lambda view: view.inquiries.balance(namespace))
        return OPENING_BALANCE if found is None else found

    async def set_balance(self, namespace: str, amount: int) -> int:
        """Set what a namespace has, whatever is reserved of it."""
        await self.write(lambda unit: unit.inquiries.set_balance(namespace, amount))
        return amount

    async def pass_deadlines(self, namespace: str) -> list[Happened]:
        """Time out every session of a namespace whose time is up, each at its own moment."""
        due = await self.write(lambda unit: self._settle(unit, namespace, self._clocks.now(namespace)))
        return [Happened(at, name, State.TIMEOUT.value) for name, at in due]

    # inside a transaction

    def _settle(self, unit: Unit, namespace: str, now: datetime) -> list[tuple[str, datetime]]:
        due = unit.inquiries.due(namespace, now)
        for name, at in due:
            self._ledger.apply(unit, unit.inquiries.load(name), DeadlinePassed(), at)
        return due

    def _allowed(self, view: View, caller: Caller, session_id: str, needed: Level) -> Inquiry:
        """The session, for somebody who may do this with it; 404 outside its namespace, 403 within."""
        inquiry = view.inquiries.load(session_id)
        if inquiry is None or inquiry.namespace != caller.namespace:
            raise problems.session_not_found(session_id[:_LONGEST_ID])
        own = caller.share is None and caller.user == inquiry.owner
        shares = () if own else view.inquiries.shares(session_id)
        has = level(caller, inquiry, shares, self._now(caller))
        if has >= needed:
            return inquiry
        if has is Level.NONE:
            raise refusal.not_accessible(session_id)
        told = f"The share is to {has.word}; this takes {needed.word}."
        raise refusal.not_accessible(session_id, "Only its owner shares a session." if needed is Level.OWN else told)

    def _now(self, caller: Caller) -> datetime:
        return self._clocks.now(caller.namespace)


def _count(view: View, session_id: str, kind: str) -> int:
    return sum(1 for row in view.history(session_id) if row.kind == kind)


def _reported(plan: Plan, told: Mapping[str, Any] | None) -> Report:
    return Report.of(plan, Findings.empty() if told is None else Findings.from_json(told))
