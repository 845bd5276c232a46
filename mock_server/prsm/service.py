"""What a face may ask of research sessions; every method raises problems.Problem for what it refuses.

Not in spec: keys of one namespace may name several users (sk_test_<namespace>_<user>), and sessions belong to users.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from mock_server import problems, ticket
from mock_server.prsm import bounds, refusal
from mock_server.prsm.access import Caller, Level, digest, level, opens
from mock_server.prsm.ledger import OPENING_BALANCE
from mock_server.prsm.price import shown
from mock_server.prsm.product import Products
from mock_server.prsm.records import Records
from mock_server.session.happening import DeadlinePassed, Refused
from mock_server.session.prsm.model import Share, price
from mock_server.session.prsm.step import Controlled, Requested
from mock_server.session.prsm.table import PRSM_V1, Event, State
from mock_server.testclock import Happened
from mock_server.watch import Standing

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Mapping, Sequence
    from datetime import datetime

    from mock_server.conduct import Conduct
    from mock_server.pipeline.investigation import Investigations
    from mock_server.pipeline.turns import Waiting
    from mock_server.prsm.ledger import ResearchLedger
    from mock_server.research import Report
    from mock_server.session.prsm.model import Commission, Entry, Inquiry
    from mock_server.storage.inquiry import Sieve
    from mock_server.storage.unit import JournalRow, Store, Unit, View
    from mock_server.testclock import Clocks

_RETRY_S: Final = 5


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


class ResearchService(Records):
    """Safe to call from many requests at once."""

    def __init__(
        self,
        *,
        store: Store,
        ledger: ResearchLedger,
        work: Investigations,
        clocks: Clocks,
        new_id: Callable[[], str],
        conduct: Callable[[str], Conduct],
    ) -> None:
        super().__init__(store, ledger, clocks)
        self._work = work
        self._new_id = new_id
        self._conduct = conduct
        self._products = Products()

    async def start(self) -> None:
        """Take up what an earlier process left."""
        await self._work.launch(self._ledger)

    async def close(self) -> None:
        """Stop; unfinished work goes on at the next start."""
        self._products.close()
        await self._work.close()

    @property
    def queue(self) -> Waiting:
        """How many sessions wait to be worked on, and for how long."""
        return self._work.standing

    @property
    def works(self) -> bool:
        """Whether sessions are worked on."""
        return self._work.runs

    # sessions

    async def create(self, caller: Caller, asked: Commission, limit_s: float, most: int | None) -> Inquiry:
        """Make a session that waits for its turn, and reserve what it is expected to cost.

        `most` is what it may cost by its own budget, in hundredths of a credit. 402 and 429 leave nothing behind.
        """
        plan = await self._products.plan(caller.namespace, asked)
        needed = price(len(plan.steps))
        if most is not None and needed > most:
            raise refusal.over_budget(needed, shown(most))
        name = self._conduct(caller.namespace).session_id(self._new_id())
        event = Requested(name, caller.namespace, caller.user, asked, len(plan.steps), limit_s)

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
    ) -> tuple[list[Entry], Mapping[tuple[str, str], int]]:
        """A page of the caller's sessions, in the order in which they were made, and how many there are by kind."""
        now = self._now(caller)

        def look(view: View) -> tuple[bool, list[Entry], Mapping[tuple[str, str], int]]:
            overdue = bool(view.inquiries.due(caller.namespace, now))
            counts = view.inquiries.counts(sieve)
            if not self._conduct(caller.namespace).oldest_first:
                return overdue, view.inquiries.page(sieve, limit=limit, skip=skip), counts
            left = max(0, sum(counts.values()) - skip)
            found = view.inquiries.page(sieve, limit=min(limit, left), skip=left - min(limit, left))
            return overdue, found[::-1], counts

        overdue, found, counts = await self.read(look)
        if overdue:
            await self.pass_deadlines(caller.namespace)
            _, found, counts = await self.read(look)
        return found, counts

    async def control(self, caller: Caller, session_id: str, event: Event, reason: str | None = None) -> Inquiry:
        """Pause, resume or cancel; 400 where the session's state or type does not allow it."""

        conduct = self._conduct(caller.namespace)

        def change(unit: Unit) -> Inquiry:
            inquiry = self._allowed(unit, caller, session_id, Level.COLLABORATE)
            inquiry = self._ledger.current(unit, inquiry, self._now(caller))
            pausable = inquiry.asked.kind not in conduct.without_pause
            pauses = event is Event.PAUSE_REQUESTED and pausable and PRSM_V1.after(inquiry.state, event)
            if pauses and unit.inquiries.noted(session_id, "paused") >= bounds.MOST_PAUSES:
                raise refusal.paused_enough(inquiry, bounds.MOST_PAUSES)
            try:
                conduct.controls(inquiry, event)
                asked = Controlled(event, caller.named, reason, conduct.without_pause)
                return self._ledger.apply(unit, inquiry, asked, self._now(caller))
            except Refused:
                raise refusal.not_possible(inquiry, event, pausable=pausable) from None

        return await self.write(change)

    async def report(self, caller: Caller, session_id: str) -> tuple[Sight, Report]:
        """What a completed session found; 404 for any other."""
        sight = await self.see(caller, session_id, findings=True)
        inquiry = sight.inquiry
        if inquiry.state is not State.COMPLETED:
            raise refusal.no_results(inquiry)
        return sight, await self._products.report(inquiry.namespace, inquiry.asked, sight.findings)

    async def drawn(self, inquiry: Inquiry, name: Hashable, make: Callable[[], bytes]) -> bytes:
        """A file of a completed session, made where nothing else waits for it; `name` tells it from its others."""
        return await self._products.file(inquiry.namespace, (inquiry.id, name), make)

    # for the control plane, which acts for a whole namespace

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

    async def standing(self, namespace: str, session_id: str) -> Inquiry | None:
        """A session of a namespace as it is now; None where there is none."""
        owner = await self.owner(namespace, session_id)
        return None if owner is None else (await self.see(owner, session_id)).inquiry

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
            if unit.inquiries.noted(session_id, "commented") >= bounds.MOST_COMMENTS:
                raise problems.invalid_request(f"A session has at most {bounds.MOST_COMMENTS} comments.")
            unit.note(inquiry, now, "commented", {"comment_id": name, "by": caller.named, **told})
            return now

        return name, await self.write(change)

    async def holder(self, share_id: str, secret: str) -> Caller:
        """Whoever holds the URL of a share, until that expires; 404 for all others."""
        share = await self.read(lambda view: view.inquiries.share(share_id))
        shut = share is None or "url" not in self._conduct(share.namespace).shared_by
        if share is None or shut or not opens(share, secret, self._clocks.now(share.namespace)):
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
        conduct = self._conduct(caller.namespace)
        inquiry = view.inquiries.load(session_id)
        if inquiry is None:
            raise problems.session_not_found(session_id[: bounds.LONGEST_ID])
        if inquiry.namespace != caller.namespace:
            raise conduct.outsider(session_id[: bounds.LONGEST_ID])
        known = caller.share is not None or caller.user == inquiry.owner
        shares = () if known or "key" not in conduct.shared_by else view.inquiries.shares(session_id)
        has = level(caller, inquiry, shares, self._now(caller))
        if has >= needed:
            return inquiry
        if has is Level.NONE:
            raise conduct.stranger(session_id)
        told = f"The share is to {has.word}; this takes {needed.word}."
        raise refusal.not_accessible(session_id, "Only its owner shares a session." if needed is Level.OWN else told)

    def _now(self, caller: Caller) -> datetime:
        return self._clocks.now(caller.namespace)
