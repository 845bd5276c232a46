"""The session state machine as data: states, events, transitions, and the answer to every operation."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from .model import (
    NONE,
    UNCHANGED,
    Alias,
    Cell,
    CellBasis,
    Event,
    Invariant,
    Leaving,
    Lifecycle,
    Operation,
    Outsider,
    Presented,
    SpecError,
    State,
    Tolerated,
    Transition,
)
from .record import Record
from .table import table

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from .layers import Layers


def read_lifecycle(
    layers: Layers,
    *,
    errata: Collection[str],
    schemas: Collection[str],
    requirements: Collection[str],
) -> Lifecycle:
    """Return the lifecycle of a revision; SpecError for unknown names, dangling references and missing cells."""
    path = "lifecycle.yaml"
    file = layers.named(path)
    whole = Record(file, layers.yaml(path))
    reader = _Reader(file, errata, schemas, requirements)
    states = table(file, whole.items("states"), reader.state, lambda state: state.name, "name")
    aliases = table(file, whole.items("aliases"), reader.alias, lambda alias: alias.name, "name")
    operations = table(file, whole.items("operations"), reader.operation, lambda item: item.name, "name")
    for operation in operations.values():
        if operation.again is not None and operation.again not in operations:
            raise SpecError(f"{file}: {operation.name}: again names {operation.again}, which is no operation")
    events = table(
        file, whole.items("events"), lambda item: reader.event(item, operations), lambda event: event.name, "name"
    )
    outsiders = table(file, whole.items("outsiders"), reader.outsider, lambda row: row.name, "name")
    transitions = table(
        file,
        whole.items("transitions"),
        lambda item: reader.transition(item, states, events),
        lambda step: step.id,
    )
    _refuse_forks(file, transitions, states, events)
    tolerated = table(
        file,
        whole.items("tolerated"),
        lambda item: reader.move(item, states),
        lambda move: (move.source, move.target),
        "from",
    )
    cells = reader.cells(whole.mapping("cells"), states, outsiders, operations)
    invariants = table(file, whole.items("invariants"), reader.invariant, lambda item: item.id)
    whole.done()
    return Lifecycle(
        states=MappingProxyType(states),
        aliases=MappingProxyType(aliases),
        events=MappingProxyType(events),
        transitions=MappingProxyType(transitions),
        tolerated=tuple(tolerated.values()),
        operations=MappingProxyType(operations),
        outsiders=MappingProxyType(outsiders),
        cells=MappingProxyType(cells),
        invariants=MappingProxyType(invariants),
    )


def _refuse_forks(
    file: str, transitions: Mapping[str, Transition], states: Mapping[str, State], events: Mapping[str, Event]
) -> None:
    """Refuse two core transitions that take one event in one state to different places."""
    taken: dict[tuple[str, str], Transition] = {}
    for step in transitions.values():
        if not events[step.event].core:
            continue
        for source in step.sources:
            removed = step.target in states and states[step.target].gone
            if source in states and states[source].terminal and step.target != UNCHANGED and not removed:
                raise SpecError(f"{file}: {step.id}: leaves {source}, which is terminal")
            other = taken.setdefault((source, step.event), step)
            if other.target != step.target:
                raise SpecError(f"{file}: {step.id}: {source} and {step.event} lead elsewhere in {other.id}")


class _Reader:
    """Decodes the records of the lifecycle file."""

    def __init__(
        self, file: str, errata: Collection[str], schemas: Collection[str], requirements: Collection[str]
    ) -> None:
        self._file = file
        self._known = errata
        self._schemas = schemas
        self._requirements = requirements

    def _errata(self, record: Record) -> tuple[str, ...]:
        names = record.texts("errata")
        record.known("errata", names, self._known)
        return names

    def state(self, record: Record) -> State:
        state = State(
            name=record.text("name"),
            rank=record.integer("rank"),
            terminal=record.flag("terminal"),
            expires=record.flag("expires"),
            status=record.integer("status"),
            schema=record.text("schema"),
            meaning=record.text("meaning"),
            webhook=record.text_or_none("webhook"),
            errata=self._errata(record),
            gone=record.flag("gone", default=False),
        )
        record.known("schema", [state.schema], self._schemas)
        return state

    def alias(self, record: Record) -> Alias:
        return Alias(record.text("name"), record.integers("ranks"), record.text("meaning"), self._errata(record))

    def event(self, record: Record, operations: Collection[str]) -> Event:
        event = Event(
            name=record.text("name"),
            core=record.flag("core"),
            meaning=record.text("meaning"),
            operation=record.text_or_none("operation"),
            leaving=record.choice("leaving", Leaving) if record.has("leaving") else None,
        )
        record.known("operation", [event.operation] if event.operation else [], operations)
        return event

    def operation(self, record: Record) -> Operation:
        return Operation(
            name=record.text("name"),
            request=record.text("request"),
            note=record.text_or_none("note"),
            again=record.text_or_none("again"),
        )

    def outsider(self, record: Record) -> Outsider:
        return Outsider(
            name=record.text("name"),
            meaning=record.text("meaning"),
            credential=record.choice("credential", Presented),
            given=record.flag("given", default=True),
        )

    def invariant(self, record: Record) -> Invariant:
        rule = Invariant(
            id=record.text("id"),
            text=record.text("text"),
            warns=record.flag("warns", default=False),
            requirements=record.texts("requirements"),
            untested=record.text_or_none("untested"),
            errata=self._errata(record),
        )
        record.known("requirements", rule.requirements, self._requirements)
        if bool(rule.requirements) == (rule.untested is not None):
            record.refuse("needs either requirements or untested with a reason, not both and not none")
        return rule

    def transition(self, record: Record, states: Collection[str], events: Collection[str]) -> Transition:
        step = Transition(
            id=record.text("id"),
            sources=record.texts("from", empty=False),
            event=record.text("event"),
            target=record.text("to"),
            guard=record.text("guard"),
            observable=record.text("observable"),
            webhook=record.text_or_none("webhook"),
            errata=self._errata(record),
        )
        record.known("from", step.sources, {*states, NONE})
        record.known("event", [step.event], events)
        record.known("to", [step.target], {*states, NONE, UNCHANGED})
        return step

    def move(self, record: Record, states: Collection[str]) -> Tolerated:
        move = Tolerated(record.text("from"), record.text("to"), self._errata(record))
        record.known("from", [move.source], states)
        record.known("to", [move.target], states)
        return move

    def cells(
        self,
        rows: Mapping[str, object],
        states: Collection[str],
        outsiders: Collection[str],
        operations: Collection[str],
    ) -> dict[tuple[str, str], Cell]:
        found: dict[tuple[str, str], Cell] = {}
        for name in (*states, *outsiders):
            row = Record(self._file, rows.get(name, {}))
            row.name = f"cells of {name}"
            for operation in operations:
                if not row.has(operation):
                    row.refuse(f"has no {operation}")
                found[name, operation] = self._cell(name, operation, row.mapping(operation), states)
            row.done()
        for name in rows.keys() - {*states, *outsiders}:
            raise SpecError(f"{self._file}: cells of {name}: no such state")
        return found

    def _cell(self, state: str, operation: str, values: object, states: Collection[str]) -> Cell:
        record = Record(self._file, values)
        record.name = f"cell {state}, {operation}"
        cell = Cell(
            state=state,
            operation=operation,
            basis=record.choice("basis", CellBasis),
            expected=record.codes("expected"),
            lenient=record.codes("lenient"),
            requirement=record.text("requirement"),
            target=record.text_or_none("to"),
            error=record.text_or_none("error"),
            note=record.text_or_none("note"),
            errata=self._errata(record),
            refusal=record.text_or_none("refusal"),
        )
        record.known("requirement", cell.requirements, self._requirements)
        if not cell.expected.codes:
            record.refuse("expects no code")
        if cell.target is not None:
            record.known("to", [cell.target], states)
        record.done()
        return cell
