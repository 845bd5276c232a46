"""What happens to live sessions: the only place that carries out the effects of their steps."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from mock_server.session.dalston.step import Store, TakeOver, step
from mock_server.session.dalston.table import DALSTON_2026_02_11
from mock_server.session.effect import Journal

if TYPE_CHECKING:
    from datetime import datetime

    from mock_server.session.dalston.model import Dictation
    from mock_server.session.dalston.step import Happening
    from mock_server.storage.unit import Unit
    from mock_server.watch import Watch


class LiveLedger:
    """Takes events of live sessions, and tells those who watch them."""

    def __init__(self, watch: Watch) -> None:
        self._watch = watch

    def apply(self, unit: Unit, dictation: Dictation | None, event: Happening, now: datetime) -> Dictation:
        """Take an event, in the caller's change; None is the session that a socket begins. Raises Refused."""
        after, effects = step(DALSTON_2026_02_11, dictation, event, now)
        if dictation is None:
            unit.dictations.create(after)
        else:
            unit.dictations.save(dictation, after)
        unit.dictations.keep(after.id, [effect.utterance for effect in effects if isinstance(effect, Store)])
        for effect in effects:
            if isinstance(effect, TakeOver):
                unit.dictations.take_over(effect.former_id, after.id)
            if isinstance(effect, Journal):
                unit.note(after, now, effect.kind, effect.detail)
        unit.afterwards(partial(self._watch.changed, after.id, after.namespace))
        return after
