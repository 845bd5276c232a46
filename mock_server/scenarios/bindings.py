"""Which scenarios a session was bound to, as its journal has it; for sessions of this process it is at hand."""

from __future__ import annotations

import sys
from collections import OrderedDict
from typing import TYPE_CHECKING, Any, Final, NamedTuple, Protocol

from mock_server import problems
from mock_server.problems import Problem
from mock_server.scenarios.catalogue import catalogue

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from mock_server.scenarios.parameter import Value
    from mock_server.scenarios.scenario import Scenario
    from mock_server.served import Served
    from mock_server.storage.unit import JournalRow

#: Lines of a session's journal.
BOUND: Final = "scenario_bound"
RELEASED: Final = "scenarios_released"
PLAYED: Final = "scenario_played"
#: Scenarios that a session is bound to, and bytes of memory that their texts take: any one transcript has room.
MOST_BOUND, MOST_TEXT_BYTES = 50, 2 * 1024 * 1024
#: Sessions whose bindings are at hand, and bytes of their texts; those of others are read from their journals.
_AT_HAND, _AT_HAND_BYTES = 4096, 64 * 1024 * 1024


class Binding(NamedTuple):
    """A scenario with the values of its parameters."""

    scenario: Scenario
    values: dict[str, Value]


def text_bytes(values: Iterable[Value]) -> int:
    """Bytes of memory that the texts among some values take."""
    return sum(sys.getsizeof(value) for value in values if isinstance(value, str))


def _bytes(bound: Iterable[Binding]) -> int:
    return sum(text_bytes(binding.values.values()) for binding in bound)


def fit(bound: Collection[Binding]) -> bool:
    """Whether one session can be bound to all of these."""
    return len(bound) <= MOST_BOUND and _bytes(bound) <= MOST_TEXT_BYTES


def _check_room(bound: Sequence[Binding]) -> None:
    if len(bound) > MOST_BOUND:
        told = f"A session is bound to {MOST_BOUND} scenarios at most, and this one would be to more."
        raise problems.invalid_request(told, field="on.session", limit=MOST_BOUND)
    if (size := _bytes(bound)) > MOST_TEXT_BYTES:
        told = f"The texts that a session is bound to take {MOST_TEXT_BYTES} bytes of memory at most, and not {size}."
        raise problems.invalid_request(told, field="parameters", limit=MOST_TEXT_BYTES)


class Journals(Protocol):
    """The service of a profile, as far as it keeps journals of sessions."""

    async def note(self, namespace: str, session_id: str, kind: str, detail: Mapping[str, Any]) -> None:
        """Append a line to a session's journal; 404 where it is none of the namespace's."""

    async def journal(self, namespace: str, session_id: str) -> Sequence[JournalRow]:
        """What happened to a session, oldest first."""


class Bindings:
    """What sessions are bound to."""

    def __init__(self, served: Served) -> None:
        self._served = served
        self._known: OrderedDict[tuple[str, str], tuple[Binding, ...]] = OrderedDict()
        self._bytes = 0

    def at_hand(self, namespace: str, session_id: str) -> tuple[Binding, ...] | None:
        """What a namespace's session is bound to; None where only its journal knows."""
        return self._known.get((namespace, session_id))

    def begin(self, namespace: str, session_id: str) -> None:
        """A session of this process, bound to nothing yet."""
        self._put((namespace, session_id), ())

    async def bind(self, service: Journals, namespace: str, session_id: str, binding: Binding) -> None:
        """Bind a session for good; raises 404 where it is none of the namespace's, 400 beyond the bounds."""
        before = await self.of(service, namespace, session_id)
        if binding in before[-1:]:  # nothing would change
            return
        _check_room((*before, binding))
        whose = namespace, session_id
        self._put(whose, (*before, binding))  # the place is taken before anybody else can look
        try:
            detail = {"scenario": binding.scenario.name, "parameters": binding.values}
            await service.note(namespace, session_id, BOUND, detail)
        except BaseException:
            self._put(whose, tuple(each for each in self._known.get(whose, before) if each is not binding))
            raise

    def check_room(self, namespace: str, session_id: str, more: Sequence[Binding]) -> None:
        """Raises 400 where a session whose bindings are at hand cannot be bound to so many more."""
        if more:
            _check_room((*self._known.get((namespace, session_id), ()), *more))

    async def of(self, service: Journals, namespace: str, session_id: str) -> tuple[Binding, ...]:
        """What a session is bound to; nothing where it is gone."""
        found = self.at_hand(namespace, session_id)
        if found is not None:
            return found
        try:
            rows = await service.journal(namespace, session_id)
        except Problem:
            return ()
        told: list[Binding] = []
        known = catalogue(*self._served)
        for row in rows:
            if row.kind == RELEASED:
                told = _free(told)
            elif row.kind == BOUND and row.detail.get("scenario") in known:
                told.append(Binding(known[row.detail["scenario"]], dict(row.detail["parameters"])))
        self._put((namespace, session_id), tuple(told))
        return tuple(told)

    async def release(self, service: Journals, namespace: str, session_id: str) -> None:
        """Bind a session to nothing any more that holds its work."""
        bound = await self.of(service, namespace, session_id)
        await service.note(namespace, session_id, RELEASED, {})
        self._put((namespace, session_id), tuple(_free(bound)))

    def _put(self, whose: tuple[str, str], bindings: tuple[Binding, ...]) -> None:
        self._bytes += _bytes(bindings) - _bytes(self._known.get(whose, ()))
        self._known[whose] = bindings
        self._known.move_to_end(whose)
        while len(self._known) > _AT_HAND or (self._bytes > _AT_HAND_BYTES and len(self._known) > 1):
            self._bytes -= _bytes(self._known.popitem(last=False)[1])


def _free(bound: Iterable[Binding]) -> list[Binding]:
    return [binding for binding in bound if binding.scenario.holds_s is None]
