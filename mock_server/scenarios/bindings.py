"""Which scenarios a session was bound to, as its journal has it; for sessions of this process it is at hand."""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING, Final, NamedTuple

from mock_server.problems import Problem
from mock_server.scenarios.catalogue import catalogue

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mock_server.scenarios.parameter import Value
    from mock_server.scenarios.scenario import Scenario
    from mock_server.service import Service

#: Lines of a session's journal.
BOUND: Final = "scenario_bound"
RELEASED: Final = "scenarios_released"
#: Sessions whose bindings are at hand; those of others are read from their journals.
_AT_HAND: Final = 4096


class Binding(NamedTuple):
    """A scenario with the values of its parameters."""

    scenario: Scenario
    values: dict[str, Value]


class Bindings:
    """What sessions are bound to."""

    def __init__(self) -> None:
        self._known: OrderedDict[tuple[str, str], tuple[Binding, ...]] = OrderedDict()

    def at_hand(self, namespace: str, session_id: str) -> tuple[Binding, ...] | None:
        """What a namespace's session is bound to; None where only its journal knows."""
        return self._known.get((namespace, session_id))

    def begin(self, namespace: str, session_id: str) -> None:
        """A session of this process, bound to nothing yet."""
        self._put((namespace, session_id), ())

    async def bind(self, service: Service, namespace: str, session_id: str, binding: Binding) -> None:
        """Bind a session for good; raises 404 where it is none of the namespace's."""
        before = await self.of(service, namespace, session_id)
        detail = {"scenario": binding.scenario.name, "parameters": binding.values}
        await service.note(namespace, session_id, BOUND, detail)
        whose = namespace, session_id
        self._put(whose, (*self._known.get(whose, before), binding))

    async def of(self, service: Service, namespace: str, session_id: str) -> tuple[Binding, ...]:
        """What a session is bound to; nothing where it is gone."""
        found = self.at_hand(namespace, session_id)
        if found is not None:
            return found
        try:
            rows = await service.journal(namespace, session_id)
        except Problem:
            return ()
        told: list[Binding] = []
        for row in rows:
            if row.kind == RELEASED:
                told = _free(told)
            elif row.kind == BOUND and row.detail.get("scenario") in catalogue():
                told.append(Binding(catalogue()[row.detail["scenario"]], dict(row.detail["parameters"])))
        self._put((namespace, session_id), tuple(told))
        return tuple(told)

    async def release(self, service: Service, namespace: str, session_id: str) -> None:
        """Bind a session to nothing any more that holds its work."""
        bound = await self.of(service, namespace, session_id)
        await service.note(namespace, session_id, RELEASED, {})
        self._put((namespace, session_id), tuple(_free(bound)))

    def _put(self, whose: tuple[str, str], bindings: tuple[Binding, ...]) -> None:
        self._known[whose] = bindings
        self._known.move_to_end(whose)
        while len(self._known) > _AT_HAND:
            self._known.popitem(last=False)


def _free(bound: Iterable[Binding]) -> list[Binding]:
    return [binding for binding in bound if binding.scenario.holds_s is None]
