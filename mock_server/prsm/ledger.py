"""What happens to research sessions: the only place that carries out the effects of their steps."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

from mock_server.prsm import refusal
from mock_server.session.effect import Journal
from mock_server.session.happening import DeadlinePassed
from mock_server.session.prsm.step import Booked, Requested, StartWork, step
from mock_server.session.prsm.table import PRSM_V1

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from mock_server.session.prsm.model import Inquiry
    from mock_server.session.prsm.step import Happening
    from mock_server.storage.unit import Unit
    from mock_server.watch import Watch

#: Hundredths of a credit that a namespace begins with: some five thousand sessions. Not in spec: E42.
OPENING_BALANCE: Final = 250_000


class ResearchLedger:
    """Takes events of research sessions, whether a caller or the work brings them about.

    `start` is told namespace and id of a session whose work may begin, once that is kept.
    """

    def __init__(self, watch: Watch, start: Callable[[str, str], object]) -> None:
        self.watch = watch
        self._start = start

    def apply(self, unit: Unit, inquiry: Inquiry | None, event: Happening, now: datetime) -> Inquiry:
        """Take an event, in the caller's change; None is the session that a request begins.

        Raises Refused where the event has no place, and the Problem of a balance that is too low.
        """
        after, effects = step(PRSM_V1, inquiry, event, now)
        booked = sum(effect.amount for effect in effects if isinstance(effect, Booked))
        if booked:
            self._book(unit, after, booked, new=isinstance(event, Requested))
        if inquiry is None:
            unit.inquiries.create(after)
        else:
            unit.inquiries.save(inquiry, after)
        for effect in effects:
            match effect:
                case Journal(kind, detail):
                    unit.note(after, now, kind, detail)
                case StartWork():
                    unit.afterwards(partial(self._start, after.namespace, after.id))
                case Booked():
                    pass  # all at once, before anything was written
        unit.afterwards(partial(self.watch.changed, after.id, after.namespace))
        return after

    def current(self, unit: Unit, inquiry: Inquiry, now: datetime) -> Inquiry:
        """The session as it is now: one whose time is up has been timed out, at the moment that it was."""
        due = inquiry.due_at
        return inquiry if due is None or due > now else self.apply(unit, inquiry, DeadlinePassed(), due)

    @staticmethod
    def _book(unit: Unit, inquiry: Inquiry, amount: int, *, new: bool) -> None:
        known = unit.inquiries.balance(inquiry.namespace)
        balance = OPENING_BALANCE if known is None else known
        if new and balance + amount < 0:
            raise refusal.insufficient_balance(-amount, balance)
        unit.inquiries.set_balance(inquiry.namespace, balance + amount)
